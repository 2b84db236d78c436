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

"""What ``port_driver`` says to a command line: its help, and words that it does not know."""

from __future__ import annotations

from collections.abc import Sequence
import textwrap

from dxl_port_driver.node.declarations import DECLARATIONS

_WIDTH = 79
_USAGE = """\
usage: port_driver [--help] [--ros-args [-p NAME:=VALUE]...
                   [--params-file FILE]... [-r __node:=NAME] [-r __ns:=/NAME]]

Own the serial port of a DYNAMIXEL bus and share it with other nodes, until
Ctrl-C or SIGTERM. The port is opened by the lifecycle transition configure,
requests are let in by activate; autostart does both.

  port_driver --ros-args -p port_name:=/dev/ttyUSB0 -p autostart:=true
  port_driver --ros-args -p port_name:=sim:// -p autostart:=true
  port_driver --ros-args --params-file arm.yaml -r __ns:=/arm

The second has emulated servos.

parameters:
"""


def own_words(arguments: Sequence[str]) -> list[str]:
    """
    Give what on a command line is meant for the program itself.

    :param arguments: without the program's name. All from ``--ros-args`` to ``--`` is for ROS,
        which takes ``a:=b`` elsewhere as well, for a remapping and without a word.
    """
    own = []
    is_ros = False
    for argument in arguments:
        if argument in ('--ros-args', '--'):
            is_ros = argument == '--ros-args'
        elif not is_ros:
            own.append(argument)
    return own


def is_help(words: Sequence[str]) -> bool:
    """Tell whether help is asked for."""
    return any(word in ('-h', '--help') for word in words)


def help_text() -> str:
    """Give the text for ``--help``."""
    return _USAGE + '\n'.join(
        textwrap.fill(
            f'{one.name} ({_shown(one.default)}): {one.description}',
            _WIDTH,
            initial_indent='  ',
            subsequent_indent='      ',
            break_on_hyphens=False,
        )
        for one in DECLARATIONS
    )


def complaint(words: Sequence[str]) -> str:
    """Tell what to do about words that mean nothing to the program."""
    shown = ' '.join(words)
    assignments = [word for word in words if ':=' in word]
    if not assignments:
        return f'{shown!r} on the command line is not known; see port_driver --help'
    flags = ' '.join(
        f'{"-p" if word.split(":=")[0] in _NAMES else "-r"} {word}' for word in assignments
    )
    return f'{shown!r} on the command line has no effect; give it as --ros-args {flags}'


def _shown(default: object) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    return str(list(default)) if isinstance(default, tuple) else str(default)


_NAMES = {one.name for one in DECLARATIONS}
