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
The parameters of Sync and Bulk instructions, and the joint answer to the fast reads.

Source: e-Manual, "DYNAMIXEL Protocol 1.0" (Sync Write, Bulk Read) and "DYNAMIXEL Protocol 2.0"
(Sync Read, Sync Write, Fast Sync Read, Bulk Read, Bulk Write, Fast Bulk Read).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from dxl_port_driver.protocol.checksums import crc16
from dxl_port_driver.protocol.instructions import BROADCAST_ID, Instruction, Protocol
from dxl_port_driver.protocol.packets import V2_HEADER

PIECE_OVERHEAD = 4
"""Bytes that a servo adds to its data in a joint packet: error, id and CRC."""
MAX_JOINT = 0xFFFF - 1
"""Most bytes that all pieces together may have: the packet has to tell of them."""

_SYNC = (Instruction.SYNC_READ, Instruction.FAST_SYNC_READ)


class ReadRequest(NamedTuple):
    """What one servo is asked for."""

    servo_id: int
    address: int
    length: int


class WriteRequest(NamedTuple):
    """What one servo is told to write."""

    servo_id: int
    address: int
    data: bytes


def _word(data: bytes, at: int) -> int:
    return data[at] | data[at + 1] << 8


def parse_reads(protocol: Protocol, instruction: int, params: bytes) -> list[ReadRequest]:
    """
    Read the parameters of a group read.

    :return: in the order of the packet; of an id that stands twice, the first; none when the
        parameters are no list of requests.
    """
    found: dict[int, ReadRequest] = {}
    if protocol is Protocol.V1:
        if instruction != Instruction.BULK_READ or len(params) % 3 != 1 or params[0]:
            return []
        for at in range(1, len(params), 3):
            length, servo_id, address = params[at : at + 3]
            found.setdefault(servo_id, ReadRequest(servo_id, address, length))
    elif instruction in _SYNC:
        if len(params) < 5:
            return []
        address, length = _word(params, 0), _word(params, 2)
        for servo_id in params[4:]:
            found.setdefault(servo_id, ReadRequest(servo_id, address, length))
    elif len(params) % 5 == 0:
        for at in range(0, len(params), 5):
            servo_id = params[at]
            request = ReadRequest(servo_id, _word(params, at + 1), _word(params, at + 3))
            found.setdefault(servo_id, request)
    return list(found.values())


def parse_writes(protocol: Protocol, instruction: int, params: bytes) -> list[WriteRequest]:
    """
    Read the parameters of a group write.

    :return: in the order of the packet; none when the parameters are no list of requests.
    """
    requests = _bulk_writes(params)
    if instruction == Instruction.SYNC_WRITE:
        requests = _sync_writes(protocol, params)
    elif protocol is Protocol.V1:
        return []
    try:
        return list(requests)
    except IndexError:
        return []


def _sync_writes(protocol: Protocol, params: bytes) -> Iterator[WriteRequest]:
    if protocol is Protocol.V1:
        address, length, at = params[0], params[1], 2
    else:
        address, length, at = _word(params, 0), _word(params, 2), 4
    if not length or (len(params) - at) % (length + 1):
        return
    for start in range(at, len(params), length + 1):
        yield WriteRequest(params[start], address, params[start + 1 : start + 1 + length])


def _bulk_writes(params: bytes) -> Iterator[WriteRequest]:
    at = 0
    while at < len(params):
        length = _word(params, at + 3)
        data = params[at + 5 : at + 5 + length]
        if len(data) < length:
            raise IndexError
        yield WriteRequest(params[at], _word(params, at + 1), data)
        at += 5 + length


def joint_packet(pieces: list[tuple[int, int, bytes]], total: int) -> bytes:
    """
    Give the one status packet that several servos make together.

    Each appends error, id, data and a CRC over all that is before it; nothing is stuffed.

    :param pieces: error, id and data of each servo.
    :param total: bytes that all pieces would have together if every servo sent its own; the
        header, which the first servo sends, tells of them.
    """
    length = total + 1
    packet = V2_HEADER + bytes((BROADCAST_ID, length & 0xFF, length >> 8, Instruction.STATUS))
    for error, servo_id, data in pieces:
        packet += bytes((error, servo_id)) + data
        packet += crc16(packet).to_bytes(2, 'little')
    return packet
