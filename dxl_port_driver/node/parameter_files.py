# Copyright 2026 dxl_port_driver maintainers
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Parameter files on the command line that have nothing for the node, which ROS passes over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
import re

_PARAMETERS = 'ros__parameters'
_MOST_SHOWN = 8


def unused_files(arguments: Sequence[str], full_name: str) -> list[str]:
    """
    Tell of the parameter files that have no parameters for a node.

    :param arguments: command line, with its ROS arguments.
    :param full_name: of the node, such as ``/arm/dxl_port_driver``.
    :return: one sentence for each.
    """
    told = []
    for file in _given_files(arguments):
        names = _node_names(file)
        if not any(_is_for(name, full_name) for name in names):
            shown = ', '.join(names[:_MOST_SHOWN]) + (', ...' if names[_MOST_SHOWN:] else '')
            told.append(
                f'{file} has no parameters for {full_name}, only for {shown}; name the node so '
                'there, or use /** for every node'
                if names
                else f'{file} has no parameters for any node'
            )
    return told


def _given_files(arguments: Sequence[str]) -> Iterator[str]:
    is_ros = False
    for argument, following in zip(arguments, [*arguments[1:], ''], strict=True):
        if argument == '--ros-args':
            is_ros = True
        elif argument == '--':
            is_ros = False
        elif is_ros and argument == '--params-file':
            yield following


def _node_names(file: str) -> list[str]:
    """Give the names that stand over parameters in a file, as they are written."""
    # Not earlier: to load it takes longer than to open a port, and most starts have no such file.
    import yaml

    try:
        content = yaml.safe_load(Path(file).read_text(encoding='utf-8'))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return []  # ROS has read it, so it has changed since then
    return list(_names_in(content, ''))


def _names_in(content: object, path: str) -> Iterator[str]:
    for key, value in content.items() if isinstance(content, Mapping) else ():
        if key == _PARAMETERS:
            yield path
        else:
            yield from _names_in(value, f'{path}/{key}' if path else str(key))


def _is_for(name: str, full_name: str) -> bool:
    """Tell whether a name, which may have the wildcards ``*`` and ``**``, is that of a node."""
    pattern = re.escape(f'/{name.lstrip("/")}')
    pattern = pattern.replace(r'/\*\*', r'(/\w+)*').replace(r'/\*', r'/\w+')
    return re.fullmatch(pattern, full_name) is not None
