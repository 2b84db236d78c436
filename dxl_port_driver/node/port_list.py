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

"""A list of ports, as ``multi_port.launch.py`` takes it from a YAML file, checked in time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import re
from typing import Any

from dxl_port_driver.errors import RequestError
from dxl_port_driver.node.declarations import DECLARATIONS

DEFAULT_NAME = 'dxl_port_driver'
_DEFAULTS = {declaration.name: declaration.default for declaration in DECLARATIONS}
_NAME = re.compile(r'[A-Za-z_][A-Za-z0-9_]*')
_NAMESPACE = re.compile(r'/?([A-Za-z_][A-Za-z0-9_]*(/[A-Za-z_][A-Za-z0-9_]*)*/?)?')
_KINDS = {bool: 'true or false', int: 'a whole number', float: 'a number', str: 'a text'}


@dataclass(frozen=True)
class PortEntry:
    """
    One driver to start.

    :param name: of the node.
    :param namespace: of the node; empty: none.
    :param parameters: of the node, by name.
    """

    name: str
    namespace: str
    parameters: dict[str, Any]

    @property
    def full_name(self) -> str:
        """The name by which others reach it."""
        return f'/{self.namespace}/{self.name}' if self.namespace else f'/{self.name}'


def port_list(entries: object) -> list[PortEntry]:
    """
    Give the drivers that a list asks for.

    :param entries: what the YAML file holds: a list of mappings with ``port_name``, perhaps
        ``name`` and ``namespace``, and any parameter of the driver.
    :raises RequestError: it is no such list; the message names the entry and what is wrong.
    """
    if not isinstance(entries, list) or not entries:
        raise RequestError(
            f'a list of ports is needed and this is {_shown(entries)}; begin each port with '
            '"- port_name: ..."'
        )
    ports = [_entry(f'port {number}', entry) for number, entry in enumerate(entries, 1)]
    names: dict[str, int] = {}
    devices: dict[str, int] = {}
    for number, port in enumerate(ports, 1):
        first = names.setdefault(port.full_name, number)
        if first != number:
            raise RequestError(
                f'ports {first} and {number} are both called {port.full_name}; give them '
                'different names or namespaces'
            )
        first = devices.setdefault(port.parameters['port_name'], number)
        if first != number and not port.parameters['port_name'].startswith('sim://'):
            raise RequestError(
                f'ports {first} and {number} are both {port.parameters["port_name"]}; one driver '
                'serves all who use a port'
            )
    return ports


def _entry(which: str, entry: object) -> PortEntry:
    if not isinstance(entry, Mapping):
        raise RequestError(
            f'{which} is {_shown(entry)}; give it as "port_name: ..." and further lines like that'
        )
    left = dict(entry)
    name = _matching(which, 'name', left.pop('name', DEFAULT_NAME), _NAME)
    namespace = _matching(which, 'namespace', left.pop('namespace', ''), _NAMESPACE)
    if 'port_name' not in left:
        raise RequestError(f'{which} has no port_name; give a device path or a URL')
    # As port_driver.launch.py does: who lists a port wants it open.
    left.setdefault('autostart', True)
    left.setdefault('stop_with_parent', True)
    return PortEntry(
        name,
        namespace.strip('/'),
        {str(key): _value(which, str(key), value) for key, value in left.items()},
    )


def _matching(which: str, key: str, value: object, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise RequestError(
            f'{which} has the {key} {_shown(value)}; use letters, digits and _, no digit first'
        )
    return value


def _value(which: str, key: str, value: object) -> object:
    """Give a value in the type of its parameter."""
    if key not in _DEFAULTS:
        raise RequestError(
            f'{which} has {key!r}, which is no parameter of the driver; there are name, '
            f'namespace, {", ".join(_DEFAULTS)}'
        )
    default = _DEFAULTS[key]
    if isinstance(default, tuple):
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise RequestError(f'{which}: {key} is {_shown(value)}; give a list of texts')
        return value
    if isinstance(default, float) and type(value) is int:
        return float(value)
    if type(value) is not type(default):
        raise RequestError(f'{which}: {key} is {_shown(value)}; give {_KINDS[type(default)]}')
    return value


def _shown(value: object) -> str:
    return 'empty' if value is None or value in ('', [], {}) else repr(value)
