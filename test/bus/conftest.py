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

"""What the tests of the bus share: a port without a device, servos behind a pty, no leftovers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import os
import select
import threading
import time
import tty

from dxl_port_driver.bus.bus import Bus
from dxl_port_driver.errors import DxlPortError, PortClosedError, RequestError
from dxl_port_driver.port.base import Port
from dxl_port_driver.port.open_port import make_port
from dxl_port_driver.protocol.packets import InstructionPacket, parse_instruction
import pytest


class StillPort(Port):
    """
    A port on which nothing comes but what a test gives; it keeps what is sent.

    ``answer`` tells what comes at once for what was sent. A ``failure`` of read or write is
    raised by it from then on. What is in ``babble`` comes again and again, without end.
    """

    def __init__(self) -> None:
        super().__init__('still')
        self.sent: list[bytes] = []
        self.rates = [1_000_000]
        self.answer: Callable[[bytes], bytes] = lambda data: b''
        self.failure: dict[str, DxlPortError] = {}
        self.babble = b''
        self.received = bytearray()
        self._changed = threading.Condition()
        self._cancelled = False

    @property
    def is_open(self) -> bool:
        return True

    @property
    def baudrate(self) -> int:
        return self.rates[-1]

    real_baudrate = baudrate

    def open(self) -> None:
        pass

    def close(self) -> None:
        pass

    def _use(self, call: str) -> None:
        if self._cancelled:
            raise PortClosedError('cancelled')
        if call in self.failure:
            raise self.failure[call]

    def give(self, data: bytes) -> None:
        with self._changed:
            self.received += data
            self._changed.notify_all()

    def fail(self, call: str, error: DxlPortError) -> None:
        with self._changed:
            self.failure[call] = error
            self._changed.notify_all()

    def write(self, data: bytes | bytearray, deadline: float) -> int:
        with self._changed:
            self._use('write')
            self.sent.append(bytes(data))
            self.received += self.answer(bytes(data))
        return len(data)

    def read(self, max_length: int, deadline: float) -> bytes:
        with self._changed:
            while True:
                self._use('read')
                self.received += self.babble
                if self.received:
                    data = bytes(self.received[:max_length])
                    del self.received[:max_length]
                    return data
                rest_s = deadline - time.monotonic()
                if rest_s <= 0:
                    return b''
                self._changed.wait(min(rest_s, 60.0))

    def pause(self, deadline: float) -> None:
        with self._changed:
            while (rest_s := deadline - time.monotonic()) > 0:
                self._use('pause')
                self._changed.wait(min(rest_s, 60.0))
            self._use('pause')

    def available(self) -> int:
        self._use('available')
        return len(self.received)

    def clear(self) -> None:
        self._use('clear')
        self.received.clear()

    def set_baudrate(self, baudrate: int) -> None:
        self._use('set_baudrate')
        self.rates.append(baudrate)

    def cancel(self) -> None:
        with self._changed:
            self._cancelled = True
            self._changed.notify_all()

    def resume(self) -> None:
        self._cancelled = False


class Servos:
    """
    Servos behind a pty, that answer in a thread of their own.

    ``answer`` gives what is sent for an instruction packet, piece by piece; a number among the
    pieces is a delay in seconds. What is not exactly one instruction packet is kept in ``torn``,
    and answered with what ``answer_torn`` gives. ``collisions`` counts the answers into which
    something was sent before they were over.
    """

    def __init__(self) -> None:
        self.asked: list[InstructionPacket] = []
        self.torn: list[bytes] = []
        self.answer: Callable[[InstructionPacket], Iterator[bytes | float]] = lambda _: iter(())
        self.answer_torn: Callable[[bytes], Iterator[bytes | float]] = lambda _: iter(())
        self.collisions = 0
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.name = os.ttyname(self.slave)
        self._stop, self._stopper = os.pipe()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            ready, _, _ = select.select([self.master, self._stop], [], [])
            if self._stop in ready:
                return
            data = os.read(self.master, 4096)
            try:
                packet = parse_instruction(data)
            except RequestError:
                self.torn.append(data)
                self._send(self.answer_torn(data))
                continue
            self.asked.append(packet)
            self._send(self.answer(packet))

    def _send(self, pieces: Iterator[bytes | float]) -> None:
        undisturbed = True
        for piece in pieces:
            if isinstance(piece, bytes):
                os.write(self.master, piece)
                continue
            over = time.monotonic() + piece
            watched = [self._stop, self.master] if undisturbed else [self._stop]
            ready, _, _ = select.select(watched, [], [], piece)
            if self.master in ready:
                undisturbed = False
                self.collisions += 1
                select.select([self._stop], [], [], max(0.0, over - time.monotonic()))

    def unplug(self) -> None:
        """Be gone; safe to call twice."""
        if self.master < 0:
            return
        os.write(self._stopper, b'.')
        self._thread.join()
        for fd in (self.master, self.slave, self._stop, self._stopper):
            os.close(fd)
        self.master = -1


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Demand that a test leaves no thread and no descriptor behind."""
    threads, fds = set(threading.enumerate()), len(os.listdir('/proc/self/fd'))
    yield
    assert set(threading.enumerate()) <= threads
    assert len(os.listdir('/proc/self/fd')) <= fds


@pytest.fixture
def still(nothing_left: None) -> StillPort:
    """Give a port without a device."""
    return StillPort()


@pytest.fixture
def bus(still: StillPort) -> Iterator[Bus]:
    """Give a bus that lets work in, on the port without a device."""
    bus = Bus(still)
    bus.admit()
    yield bus
    bus.shutdown('the test is over')


@pytest.fixture
def servos(nothing_left: None) -> Iterator[Servos]:
    """Give servos behind a pty."""
    servos = Servos()
    yield servos
    servos.unplug()


@pytest.fixture
def wired_bus(servos: Servos) -> Iterator[Bus]:
    """Give a bus that lets work in, on the pty with the servos."""
    with make_port(servos.name) as port:
        bus = Bus(port)
        bus.admit()
        yield bus
        bus.shutdown('the test is over')
