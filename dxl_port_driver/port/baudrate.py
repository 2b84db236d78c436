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

"""Which baudrates make sense, and which answer of a device is near enough to the one asked for."""

from __future__ import annotations

from dxl_port_driver.errors import BaudrateError

DEFAULT_BAUDRATE = 1_000_000
MAX_BAUDRATE = 2**31 - 1
# A byte is 10 bits and is sampled in the middle of each: together the two ends may be some 5 %
# apart, and the servo's own clock needs its share.
TOLERANCE = 0.02


def checked_baudrate(baudrate: object, port: str) -> int:
    """
    Let through what can be a baudrate at all.

    :param baudrate: bit/s, 1 to :data:`MAX_BAUDRATE`.
    :param port: port name, for the message.
    :raises BaudrateError: it is no such number.
    """
    if isinstance(baudrate, bool) or not isinstance(baudrate, int):
        raise BaudrateError(
            f'The baudrate {baudrate!r} for {port} is no whole number; give bit/s, '
            'such as 57600 or 1000000.',
            port=port,
        )
    if not 1 <= baudrate <= MAX_BAUDRATE:
        raise BaudrateError(
            f'The baudrate {baudrate} for {port} is out of range; give bit/s from 1 to '
            f'{MAX_BAUDRATE}, such as 57600 or 1000000.',
            port=port,
        )
    return baudrate


def require_near(wanted: int, real: int, port: str) -> None:
    """
    See that the device made of a rate what was asked for.

    :param wanted: the rate asked for, bit/s.
    :param real: the rate that the device answered with, bit/s.
    :param port: port name, for the message.
    :raises BaudrateError: they are more than 2 % apart.
    """
    if abs(real - wanted) > TOLERANCE * wanted:
        raise BaudrateError(
            f'{port} cannot make {wanted} bit/s, the closest that it offers is {real} bit/s; '
            'use that rate, or an adapter that can.',
            port=port,
            closest=real,
        )
