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

"""Packets to and from bytes; the SDK is the judge of what they look like."""

from __future__ import annotations

import contextlib

from dxl_port_driver.errors import RequestError
from dxl_port_driver.protocol.instructions import Instruction, Protocol
from dxl_port_driver.protocol.packets import (
    InstructionPacket,
    parse_instruction,
    StatusPacket,
    stuff,
    unstuff,
)
import dynamixel_sdk
from hypothesis import example, given
from hypothesis import strategies as st
import pytest

# Bytes of which headers are made come more often than by chance.
TELLING_BYTE = st.one_of(st.sampled_from((0xFF, 0xFF, 0xFD, 0x00)), st.integers(0, 255))
TELLING_BYTES = st.lists(TELLING_BYTE, max_size=60).map(bytes)
IDS = st.integers(0, 254)


class SentTo:
    """As much of a port as the SDK's handlers send with; it keeps what they send."""

    def __init__(self) -> None:
        self.is_using = False
        self.sent = b''

    def clearPort(self) -> None:
        pass

    def writePort(self, packet: list[int]) -> int:
        self.sent += bytes(packet)
        return len(packet)

    def readPort(self, length: int) -> bytes:
        return b''

    def getBaudRate(self) -> int:
        return 1_000_000

    def setPacketTimeout(self, length: int) -> None:
        pass

    def setPacketTimeoutMillis(self, msec: float) -> None:
        pass

    def isPacketTimeout(self) -> bool:
        return True


V2 = (
    (lambda sdk, to: sdk.ping(to, 7), (7, 'PING', '')),
    (lambda sdk, to: sdk.broadcastPing(to), (254, 'PING', '')),
    (lambda sdk, to: sdk.action(to, 254), (254, 'ACTION', '')),
    (lambda sdk, to: sdk.reboot(to, 252), (252, 'REBOOT', '')),
    (lambda sdk, to: sdk.clearMultiTurn(to, 1), (1, 'CLEAR', '01 44 58 4C 22')),
    (lambda sdk, to: sdk.factoryReset(to, 1, 0xFF), (1, 'FACTORY_RESET', 'FF')),
    (lambda sdk, to: sdk.readTx(to, 1, 0x0284, 0x0104), (1, 'READ', '84 02 04 01')),
    (
        lambda sdk, to: sdk.writeTxOnly(to, 1, 116, 4, [0xFF, 0xFF, 0xFC, 0]),
        (1, 'WRITE', '74 00 FF FF FC 00'),
    ),
    (
        lambda sdk, to: sdk.regWriteTxOnly(to, 0, 0x0174, 2, [9, 8]),
        (0, 'REG_WRITE', '74 01 09 08'),
    ),
    (
        lambda sdk, to: sdk.syncReadTx(to, 132, 4, [1, 2, 9], 3, False),
        (254, 'SYNC_READ', '84 00 04 00 01 02 09'),
    ),
    (
        lambda sdk, to: sdk.syncReadTx(to, 132, 4, [1, 2, 9], 3, True),
        (254, 'FAST_SYNC_READ', '84 00 04 00 01 02 09'),
    ),
    (
        lambda sdk, to: sdk.syncWriteTxOnly(to, 64, 1, [1, 0, 2, 1], 4),
        (254, 'SYNC_WRITE', '40 00 01 00 01 00 02 01'),
    ),
    (
        lambda sdk, to: sdk.bulkReadTx(to, [1, 132, 0, 4, 0], 5, False),
        (254, 'BULK_READ', '01 84 00 04 00'),
    ),
    (
        lambda sdk, to: sdk.bulkReadTx(to, [1, 132, 0, 4, 0], 5, True),
        (254, 'FAST_BULK_READ', '01 84 00 04 00'),
    ),
    (
        lambda sdk, to: sdk.bulkWriteTxOnly(to, [1, 64, 0, 1, 0, 1], 6),
        (254, 'BULK_WRITE', '01 40 00 01 00 01'),
    ),
)
V1 = (
    (lambda sdk, to: sdk.ping(to, 7), (7, 'PING', '')),
    (lambda sdk, to: sdk.action(to, 254), (254, 'ACTION', '')),
    (lambda sdk, to: sdk.factoryReset(to, 1), (1, 'FACTORY_RESET', '')),
    (lambda sdk, to: sdk.readTx(to, 1, 36, 2), (1, 'READ', '24 02')),
    (lambda sdk, to: sdk.writeTxOnly(to, 253, 30, 2, [0xFF, 0xFD]), (253, 'WRITE', '1E FF FD')),
    (lambda sdk, to: sdk.regWriteTxOnly(to, 1, 30, 2, [1, 2]), (1, 'REG_WRITE', '1E 01 02')),
    (
        lambda sdk, to: sdk.syncWriteTxOnly(to, 30, 1, [1, 0, 2, 1], 4),
        (254, 'SYNC_WRITE', '1E 01 01 00 02 01'),
    ),
    (lambda sdk, to: sdk.bulkReadTx(to, [2, 1, 36], 3), (254, 'BULK_READ', '00 02 01 24')),
)
EVERY_CALL = [
    pytest.param(protocol, call, packet, id=f'{protocol}-{packet[1]}-{packet[0]}')
    for protocol, calls in ((Protocol.V1, V1), (Protocol.V2, V2))
    for call, packet in calls
]


