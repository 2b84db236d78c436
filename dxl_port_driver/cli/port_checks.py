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

"""What can be wrong with an open port: the adapter's latency, the baudrate that it makes."""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path
from shutil import which

from dxl_port_driver.cli.access import BusAccess
from dxl_port_driver.cli.adapter import without_tty
from dxl_port_driver.cli.checks import Check, State
from dxl_port_driver.cli.target import Target
from dxl_port_driver.errors import PortNameError
from dxl_port_driver.port.address import DevicePath, parse_address

_SLOW_MS = 2.0
_PROGRAMS = '/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin'
_TAKEN_BY_BRLTTY = ('1a86', '7523')
_NEAR = 0.005
"""Part of the baudrate; servos' own clocks take up the rest of what a byte allows for."""


def check_port(target: Target, access: BusAccess) -> Iterator[Check]:
    """Look at the port that a command has opened, or at the driver that it has found."""
    if target.port is None:
        from dxl_port_driver.cli.driver_access import DriverAccess

        assert isinstance(access, DriverAccess)
        problem = access.problem()
        at = f' at {access.baudrate} bit/s' if access.sets_baudrate else ''
        if problem:
            yield Check('driver', State.FAIL, f'{access.name} is active, but {problem}')
        else:
            yield Check('driver', State.OK, f'{access.name} is active{at}')
        return
    from dxl_port_driver.cli.local_access import LocalAccess

    assert isinstance(access, LocalAccess)
    yield Check('port', State.OK, f'{access.name} opens, and nobody else holds it')
    yield from check_stolen(target)
    if access.sets_baudrate:
        yield _baudrate(access.baudrate, access.real_baudrate)
    if access.latency_timer_ms is not None:
        yield _latency(target.port, access.latency_timer_ms, access.low_latency)


def check_stolen(
    target: Target, sysfs: Path = Path('/sys'), path: str = _PROGRAMS
) -> Iterator[Check]:
    """
    Look for an adapter that a program for Braille displays has taken away.

    :param sysfs: where sysfs is mounted.
    :param path: where programs are.
    """
    if target.port is None or not isinstance(_address(target.port), DevicePath):
        return
    taken = without_tty(*_TAKEN_BY_BRLTTY, sysfs=sysfs)
    if taken and which('brltty', path=path):
        yield Check(
            'brltty',
            State.WARN,
            f'an adapter with a CH340 ({", ".join(taken)}) is plugged in and has no tty: brltty, '
            'for Braille displays, takes it away',
            'if you have no Braille display: sudo apt remove brltty, and plug it in again',
        )


def _address(port: str) -> object:
    try:
        return parse_address(port)
    except PortNameError:
        return None


def _baudrate(asked: int, real: int) -> Check:
    if abs(real - asked) <= _NEAR * asked:
        return Check('baudrate', State.OK, f'{asked} bit/s asked, {real} made')
    return Check(
        'baudrate',
        State.WARN,
        f'{asked} bit/s asked, but {real} made: {100 * abs(real - asked) / asked:.1f} % off',
        'if answers are broken now and then, use a rate that the adapter makes exactly',
    )


def _latency(port: str, timer_ms: float, low_latency: bool) -> Check:
    if timer_ms <= _SLOW_MS:
        return Check('latency timer', State.OK, f'{timer_ms:g} ms')
    tty = 'ttyUSB0'
    address = parse_address(port)
    if isinstance(address, DevicePath):
        tty = os.path.basename(os.path.realpath(address.path))
    refused = '' if low_latency else ', and the adapter did not take low latency mode'
    return Check(
        'latency timer',
        State.WARN,
        f'{timer_ms:g} ms{refused}: each answer may wait that long in the adapter',
        f'echo 1 | sudo tee /sys/bus/usb-serial/devices/{tty}/latency_timer (until it is plugged '
        'in again; a udev rule makes it last)',
    )
