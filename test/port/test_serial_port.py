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

from __future__ import annotations

from collections.abc import Callable
import contextlib
import os
from pathlib import Path
import resource
import termios
import threading
import time
from typing import Any

from dxl_port_driver.errors import (
    BaudrateError,
    NotASerialPortError,
    PortMissingError,
    PortNameError,
    PortOpenError,
    ReceiveError,
    TransmitError,
)
from dxl_port_driver.port.serial_port import SerialPort, Tty
from dxl_port_driver.port.termios2 import get_termios2
import pytest
import serial

Soon = Callable[[], float]
Descriptors = Callable[[], set[str]]


class LimitedAdapter(SerialPort):
    """An adapter that makes the nearest of a few rates, behind a path known at open() only."""

    rates = (57600, 1_000_000, 3_000_000)
    path = ''

    def _find_tty(self) -> Tty:
        return Tty(self.path)

    def _achieved_baudrate(self, read_back: int) -> int:
        told = super()._achieved_baudrate(read_back)
        return min(self.rates, key=lambda rate: abs(rate - told))


@pytest.fixture
def limited(pty_end: Any) -> Any:
    port = LimitedAdapter('sim://', baudrate=1_000_000)
    port.path = pty_end.name
    yield port
    port.close()


@pytest.fixture
def port(pty_end: Any) -> Any:
    port = SerialPort(pty_end.name, baudrate=57600)
    port.open()
    yield port
    port.close()


def line_rate(far_end: Any) -> int:
    # Linux answers for the near end of the pty when its far end is asked.
    settings = get_termios2(far_end.master)
    assert settings is not None
    return settings.ospeed


@pytest.mark.parametrize('rate', [9600, 57600, 1_500_000, 4_500_000, 6_000_000, 10_500_000, 12345])
def test_standard_and_custom_rates_are_set_and_read_back(
    port: SerialPort, pty_end: Any, rate: int
) -> None:
    port.set_baudrate(rate)
    assert port.baudrate == port.real_baudrate == line_rate(pty_end) == rate
    port.close()
    port.open()
    assert port.real_baudrate == line_rate(pty_end) == rate


def test_the_line_is_raw_whatever_it_was(pty_end: Any) -> None:
    cooked = termios.tcgetattr(pty_end.slave)
    cooked[0] = termios.ICRNL | termios.IXON | termios.ISTRIP | termios.BRKINT | termios.INLCR
    cooked[1] = termios.OPOST | termios.ONLCR
    cooked[2] |= termios.HUPCL | termios.PARENB | termios.CSTOPB | termios.CRTSCTS
    cooked[3] = termios.ICANON | termios.ECHO | termios.ISIG
    termios.tcsetattr(pty_end.slave, termios.TCSANOW, cooked)
    with SerialPort(pty_end.name) as port:
        for _ in range(2):
            settings = get_termios2(pty_end.slave)
            assert settings is not None
            assert settings.iflag == settings.oflag == settings.lflag == 0
            assert settings.cflag & termios.CSIZE == termios.CS8
            assert not settings.cflag & (
                termios.HUPCL | termios.PARENB | termios.CSTOPB | termios.CRTSCTS
            )
            assert settings.cc[termios.VMIN] == 1
            port.set_baudrate(57600)


def test_a_refused_rate_names_the_closest_and_the_port_talks_on(
    limited: LimitedAdapter, pty_end: Any, soon: Soon
) -> None:
    limited.open()
    fd_before = limited._device.fd
    os.write(pty_end.master, b'kept')
    while limited.available() < 4:
        limited.pause(time.monotonic() + 0.001)
    for rate in (2_000_000, 10_500_000, 12345):
        with pytest.raises(BaudrateError, match='closest that it offers is') as caught:
            limited.set_baudrate(rate)
        assert caught.value.closest in limited.rates
        assert caught.value.port == 'sim://'
        assert limited.baudrate == limited.real_baudrate == line_rate(pty_end) == 1_000_000
        assert limited._device.fd == fd_before
    assert limited.read(10, soon()) == b'kept'
    limited.write(b'on', soon())
    assert os.read(pty_end.master, 10) == b'on'
    limited.set_baudrate(3_010_000)
    assert (limited.baudrate, limited.real_baudrate) == (3_010_000, 3_000_000)


