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

"""Which status packets an instruction brings."""

from __future__ import annotations

from dxl_port_driver.errors import RequestError
from dxl_port_driver.protocol.answers import Answer, Answers, expected_answers, ignored_answers
from dxl_port_driver.protocol.instructions import Instruction, Protocol, V1_INSTRUCTIONS
from dxl_port_driver.protocol.packets import InstructionPacket, parse_instruction, StatusPacket
from dxl_port_driver.protocol.timing import Link, MAX_RETURN_DELAY_S
from hypothesis import given
from hypothesis import strategies as st
import pytest

V1, V2 = Protocol.V1, Protocol.V2
BROADCAST = 254
EVERY = [(V1, code) for code in sorted(V1_INSTRUCTIONS)] + [
    (V2, code) for code in Instruction if code is not Instruction.STATUS
]


def answers(protocol: Protocol, servo: int, code: int, params: str = '') -> Answers:
    return expected_answers(InstructionPacket(protocol, servo, code, bytes.fromhex(params)))


@pytest.mark.parametrize(('protocol', 'code'), EVERY)
def test_one_servo_brings_one_answer_with_its_id(protocol, code):
    (answer,) = answers(protocol, 5, code, '00 00 01 00').each
    assert answer.id == 5


@pytest.mark.parametrize(
    ('protocol', 'code', 'params', 'length'),
    [
        (V1, Instruction.PING, '', 0),
        (V2, Instruction.PING, '', 3),
        (V1, Instruction.READ, '24 02', 2),
        (V1, Instruction.READ, '00 FF', 255),
        (V2, Instruction.READ, '84 00 04 00', 4),
        (V2, Instruction.READ, '00 00 04 01', 260),
        (V1, Instruction.WRITE, '1E 00 02', 0),
        (V2, Instruction.WRITE, '74 00 00 02', 0),
        (V2, Instruction.CONTROL_TABLE_BACKUP, '01 43 54 52 4C', 0),
        # Whoever answers these knows better than this driver.
        (V1, Instruction.READ, '24', None),
        (V2, Instruction.READ, '84 00 04', None),
    ],
)
def test_the_answer_of_one_servo_has_a_length(protocol, code, params, length):
    assert answers(protocol, 5, code, params) == Answers((Answer(5, length),))


@pytest.mark.parametrize(('protocol', 'code'), [(V1, 0x0B), (V1, 0x93), (V2, 0x7E), (V2, 0x55)])
def test_of_an_instruction_that_is_not_known_nobody_knows_the_answers(protocol, code):
    assert answers(protocol, 5, code) == Answers((Answer(5, None),), is_known=False)
    assert answers(protocol, BROADCAST, code) == Answers(is_known=False)


@pytest.mark.parametrize('protocol', Protocol)
def test_everybody_answers_a_broadcast_ping(protocol):
    assert answers(protocol, BROADCAST, Instruction.PING) == Answers(roll_call=True)


@pytest.mark.parametrize(
    ('protocol', 'code', 'params', 'each'),
    [
        (V2, Instruction.SYNC_READ, '84 00 04 00 01 09', ((1, 4), (9, 4))),
        (V2, Instruction.SYNC_READ, '84 00 00 01 01', ((1, 256),)),
        (V2, Instruction.BULK_READ, '01 84 00 04 00 02 7C 00 02 01', ((1, 4), (2, 258))),
        (V1, Instruction.BULK_READ, '00 02 01 1E 03 09 24', ((1, 2), (9, 3))),
    ],
)
def test_each_servo_asked_by_a_group_read_answers(protocol, code, params, each):
    assert answers(protocol, BROADCAST, code, params) == Answers(
        tuple(Answer(*answer) for answer in each)
    )


