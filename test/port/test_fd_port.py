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

"""What poll says and the device does not keep."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import os
import select
from typing import Any

from dxl_port_driver.errors import PortClosedError, PortNameError, ReceiveError, TransmitError
from dxl_port_driver.port.address import parse_address
from dxl_port_driver.port.serial_port import SerialPort
import pytest

Soon = Callable[[], float]


@pytest.fixture
def port(pty_end: Any) -> Iterator[SerialPort]:
    with SerialPort(pty_end.name) as port:
        yield port


class Poll:
    """A poll that says what it is told to, and then what is so."""

    def __init__(self, real: Any, *answers: list[tuple[int, int]]) -> None:
        self.real = real
        self.answers = list(answers)

    def poll(self, timeout_ms: int) -> list[tuple[int, int]]:
        return self.answers.pop(0) if self.answers else self.real.poll(timeout_ms)


def say_first(port: SerialPort, answer: list[tuple[int, int]]) -> None:
    device = port._device
    device.idle_readers.append(Poll(device.reader(), answer))


def test_a_read_that_finds_the_bytes_taken_waits_on(
    port: SerialPort, pty_end: Any, soon: Soon
) -> None:
    say_first(port, [(port._device.fd, select.POLLIN)])
    os.write(pty_end.master, b'x')
    assert os.read(pty_end.slave, 1) == b'x'
    os.write(pty_end.master, b'y')
    assert port.read(1, soon()) == b'y'


def test_a_write_that_finds_the_room_taken_waits_on(
    port: SerialPort, pty_end: Any, monkeypatch: pytest.MonkeyPatch, soon: Soon
) -> None:
    write = os.write
    refusals = [BlockingIOError(), BlockingIOError()]

    def busy(fd: int, data: bytes) -> int:
        if fd == port._device.fd and refusals:
            raise refusals.pop()
        return write(fd, data)

    monkeypatch.setattr(os, 'write', busy)
    assert port.write(b'abc', soon()) == 3
    assert os.read(pty_end.master, 10) == b'abc'


def test_a_device_that_reports_an_error_and_no_reason_fails(
    port: SerialPort, monkeypatch: pytest.MonkeyPatch, soon: Soon
) -> None:
    def nothing(fd: int, _: object) -> Any:
        raise BlockingIOError

    failed = [(port._device.fd, select.POLLERR)]
    say_first(port, failed)
    monkeypatch.setattr(port._device, 'writer', lambda: Poll(None, failed))
    with monkeypatch.context() as patch:
        patch.setattr(os, 'read', nothing)
        patch.setattr(os, 'write', nothing)
        with pytest.raises(ReceiveError, match='the device reports an error'):
            port.read(1, soon())
        with pytest.raises(TransmitError, match='the device reports an error'):
            port.write(b'x', soon())


def test_a_cancel_that_was_taken_back_at_once_still_ends_the_wait(
    port: SerialPort, soon: Soon
) -> None:
    say_first(port, [(port._device.wakeup.fileno(), select.POLLIN)])
    with pytest.raises(PortClosedError):
        port.read(1, soon())


def test_a_name_that_this_locale_cannot_write_is_no_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, 'fsencode', lambda name: name.encode('latin-1'))
    with pytest.raises(PortNameError, match='cannot be the name of a file'):
        parse_address('/dev/\u65e5')