def test_a_rate_that_cannot_be_made_stops_the_open(
    limited: LimitedAdapter, descriptors: Descriptors
) -> None:
    limited.set_baudrate(2_000_000)
    before = descriptors()
    with pytest.raises(BaudrateError, match='cannot make 2000000'):
        limited.open()
    assert not limited.is_open
    assert descriptors() == before
    limited.set_baudrate(57600)
    limited.open()
    assert limited.is_open


@pytest.mark.parametrize('error', [ValueError('custom'), termios.error(5, 'EIO'), OSError(5, 'x')])
def test_a_device_that_fails_at_a_rate_refuses_it(
    port: SerialPort, monkeypatch: pytest.MonkeyPatch, error: Exception, soon: Soon
) -> None:
    reconfigure = serial.Serial._reconfigure_port

    def failing(self: Any, force_update: bool = False) -> None:
        if self._baudrate == 4_500_000:
            raise error
        reconfigure(self, force_update)

    monkeypatch.setattr(serial.Serial, '_reconfigure_port', failing)
    with pytest.raises(BaudrateError, match=r'4500000 bit/s') as caught:
        port.set_baudrate(4_500_000)
    assert caught.value.closest is None
    assert port.baudrate == port.real_baudrate == 57600
    assert port.write(b'on', soon()) == 2
    port.close()
    port.set_baudrate(4_500_000)
    with pytest.raises((BaudrateError, PortOpenError)):
        port.open()
    assert not port.is_open


