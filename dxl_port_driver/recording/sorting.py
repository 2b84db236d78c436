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
Tells instructions from answers where a listener has heard both on one wire.

A Protocol 2.0 packet says which it is. A Protocol 1.0 packet does not: it is taken for an answer
when its servo was asked a moment ago and it is not the same question again.
"""

from __future__ import annotations

from dxl_port_driver.errors import RequestError
from dxl_port_driver.protocol.answers import ANYONE, expected_answers
from dxl_port_driver.protocol.instructions import Instruction, Protocol
from dxl_port_driver.protocol.packets import parse_instruction, V2_HEADER
from dxl_port_driver.recording.cutting import Cut, Cutter
from dxl_port_driver.recording.format import Piece

_ANSWER_US = 50_000
"""Whoever has not answered by then will not, so the next packet is another question."""
_PACKET_GAP_US = 100_000
"""A packet that stops for so long will not go on."""


class Sorter:
    """Takes what was heard, gives pieces with the way they went."""

    def __init__(self) -> None:
        self._cutter = Cutter()
        self._heard_us = 0
        self._asked_us = 0
        self._question = b''
        self._awaited: set[int] = set()

    def hear(self, at_us: int, data: bytes) -> list[Piece]:
        """
        Take bytes.

        :param at_us: when they were there, us.
        :return: the pieces that are whole now.
        """
        pieces = self.flush() if at_us - self._heard_us > _PACKET_GAP_US else []
        self._heard_us = at_us
        return pieces + [self._sorted(at_us, cut) for cut in self._cutter.feed(data)]

    def flush(self) -> list[Piece]:
        """Give what is left of a packet that did not go on."""
        return [self._sorted(self._heard_us, cut) for cut in self._cutter.flush()]

    def _sorted(self, at_us: int, cut: Cut) -> Piece:
        return Piece(at_us, cut.is_packet and self._is_question(at_us, cut.data), cut.data)

    def _is_question(self, at_us: int, packet: bytes) -> bool:
        if packet.startswith(V2_HEADER):
            return packet[7] != Instruction.STATUS
        servo = packet[2]
        late = at_us - self._asked_us > _ANSWER_US
        if servo in self._awaited and not late and packet != self._question:
            self._awaited.discard(servo)
            return False
        self._asked_us, self._question = at_us, packet
        self._awaited = awaited_of(packet)
        return True


def awaited_of(packet: bytes) -> set[int]:
    """Give the ids of the servos that answer an instruction packet; none for other bytes."""
    try:
        instruction = parse_instruction(packet)
        answers = expected_answers(instruction)
    except RequestError:
        return set()
    if answers.roll_call and instruction.protocol is Protocol.V1:
        return set(range(254))
    return set(answers.ids - ANYONE)
