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
The rules of one exchange: what goes out, what counts as its answer, when it is over.

An exchange touches neither port nor clock. Whoever drives it says when it begins, feeds what
came, and tells it when its deadline has passed::

    exchange.begin(now)
    port.write(exchange.data, exchange.deadline)
    while exchange.attempt is None:
        received = port.read(n, exchange.deadline)
        if received:
            exchange.feed(received)
        else:
            exchange.expire()
"""

from __future__ import annotations

from dxl_port_driver.errors import RequestError, ResultCode
from dxl_port_driver.protocol.answers import (
    Answer,
    Answers,
    ANYONE,
    expected_answers,
)
from dxl_port_driver.protocol.explanations import Explanation
from dxl_port_driver.protocol.framer import Frame, Framer
from dxl_port_driver.protocol.instructions import BROADCAST_ID, Instruction, Protocol
from dxl_port_driver.protocol.joint import joint_parts, JointIds, JointParts
from dxl_port_driver.protocol.packets import parse_instruction, V1_HEADER, V2_HEADER
from dxl_port_driver.protocol.plain_exchange import (
    AwaitLength,
    AwaitQuiet,
    Exchange,
    SendOnly,
    Times,
)
from dxl_port_driver.protocol.servo_errors import ServoError
from dxl_port_driver.protocol.timing import (
    BROADCAST_PING_PER_ID_S,
    Link,
    MAX_RETURN_DELAY_S,
    TYPICAL_RETURN_DELAY_S,
)
from dxl_port_driver.protocol.transaction import Attempt, Framing, Limits, Transaction


def make_exchange(transaction: Transaction, link: Link, limits: Limits) -> Exchange:
    """
    Check a transaction and give the exchange that carries it out.

    :param link: what the port needs for a byte.
    :param limits: what a single request is granted.
    :raises RequestError: the transaction is wrong in itself; the message says how.
    """
    limits.check(transaction)
    exchange = _make(transaction, link, limits)
    if exchange.timeout_s > limits.max_timeout_s:
        raise RequestError(
            f'it may take {exchange.timeout_s:.3g} s at this baudrate and max_timeout allows '
            f'{limits.max_timeout_s:g} s; ask for less, or raise the parameter or the baudrate'
        )
    return exchange


def _make(transaction: Transaction, link: Link, limits: Limits) -> Exchange:
    if transaction.framing is Framing.NONE:
        return SendOnly(transaction, link)
    if transaction.framing is Framing.LENGTH:
        return AwaitLength(transaction, link, *_asked(transaction.data))
    packet = parse_instruction(transaction.data)
    answers = expected_answers(packet)
    if not (answers.each or answers.roll_call or transaction.response_count):
        if not answers.is_known:
            return AwaitQuiet(transaction, link, packet, limits.max_bytes, limits.max_timeout_s)
        return SendOnly(transaction, link)
    length = 0 if answers.roll_call else answers.wire_length(packet.protocol)
    if length > limits.max_bytes:
        raise RequestError(
            f'the answer would have {length} bytes and max_bytes allows {limits.max_bytes}; ask '
            'for less or raise the parameter'
        )
    return AwaitPackets(transaction, link, packet.protocol, answers, limits.max_bytes)


def _asked(data: bytes) -> tuple[frozenset[int], int]:
    """Give who answers to bytes of any kind, and how long all answers together are at least."""
    try:
        packet = parse_instruction(data)
        answers = expected_answers(packet)
    except RequestError:
        return ANYONE, 0
    return answers.ids, answers.wire_length(packet.protocol)


class AwaitPackets(Exchange):
    """Over when the last status packet that the instruction brings is whole."""

    def __init__(
        self,
        transaction: Transaction,
        link: Link,
        protocol: Protocol,
        answers: Answers,
        max_kept: int,
    ) -> None:
        self._protocol = protocol
        self._answers = answers
        self._count = transaction.response_count
        super().__init__(transaction, link)
        self.asked = answers.ids
        self.brings_unknown = not answers.is_known
        self._max_kept = max_kept
        self._joint_ids = JointIds(answers.parts) if answers.parts else None

    def _times(self, link: Link) -> Times:
        length = len(self.data) + self._answers.wire_length(self._protocol)
        if self._answers.roll_call:
            delay_s = more_s = BROADCAST_PING_PER_ID_S * BROADCAST_ID
        else:
            # Each servo in a row takes its own return delay, which the SDK's rule leaves to the
            # 16 ms of a slow adapter; on a quick one it has to be counted.
            in_a_row = max(1, len(self._answers.each))
            delay_s = TYPICAL_RETURN_DELAY_S * in_a_row
            more_s = MAX_RETURN_DELAY_S * (in_a_row - 1)
        return Times(link.byte_time_s * length, delay_s, link.packet_timeout_s(length) + more_s)

    def begin(self, now: float) -> None:
        """Start, or start over, with nothing received."""
        super().begin(now)
        self._framer = Framer(self._protocol, self._max_kept)
        self._received = b''
        self._packets: list[bytes] = []
        self._heard: set[int] = set()
        self._open: dict[int, Answer] = {answer.id: answer for answer in self._answers.each}
        self._broken = 0
        self._foreign: set[int] = set()
        self._instructions: set[int] = set()
        self._odd: dict[int, int] = {}
        self._errors: list[ServoError] = []
        self.error, self.alert = 0, False
        self._look_alike: Frame | None = None

    @property
    def owing(self) -> frozenset[int]:
        """Those who have not answered, but for those whose turn is over."""
        if self._count or not self._answers.each:
            return super().owing if self.is_complete else self.asked
        return self._answers.to_come(self._open)

    @property
    def heard(self) -> frozenset[int]:
        """Those whose status packets were taken for answers."""
        return frozenset(self._heard)

    @property
    def is_complete(self) -> bool:
        """Whether it did not end before the last answer, as ``response_count`` can make it."""
        return not self._count or self._count >= len(self._answers.each)

    def feed(self, received: bytes) -> None:
        """Take bytes that came."""
        self._received = (self._received + received)[-self._max_kept :]
        self._sort(self._framer.feed(received))

    def expire(self) -> None:
        """End with what there is: a packet that never got whole may hide one that did."""
        self._sort(self._framer.flush())
        if self.attempt is None and self._look_alike is not None:
            self._sort_look_alike(self._look_alike)
        if self.attempt is not None:
            return
        if self._answers.roll_call and self._packets and not self._count:
            self._succeed()
        elif (joint := self._joint_parts()) is not None and joint.missing:
            self._end_joint(joint)
        elif self._broken or self._foreign or self._instructions:
            self._end_corrupt()
        else:
            self._end_silent()

    def _sort(self, frames: list[Frame]) -> None:
        for frame in frames:
            if self.attempt is not None:
                return
            if frame.raw == self.data:
                # An adapter that hears itself; or a Protocol 1.0 servo whose error byte happens to
                # be the instruction, as a Ping is answered by one with an input voltage error.
                self._look_alike = frame
                continue
            if not frame.intact:
                self._broken += 1
                answer = self._open.get(frame.id)
                if (
                    len(self._open) == 1
                    and answer
                    and self._fits(frame, answer)
                    and not _may_hide_a_packet(frame)
                ):
                    # Nothing else will come from a servo that has answered.
                    self._end_corrupt()
                    self._open.clear()
            elif self._is_answer(frame):
                self._keep(frame)
            else:
                self._set_aside(frame)

    def _sort_look_alike(self, frame: Frame) -> None:
        # An echo would have been followed by the answer. Only a packet without parameters is
        # taken for one: it differs from an answer in nothing, any other does with all likelihood.
        if not frame.params and frame.id != BROADCAST_ID and self._is_answer(frame):
            self._keep(frame)

    def _set_aside(self, frame: Frame) -> None:
        """Take note of a packet that came whole and is not the answer."""
        if not self._is_status(frame):
            self._instructions.add(frame.id)
            return
        self._foreign.add(frame.id)
        answer = self._open.get(frame.id)
        if answer is not None and not self._count and self._length(frame) != answer.length:
            self._odd[frame.id] = self._length(frame)
            self._end_if_all_answered()

    def _end_if_all_answered(self) -> None:
        """End when each of several servos has answered, some of them with a wrong length."""
        # From a single servo it may be a late answer to an earlier request, with the right one
        # behind it; servos that answer in turn have all had theirs.
        if len(self._answers.each) > 1 and self._open.keys() <= self._odd.keys():
            self._end_corrupt()
            self._open.clear()

    def _is_status(self, frame: Frame) -> bool:
        if self._protocol is Protocol.V1:
            return True
        return frame.code == Instruction.STATUS and bool(frame.params)

    def _length(self, frame: Frame) -> int:
        """Return the number of parameters of a status packet."""
        return len(frame.params) - (1 if self._protocol is Protocol.V2 else 0)

    def _fits(self, frame: Frame, answer: Answer) -> bool:
        """Tell an answer to this question from one to another question, by its length."""
        if self._protocol is Protocol.V2:
            if frame.code != Instruction.STATUS or not frame.params:
                return False
            error, length = frame.params[0], len(frame.params) - 1
        else:
            error, length = frame.code, len(frame.params)
        if answer.length is None or length == answer.length:
            return True
        return bool(error) and length == 0

    def _is_answer(self, frame: Frame) -> bool:
        answer = self._open.get(frame.id)
        if answer is None:
            if self._answers.each:
                return False
            answer = Answer(frame.id, None)
        if not self._fits(frame, answer):
            return False
        if self._joint_ids is not None and not self._joint_ids.are_in(frame.raw):
            return False
        if not self._count:
            self._open.pop(frame.id, None)
        return True

    def _keep(self, frame: Frame) -> None:
        if sum(map(len, self._packets)) + len(frame.raw) > self._max_kept:
            self.attempt = Attempt(
                ResultCode.TX_ERROR,
                f'the answers have more than the {self._max_kept} bytes that max_bytes allows; '
                'ask for less or raise the parameter',
                b''.join(self._packets),
            )
            return
        self._packets.append(frame.raw)
        self._heard.add(frame.id)
        if self._count:
            complete = len(self._packets) >= self._count
        else:
            complete = not self._open and not self._answers.roll_call
        if self._joint_ids is not None:
            for servo, error in self._joint_ids.errors(frame.raw):
                self._note_error(ServoError(Protocol.V2, servo, error))
        elif frame.code if self._protocol is Protocol.V1 else frame.params[0]:
            self._note_error(ServoError.of(frame))
        if complete:
            self._succeed()
        elif self._odd:
            self._forget_out_of_turn(frame.id)
            self._end_if_all_answered()

    def _succeed(self) -> None:
        message = '; '.join(str(one) for one in self._errors if one.number)
        self.attempt = Attempt(ResultCode.SUCCESS, message, b''.join(self._packets))

    def _note_error(self, error: ServoError) -> None:
        self._errors.append(error)
        self.error = self.error or error.number
        self.alert |= error.is_alert

    def _forget_out_of_turn(self, answered: int) -> None:
        """Forget packets of a wrong length that came before an answer of their own turn."""
        order = [answer.id for answer in self._answers.each]
        for servo in order[order.index(answered) :]:
            self._odd.pop(servo, None)

    def _end_corrupt(self) -> None:
        joint = self._joint_parts()
        if joint is not None and joint.missing:
            self._end_joint(joint)
            return
        explanation = self._explanation()
        if self._odd:
            message = explanation.wrong_length(self._odd)
        elif self._broken:
            message = explanation.broken()
        elif self._foreign:
            message = explanation.foreign(self._foreign)
        else:
            message = explanation.instructions(self._instructions)
        self.attempt = Attempt(ResultCode.RX_CORRUPT, message, self._received)

    def _joint_parts(self) -> JointParts | None:
        """Return what came of the joint answer to a fast read."""
        parts = self._answers.parts
        return joint_parts(self._received, parts) if parts else None

    def _end_joint(self, joint: JointParts) -> None:
        self.attempt = Attempt(
            ResultCode.RX_CORRUPT
            if joint.is_broken or joint.instead is not None
            else ResultCode.RX_TIMEOUT,
            self._explanation().joint(joint, self.timeout_s),
            joint.data,
        )

    def _end_silent(self) -> None:
        explanation, came = self._explanation(), len(self._packets)
        self.attempt = Attempt(
            ResultCode.RX_TIMEOUT,
            explanation.too_few(came, self._count or came + len(self._open), self.timeout_s)
            if came
            else explanation.none(self._received, self.data, self.timeout_s),
            self._received,
        )

    def _explanation(self) -> Explanation:
        return Explanation(self._protocol, self._answers, self._open)


def _may_hide_a_packet(frame: Frame) -> bool:
    """Tell whether a packet begins inside a broken one, as when one was cut off by the next."""
    header = V2_HEADER if frame.protocol is Protocol.V2 else V1_HEADER
    behind = frame.raw[len(header) :]
    return header in behind or any(behind.endswith(header[:n]) for n in range(1, len(header)))