def test_bytes_on_their_way_leave_before_the_rate_changes(
    port: SerialPort, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = iter([300, 100, 0])
    looks = []

    def waiting(fd: int) -> int:
        looks.append(port._device.serial.baudrate)
        return next(left)

    monkeypatch.setattr('dxl_port_driver.port.drain.output_waiting', waiting)
    port.set_baudrate(9600)
    assert looks == [57600] * 3


def test_bytes_that_never_leave_hold_no_change_of_rate(
    port: SerialPort, monkeypatch: pytest.MonkeyPatch, soon: Soon
) -> None:
    monkeypatch.setattr('dxl_port_driver.port.drain.output_waiting', lambda fd: 1)
    deadline = soon()
    port.set_baudrate(9600)
    assert time.monotonic() < deadline


def test_a_full_line_takes_the_rest_when_there_is_room(
    port: SerialPort, pty_end: Any, soon: Soon
) -> None:
    data = bytes(range(256)) * 1024
    got = bytearray()
    reader = threading.Thread(target=lambda: got.extend(pty_end.receive(len(data))))
    reader.start()
    assert port.write(data, soon()) == len(data)
    reader.join()
    assert got == data


def test_a_line_that_stays_full_fails_at_the_deadline(port: SerialPort) -> None:
    deadline = time.monotonic() + 0.05
    with pytest.raises(TransmitError, match=r'it took \d+ of 1000000 bytes in time'):
        port.write(bytes(1_000_000), deadline)
    assert deadline <= time.monotonic() < deadline + 5.0


@pytest.mark.parametrize('how', ['unplug', 'cancel'])
def test_a_write_that_waits_ends_at_once(
    port: SerialPort, pty_end: Any, soon: Soon, how: str
) -> None:
    timer = threading.Timer(0.05, pty_end.unplug if how == 'unplug' else port.cancel)
    timer.start()
    deadline = soon()
    with pytest.raises(Exception, match=r'sending|cancelled') as caught:
        port.write(bytes(1_000_000), deadline)
    assert type(caught.value).__name__ == (
        'TransmitError' if how == 'unplug' else 'PortClosedError'
    )
    assert time.monotonic() < deadline
    timer.join()


def test_errors_of_the_device_are_told_in_its_words(port: SerialPort, pty_end: Any) -> None:
    pty_end.unplug()
    with pytest.raises(ReceiveError):
        port.read(1, 0.0)
    with pytest.raises(TransmitError, match='Input/output error'):
        port.write(b'x', 0.0)
    with pytest.raises(
        BaudrateError, match=r'as the device is gone \(Input/output error\); check'
    ):
        port.set_baudrate(9600)
    assert not port.set_low_latency(True)
    port.close()
    with pytest.raises(PortMissingError):
        port.open()


def test_a_missing_device_is_told_with_those_that_exist(
    monkeypatch: pytest.MonkeyPatch, descriptors: Descriptors
) -> None:
    monkeypatch.setattr(
        'dxl_port_driver.port.open_errors.serial_devices_sentence', lambda: 'there is /dev/ttyX'
    )
    before = descriptors()
    with pytest.raises(
        PortMissingError, match=r'does not exist; plug .*there is /dev/ttyX'
    ) as one:
        SerialPort('/dev/ttyUSB_none').open()
    assert isinstance(one.value, FileNotFoundError)
    assert descriptors() == before


def test_a_link_to_a_missing_device_names_both(tmp_path: Path) -> None:
    link = tmp_path / 'u2d2'
    link.symlink_to('/dev/ttyUSB_none')
    with pytest.raises(PortMissingError, match='u2d2 leads to /dev/ttyUSB_none, which does not'):
        SerialPort(str(link)).open()


def test_a_link_to_a_device_opens_it(tmp_path: Path, pty_end: Any) -> None:
    link = tmp_path / 'u2d2'
    link.symlink_to(pty_end.name)
    with SerialPort(str(link)) as port:
        assert port.name == str(link)
        assert port.latency_timer_ms is None


def test_a_url_is_no_device_path() -> None:
    with pytest.raises(PortNameError, match='no device path'):
        SerialPort('sim://').open()


def test_what_is_no_tty_is_not_opened(tmp_path: Path, descriptors: Descriptors) -> None:
    (tmp_path / 'file').write_text('precious')
    os.mkfifo(tmp_path / 'fifo')
    before = descriptors()
    for path, what in {
        str(tmp_path / 'file'): 'a regular file',
        str(tmp_path): 'a directory',
        str(tmp_path / 'fifo'): 'a FIFO',
        '/dev/null': '.*',
        '/dev/tty': 'a terminal of this computer',
        '/dev/ptmx': 'a terminal of this computer',
    }.items():
        with pytest.raises(NotASerialPortError, match=f'{path} .*{what}'):
            SerialPort(path).open()
    assert descriptors() == before
    assert (tmp_path / 'file').read_text() == 'precious'


def test_a_character_device_that_is_no_tty_says_so_when_sysfs_does_not(
    monkeypatch: pytest.MonkeyPatch, descriptors: Descriptors
) -> None:
    monkeypatch.setattr(
        'dxl_port_driver.port.serial_port.require_serial_device', lambda path, name: None
    )
    before = descriptors()
    with pytest.raises(NotASerialPortError, match='does not answer as a serial port'):
        SerialPort('/dev/null', exclusive=False).open()
    assert descriptors() == before


@pytest.mark.parametrize('stage', ['_apply_baudrate', '_flush_input', '_attach'])
@pytest.mark.parametrize('error', [OSError(5, 'EIO'), termios.error(5, 'EIO'), KeyboardInterrupt])
def test_an_open_that_fails_half_way_leaves_nothing_open(
    pty_end: Any,
    monkeypatch: pytest.MonkeyPatch,
    descriptors: Descriptors,
    stage: str,
    error: BaseException,
) -> None:
    port = SerialPort(pty_end.name)
    before = descriptors()

    def failing(*_: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(port, stage, failing)
        with pytest.raises((PortOpenError, KeyboardInterrupt)):
            port.open()
    assert not port.is_open
    assert descriptors() == before
    port.open()
    port.close()
    assert descriptors() == before


def test_running_out_of_descriptors_leaks_none(pty_end: Any, descriptors: Descriptors) -> None:
    port = SerialPort(pty_end.name, exclusive=False)
    before = descriptors()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        for room in range(8):
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, before)) + 1 + room, hard))
            with contextlib.suppress(PortOpenError):
                port.open()
            port.close()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert descriptors() == before


def test_a_high_descriptor_waits_as_precisely(pty_end: Any) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 1200:
        pytest.skip(f'no more than {hard} descriptors here')
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 1200), hard))
    taken = [os.dup(pty_end.slave) for _ in range(1100)]
    try:
        with SerialPort(pty_end.name) as port:
            assert port._device.fd >= 1024
            deadline = time.monotonic() + 0.0105
            assert port.read(1, deadline) == b''
            assert deadline <= time.monotonic()
            os.write(pty_end.master, b'x')
            assert port.read(1, time.monotonic() + 0.0009) == b'x'
    finally:
        for fd in taken:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_the_layout_of_termios2_is_that_of_the_kernel(pty_end: Any) -> None:
    settings = get_termios2(pty_end.slave)
    assert settings is not None
    plain = termios.tcgetattr(pty_end.slave)
    assert [settings.iflag, settings.oflag, settings.cflag, settings.lflag] == plain[:4]
    characters = [value if isinstance(value, int) else ord(value) for value in plain[6]]
    assert list(settings.cc) == characters[:19]
