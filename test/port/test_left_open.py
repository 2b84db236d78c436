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


"""Ports that nobody closed, programs that ended without, and ports in place of others."""

from __future__ import annotations

from collections.abc import Callable
import contextlib
import fcntl
import gc
import os
from pathlib import Path
import resource
import signal
import socket
import subprocess
import sys
import termios
import threading
import time
from typing import Any

import dxl_port_driver
from dxl_port_driver.errors import (
    BaudrateError,
    DxlPortError,
    PortHeldError,
    PortMissingError,
    PortOpenError,
    ReceiveError,
    TransmitError,
)
from dxl_port_driver.port.base import Port
from dxl_port_driver.port.open_errors import open_error
from dxl_port_driver.port.open_port import make_port
from dxl_port_driver.port.serial_port import SerialPort
import dynamixel_sdk
import pytest
import serial

Soon = Callable[[], float]
Descriptors = Callable[[], set[str]]
ROOT = str(Path(dxl_port_driver.__file__).parent.parent)
RFC2217 = pytest.mark.filterwarnings(r'ignore:set(Daemon|Name)\(\):DeprecationWarning')
KINDS = ['pty', 'socket', 'sim', pytest.param('rfc2217', marks=RFC2217)]
HOW = ['dropped', 'in a cycle', 'in a failure']


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10.0
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


class TestDropped:
    # A ResourceWarning would be an error here, as every warning is.
    @pytest.mark.filterwarnings('error::pytest.PytestUnraisableExceptionWarning')
    @pytest.mark.parametrize(
        ('kind', 'how'),
        [
            *((kind, how) for kind in ('pty', 'sim', 'socket') for how in HOW),
            pytest.param('rfc2217', 'in a cycle', marks=RFC2217),
        ],
    )
    def test_garbage_leaves_no_descriptor_no_thread_and_no_lock(
        self, kind: str, how: str, far_end_of: Any, descriptors: Descriptors
    ) -> None:
        is_remote = kind in ('socket', 'rfc2217')
        count = 2 if is_remote else 20 if how == 'dropped' else 200
        gc.collect()
        with far_end_of(kind) as far_end:
            name = far_end.name
            before, threads = descriptors(), threading.active_count()
            for _ in range(count):
                # Looking for other holders is what takes time.
                port = make_port(name, exclusive=how == 'dropped')
                port.open()
                if how == 'in a cycle':
                    port.me = port  # type: ignore[attr-defined]
                elif how == 'in a failure':
                    with contextlib.suppress(DxlPortError):
                        port.set_baudrate(0)
                del port
                if is_remote:
                    gc.collect()  # the far end serves one at a time
            # Those of sim:// and rfc2217:// end in their own time, a moment later. The far end of
            # a TCP connection has a descriptor for it. While another thread collects garbage,
            # which it may at any time, this one's call does nothing.
            wait_until(
                lambda: (
                    gc.collect() >= 0
                    and threading.active_count() <= threads
                    and len(descriptors()) <= len(before) + is_remote
                )
            )
            make_port(name).open()

    def test_garbage_is_none_while_a_call_is_under_way(self, pty_end: Any, soon: Soon) -> None:
        port = SerialPort(pty_end.name)
        port.open()
        got: list[bytes] = []
        reader = threading.Thread(
            target=lambda read: got.append(read(1, soon())), args=[port.read]
        )
        reader.start()
        del port
        gc.collect()
        os.write(pty_end.master, b'x')
        reader.join()
        assert got == [b'x']

    @pytest.mark.parametrize('kind', ['pty', 'sim'])
    def test_a_port_works_in_the_exit_handlers_of_its_program(
        self, kind: str, far_end_of: Any
    ) -> None:
        script = f"""
import atexit, sys, time
sys.path.insert(0, {ROOT!r})
atexit.register(lambda: print(port.write(b'torque off', time.monotonic() + 5)))
from dxl_port_driver.port.open_port import make_port
atexit.register(lambda: print(port.write(b'torque off', time.monotonic() + 5)))
port = make_port(sys.argv[1])
port.open()
atexit.register(lambda: print(port.write(b'torque off', time.monotonic() + 5)))
"""
        with far_end_of(kind) as far_end:
            done = subprocess.run(
                [sys.executable, '-X', 'dev', '-c', script, far_end.name],
                check=False,
                capture_output=True,
                text=True,
                timeout=30,
            )
            assert (done.stdout, done.stderr) == ('10\n10\n10\n', '')


