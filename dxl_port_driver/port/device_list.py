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

"""The serial devices that this machine has, to name when the one asked for is not there."""

from __future__ import annotations

from glob import glob
import os

_BY_ID = 'serial/by-id/*'
_NAMES = ('ttyUSB*', 'ttyACM*', 'ttyAMA*', 'ttyTHS*', 'ttySC*', 'ttymxc*')
_MOST_SHOWN = 6


def serial_devices(folder: str = '/dev') -> list[str]:
    """
    List the serial devices, by lasting name where there is one.

    The ``ttyS*`` are left out: a PC has 32 of them whether or not there is a connector.

    :param folder: where the devices are.
    :return: paths, at most one a device.
    """
    found: dict[str, str] = {}
    for pattern in (_BY_ID, *_NAMES):
        for path in sorted(glob(os.path.join(folder, pattern))):
            found.setdefault(os.path.realpath(path), path)
    return list(found.values())


def serial_devices_sentence(folder: str = '/dev') -> str:
    """
    Say in half a sentence which serial devices there are.

    :param folder: where the devices are.
    """
    devices = serial_devices(folder)
    if not devices:
        return 'this machine has no USB serial device at the moment'
    shown = ', '.join(devices[:_MOST_SHOWN])
    more = len(devices) - _MOST_SHOWN
    return f'there is {shown}' + (f' and {more} more' if more > 0 else '')
