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


"""Forked children of a program with open ports: they give back what is theirs, and that alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import fcntl
import os
from pathlib import Path
import signal
import subprocess
import sys
import threading
import time
import traceback
from typing import Any

import dxl_port_driver
from dxl_port_driver.errors import PortClosedError, PortHeldError
from dxl_port_driver.port import serial_port
from dxl_port_driver.port.base import Port
from dxl_port_driver.port.holders import find_holders
from dxl_port_driver.port.open_port import make_port
from dxl_port_driver.port.serial_port import SerialPort
import pytest

Soon = Callable[[], float]
ROOT = str(Path(dxl_port_driver.__file__).parent.parent)
pytestmark = [
    pytest.mark.filterwarnings(r'ignore:This process .* is multi-threaded:DeprecationWarning'),
    pytest.mark.filterwarnings(r'ignore:set(Daemon|Name)\(\):DeprecationWarning'),
]


class Child:
    """A forked child that runs a function, says that it has, and lives until it is let go."""

    def __init__(self, function: Callable[[], object] = lambda: None) -> None:
        said, say = os.pipe()
        wait, self.let = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            signal.alarm(60)  # never outlives a test that was killed
            code = 1
            try:
                function()
                code = 0
            except BaseException:  # the parent is told by the code
                traceback.print_exc()
            finally:
                os.write(say, b'x')
                os.read(wait, 1)
                os._exit(code)
        os.close(say)
        os.close(wait)
        assert os.read(said, 1) == b'x'
        os.close(said)

    def end(self) -> None:
        """Have it end, and see that all was well."""
        if self.pid:
            # Closing would not do: children that were forked later have copies.
            os.write(self.let, b'x')
            os.close(self.let)
            pid, self.pid = self.pid, 0
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@pytest.fixture
def fork() -> Iterator[Callable[..., Child]]:
    """Give what forks children; none outlives the test."""
    children: list[Child] = []

    def fork(function: Callable[[], object] = lambda: None) -> Child:
        children.append(Child(function))
        return children[-1]

    yield fork
    for child in children:
        child.end()


@pytest.fixture
def waiting() -> Iterator[Callable[[Port], list[object]]]:
    """Give what has a thread read from a port, and tells what it got in the end."""
    threads: list[threading.Thread] = []

    def start(port: Port) -> list[object]:
        got: list[object] = []

        def read() -> None:
            try:
                got.append(port.read(10, time.monotonic() + 30.0))
            except Exception as error:  # told by the test
                got.append(error)

        threads.append(threading.Thread(target=read, daemon=True))
        threads[-1].start()
        return got

    yield start
    for thread in threads:
        thread.join(10.0)
        assert not thread.is_alive()


def is_locked(path: str) -> bool:
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


@pytest.mark.parametrize('what', ['close', 'cancel', 'resume', 'with', 'closed_twice'])
def test_a_child_disturbs_nothing_of_its_parents(
    wired: Any, fork: Any, waiting: Any, what: str, soon: Soon
) -> None:
    port, far_end = wired

    def rough() -> None:
        if what == 'with':
            port.__exit__(None, None, None)
        elif what == 'closed_twice':
            port.close()
            port.close()
        else:
            getattr(port, what)()

    got = waiting(port)
    child = fork(rough)
    if isinstance(port, SerialPort):
        assert is_locked(port.name)
    assert got == []
    child.end()
    far_end.send(b'answer')
    deadline = soon()
    while not got and time.monotonic() < deadline:
        time.sleep(0.002)
    assert got in ([b'answer'], [b'a'])
    assert port.write(b'on', soon()) == 2
    assert far_end.receive(2) == b'on'


@pytest.mark.parametrize('wired', ['pty', 'socket'], indirect=True)
def test_a_child_that_closes_gives_its_own_copies_back(
    wired: Any, fork: Any, waiting: Any, descriptors: Callable[[], set[str]]
) -> None:
    port, far_end = wired
    got = waiting(port)  # which is inside the port when it is copied

    def close() -> None:
        before = descriptors()
        fd = port.hangup_fd
        port.close()
        # Its descriptor, its wakeup, and the four that pyserial has.
        assert len(before - descriptors()) >= 2
        assert str(fd) not in descriptors()

    fork(close).end()
    assert got == []
    far_end.send(b'x')


@pytest.mark.parametrize('wired', ['pty', 'socket'], indirect=True)
def test_a_child_can_use_the_port_as_with_the_sdk(wired: Any, fork: Any, soon: Soon) -> None:
    port, far_end = wired
    far_end.send(b'for the child')

    def use() -> None:
        assert port.read(13, soon()) == b'for the child'
        assert port.write(b'from the child', soon()) == 14
        assert port.read(1, time.monotonic() + 0.003) == b''
        port.pause(time.monotonic() + 0.003)
        port.set_baudrate(115200)
        port.cancel()
        with pytest.raises(PortClosedError, match='cancelled'):
            port.read(1, soon())

    fork(use).end()
    assert far_end.receive(14) == b'from the child'
    assert port.read(1, 0.0) == b''


@pytest.mark.parametrize('wired', ['rfc2217'], indirect=True)
def test_a_child_without_the_thread_that_reads_is_told_so(
    wired: Any, fork: Any, soon: Soon
) -> None:
    port, _ = wired

    def use() -> None:
        for call in (
            lambda: port.read(1, soon()),
            lambda: port.write(b'x', soon()),
            port.available,
            port.clear,
            lambda: port.set_baudrate(115200),
        ):
            with pytest.raises(PortClosedError, match=r'forked from, .* open it in this process'):
                call()

    fork(use).end()


def test_a_parent_reopens_while_its_worker_lives(pty_end: Any, fork: Any, soon: Soon) -> None:
    with SerialPort(pty_end.name) as port:
        # A process that has the far end as well is the device, and no holder.
        fork(lambda: os.close(pty_end.master))
        for _ in range(2):
            port.close()
            port.open()
        port.open()
        with SerialPort(pty_end.name, exclusive=False):
            pass
        port.open_instead_of(port)
        os.write(pty_end.master, b'x')
        assert port.read(1, soon()) == b'x'
        holders = find_holders(pty_end.name)
        assert [holder.is_fork for holder in holders] == [True]


def test_a_program_is_no_stranger_to_itself(pty_end: Any, fork: Any) -> None:
    port = SerialPort(pty_end.name)
    port.open()

    def open_again() -> None:
        for again in (SerialPort(pty_end.name), port):
            with pytest.raises(
                PortHeldError, match=rf'forked from .*\(pid {os.getppid()}\); close it there'
            ):
                again.open()

    def open_first() -> None:
        child_port.open()

    fork(open_again)
    port.close()
    child_port = SerialPort(pty_end.name)
    child = fork(open_first)
    with pytest.raises(PortHeldError, match=rf'forked from .*\(pid {child.pid}\); close it there'):
        port.open()


def test_a_program_that_another_one_started_is_a_stranger(pty_end: Any) -> None:
    script = (
        'import os, sys; os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY); '
        'print("held", flush=True); sys.stdin.read()'
    )
    holder = subprocess.Popen(
        [sys.executable, '-c', script, pty_end.name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == 'held\n'
    with pytest.raises(PortHeldError, match=rf'\(pid {holder.pid}\)'):
        SerialPort(pty_end.name).open()
    holder.communicate()


def test_a_lock_that_a_worker_keeps_for_a_dead_parent_names_the_worker(pty_end: Any) -> None:
    script = f"""