@pytest.mark.parametrize(
    ('code', 'params', 'length', 'parts'),
    [
        # Header, id, length and instruction of the joint answer are counted by any status packet;
        # as are the first error byte and the last CRC.
        (Instruction.FAST_SYNC_READ, '84 00 04 00 01', 1 + 4, ((1, 4),)),
        (Instruction.FAST_SYNC_READ, '84 00 04 00 01 09', 1 + 4 + 2 + 6, ((1, 4), (9, 4))),
        (Instruction.FAST_BULK_READ, '01 84 00 04 00 02 7C 00 02 00', 11, ((1, 4), (2, 2))),
    ],
)
def test_a_fast_read_is_answered_by_one_joint_packet(code, params, length, parts):
    assert answers(V2, BROADCAST, code, params) == Answers(
        (Answer(BROADCAST, length),), parts=tuple(Answer(*part) for part in parts)
    )


def test_the_joint_answer_is_as_long_as_the_e_manual_says():
    # e-Manual, "DYNAMIXEL Protocol 2.0", Fast Sync Read: header to instruction 8 bytes, then
    # error, id, data and CRC (1 + 1 + 4 + 2) of each of three servos.
    joint = answers(V2, BROADCAST, Instruction.FAST_SYNC_READ, '84 00 04 00 03 07 04')
    assert joint.wire_length(V2) == 8 + 3 * 8


NO_ANSWER = [
    (protocol, code)
    for protocol, code in EVERY
    if code
    not in {
        Instruction.PING,
        Instruction.SYNC_READ,
        Instruction.FAST_SYNC_READ,
        Instruction.BULK_READ,
        Instruction.FAST_BULK_READ,
    }
]


@pytest.mark.parametrize(('protocol', 'code'), NO_ANSWER)
def test_nobody_answers_any_other_broadcast(protocol, code):
    assert answers(protocol, BROADCAST, code, '00 00 01 00') == Answers()


def test_the_sync_read_of_feetech_is_answered_by_each_servo_in_protocol_1():
    packet = parse_instruction(bytes.fromhex('FF FF FE 07 82 38 02 01 02 03 38'))
    assert expected_answers(packet) == Answers(tuple(Answer(servo, 2) for servo in (1, 2, 3)))


@pytest.mark.parametrize(
    ('protocol', 'code', 'params', 'what'),
    [
        (V2, Instruction.SYNC_READ, '', 'Sync Read has 0 parameter bytes and needs'),
        (V2, Instruction.SYNC_READ, '84 00 04 00', 'Sync Read has 4 .* at least one id'),
        (V2, Instruction.FAST_SYNC_READ, '84 00 04 00', 'Sync Read has 4 '),
        (V2, Instruction.SYNC_READ, '84 00 04 00 01 02 01', 'Sync Read names id 1 twice'),
        (V2, Instruction.FAST_SYNC_READ, '84 00 04 00 02 02', 'Sync Read names id 2 twice'),
        (V2, Instruction.BULK_READ, '', 'Bulk Read has 0 parameter bytes and needs five'),
        (V2, Instruction.BULK_READ, '01 84 00 04', 'Bulk Read has 4 '),
        (V2, Instruction.FAST_BULK_READ, '01 84 00 04 00 02', 'Bulk Read has 6 '),
        (V2, Instruction.BULK_READ, '01 84 00 04 00' * 2, 'Bulk Read names id 1 twice'),
        (V1, Instruction.SYNC_READ, '38 02', r'Protocol 1\.0 Sync Read has 2 .* at least one id'),
        (V1, Instruction.SYNC_READ, '38 02 01 01', 'Sync Read names id 1 twice'),
        (V1, Instruction.BULK_READ, '', r'Protocol 1\.0 Bulk Read has 0 '),
        (V1, Instruction.BULK_READ, '00', r'Protocol 1\.0 Bulk Read has 1 '),
        (V1, Instruction.BULK_READ, '01 02 01 1E', 'needs a 0 and then three a servo'),
        (V1, Instruction.BULK_READ, '00 02 01 1E 02', r'Protocol 1\.0 Bulk Read has 5 '),
        (V1, Instruction.BULK_READ, '00 02 01 1E 02 01 24', 'Bulk Read names id 1 twice'),
    ],
)
def test_a_group_read_that_is_not_well_formed_is_refused(protocol, code, params, what):
    with pytest.raises(RequestError, match=what):
        answers(protocol, BROADCAST, code, params)


