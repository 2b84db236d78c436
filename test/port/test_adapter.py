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

"""What is read off an adapter, from a sysfs made for the test."""

from __future__ import annotations

from array import array
import fcntl
import os
from pathlib import Path
from typing import Any

from dxl_port_driver.errors import NotASerialPortError
from dxl_port_driver.port import termios2
from dxl_port_driver.port.device_check import require_serial_device
from dxl_port_driver.port.latency import is_low_latency, read_latency_timer_ms
from dxl_port_driver.port.serial_port import SerialPort
import pytest


def add_tty(sysfs: Path, name: str, latency_timer: str) -> None:
    device = sysfs / 'class' / 'tty' / name / 'device'
    device.mkdir(parents=True)
    (device / 'latency_timer').write_text(latency_timer)


def test_the_latency_timer_is_found_through_links(tmp_path: Path) -> None:
    add_tty(tmp_path, 'ttyUSB7', '16\n')
    link = tmp_path / 'by-id'
    link.symlink_to(tmp_path / 'ttyUSB7')
    assert read_latency_timer_ms('/dev/ttyUSB7', tmp_path) == 16.0
    assert read_latency_timer_ms(str(link), tmp_path) == 16.0


def test_an_adapter_without_the_timer_has_none(tmp_path: Path) -> None:
    add_tty(tmp_path, 'ttyUSB7', 'nonsense')
    assert read_latency_timer_ms('/dev/ttyUSB7', tmp_path) is None
    assert read_latency_timer_ms('/dev/ttyACM0', tmp_path) is None


def test_low_latency_is_asked_for_and_read_back(
    pty_end: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags = [0]
    real_ioctl = fcntl.ioctl

    def ioctl(fd: int, request: int, *args: Any) -> Any:
        if args and isinstance(args[0], array):
            if request == 0x541E:  # TIOCGSERIAL
                args[0][4] = flags[0]
                return 0
            if request == 0x541F:  # TIOCSSERIAL
                flags[0] = args[0][4]
                return 0
        return real_ioctl(fd, request, *args)

    with SerialPort(pty_end.name) as port:
        assert not is_low_latency(pty_end.slave)
        assert port.set_low_latency(True) is False
        monkeypatch.setattr(fcntl, 'ioctl', ioctl)
        assert port.set_low_latency(True) is True
        assert flags == [0x2000]
        assert port.set_low_latency(False) is False
        assert flags == [0]


def test_sysfs_tells_what_is_no_tty_without_opening_it(tmp_path: Path) -> None:
    status = os.stat('/dev/null')
    number = f'{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}'
    folder = tmp_path / 'dev' / 'char' / number
    folder.mkdir(parents=True)
    (folder / 'subsystem').symlink_to('/sys/class/misc')
    with pytest.raises(NotASerialPortError, match='a device of the kind "misc"'):
        require_serial_device('/dev/null', '/dev/null', tmp_path)
    (folder / 'subsystem').unlink()
    (folder / 'subsystem').symlink_to('/sys/class/tty')
    require_serial_device('/dev/null', '/dev/null', tmp_path)


def test_where_the_kernel_is_not_known_the_rate_is_taken_on_trust(
    pty_end: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(termios2, '_KNOWN', False)
    with SerialPort(pty_end.name, baudrate=4_500_000) as port:
        assert port.real_baudrate == 4_500_000
        port.set_baudrate(57600)
        assert port.real_baudrate == 57600