import os, sys
sys.path.insert(0, {ROOT!r})
from dxl_port_driver.port.serial_port import SerialPort
port = SerialPort(sys.argv[1])
port.open()
pid = os.fork()
if pid:
    print(pid, flush=True)
    os._exit(0)
os.close(1)
sys.stdin.read()
"""
    parent = subprocess.Popen(
        [sys.executable, '-W', 'ignore', '-c', script, pty_end.name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    assert parent.stdin is not None
    worker = int(parent.stdout.readline())
    parent.wait()
    try:
        with pytest.raises(PortHeldError, match=rf'held by python\S* \(pid {worker}\)') as caught:
            SerialPort(pty_end.name).open()
        assert str(parent.pid) not in str(caught.value)
    finally:
        parent.communicate()
    deadline = time.monotonic() + 10.0
    while find_holders(pty_end.name) and time.monotonic() < deadline:
        time.sleep(0.01)
    with SerialPort(pty_end.name):
        pass


@pytest.mark.parametrize('how', ['sys.exit(0)', 'port.close()', 'os._exit(0)', 'port = None'])
def test_a_child_that_ends_takes_no_lock_off(pty_end: Any, how: str) -> None:
    script = f"""
import fcntl, os, sys, termios
sys.path.insert(0, {ROOT!r})
from dxl_port_driver.port import serial_port
from dxl_port_driver.port.serial_port import SerialPort
serial_port.is_pty = lambda status: False
port = SerialPort(sys.argv[1])
port.open()
sys.stdout.flush()
pid = os.fork()
if pid == 0:
    {how}
    sys.exit(0)
assert os.waitpid(pid, 0)[1] == 0
TIOCGEXCL = 0x80045440
print(int.from_bytes(fcntl.ioctl(port.hangup_fd, TIOCGEXCL, bytes(4)), sys.byteorder))
fd = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
try:
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    print('locked')
"""
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', script, pty_end.name],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.stdout, done.stderr) == ('1\nlocked\n', '')


def test_the_virtual_bus_is_served_by_the_parent_alone(fork: Any, soon: Soon) -> None:
    url = f'sim://?ids=1&seed={os.getpid()}88'
    port = make_port(url)
    port.open()

    def ping(port: Port) -> None:
        port.write(bytes.fromhex('fffffd000103000119 4e'), soon())
        assert port.read(1, soon())[0] == 0xFF
        port.pause(time.monotonic() + 0.01)
        port.clear()

    def use() -> None:
        ping(port)
        port.close()
        # One of its own, with a thread of its own.
        with make_port(url) as other:
            ping(other)

    child = fork(use)
    ping(port)
    child.end()
    ping(port)
    child = fork()
    port.open()
    ping(port)
    port.close()
    child.end()


def test_a_lock_on_a_real_tty_is_taken_off_by_its_owner_alone(
    pty_end: Any, fork: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serial_port, 'is_pty', lambda status: False)
    exclusive = 0x80045440

    def is_exclusive() -> bool:
        return any(fcntl.ioctl(pty_end.slave, exclusive, bytes(4)))

    with SerialPort(pty_end.name) as port:
        assert is_exclusive()
        fork(port.close).end()
        assert is_exclusive()
        fork()
    assert not is_exclusive()
