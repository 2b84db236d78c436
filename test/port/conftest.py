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

"""The kinds of port that the tests run over, each with a far end to talk to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
import contextlib
import importlib.util
import os
import socket
import threading
import time
import tty

from dxl_port_driver.port.base import Port
from dxl_port_driver.port.open_port import make_port
import pytest
from serial.rfc2217 import PortManager

# Long enough for a loaded machine; nothing waits this long when all is well.
PATIENCE_S = 10.0


class FarEnd(ABC):
    """What is at the other end of a port under test."""

    name: str

    @abstractmethod
    def send(self, data: bytes) -> None:
        """Make the port receive bytes."""

    @abstractmethod
    def receive(self, length: int) -> bytes:
        """Wait for bytes that the port sent."""

    @abstractmethod
    def unplug(self) -> None:
        """Be gone; safe to call twice."""


class PtyFarEnd(FarEnd):
    def __init__(self) -> None:
        self.master, self.slave = os.openpty()
        # Else the far end would hear an echo of what it sent before the port is opened.
        tty.setraw(self.slave)
        self.name = os.ttyname(self.slave)

    def send(self, data: bytes) -> None:
        os.write(self.master, data)

    def receive(self, length: int) -> bytes:
        data = b''
        while len(data) < length:
            data += os.read(self.master, length - len(data))
        return data

    def unplug(self) -> None:
        for fd in (self.slave, self.master):
            if fd >= 0:
                os.close(fd)
        self.master = self.slave = -1


class TcpFarEnd(FarEnd):
    scheme = 'socket'

    def __init__(self) -> None:
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.name = f'{self.scheme}://127.0.0.1:{self.listener.getsockname()[1]}'
        self.connection: socket.socket | None = None
        self.received = bytearray()
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                with self.changed:
                    self.connection = connection
                    self.welcome(connection)
                    self.changed.notify_all()
                with contextlib.suppress(OSError):
                    while data := connection.recv(65536):
                        self.take(data)

    def welcome(self, connection: socket.socket) -> None:
        """Greet a new connection; nothing to say on a plain one."""

    def take(self, data: bytes) -> None:
        with self.changed:
            self.received += data
            self.changed.notify_all()

    def send(self, data: bytes) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.connection, PATIENCE_S)
            self.connection.sendall(data)

    def receive(self, length: int) -> bytes:
        with self.changed:
            self.changed.wait_for(lambda: len(self.received) >= length, PATIENCE_S)
            data = bytes(self.received[:length])
            del self.received[:length]
            return data

    def unplug(self) -> None:
        for end in (self.listener, self.connection):
            if end is not None:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()


class RemoteSerialPort:
    """As much of a serial port as pyserial's RFC 2217 server looks at."""

    bytesize, parity, stopbits = 8, 'N', 1
    cts = dsr = ri = cd = dtr = rts = xonxoff = rtscts = False

    def __init__(self) -> None:
        self.rate = 9600

    @property
    def baudrate(self) -> int:
        return self.rate

    @baudrate.setter
    def baudrate(self, rate: int) -> None:
        if rate == 12345:
            raise ValueError('not a rate of this port')
        self.rate = rate

    def reset_input_buffer(self) -> None:
        """Nothing is held back here."""

    reset_output_buffer = reset_input_buffer


class Rfc2217FarEnd(TcpFarEnd):
    scheme = 'rfc2217'

    def __init__(self) -> None:
        self.manager: PortManager | None = None
        self.serial = RemoteSerialPort()
        super().__init__()

    def welcome(self, connection: socket.socket) -> None:
        self.manager = PortManager(self.serial, self)

    def write(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            self.connection.sendall(data)

    def take(self, data: bytes) -> None:
        super().take(b''.join(self.manager.filter(data)))

    def send(self, data: bytes) -> None:
        super().send(b''.join(self.manager.escape(data)))


WIRED = {'pty': PtyFarEnd, 'socket': TcpFarEnd, 'rfc2217': Rfc2217FarEnd}
# pyserial 3.5 starts its reader thread the old way.
RFC2217 = pytest.mark.filterwarnings(r'ignore:set(Daemon|Name)\(\):DeprecationWarning')


def wired_params() -> list[object]:
    return [pytest.param(kind, marks=RFC2217 if kind == 'rfc2217' else ()) for kind in WIRED]


@pytest.fixture(params=wired_params())
def wired(request: pytest.FixtureRequest) -> Iterator[tuple[Port, FarEnd]]:
    """Give an open port and its far end, of each kind that has one to reach."""
    far_end = WIRED[request.param]()
    port = make_port(far_end.name, baudrate=57600)
    try:
        port.open()
        yield port, far_end
    finally:
        port.close()
        far_end.unplug()


@pytest.fixture(params=[*wired_params(), 'sim', 'hardware'])
def any_name(request: pytest.FixtureRequest) -> Iterator[str]:
    """Give the name of a port of each kind there is."""
    if request.param == 'hardware':
        name = request.config.getoption('--dxl-port', default=None)
        if not name:
            pytest.skip('no serial device with servos: name one with --dxl-port')
        yield name
    elif request.param == 'sim':
        if importlib.util.find_spec('dxl_port_driver.sim.sim_port') is None:
            pytest.skip('there is no dxl_port_driver.sim.sim_port yet')
        yield 'sim://'
    else:
        far_end = WIRED[request.param]()
        try:
            yield far_end.name
        finally:
            far_end.unplug()


class SimFarEnd(FarEnd):
    """The virtual bus needs nobody to be there."""

    def __init__(self) -> None:
        self.name = f'sim://?ids=1&seed={os.getpid()}{time.monotonic_ns() % 10**8}'

    def send(self, data: bytes) -> None:
        raise NotImplementedError

    def receive(self, length: int) -> bytes:
        raise NotImplementedError

    def unplug(self) -> None:
        """Leave it as it is."""


@pytest.fixture
def far_end_of() -> Callable[[str], contextlib.AbstractContextManager[FarEnd]]:
    """Give what makes a far end of a kind, as often as is wanted."""

    @contextlib.contextmanager
    def far_end_of(kind: str) -> Iterator[FarEnd]:
        far_end = SimFarEnd() if kind == 'sim' else WIRED[kind]()
        try:
            yield far_end
        finally:
            far_end.unplug()

    return far_end_of


@pytest.fixture
def pty_end() -> Iterator[PtyFarEnd]:
    far_end = PtyFarEnd()
    try:
        yield far_end
    finally:
        far_end.unplug()


@pytest.fixture
def descriptors() -> Callable[[], set[str]]:
    """Give what tells the descriptors that this process has open."""

    def open_now() -> set[str]:
        with os.scandir('/proc/self/fd') as entries:
            numbers = {entry.name for entry in entries}
        # The scan's own is in there, and closed by now.
        return {number for number in numbers if os.path.exists(f'/proc/self/fd/{number}')
                or os.path.islink(f'/proc/self/fd/{number}')}  # fmt: skip

    return open_now


@pytest.fixture
def soon() -> Callable[[], float]:
    """Give what tells a deadline that is never reached when all is well."""
    return lambda: time.monotonic() + PATIENCE_S
