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

"""What a process is called."""

from __future__ import annotations

from pathlib import Path
import subprocess
import sys

from dxl_port_driver.port.holders import find_holders
from dxl_port_driver.port.process_name import process_name
import pytest


def a_process(folder: Path, name: str, *arguments: str) -> Path:
    (folder / 'comm').write_text(f'{name}\n')
    (folder / 'cmdline').write_text(''.join(f'{one}\0' for one in arguments))
    return folder


@pytest.mark.parametrize(
    ('name', 'arguments', 'told'),
    [
        ('minicom', ['minicom', '-D', '/dev/ttyUSB0'], 'minicom'),
        ('python', ['/venv/bin/python', '/venv/bin/dxl_port', 'watch', '-x'], 'dxl_port'),
        ('python3', ['python3', 'src/my_script.py', '--port', 'x'], 'python my_script.py'),
        ('python3.13', ['python3', '-u', '-W', 'error', 'a.py', 'b.py'], 'python a.py'),
        ('python', ['python', '-Werror', '-Xdev', '-X', 'utf8', 'a.py'], 'python a.py'),
        ('python', ['python', '--check-hash-based-pycs', 'never', 'a.py'], 'python a.py'),
        ('python', ['python', '-m', 'my.module', '-v'], 'python -m my.module'),
        ('python', ['python', '-um', 'my.module'], 'python -m my.module'),
        ('pypy3', ['pypy3', '-mmodule'], 'python -m module'),
        ('python3', ['python3', '-c', 'import serial; more()', 'x.py'], 'python3'),
        ('python3', ['python3', '-', 'x.py'], 'python3'),
        ('python3', ['python3', '-m'], 'python3'),
        ('python3', ['python3'], 'python3'),
        ('python3', [], 'python3'),
        ('python3', ['python3', 'folder/'], 'python3'),
        ('pythonista', ['pythonista', 'a.py'], 'pythonista'),
        ('python3', ['python3', '\x1b[31m\n.py'], 'python ?[31m?.py'),
        ('python3', ['python3', 'a' * 300], f'{"a" * 60}...'),
    ],
)
def test_a_program_goes_by_its_name_and_python_by_what_it_runs(tmp_path, name, arguments, told):
    assert process_name(a_process(tmp_path, name, *arguments)) == told


def test_without_a_command_line_the_name_is_all_there_is(tmp_path):
    (tmp_path / 'comm').write_text('python3\n')
    assert process_name(tmp_path) == 'python3'
    assert process_name(tmp_path / 'none') == ''


def test_a_python_script_that_holds_a_port_is_told_by_its_name(pty_end, tmp_path):
    script = tmp_path / 'my_script.py'
    script.write_text(
        'import os, sys\n'
        'device = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)\n'
        'print("open", flush=True)\n'
        'sys.stdin.read()\n'
    )
    with subprocess.Popen(
        [sys.executable, '-u', str(script), pty_end.name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == 'open\n'
        told = [str(one) for one in find_holders(pty_end.name)]
        holder.communicate()
    assert told == [f'python my_script.py (pid {holder.pid})']