@pytest.mark.parametrize(('protocol', 'call', 'packet'), EVERY_CALL)
def test_instruction_packets_are_those_of_the_sdk(protocol, call, packet):
    to = SentTo()
    call(dynamixel_sdk.PacketHandler(float(str(protocol))), to)
    packet_id, name, params = packet
    ours = InstructionPacket(protocol, packet_id, Instruction[name], bytes.fromhex(params))
    assert ours.encode() == to.sent
    assert parse_instruction(to.sent) == ours


@pytest.mark.parametrize(
    ('packet', 'right'),
    [
        # e-Manual: Status Packet examples of both protocols.
        (StatusPacket(Protocol.V1, 1, 0, b'\x20'), 'FF FF 01 03 00 20 DB'),
        (
            StatusPacket(Protocol.V2, 1, 0, bytes.fromhex('06 04 26')),
            'FF FF FD 00 01 07 00 55 00 06 04 26 65 5D',
        ),
        (
            StatusPacket(Protocol.V2, 1, 0, bytes.fromhex('A6 00 00 00')),
            'FF FF FD 00 01 08 00 55 00 A6 00 00 00 8C C0',
        ),
    ],
)
def test_status_packets_are_those_of_the_e_manual(packet, right):
    assert packet.encode() == bytes.fromhex(right)


@given(TELLING_BYTES)
@example(b'\xff\xff\xfd')
@example(b'\xff\xff\xfd\xfd')
@example(b'\xff\xff\xff\xfd\x00')
@example(b'\xff\xff\xfd\xff\xff\xfd')
def test_stuffing_is_that_of_the_sdk(params):
    length = len(params) + 3
    plain = [0xFF, 0xFF, 0xFD, 0, 1, length & 0xFF, length >> 8, 3, *params, 0, 0]
    stuffed = dynamixel_sdk.Protocol2PacketHandler().addStuffing(plain)
    end = 7 + (stuffed[5] | stuffed[6] << 8) - 2
    assert InstructionPacket(Protocol.V2, 1, 3, params).encode()[:end] == bytes(stuffed[:end])


@given(TELLING_BYTES)
def test_no_header_stands_in_a_stuffed_body_and_the_body_comes_back(body):
    assert b'\xff\xff\xfd\x00' not in stuff(body)
    assert unstuff(stuff(body)) == body


@given(st.sampled_from(Protocol), IDS, st.integers(0, 255), TELLING_BYTES)
def test_an_encoded_instruction_is_read_back_as_it_was(protocol, packet_id, instruction, params):
    packet = InstructionPacket(protocol, packet_id, instruction, params)
    if protocol is Protocol.V2 and instruction == Instruction.STATUS:
        with pytest.raises(RequestError, match='status packet'):
            parse_instruction(packet.encode())
    else:
        assert parse_instruction(packet.encode()) == packet
        assert parse_instruction(bytearray(packet.encode())) == packet


