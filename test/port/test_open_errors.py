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

import errno
import grp
import os
from pathlib import Path
import termios
from typing import Any

from dxl_port_driver.errors import (
    NotASerialPortError,
    PortHeldError,
    PortMissingError,
    PortOpenError,
    PortPermissionError,
)
from dxl_port_driver.port.device_list import serial_devices, serial_devices_sentence
from dxl_port_driver.port.open_errors import errno_of, held_error, open_error
import pytest
import serial


@pytest.mark.parametrize(
    ('number', 'kind'),
    [
        (errno.ENOENT, PortMissingError),
        (errno.ENXIO, PortMissingError),
        (errno.ENODEV, PortMissingError),
        (errno.EACCES, PortPermissionError),
        (errno.EPERM, PortPermissionError),
        (errno.EBUSY, PortHeldError),
        (errno.EAGAIN, PortHeldError),
        (errno.ENOTTY, NotASerialPortError),
        (errno.EIO, PortOpenError),
        (errno.EMFILE, PortOpenError),
    ],
)
def test_each_error_number_has_its_error(number: int, kind: type[PortOpenError]) -> None:
    for raised in (OSError(number, 'x'), serial.SerialException(number, 'x')):
        error = open_error(raised, '/dev/none', '/dev/none')
        assert type(error) is kind
        assert error.port == '/dev/none'
        assert str(error).startswith('/dev/none ')
        assert str(error).endswith('.')


def test_what_is_told_already_is_not_told_again() -> None:
    told = NotASerialPortError('/dev/x is a FIFO.', port='/dev/x')
    assert open_error(told, '/dev/x', '/dev/x') is told


def test_the_number_is_found_where_pyserial_buries_it() -> None:
    error = serial.SerialException('Could not configure port')
    error.__context__ = termios.error(errno.ENOTTY, 'Inappropriate ioctl')
    assert errno_of(error) == errno.ENOTTY
    assert errno_of(serial.SerialException('nothing known')) is None
    assert 'nothing known' in str(open_error(serial.SerialException('nothing known'), '/d', '/d'))


def test_a_device_file_without_a_device_is_missing(tmp_path: Path) -> None:
    path = tmp_path / 'ttyS9'
    path.touch()
    error = open_error(OSError(errno.ENXIO, 'x'), str(path), str(path))
    assert 'has no device behind it' in str(error)


def test_the_holders_are_named() -> None:
    assert 'another process; "sudo fuser -v /dev/x" tells which' in str(held_error('/dev/x', []))


def test_joining_the_group_needs_a_new_login(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / 'tty'
    path.touch(0o660)
    path.chmod(0o660)
    status = os.stat(path)
    monkeypatch.setattr(
        os, 'stat', lambda name: os.stat_result([0o20660, *status[1:5], 20, *status[6:]])
    )
    monkeypatch.setenv('LOGNAME', 'me')
    monkeypatch.setattr(os, 'getgroups', lambda: [1000])
    members: list[str] = []
    monkeypatch.setattr(
        grp, 'getgrgid', lambda gid: grp.struct_group(('dialout', 'x', gid, members))
    )
    error = OSError(errno.EACCES, 'x')
    assert 'sudo usermod -aG dialout me' in str(open_error(error, str(path), '/dev/x'))
    members.append('me')
    assert 'joined the group dialout since: log out' in str(open_error(error, str(path), '/dev/x'))

    def nameless(gid: int) -> Any:
        raise KeyError(gid)

    monkeypatch.setattr(grp, 'getgrgid', nameless)
    assert 'the group 20, which has no name' in str(open_error(error, str(path), '/dev/x'))


def test_a_user_without_a_name_gets_advice_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody() -> str:
        raise KeyError('uid')

    monkeypatch.setattr('getpass.getuser', nobody)
    path = tmp_path / 'tty'
    path.touch()
    path.chmod(0o660)
    os.chown(path, -1, os.getgid())
    assert str(open_error(OSError(errno.EACCES, 'x'), str(path), '/dev/x'))


class TestDeviceList:
    def test_devices_go_by_their_lasting_names(self, tmp_path: Path) -> None:
        by_id = tmp_path / 'serial' / 'by-id'
        by_id.mkdir(parents=True)
        for name in ('ttyUSB0', 'ttyUSB1', 'ttyACM0', 'ttyS0'):
            (tmp_path / name).touch()
        (by_id / 'usb-U2D2').symlink_to(tmp_path / 'ttyUSB1')
        assert serial_devices(str(tmp_path)) == [
            str(by_id / 'usb-U2D2'),
            str(tmp_path / 'ttyUSB0'),
            str(tmp_path / 'ttyACM0'),
        ]

    def test_many_are_counted_and_none_is_said(self, tmp_path: Path) -> None:
        assert 'no USB serial device' in serial_devices_sentence(str(tmp_path))
        for number in range(8):
            (tmp_path / f'ttyUSB{number}').touch()
        sentence = serial_devices_sentence(str(tmp_path))
        assert sentence.endswith(f'{tmp_path}/ttyUSB5 and 2 more')