OPEN = f"""
import os, sys
sys.path.insert(0, {ROOT!r})
from dxl_port_driver.errors import DxlPortError
from dxl_port_driver.port.serial_port import SerialPort
if os.getuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
port = SerialPort(sys.argv[1])
try:
    port.open()
except DxlPortError as error:
    sys.exit(f'{{type(error).__name__}} {{error}}')
print('opened', flush=True)
"""


class TestEndedWithoutClosing:
    """Each as an ordinary user: root is let in whatever is locked."""

    @pytest.mark.parametrize(
        'end',
        ['pass', 'raise ValueError', 'sys.exit(1)', 'os._exit(1)', 'sys.stdin.read()', 'KILL'],
    )
    def test_the_next_program_opens_the_pty(self, pty_end: Any, end: str) -> None:
        os.chmod(pty_end.name, 0o666)
        script = OPEN + ('sys.stdin.read()' if end == 'KILL' else end)
        for _ in range(2):
            program = subprocess.Popen(
                [sys.executable, '-c', script, pty_end.name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            assert program.stdout is not None
            assert program.stdout.readline() == 'opened\n'
            if end in ('KILL', 'sys.stdin.read()'):
                program.send_signal(signal.SIGKILL if end == 'KILL' else signal.SIGTERM)
            program.communicate(timeout=30)

    def test_a_pty_that_was_left_closed_to_all_is_told_so(self, pty_end: Any) -> None:
        if os.getuid() != 0:
            pytest.skip('only root can start a process as another user')
        os.chmod(pty_end.name, 0o666)
        fcntl.ioctl(pty_end.slave, termios.TIOCEXCL)
        done = subprocess.run(
            [sys.executable, '-c', OPEN, pty_end.name],
            check=False,
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert done.stderr.startswith(
            f'PortHeldError {pty_end.name} is closed to further programs'
        )
        assert 'or restart the one that made this pty' in done.stderr
        assert 'is held by' not in done.stderr


class TestLocksInBothOrders:
    """This package's port, pyserial's with and without its lock, and the SDK's own."""

    def test_first_here(self, pty_end: Any) -> None:
        with SerialPort(pty_end.name):
            with pytest.raises(serial.SerialException, match='exclusively lock'):
                serial.Serial(pty_end.name, exclusive=True)
            # The SDK asks for no lock, and a pty has none that it would have to ask for.
            other = dynamixel_sdk.PortHandler(pty_end.name)
            assert other.openPort() is True
            other.closePort()
        serial.Serial(pty_end.name, exclusive=True).close()

    @pytest.mark.parametrize('who', ['pyserial', 'SDK'])
    def test_first_there(self, pty_end: Any, who: str) -> None:
        script = """
import sys
import dynamixel_sdk, serial
if sys.argv[2] == 'SDK':
    port = dynamixel_sdk.PortHandler(sys.argv[1])
    assert port.openPort()
else:
    port = serial.Serial(sys.argv[1], exclusive=True)
print('opened', flush=True)
sys.stdin.read()
"""
        program = subprocess.Popen(
            [sys.executable, '-c', script, pty_end.name, who],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert program.stdout is not None
        assert program.stdout.readline() == 'opened\n'
        with pytest.raises(PortHeldError, match=rf'held by .*\(pid {program.pid}\); end it'):
            SerialPort(pty_end.name).open()
        program.communicate(timeout=30)
        with SerialPort(pty_end.name):
            pass


class TestReasons:
    def test_line_settings_that_are_refused_are_no_lack_of_a_serial_port(
        self, pty_end: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(fd: int, when: int, settings: list[Any]) -> None:
            raise termios.error(22, 'Invalid argument')

        monkeypatch.setattr(termios, 'tcsetattr', refuse)
        with pytest.raises(
            BaudrateError, match=r'refuses the line settings of 57600 bit/s \(Invalid argument\)'
        ):
            SerialPort(pty_end.name, baudrate=57600).open()

    @pytest.mark.parametrize('kind', KINDS)
    def test_too_many_open_files_are_no_fault_of_the_device(
        self, kind: str, far_end_of: Any, descriptors: Descriptors
    ) -> None:
        with far_end_of(kind) as far_end:
            port = make_port(far_end.name)
            before = descriptors()
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            limit = max(map(int, before)) + 1
            fill = [os.dup(0) for _ in range(limit - len(before))]
            told = []
            try:
                # The far end needs some as well.
                for room in range({'rfc2217': 1, 'socket': 2}.get(kind, 3)):
                    resource.setrlimit(resource.RLIMIT_NOFILE, (limit + room, hard))
                    with contextlib.suppress(PortMissingError):
                        with pytest.raises(PortOpenError) as caught:
                            port.open()
                        told.append(str(caught.value))
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
                for fd in fill:
                    os.close(fd)
            assert f'has as many files open as it may, {limit}' in told[0]
            assert 'hardware' not in ''.join(told)
            assert 'check the host' not in ''.join(told)
            wait_until(lambda: len(descriptors()) <= len(before))

    def test_a_machine_out_of_files_says_that(self) -> None:
        assert 'this machine has as many files open' in str(
            open_error(OSError(23, ''), '/d', '/d')
        )

    @pytest.mark.parametrize(
        'wired', ['pty', 'socket', pytest.param('rfc2217', marks=RFC2217)], indirect=True
    )
    def test_a_peer_that_has_ended_takes_nothing_as_soon_as_a_read_has_told(
        self, wired: Any, soon: Soon
    ) -> None:
        port, far_end = wired
        far_end.unplug()
        with pytest.raises(ReceiveError):
            port.read(1, soon())
        for _ in range(2):
            with pytest.raises(TransmitError, match='open the port again'):
                port.write(b'x', soon())

    @pytest.mark.parametrize(
        'wired', ['pty', pytest.param('rfc2217', marks=RFC2217)], indirect=True
    )
    def test_a_rate_of_a_device_that_is_gone_is_not_to_be_replaced_by_another(
        self, wired: Any, soon: Soon
    ) -> None:
        port, far_end = wired
        far_end.unplug()
        with pytest.raises(ReceiveError):
            port.read(1, soon())
        with pytest.raises(BaudrateError) as caught:
            port.set_baudrate(115200)
        assert 'cannot be set to 115200 bit/s' in str(caught.value)
        assert 'use a' not in str(caught.value)
        assert port.baudrate == 57600
        assert port.is_open


class TestInPlaceOfAnother:
    def test_the_same_device_keeps_its_descriptor_and_its_locks(
        self, wired: Any, soon: Soon
    ) -> None:
        old, far_end = wired
        descriptor = old.hangup_fd
        new = make_port(old.name, baudrate=115200)
        new.open_instead_of(old)
        try:
            assert (new.is_open, old.is_open) == (True, False)
            assert new.hangup_fd == descriptor
            assert new.baudrate == new.real_baudrate == 115200
            far_end.send(b'x')
            assert new.read(1, soon()) == b'x'
            assert new.write(b'on', soon()) == 2
            assert far_end.receive(2) == b'on'
            new.open_instead_of(new)
            assert new.is_open
        finally:
            new.close()

    def test_another_spelling_of_a_device_is_no_stranger(
        self, pty_end: Any, tmp_path: Path, soon: Soon
    ) -> None:
        link = tmp_path / 'u2d2'
        link.symlink_to(pty_end.name)
        with SerialPort(pty_end.name) as old:
            new = SerialPort(str(link), baudrate=57600)
            new.open_instead_of(old)
            assert new.name == str(link)
            assert not old.is_open
            os.write(pty_end.master, b'x')
            assert new.read(1, soon()) == b'x'
            new.close()

    def test_a_link_that_leads_elsewhere_now_is_followed(
        self, far_end_of: Any, tmp_path: Path, soon: Soon
    ) -> None:
        with far_end_of('pty') as first, far_end_of('pty') as second:
            link = tmp_path / 'u2d2'
            link.symlink_to(first.name)
            old = SerialPort(str(link))
            old.open()
            link.unlink()
            link.symlink_to(second.name)
            new = SerialPort(str(link))
            new.open_instead_of(old)
            new.write(b'x', soon())
            assert second.receive(1) == b'x'
            SerialPort(first.name).open()
            new.close()

    def test_a_device_that_went_and_came_back_works_again(
        self, far_end_of: Any, tmp_path: Path, soon: Soon
    ) -> None:
        link = tmp_path / 'u2d2'
        with far_end_of('pty') as first:
            link.symlink_to(first.name)
            old = SerialPort(str(link))
            old.open()
        new = SerialPort(str(link))
        with pytest.raises(PortMissingError, match='does not exist'):
            new.open_instead_of(old)
        assert old.is_open
        assert not new.is_open
        with far_end_of('pty') as again:
            link.unlink()
            link.symlink_to(again.name)
            new.open_instead_of(old)
            assert not old.is_open
            new.write(b'x', soon())
            assert again.receive(1) == b'x'
            new.close()

    def test_an_adapter_of_the_virtual_bus_as_well(self, far_end_of: Any, soon: Soon) -> None:
        with far_end_of('sim') as far_end:
            old, new = make_port(far_end.name), make_port(far_end.name, baudrate=57600)
            old.open()
            old.server.unplug()
            with pytest.raises(ReceiveError):
                old.read(1, soon())
            with pytest.raises(PortMissingError, match='is unplugged'):
                new.open_instead_of(old)
            old.server.plug()
            new.open_instead_of(old)
            assert new.read(1, 0.0) == b''
            descriptor = new.hangup_fd
            old.open_instead_of(new)
            assert old.hangup_fd == descriptor
            old.close()
            assert 'virtual bus' not in {thread.name for thread in threading.enumerate()}

    def test_a_rate_that_is_refused_leaves_the_old_one_talking(
        self, pty_end: Any, monkeypatch: pytest.MonkeyPatch, soon: Soon
    ) -> None:
        with SerialPort(pty_end.name, baudrate=57600) as old:
            monkeypatch.setattr(
                SerialPort, '_achieved_baudrate', lambda port, read_back: min(read_back, 115200)
            )
            for new in (SerialPort(pty_end.name), SerialPort(pty_end.name, exclusive=False)):
                with pytest.raises((BaudrateError, PortHeldError)):
                    new.open_instead_of(old)
                assert old.is_open
                assert not new.is_open
            assert old.baudrate == old.real_baudrate == 57600
            os.write(pty_end.master, b'x')
            assert old.read(1, soon()) == b'x'

    @pytest.mark.parametrize('kind', ['pty', 'socket'])
    def test_in_place_of_another_kind_or_of_a_closed_one(
        self, kind: str, far_end_of: Any, soon: Soon
    ) -> None:
        with far_end_of(kind) as far_end, far_end_of('sim') as bus:
            ports: list[Port] = [make_port(name) for name in (bus.name, far_end.name)]
            ports[0].open_instead_of(ports[1])
            ports[1].open_instead_of(ports[0])
            assert [port.is_open for port in ports] == [False, True]
            ports[1].write(b'x', soon())
            assert far_end.receive(1) == b'x'
            ports[1].close()

    def test_a_connection_that_has_ended_is_made_again(self, soon: Soon) -> None:
        with socket.create_server(('127.0.0.1', 0)) as listener:
            name = f'socket://127.0.0.1:{listener.getsockname()[1]}'
            old = make_port(name)
            old.open()
            listener.accept()[0].close()
            with pytest.raises(ReceiveError):
                old.read(1, soon())
            new = make_port(name)
            new.open_instead_of(old)
            peer, _ = listener.accept()
            with peer:
                new.write(b'x', soon())
                assert peer.recv(1) == b'x'
            new.close()
