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

"""
Lines whose direction the kernel switches.

No pty does that, and few machines have a UART that does: where a driver is needed that knows
``TIOCSRS485``, the test answers the two ioctls in the kernel's place.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
import fcntl
from typing import Any

from dxl_port_driver.errors import PortOpenError, ResultCode
from dxl_port_driver.port.open_port import make_port
from dxl_port_driver.port.rs485 import Rs485
from dxl_port_driver.port.serial_port import SerialPort
import pytest

TIOCGRS485, TIOCSRS485 = 0x542E, 0x542F
ENABLED, RTS_ON_SEND, RTS_AFTER_SEND, RX_DURING_TX = 1, 2, 4, 16


class Kernel:
    """A UART driver's ``struct serial_rs485``; one that ignores what it is told, if asked."""

    def __init__(self) -> None:
        self.state = [0] * 8
        self.obeys = True
        self._ioctl = fcntl.ioctl

    def ioctl(self, fd: int, request: int, *args: Any) -> Any:
        if request == TIOCGRS485:
            args[0][:] = array('i', self.state)
            return 0
        if request == TIOCSRS485:
            if self.obeys:
                self.state = list(args[0])
            return 0
        return self._ioctl(fd, request, *args)


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kernel]:
    """Give the kernel's side of a UART that switches the direction."""
    kernel = Kernel()
    monkeypatch.setattr(fcntl, 'ioctl', kernel.ioctl)
    yield kernel
    monkeypatch.undo()


@pytest.mark.parametrize(
    ('rs485', 'flags', 'delays'),
    [
        (Rs485(), ENABLED | RTS_ON_SEND, [0, 0]),
        (Rs485(False, True, 1, 2), ENABLED | RTS_AFTER_SEND, [1, 2]),
        (Rs485(True, True, 100, 29), ENABLED | RTS_ON_SEND | RTS_AFTER_SEND, [100, 29]),
        (Rs485(False, False), ENABLED, [0, 0]),
    ],
)
def test_the_kernel_is_told_how_to_switch(
    pty_end: Any, kernel: Kernel, rs485: Rs485, flags: int, delays: list[int]
) -> None:
    with SerialPort(pty_end.name, rs485=rs485):
        assert kernel.state[:3] == [flags, *delays]


def test_it_stays_so_when_the_baudrate_changes_and_when_the_port_is_opened_again(
    pty_end: Any, kernel: Kernel
) -> None:
    port = SerialPort(pty_end.name, rs485=Rs485())
    with port:
        port.set_baudrate(57600)
        assert kernel.state[0] == ENABLED | RTS_ON_SEND
        assert port.real_baudrate == 57600
    with port:
        assert kernel.state[0] == ENABLED | RTS_ON_SEND


@pytest.mark.parametrize('before', [[0] * 8, [ENABLED | RX_DURING_TX, 3, 4, 0, 0, 0, 0, 0]])
def test_what_was_set_before_is_put_back_at_the_end(
    pty_end: Any, kernel: Kernel, before: list[int]
) -> None:
    kernel.state = list(before)
    with SerialPort(pty_end.name, rs485=Rs485(delay_before_tx_ms=7)):
        assert kernel.state[1] == 7
    assert kernel.state == before


def test_a_port_without_rs485_leaves_it_as_it_is(pty_end: Any, kernel: Kernel) -> None:
    kernel.state = [ENABLED, 5, 6, 0, 0, 0, 0, 0]
    with SerialPort(pty_end.name):
        assert kernel.state == [ENABLED, 5, 6, 0, 0, 0, 0, 0]
    assert kernel.state == [ENABLED, 5, 6, 0, 0, 0, 0, 0]


def test_a_driver_that_takes_it_and_does_nothing_is_found_out(
    pty_end: Any, kernel: Kernel
) -> None:
    kernel.obeys = False
    with pytest.raises(PortOpenError, match='it does not take the setting'):
        SerialPort(pty_end.name, rs485=Rs485()).open()


def test_a_device_that_cannot_says_so_and_stays_closed(pty_end: Any) -> None:
    port = SerialPort(pty_end.name, rs485=Rs485())
    with pytest.raises(PortOpenError) as refused:
        port.open()
    assert refused.value.code is ResultCode.NOT_AVAILABLE
    for word in (pty_end.name, 'TIOCSRS485', 'Inappropriate ioctl', 'set rs485 to false'):
        assert word in str(refused.value)
    assert not port.is_open
    # It was let go of as well.
    with SerialPort(pty_end.name) as other:
        assert other.is_open


def test_emulated_servos_have_no_such_line() -> None:
    with pytest.raises(PortOpenError, match='TIOCSRS485'):
        make_port('sim://', rs485=Rs485()).open()


@pytest.mark.parametrize('name', ['socket://localhost:4000', 'rfc2217://localhost:4000'])
def test_a_line_at_the_far_end_of_a_network_is_not_the_kernels(name: str) -> None:
    with pytest.raises(PortOpenError, match='set it up where the device is'):
        make_port(name, rs485=Rs485())
    make_port(name)