def test_the_longest_packet_of_each_protocol_can_be_sent_and_no_longer_one():
    assert len(InstructionPacket(Protocol.V1, 1, 3, bytes(253)).encode()) == 259
    with pytest.raises(RequestError, match=r'255 bytes .* Protocol 1\.0 packet.*at most 254'):
        InstructionPacket(Protocol.V1, 1, 3, bytes(254)).encode()
    assert len(InstructionPacket(Protocol.V2, 1, 3, bytes(65532)).encode()) == 65542
    with pytest.raises(RequestError, match=r'65534 bytes .* Protocol 2\.0 packet.*at most 65533'):
        InstructionPacket(Protocol.V2, 1, 3, bytes(65533)).encode()


@pytest.mark.parametrize('protocol', Protocol)
@pytest.mark.parametrize('packet_id', [-1, 255, 1000])
def test_an_id_that_does_not_exist_is_refused(protocol, packet_id):
    with pytest.raises(RequestError, match=f'id {packet_id} does not exist'):
        InstructionPacket(protocol, packet_id, Instruction.PING).encode()
    with pytest.raises(RequestError, match=f'id {packet_id} does not exist'):
        StatusPacket(protocol, packet_id, 0).encode()


@pytest.mark.parametrize('protocol', Protocol)
@pytest.mark.parametrize('value', [-1, 256])
def test_an_instruction_or_error_that_is_no_byte_is_refused(protocol, value):
    with pytest.raises(RequestError, match=f'instruction {value}'):
        InstructionPacket(protocol, 1, value).encode()
    with pytest.raises(RequestError, match=f'error {value}'):
        StatusPacket(protocol, 1, value).encode()


@pytest.mark.parametrize(
    ('data', 'what'),
    [
        ('', 'starts with neither FF FF FD 00 .* nor FF FF'),
        ('00', 'starts with neither'),
        ('FF', 'starts with neither'),
        ('FE FF 01 02 01 FB', '"FE FF 01 02 01 FB" .*starts with neither.*FRAMING_LENGTH'),
        ('FF FF', 'it has 2 bytes and the shortest has 6'),
        ('FF FF 01 02 01', 'it has 5 bytes and the shortest has 6'),
        ('FF FF 01 03 01 FB', 'it has 6 bytes and its length field tells of 7'),
        ('FF FF 01 02 01 FB FF', 'it has 7 bytes and its length field tells of 6'),
        ('FF FF 01 02 01 FC', 'has the checksum fc and should have fb'),
        ('FF FF FF 02 01 FD', 'goes to id 255'),
        ('FF FF FD 00', 'it has 4 bytes and the shortest has 10'),
        ('FF FF FD 00 01 03 00 01 19', 'it has 9 bytes and the shortest has 10'),
        ('FF FF FD 00 01 04 00 01 19 4E', 'it has 10 bytes and its length field tells of 11'),
        ('FF FF FD 00 01 03 01 01 19 4E', 'it has 10 bytes and its length field tells of 266'),
        ('FF FF FD 00 01 03 00 01 19 4F', 'has the CRC 19 4f and should have 19 4e'),
        ('FF FF FD 00 01 04 00 55 00 A1 0C', 'is a status packet; send an instruction packet'),
    ],
)
def test_what_is_no_instruction_packet_is_refused_with_what_is_wrong(data, what):
    with pytest.raises(RequestError, match=what):
        parse_instruction(bytes.fromhex(data))


def test_two_packets_at_once_are_refused():
    ping = InstructionPacket(Protocol.V2, 1, Instruction.PING).encode()
    with pytest.raises(RequestError, match='send exactly one packet'):
        parse_instruction(ping + ping)


def test_a_refusal_shows_no_more_than_the_beginning_of_a_long_packet():
    with pytest.raises(RequestError) as refused:
        parse_instruction(b'\x12' * 4096)
    assert len(str(refused.value)) < 300


@given(TELLING_BYTES, st.sampled_from((b'', b'\xff\xff', b'\xff\xff\xfd\x00')))
def test_any_bytes_are_an_instruction_packet_or_a_request_error(data, header):
    with contextlib.suppress(RequestError):
        packet = parse_instruction(header + data)
        assert parse_instruction(packet.encode()) == packet
