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

"""Who may open a port that is in use, each case with a real second process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import fcntl
import os
from pathlib import Path
import subprocess
import sys
from typing import Any

import dxl_port_driver
from dxl_port_driver.errors import PortHeldError, PortPermissionError
from dxl_port_driver.port import serial_port
from dxl_port_driver.port.holders import find_holders, Holder, is_open_here
from dxl_port_driver.port.serial_port import SerialPort
import pytest

ROOT = str(Path(dxl_port_driver.__file__).parent.parent)
HOLD = """
import fcntl, os, sys
fd = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
if sys.argv[2] == 'flock':
    fcntl.flock(fd, fcntl.LOCK_EX)
print('held', flush=True)
sys.stdin.read()
"""
OPEN = """
import sys
from dxl_port_driver.errors import DxlPortError
from dxl_port_driver.port.serial_port import SerialPort
try:
    SerialPort(sys.argv[1], exclusive=len(sys.argv) < 3).open()
except DxlPortError as error:
    print(type(error).__name__, error)
else:
    print('opened')
"""
BECOME_NOBODY = """
import os
import dxl_port_driver.port.serial_port
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
"""
RAW_OPEN = """
import os, sys
try:
    os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
except OSError as error:
    print(error.strerror)
else:
    print('opened')
"""


def run(script: str, *args: str) -> str:
    done = subprocess.run(
        [sys.executable, '-c', script, *args],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
        cwd='/',
        env={'PYTHONPATH': ROOT, 'PATH': os.environ['PATH'], 'USER': 'nobody'},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def run_as_nobody(script: str, *args: str) -> str:
    if os.getuid() != 0:
        pytest.skip('only root can start a process as another user')
    # The interpreter may lie where nobody may not go: it drops root when it has all it needs.
    return run(BECOME_NOBODY + script, *args)


@pytest.fixture
def hold() -> Iterator[Callable[[str, str], subprocess.Popen[str]]]:
    """Give what starts another process that has a device open."""
    started = []

    def start(path: str, how: str) -> subprocess.Popen[str]:
        holder = subprocess.Popen(
            [sys.executable, '-c', HOLD, path, how],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(holder)
        assert holder.stdout is not None
        assert holder.stdout.readline() == 'held\n'
        return holder

    yield start
    for holder in started:
        holder.communicate()


@pytest.mark.parametrize('how', ['flock', 'open'])
def test_a_held_port_names_its_holder(
    pty_end: Any, hold: Any, descriptors: Callable[[], set[str]], how: str
) -> None:
    holder = hold(pty_end.name, how)
    before = descriptors()
    with pytest.raises(PortHeldError, match=rf'is held by python\S* \(pid {holder.pid}\); end it'):
        SerialPort(pty_end.name).open()
    assert descriptors() == before
    holder.communicate()
    with SerialPort(pty_end.name) as port:
        assert port.is_open


def test_sharing_is_possible_when_it_is_asked_for(pty_end: Any, hold: Any) -> None:
    hold(pty_end.name, 'flock')
    with SerialPort(pty_end.name, exclusive=False) as port:
        assert port.is_open
        assert run(OPEN, pty_end.name, 'shared') == 'opened'


def test_a_second_process_is_told_who_was_first(pty_end: Any) -> None:
    with SerialPort(pty_end.name):
        answer = run(OPEN, pty_end.name)
    assert answer.startswith('PortHeldError')
    assert 'exclusive off' in answer
    assert run(OPEN, pty_end.name) == 'opened'


def test_a_second_port_in_this_process_is_told_so(pty_end: Any) -> None:
    with SerialPort(pty_end.name) as first:
        with pytest.raises(PortHeldError, match='open in this program already'):
            SerialPort(pty_end.name).open()
        assert first.read(1, 0.0) == b''
    with SerialPort(pty_end.name):
        pass


def test_programs_that_ask_no_one_are_kept_out_as_well(
    pty_end: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of a real tty; a pty would keep that when a program is killed.
    monkeypatch.setattr(serial_port, 'is_pty', lambda status: False)
    os.chmod(pty_end.name, 0o666)
    assert run_as_nobody(RAW_OPEN, pty_end.name) == 'opened'
    with SerialPort(pty_end.name):
        assert run_as_nobody(RAW_OPEN, pty_end.name) == 'Device or resource busy'
        answer = run_as_nobody(OPEN, pty_end.name, 'shared')
        assert answer.startswith('PortHeldError')
    assert run_as_nobody(RAW_OPEN, pty_end.name) == 'opened'


def test_both_locks_are_released_while_others_have_the_tty_open(
    pty_end: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serial_port, 'is_pty', lambda status: False)
    os.chmod(pty_end.name, 0o666)
    for fails in (False, True):
        port = SerialPort(pty_end.name)
        port.open()
        copy = os.dup(port._device.fd)
        try:
            if fails:
                os.close(port._device.fd)
                os.dup2(pty_end.slave, port._device.fd)
            port.close()
            if not fails:
                fcntl.flock(pty_end.slave, fcntl.LOCK_EX | fcntl.LOCK_NB)
                fcntl.flock(pty_end.slave, fcntl.LOCK_UN)
            assert run_as_nobody(RAW_OPEN, pty_end.name) == 'opened'
        finally:
            os.close(copy)


def test_a_device_of_others_tells_which_group_to_join(pty_end: Any) -> None:
    os.chmod(pty_end.name, 0o660)
    os.chown(pty_end.name, -1, 20)
    answer = run_as_nobody(OPEN, pty_end.name)
    assert answer.startswith('PortPermissionError')
    assert 'sudo usermod -aG dialout nobody' in answer
    assert 'log out and in again' in answer


def test_a_device_without_a_group_to_join_says_udev(pty_end: Any) -> None:
    os.chmod(pty_end.name, 0o600)
    answer = run_as_nobody(OPEN, pty_end.name)
    assert answer.startswith('PortPermissionError')
    assert 'udev rule' in answer


def test_a_permission_error_is_one_of_python_as_well() -> None:
    assert issubclass(PortPermissionError, PermissionError)


class TestHolders:
    def test_the_far_end_of_a_pty_is_no_holder(self, pty_end: Any) -> None:
        assert is_open_here(pty_end.name)
        script = (
            'import sys; from dxl_port_driver.port.holders import find_holders;'
            'print(find_holders(sys.argv[1]))'
        )
        assert run(script, pty_end.name) == '[]'

    def test_a_lock_shows_processes_that_cannot_be_looked_into(
        self, tmp_path: Path, pty_end: Any
    ) -> None:
        device = os.stat(pty_end.name)
        where = f'{os.major(device.st_dev):02x}:{os.minor(device.st_dev):02x}:{device.st_ino}'
        (tmp_path / 'locks').write_text(
            f'1: FLOCK  ADVISORY  WRITE 77 {where} 0 EOF\n'
            f'1: -> FLOCK  ADVISORY  WRITE 78 {where} 0 EOF\n'
            f'2: POSIX  ADVISORY  WRITE 79 {where} 0 EOF\n'
            '3: FLOCK  ADVISORY  WRITE 80 nonsense 0 EOF\n'
            '4: FLOCK  ADVISORY  WRITE 81 00:01:2 0 EOF\n'
        )
        (tmp_path / '77').mkdir()
        (tmp_path / '77' / 'comm').write_text('minicom\n')
        assert find_holders(pty_end.name, tmp_path) == [Holder(77, 'minicom', has_lock=True)]
        (tmp_path / '77' / 'comm').unlink()
        assert [str(holder) for holder in find_holders(pty_end.name, tmp_path)] == ['pid 77']

    def test_a_system_that_tells_nothing_is_no_error(self, tmp_path: Path, pty_end: Any) -> None:
        assert find_holders(pty_end.name, tmp_path / 'none') == []
        assert find_holders('/dev/none') == []
        assert not is_open_here('/dev/none')
