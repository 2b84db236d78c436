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

"""What a drawing shows."""

from __future__ import annotations

from datetime import datetime, timezone

from dxl_port_driver.protocol.instructions import BROADCAST_ID, Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket, StatusPacket
from dxl_port_driver.recording.format import Header, Piece, Recording
from dxl_port_driver.recording.timeline import Kind, make_timeline, OTHER
import pytest

HEADER = Header('/dev/ttyUSB0', 1_000_000, datetime(2026, 3, 1, tzinfo=timezone.utc))
POSITION = b'\x84\x00\x04\x00'
READ = InstructionPacket(Protocol.V2, 3, Instruction.READ, POSITION).encode()
SYNC = InstructionPacket(
    Protocol.V2, BROADCAST_ID, Instruction.SYNC_READ, POSITION + b'\x01\x02'
).encode()


def answer(servo):
    return StatusPacket(Protocol.V2, servo, 0, b'\x00\x08\x00\x00').encode()


def timeline_of(*pieces):
    return make_timeline(Recording(HEADER, tuple(Piece(*piece) for piece in pieces)))


def test_a_request_is_waited_for_and_answered():
    timeline = timeline_of((1000, True, READ), (2000, False, answer(3)))
    request, wait, reply = timeline.bars
    assert (request.kind, request.lane, request.label) == (Kind.REQUEST, 3, 'Read')
    assert (request.begin_s, request.end_s) == pytest.approx((0.001, 0.00114))
    assert (wait.kind, wait.begin_s, wait.end_s) == pytest.approx((Kind.WAIT, 0.00114, 0.00185))
    assert (reply.kind, reply.lane, reply.end_s) == (Kind.ANSWER, 3, 0.002)
    assert timeline.utilisation == pytest.approx(0.29)
    assert timeline.lanes == [3]


def test_who_does_not_answer_is_marked_until_the_next_request():
    timeline = timeline_of((0, True, SYNC), (900, False, answer(1)), (3000, True, READ))
    missing = [bar for bar in timeline.bars if bar.kind is Kind.TIMEOUT]
    assert [bar.lane for bar in missing] == [2, 3]
    assert missing[0].end_s == 0.003
    # Behind the last one, as long as the packet timeout rule waits.
    assert 0.003 < missing[1].end_s < 0.1
    assert timeline.lanes == [BROADCAST_ID, 1, 2, 3]


def test_two_answers_in_one_piece_are_told_apart():
    timeline = timeline_of((0, True, SYNC), (2000, False, answer(1) + answer(2)))
    answers = [bar for bar in timeline.bars if bar.kind is Kind.ANSWER]
    assert [(bar.lane, round(bar.end_s * 1e6)) for bar in answers] == [(1, 1850), (2, 2000)]
    assert not timeline.count(Kind.TIMEOUT)


def test_an_answer_in_two_pieces_is_one():
    reply = answer(3)
    timeline = timeline_of((0, True, READ), (900, False, reply[:4]), (1500, False, reply[4:]))
    (bar,) = (bar for bar in timeline.bars if bar.kind is Kind.ANSWER)
    assert bar.end_s == 0.0015


def test_noise_has_a_lane_of_its_own_and_an_echo_none():
    timeline = timeline_of((0, True, READ), (500, False, READ), (900, False, b'\x00\x01'))
    assert timeline.count(Kind.NOISE) == 1
    assert timeline.count(Kind.TIMEOUT) == 1
    assert timeline.lanes == [3, OTHER]


def test_the_joint_answer_to_a_fast_read_is_for_all():
    fast = InstructionPacket(
        Protocol.V2, BROADCAST_ID, Instruction.FAST_SYNC_READ, POSITION + b'\x01\x02'
    ).encode()
    timeline = timeline_of((0, True, fast), (900, False, answer(BROADCAST_ID)))
    assert timeline.count(Kind.TIMEOUT) == 0


def test_nothing_gives_nothing():
    timeline = timeline_of()
    assert (timeline.bars, timeline.utilisation, timeline.lanes) == ((), 0.0, [])


def test_a_part_keeps_its_times_and_who_answered_behind_it_is_no_timeout():
    timeline = timeline_of(
        (0, True, READ), (900, False, answer(3)), (5000, True, READ), (6000, False, answer(3))
    )
    part = timeline.cut(0.004, 0.0055)
    assert [bar.kind for bar in part.bars] == [Kind.REQUEST, Kind.WAIT]
    assert (part.begin_s, part.end_s) == (0.004, 0.0055)
    assert timeline.cut() == timeline
    assert timeline.cut(7.0).bars == ()
