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

"""Answers as they were recorded."""

from __future__ import annotations

from datetime import datetime, timezone

from dxl_port_driver.protocol.instructions import Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket, StatusPacket
from dxl_port_driver.recording.format import Header, Piece, Recording
from dxl_port_driver.recording.player import Player

HEADER = Header('/dev/ttyUSB0', 57600, datetime(2026, 3, 1, tzinfo=timezone.utc))
PING = InstructionPacket(Protocol.V2, 1, Instruction.PING).encode()
OTHER = InstructionPacket(Protocol.V2, 2, Instruction.PING).encode()


def status(value):
    return StatusPacket(Protocol.V2, 1, 0, bytes((value,))).encode()


def recorded(*pieces):
    """Give a recording with a ms from each piece to the next; RX where it begins with a dash."""
    return Recording(
        HEADER,
        tuple(Piece(1000 * number, sent, data) for number, (sent, data) in enumerate(pieces)),
    )


def player_of(*pieces, **options):
    unknown = []
    player = Player(recorded(*pieces), on_unknown=unknown.append, **options)
    return player, unknown


def ask(player, request, now):
    player.receive(request, now, 57600)
    return player.take(now + 60.0)


def test_the_next_occurrence_counts_and_after_the_last_the_first():
    player, unknown = player_of(
        (True, PING),
        (False, status(1)),
        (True, OTHER),
        (True, PING),
        (False, status(2)),
    )
    answers = [ask(player, PING, now) for now in (0.0, 1.0, 2.0)]
    assert answers == [status(1), status(2), status(1)]
    assert ask(player, OTHER, 3.0) == b''
    assert ask(player, PING, 4.0) == status(2)
    assert (player.matched, player.unknown, unknown) == (5, 0, [])


def test_an_instruction_that_was_not_recorded_gets_no_answer_and_is_told():
    player, unknown = player_of((True, PING), (False, status(1)))
    assert ask(player, OTHER, 0.0) == b''
    assert unknown == [OTHER]
    assert ask(player, PING, 1.0) == status(1)


def test_answers_come_after_the_recorded_time_or_at_once():
    pieces = (True, PING), (False, status(1)), (False, status(2))
    player, _ = player_of(*pieces)
    player.receive(PING, 10.0, 57600)
    assert player.next_due == 10.001
    assert player.take(10.0005) == b''
    assert player.take(10.0015) == status(1)
    assert player.take(10.0025) == status(2)
    assert player.next_due is None
    player, _ = player_of(*pieces, fast=True)
    player.receive(PING, 10.0, 57600)
    assert player.take(10.0) == status(1) + status(2)


def test_an_instruction_may_come_in_pieces_or_with_the_next_one():
    player, unknown = player_of((True, PING), (False, status(1)), (True, OTHER))
    for number, byte in enumerate(PING):
        player.receive(bytes((byte,)), 0.001 * number, 57600)
    player.receive(OTHER + PING, 0.05, 57600)
    assert player.take(1.0) == status(1) * 2
    assert unknown == []


def test_an_instruction_that_stops_halfway_is_told_when_the_next_one_comes():
    player, unknown = player_of((True, PING), (False, status(1)))
    assert ask(player, PING[:6], 0.0) == b''
    assert ask(player, PING, 1.0) == status(1)
    assert unknown == [PING[:6]]


def test_bytes_that_are_no_packet_are_answered_too():
    player, unknown = player_of((True, b'hello'), (False, b'world'), (True, PING), (False, b'x'))
    player.receive(b'hel', 0.0, 57600)
    player.receive(b'lo', 0.01, 57600)
    assert player.take(1.0) == b'world'
    assert ask(player, PING, 1.0) == b'x'
    assert ask(player, OTHER, 2.0) == b''
    assert unknown == [OTHER]


def test_what_is_under_way_is_forgotten_when_the_port_is_closed():
    player, _ = player_of((True, PING), (False, status(1)))
    player.receive(PING, 0.0, 57600)
    player.hang_up()
    assert player.take(1.0) == b''


def test_an_empty_recording_answers_nothing():
    player, unknown = player_of((False, status(1)))
    assert ask(player, PING, 0.0) == b''
    assert unknown == [PING]
