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
Instruction packets and status packets, to and from bytes.

::

    Protocol 1.0   FF FF id length instruction|error parameters... checksum
    Protocol 2.0   FF FF FD 00 id length_l length_h instruction|55 error parameters... crc_l crc_h

In Protocol 2.0 a ``FF FF FD`` within instruction and parameters is followed by one more ``FD``
(byte stuffing), so that a header never stands inside a packet.

Source: e-Manual, "DYNAMIXEL Protocol 1.0" and "DYNAMIXEL Protocol 2.0".
"""

from __future__ import annotations

from typing import NamedTuple

from dxl_port_driver.errors import RequestError
from dxl_port_driver.protocol.checksums import checksum, crc16
from dxl_port_driver.protocol.instructions import BROADCAST_ID, Instruction, Protocol

V1_HEADER = b'\xff\xff'
V2_HEADER = b'\xff\xff\xfd\x00'
V1_OVERHEAD = 4
"""Bytes of a Protocol 1.0 packet that its length field does not count."""
V2_OVERHEAD = 7
"""Bytes of a Protocol 2.0 packet that its length field does not count."""
V1_STATUS_LENGTH = 6
"""Bytes of a Protocol 1.0 status packet without parameters."""
V2_STATUS_LENGTH = 11
"""Bytes of a Protocol 2.0 status packet without parameters."""

_TO_STUFF, _STUFFED = b'\xff\xff\xfd', b'\xff\xff\xfd\xfd'


class InstructionPacket(NamedTuple):
    """
    What a host sends.

    :param protocol: which packet form.
    :param id: 0 to 252 (253 in Protocol 1.0), or 254 for all.
    :param instruction: 0 to 255; see :class:`Instruction`.
    :param params: parameters, without byte stuffing.
    """

    protocol: Protocol
    id: int
    instruction: int
    params: bytes = b''

    def encode(self) -> bytes:
        """
        Give the bytes on the wire.

        :raises RequestError: id, instruction or length does not fit the packet form.
        """
        body = _byte('instruction', self.instruction) + self.params
        return _encode(self.protocol, self.id, body)


class StatusPacket(NamedTuple):
    """
    What a servo answers.

    :param protocol: which packet form.
    :param id: id of the servo; 254 in the joint answer to a fast read.
    :param error: the error byte.
    :param params: parameters, without byte stuffing.
    """

    protocol: Protocol
    id: int
    error: int
    params: bytes = b''

    def encode(self) -> bytes:
        """
        Give the bytes on the wire.

        :raises RequestError: id, error or length does not fit the packet form.
        """
        body = _byte('error', self.error) + self.params
        if self.protocol is Protocol.V2:
            body = bytes((Instruction.STATUS,)) + body
        return _encode(self.protocol, self.id, body)


def stuff(body: bytes) -> bytes:
    """Apply the byte stuffing of Protocol 2.0 to instruction and parameters."""
    return body.replace(_TO_STUFF, _STUFFED)


def unstuff(body: bytes) -> bytes:
    """Take the byte stuffing of Protocol 2.0 off instruction and parameters."""
    return body.replace(_STUFFED, _TO_STUFF)


def _byte(name: str, value: int) -> bytes:
    if not 0 <= value <= 0xFF:
        raise RequestError(f'{name} {value} does not fit into a byte; use 0 to 255')
    return bytes((value,))


def _encode(protocol: Protocol, packet_id: int, body: bytes) -> bytes:
    if not 0 <= packet_id <= BROADCAST_ID:
        raise RequestError(f'id {packet_id} does not exist; use 0 to 252, or 254 for all')
    if protocol is Protocol.V1:
        length = len(body) + 1
        if length > 0xFF:
            raise RequestError(
                f'{len(body)} bytes do not fit into one Protocol 1.0 packet; send at most 254'
            )
        packet = bytes((packet_id, length)) + body
        return V1_HEADER + packet + bytes((checksum(packet),))
    body = stuff(body)
    length = len(body) + 2
    if length > 0xFFFF:
        raise RequestError(
            f'{len(body)} bytes do not fit into one Protocol 2.0 packet; send at most 65533'
        )
    packet = V2_HEADER + bytes((packet_id, length & 0xFF, length >> 8)) + body
    return packet + crc16(packet).to_bytes(2, 'little')


def parse_instruction(data: bytes | bytearray) -> InstructionPacket:
    """
    Read exactly one instruction packet, of the protocol that its header names.

    :raises RequestError: it is none; the message says what is wrong with it.
    """
    data = bytes(data)
    if data.startswith(V2_HEADER):
        return _parse_v2(data)
    if data.startswith(V1_HEADER):
        return _parse_v1(data)
    raise RequestError(
        f'{_shown(data)} is no instruction packet: it starts with neither FF FF FD 00 (Protocol '
        '2.0) nor FF FF (Protocol 1.0); for other bytes use FRAMING_LENGTH or FRAMING_NONE'
    )


def _parse_v1(data: bytes) -> InstructionPacket:
    if len(data) < 6:
        raise RequestError(
            f'{_shown(data)} is no Protocol 1.0 instruction packet: it has {len(data)} bytes and '
            'the shortest has 6'
        )
    _check_length(data, data[3] + V1_OVERHEAD)
    _check_sum(data, bytes((checksum(data[2:-1]),)), 'checksum')
    _check_id(data, data[2])
    return InstructionPacket(Protocol.V1, data[2], data[4], data[5:-1])


def _parse_v2(data: bytes) -> InstructionPacket:
    if len(data) < 10:
        raise RequestError(
            f'{_shown(data)} is no Protocol 2.0 instruction packet: it has {len(data)} bytes and '
            'the shortest has 10'
        )
    _check_length(data, int.from_bytes(data[5:7], 'little') + V2_OVERHEAD)
    _check_sum(data, crc16(data[:-2]).to_bytes(2, 'little'), 'CRC')
    _check_id(data, data[4])
    if data[7] == Instruction.STATUS:
        raise RequestError(f'{_shown(data)} is a status packet; send an instruction packet')
    body = unstuff(data[7:-2])
    return InstructionPacket(Protocol.V2, data[4], body[0], body[1:])


def _check_length(data: bytes, told: int) -> None:
    if len(data) != told:
        raise RequestError(
            f'{_shown(data)} is no whole instruction packet: it has {len(data)} bytes and its '
            f'length field tells of {told}; send exactly one packet'
        )


def _check_sum(data: bytes, right: bytes, what: str) -> None:
    given = data[-len(right) :]
    if given != right:
        raise RequestError(
            f'{_shown(data)} has the {what} {given.hex(" ")} and should have {right.hex(" ")}; '
            'no servo would answer it'
        )


def _check_id(data: bytes, packet_id: int) -> None:
    if packet_id > BROADCAST_ID:
        raise RequestError(f'{_shown(data)} goes to id 255, which does not exist; use 0 to 254')


def _shown(data: bytes) -> str:
    text = data[:16].hex(' ').upper()
    return f'"{text} ..."' if len(data) > 16 else f'"{text}"'
