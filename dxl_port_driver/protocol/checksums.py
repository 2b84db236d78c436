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
The checksum of Protocol 1.0 and the CRC of Protocol 2.0.

Neither walks a long packet byte by byte in Python. A CRC without initial value and final XOR is
linear: a byte that stands ``d`` bytes further from the end counts as that byte times
``x**(8*d)``. So the front half of a long message can be folded onto its back half with two
table look-ups a byte (``bytes.translate``, in C) and an XOR of big integers (in C as well).
Each fold halves the message; the last few bytes go through the usual table.

Source: e-Manual, "DYNAMIXEL Protocol 1.0" (Checksum) and "CRC calculation" of Protocol 2.0
(CRC-16 with polynomial x**16 + x**15 + x**2 + 1, initial value 0, no reflection).
"""

from __future__ import annotations

from functools import lru_cache

_POLYNOMIAL = 0x8005
_SHORT = 48  # bytes; below this the plain table is quicker than a fold


def _times_x8(crc: int) -> int:
    """Append one zero byte to a message whose CRC is ``crc``."""
    for _ in range(8):
        crc = ((crc << 1) ^ _POLYNOMIAL) & 0xFFFF if crc & 0x8000 else crc << 1
    return crc


_TABLE = tuple(_times_x8(byte << 8) for byte in range(256))


@lru_cache(maxsize=64)
def _fold_tables(distance: int) -> tuple[bytes, bytes]:
    """Give high and low byte of each byte value moved on by ``distance`` bytes."""
    values = [0]
    for bit in range(8):
        moved = crc16(bytes((1 << bit,)) + bytes(distance - 2))
        values += [value ^ moved for value in values]
    return bytes(value >> 8 for value in values), bytes(value & 0xFF for value in values)


def crc16(data: bytes | bytearray) -> int:
    """
    Give the CRC of Protocol 2.0 over ``data``.

    :param data: the packet from its first header byte up to, not including, its CRC.
    :return: 0 to 65535; on the wire the low byte goes first.
    """
    while len(data) > _SHORT:
        # The largest power of two that leaves a back part one byte longer than the front:
        # few distances, so few tables, and room for the carry into the next byte.
        distance = 1 << ((len(data) - 1).bit_length() - 1)
        front, back = data[:-distance], data[-distance:]
        high, low = _fold_tables(distance)
        folded = (int.from_bytes(front.translate(high), 'big') << 8) ^ int.from_bytes(
            front.translate(low), 'big'
        )
        if len(front) == distance:
            # The carry of the foremost byte would stand one byte before the back part.
            back = b'\x00' + back
        data = (int.from_bytes(back, 'big') ^ folded).to_bytes(len(back), 'big')
    crc = 0
    for byte in data:
        crc = ((crc << 8) & 0xFFFF) ^ _TABLE[(crc >> 8) ^ byte]
    return crc


def checksum(data: bytes | bytearray) -> int:
    """
    Give the checksum of Protocol 1.0: the inverted low byte of the sum.

    :param data: the packet from its id up to, not including, its checksum.
    """
    return ~sum(data) & 0xFF
