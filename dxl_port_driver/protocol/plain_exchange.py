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

"""The base of all exchanges, and those that do not look into what comes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

from dxl_port_driver.errors import ResultCode
from dxl_port_driver.protocol.answers import ANYONE, ignored_answers
from dxl_port_driver.protocol.explanations import Known
from dxl_port_driver.protocol.instructions import BROADCAST_ID
from dxl_port_driver.protocol.packets import InstructionPacket, V2_STATUS_LENGTH
from dxl_port_driver.protocol.timing import Link, MAX_RETURN_DELAY_S, TYPICAL_RETURN_DELAY_S
from dxl_port_driver.protocol.transaction import Attempt, Transaction


class Times(NamedTuple):
    """
    How long an exchange takes.

    :param wire_s: its bytes on the wire, those of the answer included, s.
    :param delay_s: what a servo that is quick takes besides, s.
    :param rule_s: what a servo that is there can take in all, by the packet timeout rule, s.
    """

    wire_s: float
    delay_s: float
    rule_s: float


class Exchange(ABC):
    """
    One transaction on its way.

    :param transaction: what to send and what to wait for.
    :param link: what the port needs for a byte.
    """

    awaits_answer = True
    """False if nothing is to be read: the bus is held until the bytes are on the wire."""

    brings_unknown = False
    """Whether more may come than it knows of, so that nobody can tell when the line is quiet."""

    error = 0
    """Error of the first status packet that reports one, without the alert bit; 0: none."""

    alert = False
    """Whether a status packet says that its servo is in trouble."""

    def __init__(self, transaction: Transaction, link: Link) -> None:
        self.data = transaction.data
        self._asked_timeout_s = transaction.timeout_s if self.awaits_answer else 0.0
        self.deadline = 0.0
        """When it is over at the latest, on the clock that :meth:`begin` was given, s."""
        self.asked = ANYONE
        """Ids of those whose answer it takes."""
        self.attempt: Attempt | None = None
        """What came of it; None while it is under way."""
        self.known = Known()
        """What is known of it beside its bytes, for the message that :meth:`expire` makes."""
        self.ignored_answer_s = 0.0
        """How long servos may be answering after :attr:`deadline`, though nobody waits, s."""
        self._take_times(link)

    def adapt(self, link: Link) -> bool:
        """
        Take the times from what the port needs for a byte by now; not while it is under way.

        :return: whether that is anything else than before.
        """
        if link == self._link:
            return False
        self._take_times(link)
        return True

    def _take_times(self, link: Link) -> None:
        self._link = link
        self.latency_s = link.latency_s
        """Latency timer that :attr:`rule_s` counts with, s."""
        self.quiet_s = link.packet_timeout_s(V2_STATUS_LENGTH)
        """For how long nothing may come until nothing more will, s."""
        times = self._times(link)
        self.wire_s = times.wire_s
        """How long its bytes occupy the wire, those of the answer included, s."""
        self.expected_s = times.wire_s + times.delay_s
        """How long a servo that is quick takes, from first byte sent to last byte got, s."""
        self.rule_s = times.rule_s
        """How long a servo that is there can take, by the packet timeout rule, s."""
        self.timeout_s = self._asked_timeout_s or times.rule_s
        """How long it may take here, s."""

    @abstractmethod
    def _times(self, link: Link) -> Times:
        """Give how long it takes; :attr:`data` is all of this class that is known by then."""

    @property
    def owing(self) -> frozenset[int]:
        """Those of :attr:`asked` whose answer may still come, once it is over."""
        done = self.attempt is not None and self.attempt.result is ResultCode.SUCCESS
        return frozenset() if done else self.asked

    @property
    def heard(self) -> frozenset[int]:
        """Those of :attr:`asked` whose answer is in :attr:`attempt`, once it is over."""
        done = self.attempt is not None and self.attempt.result is ResultCode.SUCCESS
        return self.asked if done else frozenset()

    @property
    def set_aside(self) -> frozenset[int]:
        """Ids in packets that came whole and did not answer it."""
        return frozenset()

    @property
    def is_complete(self) -> bool:
        """Whether nothing more can come once it has succeeded."""
        return True

    def begin(self, now: float) -> None:
        """Start, or start over: the clock runs from the first byte sent."""
        self.deadline = now + self.timeout_s
        self.attempt = None

    @abstractmethod
    def feed(self, received: bytes) -> None:
        """Take bytes that came."""

    @abstractmethod
    def expire(self) -> None:
        """Take notice that the deadline has passed."""


class SendOnly(Exchange):
    """No answer: over when the bytes have left, which is later than when they were written."""

    awaits_answer = False
    confirming: frozenset[int] = frozenset()
    """Ids of servos that may confirm it, though nobody waits for that."""

    def __init__(self, transaction: Transaction, link: Link) -> None:
        super().__init__(transaction, link)
        self.asked = frozenset()

    def _take_times(self, link: Link) -> None:
        super()._take_times(link)
        ignored = ignored_answers(self.data, link)
        # Data that an adapter keeps back would be taken for the answer to the next question.
        self.brings_unknown = ignored.brings_data
        self.confirming = ignored.confirming
        self.ignored_answer_s = ignored.longest_s or 0.0

    def _times(self, link: Link) -> Times:
        wire_s = link.byte_time_s * len(self.data)
        return Times(wire_s, 0.0, wire_s)

    def feed(self, received: bytes) -> None:
        """Leave what comes to whoever asks for it."""

    def expire(self) -> None:
        """End: the bytes are on the wire."""
        self.attempt = Attempt(ResultCode.SUCCESS)


class AwaitQuiet(SendOnly):
    """
    For an instruction to all servos that the driver does not know: whatever comes is its answer.

    It succeeds also when nothing comes. The message says what was done, since that is a guess.

    :param packet: the instruction.
    :param max_kept: most bytes of the answers, bytes.
    :param longest_s: how long it may take at the most, s.
    """

    def __init__(
        self,
        transaction: Transaction,
        link: Link,
        packet: InstructionPacket,
        max_kept: int,
        longest_s: float,
    ) -> None:
        self._packet = packet
        self._max_kept = max_kept
        self._longest_s = longest_s
        super().__init__(transaction, link)
        self.asked = ANYONE
        self._asked_timeout_s = transaction.timeout_s
        self._take_times(link)

    def _times(self, link: Link) -> Times:
        wire_s = link.byte_time_s * len(self.data)
        longest_s = link.packet_timeout_s(len(self.data) + self._max_kept)
        longest_s += MAX_RETURN_DELAY_S * BROADCAST_ID
        return Times(wire_s, self.quiet_s, min(longest_s, self._longest_s))

    def begin(self, now: float) -> None:
        """Start, or start over, with nothing received; :attr:`deadline` is the end of sending."""
        super().begin(now)
        self.deadline = now + self.wire_s
        self._received = b''

    def feed(self, received: bytes) -> None:
        """Take bytes that came."""
        self._received = (self._received + received)[: self._max_kept + 1]

    def end(self, *, is_quiet: bool) -> None:
        """
        Finish.

        :param is_quiet: whether nothing came for :attr:`quiet_s`; else its time is over.
        """
        if len(self._received) > self._max_kept:
            self._end(
                ResultCode.TX_ERROR,
                f'more than the {self._max_kept} bytes came that max_bytes allows; raise the '
                'parameter',
            )
        elif is_quiet:
            quiet_ms = self.quiet_s * 1e3
            self._end(
                ResultCode.SUCCESS,
                f'data is what came until the line was quiet for {quiet_ms:.1f} ms',
            )
        else:
            self._end(
                ResultCode.RX_TIMEOUT,
                f'bytes were still coming after {self.timeout_s * 1e3:.1f} ms; allow a longer '
                'timeout',
            )

    def _end(self, code: ResultCode, what: str) -> None:
        protocol, instruction = self._packet.protocol, self._packet.instruction
        echo = len(self.data) if self._received.startswith(self.data) else 0
        self.attempt = Attempt(
            code,
            f'instruction 0x{instruction:02X} of Protocol {protocol} is not known, nor how many '
            f'status packets it brings: {what}',
            self._received[echo : self._max_kept],
        )


class AwaitLength(Exchange):
    """
    Over when a number of bytes has come, whatever they are.

    :param asked: ids of those who will answer.
    :param whole: length of all their answers, bytes.
    """

    def __init__(
        self, transaction: Transaction, link: Link, asked: frozenset[int], whole: int
    ) -> None:
        self._length = transaction.response_length
        super().__init__(transaction, link)
        self.asked = asked
        self._whole = whole
        self._received = b''

    def _times(self, link: Link) -> Times:
        length = len(self.data) + self._length
        return Times(
            link.byte_time_s * length, TYPICAL_RETURN_DELAY_S, link.packet_timeout_s(length)
        )

    @property
    def owing(self) -> frozenset[int]:
        """All that were asked, unless all of every answer came."""
        return super().owing if self.is_complete else self.asked

    @property
    def is_complete(self) -> bool:
        """Whether it did not end before the last answer, as a short ``response_length`` does."""
        return self._length >= self._whole

    def begin(self, now: float) -> None:
        """Start, or start over, with nothing received."""
        super().begin(now)
        self._received = b''

    def feed(self, received: bytes) -> None:
        """Take bytes that came."""
        self._received += received
        if len(self._received) >= self._length:
            self.attempt = Attempt(ResultCode.SUCCESS, data=self._received[: self._length])

    def expire(self) -> None:
        """End without a whole answer."""
        self.attempt = Attempt(
            ResultCode.RX_TIMEOUT,
            f'{len(self._received)} of {self._length} bytes came within '
            f'{self.timeout_s * 1e3:.1f} ms; {self._advice()}',
            self._received,
        )

    def _advice(self) -> str:
        return self.known.cause or (
            f'check power, wiring, id and {self.known.baudrate}, or allow a longer timeout'
        )