@pytest.mark.parametrize(
    ('code', 'params'),
    [
        (Instruction.SYNC_READ, '84 00 04 00 01 FE'),
        (Instruction.SYNC_READ, '84 00 04 00 FF'),
        (Instruction.FAST_SYNC_READ, '84 00 04 00 FE'),
        (Instruction.BULK_READ, 'FE 84 00 04 00'),
    ],
)
def test_a_group_read_of_an_id_that_no_servo_has_is_refused(code, params):
    with pytest.raises(RequestError, match=r'names id 25[45], which no servo has'):
        answers(V2, BROADCAST, code, params)


@given(st.sampled_from(Protocol), st.integers(0, 254), st.integers(0, 255), st.binary(max_size=30))
def test_any_instruction_has_answers_or_is_refused(protocol, servo, code, params):
    try:
        expected = expected_answers(InstructionPacket(protocol, servo, code, params))
    except RequestError:
        assert servo == BROADCAST
    else:
        assert expected.wire_length(protocol) >= 0


@pytest.mark.parametrize('protocol', Protocol)
def test_the_length_on_the_wire_is_that_of_the_packets(protocol):
    packets = [StatusPacket(protocol, servo, 0, bytes(servo)) for servo in (1, 5)]
    expected = Answers(tuple(Answer(packet.id, len(packet.params)) for packet in packets))
    assert expected.wire_length(protocol) == sum(len(packet.encode()) for packet in packets)


@pytest.mark.parametrize(('protocol', 'length'), [(V1, 6), (V2, 14)])
def test_a_roll_call_is_as_long_as_all_ids_together(protocol, length):
    assert Answers(roll_call=True).wire_length(protocol) == 253 * length


LINK = Link(10e-6)


@pytest.mark.parametrize('protocol', Protocol)
def test_the_longest_answer_is_that_to_all_whole_packets_in_the_bytes(protocol):
    write = InstructionPacket(protocol, BROADCAST, Instruction.WRITE, b'\x40\x00\x01').encode()
    ping = InstructionPacket(protocol, 7, Instruction.PING).encode()
    pong_s = {V1: 6, V2: 14}[protocol] * LINK.byte_time_s + MAX_RETURN_DELAY_S
    for data, longest_s in (
        (write, 0.0),
        (write * 3, 0.0),
        (ping, pong_s),
        (ping * 2, 2 * pong_s),
    ):
        assert ignored_answers(data, LINK).longest_s == pytest.approx(longest_s)


def test_the_longest_answer_to_the_sync_read_of_feetech_is_that_of_all_servos():
    data = bytes.fromhex('FF FF FE 07 82 38 02 01 02 03 38')
    longest_s = 3 * 8 * LINK.byte_time_s + 3 * MAX_RETURN_DELAY_S
    assert ignored_answers(data, LINK).longest_s == pytest.approx(longest_s)


@pytest.mark.parametrize(
    'data',
    [
        b'any bytes',
        b'\xff',
        InstructionPacket(V2, 1, Instruction.PING).encode()[:-1],
        InstructionPacket(V1, 1, Instruction.PING).encode()[:-1] + b'\x00',
        InstructionPacket(V2, 1, Instruction.PING).encode() + b'\x00',
        InstructionPacket(V1, 1, Instruction.PING).encode()
        + InstructionPacket(V2, 1, Instruction.PING).encode(),
        InstructionPacket(V2, 1, 0x7E).encode(),
        InstructionPacket(V1, BROADCAST, 0x0B).encode(),
        InstructionPacket(V2, 1, Instruction.READ, b'\x84').encode(),
        InstructionPacket(V2, BROADCAST, Instruction.SYNC_READ, b'\x84').encode(),
    ],
)
def test_of_bytes_that_are_no_known_instruction_the_longest_answer_is_not_known(data):
    assert ignored_answers(data, LINK).longest_s is None
