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

"""What becomes of DTR when a port is opened, as the kernel is told."""

from __future__ import annotations

from collections.abc import Iterator
import fcntl
import struct
import termios
from typing import Any

from dxl_port_driver.errors import PortOpenError
from dxl_port_driver.port.dtr import Dtr
from dxl_port_driver.port.open_port import make_port
from dxl_port_driver.port.serial_port import SerialPort
import pytest

BOTH = termios.TIOCM_DTR | termios.TIOCM_RTS


class Lines:
    """The modem lines of a tty, which the kernel raises at opening; a pty has none itself."""

    def __init__(self) -> None:
        self.level = BOTH
        self.told: list[tuple[bool, int]] = []
        self._ioctl = fcntl.ioctl

    def ioctl(self, fd: int, request: int, *args: Any) -> Any:
        if request not in (termios.TIOCMBIS, termios.TIOCMBIC):
            return self._ioctl(fd, request, *args)
        lines = struct.unpack('I', args[0])[0]
        self.told.append((request == termios.TIOCMBIS, lines))
        self.level = self.level | lines if request == termios.TIOCMBIS else self.level & ~lines
        return b''


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    """Give the modem lines of the tty that is opened next."""
    lines = Lines()
    monkeypatch.setattr(fcntl, 'ioctl', lines.ioctl)
    yield lines
    monkeypatch.undo()


def test_on_raises_it_as_pyserial_does(pty_end: Any, lines: Lines) -> None:
    with SerialPort(pty_end.name):
        assert (True, termios.TIOCM_DTR) in lines.told
        assert lines.level == BOTH


def test_off_lowers_both_at_once(pty_end: Any, lines: Lines) -> None:
    with SerialPort(pty_end.name, dtr=Dtr.OFF):
        assert lines.level == 0
        assert lines.told[-1] == (False, BOTH)
        assert not any(line & termios.TIOCM_DTR for on, line in lines.told if on)


def test_leave_never_touches_it(pty_end: Any, lines: Lines) -> None:
    port = SerialPort(pty_end.name, dtr=Dtr.LEAVE)
    for _ in range(2):
        with port:
            assert not any(line & termios.TIOCM_DTR for _, line in lines.told)
            assert lines.level == BOTH
            port.set_baudrate(57600)


@pytest.mark.parametrize('dtr', Dtr)
def test_a_pty_which_has_no_such_line_opens_all_the_same(pty_end: Any, dtr: Dtr) -> None:
    with SerialPort(pty_end.name, dtr=dtr) as port:
        assert port.is_open


@pytest.mark.parametrize('scheme', ['socket', 'rfc2217'])
def test_a_line_at_the_far_end_of_a_network_is_out_of_reach(scheme: str) -> None:
    with pytest.raises(PortOpenError, match='dtr cannot be off; set dtr to on'):
        make_port(f'{scheme}://localhost:4000', dtr=Dtr.OFF)
