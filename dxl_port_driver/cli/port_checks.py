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

from dxl_port_driver.cli.access import BusAccess
from dxl_port_driver.cli.checks import Check, State
from dxl_port_driver.cli.target import Target
from dxl_port_driver.port.address import DevicePath, parse_address

_SLOW_MS = 2.0
_NEAR = 0.005
"""Part of the baudrate; servos' own clocks take up the rest of what a byte allows for."""


def check_port(target: Target, access: BusAccess) -> Iterator[Check]:
    """Look at the port that a command has opened, or at the driver that it has found."""
    if target.port is None:
        from dxl_port_driver.cli.driver_access import DriverAccess

        assert isinstance(access, DriverAccess)
        problem = access.problem()
        if problem:
            yield Check('driver', State.FAIL, f'{access.name} is active, but {problem}')
        else:
            yield Check('driver', State.OK, f'{access.name} is active at {access.baudrate} bit/s')
        return
    from dxl_port_driver.cli.local_access import LocalAccess

    assert isinstance(access, LocalAccess)
    yield Check('port', State.OK, f'{access.name} opens, and nobody else holds it')
    yield _baudrate(access.baudrate, access.real_baudrate)
    if access.latency_timer_ms is not None:
        yield _latency(target.port, access.latency_timer_ms, access.low_latency)


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
