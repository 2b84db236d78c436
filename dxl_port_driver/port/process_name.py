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

"""What to call a process, so that a person finds it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import re

_INTERPRETER = re.compile(r'(python|pypy)[\d.]*')
_TAKES_A_VALUE = 'WX'
_LONG_WITH_A_VALUE = '--check-hash-based-pycs'
_MOST_READ = 4096
_LONGEST = 60


def process_name(process: Path) -> str:
    """
    Give the name of a program, and of the script that an interpreter of Python runs.

    Half of what may hold a serial port is called "python". So a console script goes by its own
    name, another script or a module by ``python script.py`` or ``python -m module``.

    :param process: its folder in procfs.
    :return: empty when the system does not tell.
    """
    try:
        name = (process / 'comm').read_text('utf-8', 'replace').strip()
    except OSError:
        return ''
    if _INTERPRETER.fullmatch(name):
        name = _what_python_runs(_arguments(process), name)
    # A process chooses its own name, which is about to be shown on somebody's terminal.
    shown = ''.join(one if one.isprintable() else '?' for one in name)
    return shown if len(shown) <= _LONGEST else f'{shown[:_LONGEST]}...'


def _arguments(process: Path) -> list[str]:
    try:
        with (process / 'cmdline').open('rb') as file:
            return file.read(_MOST_READ).decode('utf-8', 'replace').split('\0')
    except OSError:
        return []


def _what_python_runs(arguments: list[str], interpreter: str) -> str:
    """Read ``python -u -W error script.py --its --own arguments``."""
    rest = iter(arguments[1:])
    for argument in rest:
        if argument == _LONG_WITH_A_VALUE:
            next(rest, '')
        elif not argument.startswith('-'):
            script = argument.rpartition('/')[2]
            return f'python {script}' if script.endswith('.py') else script or interpreter
        elif not argument.startswith('--'):
            ended_by = _last_option(argument, rest)
            if ended_by is not None:
                return f'python -m {ended_by}' if ended_by else interpreter
    return interpreter


def _last_option(options: str, rest: Iterator[str]) -> str | None:
    """Give the module of ``-m``, nothing for ``-c`` and ``-``; None when more options follow."""
    if options == '-':
        return ''
    for at, option in enumerate(options[1:], 2):
        if option == 'c':
            return ''
        if option == 'm':
            return options[at:] or next(rest, '')
        if option in _TAKES_A_VALUE:
            if not options[at:]:
                next(rest, '')
            return None
    return None
