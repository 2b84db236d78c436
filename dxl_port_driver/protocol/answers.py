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
Which status packets an instruction packet brings.

Source: e-Manual, "DYNAMIXEL Protocol 1.0" and "DYNAMIXEL Protocol 2.0", section Instruction
Details; for Sync Read in Protocol 1.0 packets Feetech's protocol manual of its SCS and STS servos.
"""

from __future__ import annotations

from collections.abc import Container
from typing import NamedTuple

from dxl_port_driver.errors import RequestError
from dxl_port_driver.protocol.framer import Framer
from dxl_port_driver.protocol.instructions import (
    BROADCAST_ID,
    Instruction,
    MAX_ID,
    Protocol,
    V1_INSTRUCTIONS,
)
from dxl_port_driver.protocol.packets import (
    InstructionPacket,
    parse_instruction,
    V1_STATUS_LENGTH,
    V2_HEADER,
    V2_STATUS_LENGTH,
)
from dxl_port_driver.protocol.timing import BROADCAST_PING_PER_ID_S, Link, MAX_RETURN_DELAY_S

ANYONE = frozenset({-1})
"""Stands for the ids of whichever servos there are, and of bytes that carry no id."""

JOINT_OVERHEAD = 4
"""Bytes that a servo adds to its data in the joint status packet: error, id and CRC."""


class Answer(NamedTuple):
    """
    One status packet that is expected.

    :param id: id that it carries.
    :param length: parameter bytes behind the error byte; None where any number will do.
    """

    id: int
    length: int | None


class Answers(NamedTuple):
    """
    All status packets that an instruction brings.

    :param each: one :class:`Answer` a packet; empty when there is none to expect.
    :param roll_call: True for a broadcast Ping: whoever is there answers, until the time is over.
    :param parts: for a fast read what each servo adds to the one joint status packet.
    :param is_known: False for an instruction that the driver does not know: there may be other
        answers than these.
    """

    each: tuple[Answer, ...] = ()
    roll_call: bool = False
    parts: tuple[Answer, ...] = ()
    is_known: bool = True

    @property
    def ids(self) -> frozenset[int]:
        """Ids that the status packets carry; ANYONE when that is not known."""
        return frozenset(answer.id for answer in self.each) or ANYONE

    def to_come(self, missing: Container[int]) -> frozenset[int]:
        """
        Tell whose answer may still come after the time is over.

        Servos that are asked together answer in turn: what comes from one tells that those
        before it will not answer any more.

        :param missing: ids of all who have not answered.
        """
        late: set[int] = set()
        for answer in reversed(self.each):
            if answer.id not in missing:
                break
            late.add(answer.id)
        return frozenset(late)

    def wire_length(self, protocol: Protocol) -> int:
        """Give the length of all answers together, bytes."""
        overhead = V2_STATUS_LENGTH if protocol is Protocol.V2 else V1_STATUS_LENGTH
        if self.roll_call:
            return (overhead + _ping_length(protocol)) * (MAX_ID + 1)
        return sum(overhead + (answer.length or 0) for answer in self.each)


def expected_answers(packet: InstructionPacket) -> Answers:
    """
    Tell which status packets will come.

    :raises RequestError: a Sync Read or Bulk Read whose parameters are not well formed.
    """
    instruction, params, protocol = packet.instruction, packet.params, packet.protocol
    is_known = instruction in _KNOWN[protocol]
    if packet.id != BROADCAST_ID:
        return Answers((Answer(packet.id, _unicast_length(packet)),), is_known=is_known)
    if not is_known:
        return Answers(is_known=False)
    if instruction == Instruction.PING:
        return Answers(roll_call=True)
    if protocol is Protocol.V1:
        if instruction == Instruction.BULK_READ:
            return Answers(_bulk_v1(params))
        if instruction == Instruction.SYNC_READ:
            return Answers(_sync_v1(params))
        return Answers()
    if instruction == Instruction.SYNC_READ:
        return Answers(_sync(params))
    if instruction == Instruction.BULK_READ:
        return Answers(_bulk(params))
    if instruction == Instruction.FAST_SYNC_READ:
        return _joint(_sync(params))
    if instruction == Instruction.FAST_BULK_READ:
        return _joint(_bulk(params))
    return Answers()


_KNOWN = {
    # Feetech servos answer a Sync Read in Protocol 1.0 packets; those of ROBOTIS have none.
    Protocol.V1: V1_INSTRUCTIONS | {Instruction.SYNC_READ},
    Protocol.V2: frozenset(Instruction) - {Instruction.STATUS},
}


def _ping_length(protocol: Protocol) -> int:
    return 3 if protocol is Protocol.V2 else 0


def _unicast_length(packet: InstructionPacket) -> int | None:
    params = packet.params
    if packet.instruction == Instruction.PING:
        return _ping_length(packet.protocol)
    if packet.instruction == Instruction.READ:
        if packet.protocol is Protocol.V1 and len(params) == 2:
            return params[1]
        if packet.protocol is Protocol.V2 and len(params) == 4:
            return int.from_bytes(params[2:4], 'little')
        return None
    return 0 if packet.instruction in _ANSWERED_WITHOUT_DATA else None


_ANSWERED_WITHOUT_DATA = frozenset(
    {
        Instruction.WRITE,
        Instruction.REG_WRITE,
        Instruction.ACTION,
        Instruction.FACTORY_RESET,
        Instruction.REBOOT,
        Instruction.CLEAR,
        Instruction.CONTROL_TABLE_BACKUP,
    }
)


def _sync(params: bytes) -> tuple[Answer, ...]:
    if len(params) < 5:
        raise RequestError(
            f'a Sync Read has {len(params)} parameter bytes and needs address (2), length (2) '
            'and at least one id'
        )
    length = int.from_bytes(params[2:4], 'little')
    return _once_each([Answer(servo, length) for servo in params[4:]], 'Sync Read')


def _sync_v1(params: bytes) -> tuple[Answer, ...]:
    if len(params) < 3:
        raise RequestError(
            f'a Protocol 1.0 Sync Read has {len(params)} parameter bytes and needs address (1), '
            'length (1) and at least one id'
        )
    return _once_each([Answer(servo, params[1]) for servo in params[2:]], 'Sync Read')


def _bulk(params: bytes) -> tuple[Answer, ...]:
    if not params or len(params) % 5:
        raise RequestError(
            f'a Bulk Read has {len(params)} parameter bytes and needs five a servo: id (1), '
            'address (2), length (2)'
        )
    return _once_each(
        [
            Answer(params[at], int.from_bytes(params[at + 3 : at + 5], 'little'))
            for at in range(0, len(params), 5)
        ],
        'Bulk Read',
    )


def _bulk_v1(params: bytes) -> tuple[Answer, ...]:
    if len(params) < 4 or len(params) % 3 != 1 or params[0] != 0:
        raise RequestError(
            f'a Protocol 1.0 Bulk Read has {len(params)} parameter bytes and needs a 0 and then '
            'three a servo: length (1), id (1), address (1)'
        )
    return _once_each(
        [Answer(params[at + 1], params[at]) for at in range(1, len(params), 3)], 'Bulk Read'
    )


def _once_each(answers: list[Answer], what: str) -> tuple[Answer, ...]:
    seen: set[int] = set()
    for answer in answers:
        if answer.id >= BROADCAST_ID:
            raise RequestError(f'a {what} names id {answer.id}, which no servo has; use 0 to 252')
        if answer.id in seen:
            raise RequestError(f'a {what} names id {answer.id} twice; name each servo once')
        seen.add(answer.id)
    return tuple(answers)


def _joint(parts: tuple[Answer, ...]) -> Answers:
    """Join the answers as fast reads do: error, id, data and a CRC of each servo, in one."""
    first_error_and_last_crc = 3
    total = sum(JOINT_OVERHEAD + (answer.length or 0) for answer in parts)
    return Answers((Answer(BROADCAST_ID, total - first_error_and_last_crc),), parts=parts)


class Ignored(NamedTuple):
    """
    The answers to some bytes that are sent without waiting for any.

    :param longest_s: how long the wire may be taken by them, once the bytes are sent, s, without
        the adapter's latency timer; None where that is not known.
    :param confirming: ids of servos whose answer has no data, as one that confirms a write.
    :param brings_data: whether there are others, or that is not known.
    """

    longest_s: float | None = None
    confirming: frozenset[int] = frozenset()
    brings_data: bool = True


def ignored_answers(data: bytes, link: Link) -> Ignored:
    """
    Return what answers there may be to bytes that are sent without waiting for any.

    :param data: anything; nothing is known of bytes that are not whole instruction packets, and
        of an instruction that the driver does not know.
    :param link: what the port needs for a byte.
    """
    try:
        packets = _instructions(data)
        answers = [expected_answers(packet) for packet in packets]
    except RequestError:
        return Ignored()
    times = [_longest_s(*one, link) for one in zip(answers, packets, strict=True)]
    known = [one for one in times if one is not None]
    each = [answer for one in answers for answer in one.each]
    return Ignored(
        sum(known) if len(known) == len(times) else None,
        frozenset(answer.id for answer in each if answer.length == 0),
        any(one.roll_call or not one.is_known for one in answers)
        or any(answer.length != 0 for answer in each),
    )


def _instructions(data: bytes) -> list[InstructionPacket]:
    """
    Read one instruction packet or several.

    :raises RequestError: there is something else in it.
    """
    try:
        return [parse_instruction(data)]
    except RequestError:
        framer = Framer(Protocol.V2 if data.startswith(V2_HEADER) else Protocol.V1)
        frames = framer.feed(data)
        if len(frames) < 2 or framer.noise or framer.pending:
            raise
        return [parse_instruction(frame.raw) for frame in frames]


def _longest_s(answers: Answers, packet: InstructionPacket, link: Link) -> float | None:
    if answers.roll_call:
        return BROADCAST_PING_PER_ID_S * BROADCAST_ID
    if not answers.is_known or any(answer.length is None for answer in answers.each):
        return None
    if not answers.each:
        return 0.0
    wire_s = link.byte_time_s * answers.wire_length(packet.protocol)
    return wire_s + MAX_RETURN_DELAY_S * len(answers.each)
