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

"""Whatever a program does with a port handler, in whatever order: it gives what it promises."""

from __future__ import annotations

from collections.abc import Callable
import os
from typing import Any

from dxl_port_driver import PortClosedError, PortHandler, PortMissingError
from handler_support.fake_servo import Pty, wait_until
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule, RuleBasedStateMachine

RATES = (9600, 57_600.0, 1e6, 4_500_000)
LENGTHS = st.one_of(st.integers(-2, 20), st.sampled_from((2.0, 5000)))


class Line:
    """A pty, with what its far end has sent and nobody has read yet."""

    def __init__(self) -> None:
        self.pty = Pty()
        os.set_blocking(self.pty.master, False)
        self.sent = b''

    def received(self) -> bytes:
        """Take what was written to it."""
        try:
            return os.read(self.pty.master, 4096)
        except BlockingIOError:
            return b''


class PortMachine(RuleBasedStateMachine):
    """A port handler beside a model of what it is connected to."""

    @initialize()
    def begin(self) -> None:
        self.lines = {'one': Line(), 'two': Line()}
        self.names: dict[str, str | None] = {
            line.pty.name: key for key, line in self.lines.items()
        } | {'/dev/ttyUSB_none': None}
        self.name = self.lines['one'].pty.name
        self.port = PortHandler(self.name)
        self.open_at: Line | None = None
        self.rate: Any = 1_000_000
        self.open_port()

    def teardown(self) -> None:
        self.port.closePort()
        for line in self.lines.values():
            line.pty.unplug()

    @property
    def named(self) -> Line | None:
        key = self.names[self.name]
        return None if key is None else self.lines[key]

    def opened(self, worked: bool) -> None:
        """Compare how an opening ended with how it had to."""
        target = self.named
        assert worked is (target is not None)
        if target is None:
            assert isinstance(self.port.last_error, PortMissingError)
            return
        if self.open_at is not None and self.open_at is not target:
            self.open_at.sent = b''  # the kernel drops it with the last user
        self.open_at = target
        target.sent = b''

    @rule(how=st.sampled_from((PortHandler.openPort, lambda port: port.setupPort(1))))
    def open_port(self, how: Callable[[PortHandler], bool] = PortHandler.openPort) -> None:
        self.opened(how(self.port))
        if self.named is None:
            self.open_at = None

    @rule(rate=st.sampled_from(RATES))
    def set_baudrate(self, rate: Any) -> None:
        self.opened(self.port.setBaudRate(rate))
        if self.named is not None:
            self.rate = rate

    @rule(rate=st.sampled_from((0, -5, 1.5, None, 'fast', float('nan'))))
    def set_an_impossible_baudrate(self, rate: Any) -> None:
        assert self.port.setBaudRate(rate) is False
        assert self.port.last_error is not None

    @rule()
    def close_port(self) -> None:
        self.port.closePort()
        self.open_at = None

    @rule(index=st.sampled_from((0, 0, 1, 1, 2)), as_bytes=st.booleans())
    def set_port_name(self, index: int, as_bytes: bool) -> None:
        self.name = list(self.names)[index]
        self.port.setPortName(self.name.encode() if as_bytes else self.name)

    @precondition(lambda self: self.open_at is not None)
    @rule(data=st.binary(min_size=1, max_size=30), length=st.integers(0, 9))
    def receive_and_read_some(self, data: bytes, length: int) -> None:
        assert self.open_at is not None
        os.write(self.open_at.pty.master, data)
        self.open_at.sent += data
        count = len(self.open_at.sent)
        wait_until(lambda: self.port.getBytesAvailable() == count)
        self.read_port(length, None)

    @rule(length=LENGTHS, msec=st.sampled_from((None, 0.0, 1.0, float('nan'))))
    def read_port(self, length: Any, msec: float | None) -> None:
        if msec is not None:
            self.port.setPacketTimeoutMillis(msec)
        data = self.port.readPort(length)
        if self.open_at is None:
            assert data == b''
            assert length < 1 or isinstance(self.port.last_error, PortClosedError)
            return
        wanted = max(0, int(length))
        assert data == self.open_at.sent[:wanted]
        self.open_at.sent = self.open_at.sent[wanted:]

    @rule()
    def clear_port(self) -> None:
        assert self.port.clearPort() is None  # type: ignore[func-returns-value]
        if self.open_at is not None:
            self.open_at.sent = b''

    @rule(packet=st.binary(max_size=30), kind=st.sampled_from((bytes, bytearray, list, tuple)))
    def write_port(self, packet: bytes, kind: Callable[[bytes], Any]) -> None:
        written = self.port.writePort(kind(packet))
        if self.open_at is None:
            assert written == -1
            assert isinstance(self.port.last_error, PortClosedError)
        else:
            assert written == len(packet)
            assert self.open_at.received() == packet

    @rule(packet=st.sampled_from((None, 'text', [256], [-1], [None], 7)))
    def write_what_is_no_packet(self, packet: Any) -> None:
        assert self.port.writePort(packet) == -1
        assert self.port.last_error is not None

    @rule()
    def use_it_for_nothing(self) -> None:
        self.port.is_using = True
        assert self.port.is_using
        self.port.is_using = False

    @invariant()
    def what_can_be_asked_is_true(self) -> None:
        port = self.port
        assert port.is_open is (self.open_at is not None)
        assert not port.is_using
        assert port.getPortName() == self.name
        assert port.getBaudRate() == port.baudrate == self.rate
        assert port.isPacketTimeout() in (True, False)
        count = port.getBytesAvailable()
        assert count == (-1 if self.open_at is None else len(self.open_at.sent))


TestPortMachine = PortMachine.TestCase
TestPortMachine.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
