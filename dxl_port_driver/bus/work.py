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
Pieces of work for the owner of a port, each written as a generator.

A piece of work never waits by itself: it yields a :class:`Wait` and is given the bytes that
came. So whoever carries it out may stop at any wait and let another thread go on with it, which
is how a quick answer is fetched by the very thread that asked (see :mod:`.bus`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Set
import time
from typing import Generic, NamedTuple, TypeVar

from dxl_port_driver.bus.confirmations import ANSWERED_AT_LEVEL_2, Confirmations, kind_of
from dxl_port_driver.bus.late_answers import Came, LATE_S, LateAnswers
from dxl_port_driver.bus.lateness import LateServos, Request
from dxl_port_driver.bus.statistics import Statistics
from dxl_port_driver.bus.unrest import Unrest
from dxl_port_driver.errors import (
    DxlPortError,
    PortClosedError,
    ReceiveError,
    ResultCode,
    TransmitError,
)
from dxl_port_driver.port.base import Port
from dxl_port_driver.protocol.explanations import Known
from dxl_port_driver.protocol.framer import Framer
from dxl_port_driver.protocol.instructions import Protocol
from dxl_port_driver.protocol.packets import V1_STATUS_LENGTH, V2_HEADER, V2_STATUS_LENGTH
from dxl_port_driver.protocol.plain_exchange import Exchange
from dxl_port_driver.protocol.timing import byte_time_s, Link
from dxl_port_driver.protocol.transaction import TransactionResult

R = TypeVar('R')

_MOST = 4096


class Wait(NamedTuple):
    """
    What a piece of work waits for.

    :param deadline: monotonic time, s.
    :param most: to be given at most so many bytes as soon as some come; 0 to let time pass.
    """

    deadline: float
    most: int = 4096


Steps = Generator[Wait, bytes, R]


class Work(ABC, Generic[R]):
    """
    Something to do with the port while nobody else uses it.

    :param priority: higher goes first.
    :param queue_timeout_s: longest wait for the bus, s.
    :param expected_s: how long it takes when all goes well, s.
    """

    goes_ahead = False
    """Whether it may wait even when as many wait as may."""
    begins_by_sending = False
    """Whether its first step, at the most, sends something, and leaves the waiting for later."""

    def __init__(self, priority: int, queue_timeout_s: float, expected_s: float) -> None:
        self.priority = priority
        self.queue_timeout_s = queue_timeout_s
        self.expected_s = expected_s
        self.queued_s = 0.0
        """How long it waited for the bus, s; known when it begins."""

    @abstractmethod
    def steps(self, port: Port, line: Line) -> Steps[R]:
        """
        Do it.

        :raises DxlPortError: it cannot be done.
        """


class Line:
    """
    What one piece of work has to tell the next about the wire.

    A question that was not answered may be answered yet. Until the latest time at which an
    answer can come, by the packet timeout rule, the line is not quiet, and what comes is thrown
    away rather than taken for the answer to the next question. For :attr:`late_s` beyond that,
    only a question that the late answer could be taken for waits (see :mod:`.late_answers`).
    """

    def __init__(self, sent_away: Callable[[], DxlPortError | None] = lambda: None) -> None:
        self._sent_away = sent_away
        self.quiet_from = 0.0
        self.late_s = LATE_S
        """How much later than the packet timeout rule allows an answer may come, s."""
        self.open_delay_s = 0.0
        """How long a board that resets when its port is opened hears nothing, s."""
        self.ready_from = 0.0
        """When the board has heard nothing for so long, monotonic time, s."""
        self.late = LateAnswers()
        self.confirmations = Confirmations()
        self.plain: set[int] = set()
        """Ids of the servos that answered in time and of which nothing else is noted."""
        self.unrest = Unrest()
        """What may be on the wire that nobody can tell the end of."""
        self.failed = False
        """Whether the device has failed since somebody last looked for it."""
        self.hears_itself = False
        """Whether everything that is sent comes back as an echo, as on some RS-485 adapters."""
        self._link: Link | None = None
        self.statistics = Statistics()

    @property
    def link(self) -> Link | None:
        """What the port needs for a byte now; None: as each request was made for."""
        return self._link

    @link.setter
    def link(self, link: Link | None) -> None:
        if link != self._link:
            self._link = link
            # What was too late by the old times may be in time by the new ones.
            self.late.lateness.start_over(time.monotonic())

    def cause(self, error: DxlPortError) -> DxlPortError:
        """
        Take notice of an error of the port, and give the reason behind it.

        A wait that was cancelled tells nothing; why it was cancelled does.
        """
        self.failed |= isinstance(error, (TransmitError, ReceiveError))
        return self._sent_away() or error if isinstance(error, PortClosedError) else error

    def opened(self) -> None:
        """Note that the device has just been opened; what was to come before is gone with it."""
        self.failed = False
        self.ready_from = time.monotonic() + self.open_delay_s if self.open_delay_s else 0.0
        self.quiet_from = self.ready_from
        self.late = LateAnswers()
        self.confirmations = Confirmations()
        self.plain = set()
        self.unrest.ended()

    def occupied(self, until: float) -> None:
        """
        Note that servos may be sending.

        :param until: monotonic time, s.
        """
        self.quiet_from = max(self.quiet_from, until)

    def unanswered(self, request: Request, owing: Set[int], received: bytes) -> None:
        """
        Note a request that was given up.

        :param request: when it was sent, and how long its answer was waited for.
        :param owing: ids that may still answer it.
        :param received: what did come.
        """
        self.occupied(request.sent + request.rule_s)
        self.late.expect(owing, request, self.late_s, received)
        self.plain -= owing

    def unconfirmed(self, servos: Set[int], request: Request) -> None:
        """Note a write to a servo that does not confirm writes; it may do so after all."""
        for servo in servos:
            self.late.may_confirm(servo, request.answerable_until + self.late_s)
        self.plain -= servos

    def confirms(self, servo: int) -> None:
        """Note that a servo confirms writes, though it did not before."""
        self.confirmations.forget(servo)
        self.late.no_confirmation(servo)

    def free_from(self, asked: Set[int], now: float) -> float:
        """Return when a request to servos can be sent, monotonic time, s."""
        return max(self.quiet_from, self.late.awaited_until(asked, now))

    def fall_quiet(self) -> Steps[None]:
        """Wait until nobody can be sending, and leave what comes in the receive buffer."""
        while time.monotonic() < self.quiet_from:
            yield Wait(self.quiet_from, 0)

    def settle(self, asked: Set[int], port: Port) -> Steps[None]:
        """
        Wait until no answer to an earlier question can be taken for one to the next.

        What is in the receive buffer then is thrown away, but not without a look.

        :param asked: ids that will answer the next one.
        """
        late = self.late
        if late.is_awaited:
            # Of what came before the wait it is not known when; of what comes during it it is.
            self._take(port.read(_MOST, 0.0), None)
        while (now := time.monotonic()) < self.quiet_from:
            received = yield Wait(self.quiet_from)
            self._take(received, time.monotonic())
        while (until := late.awaited_until(asked, now)) > now:
            received = yield Wait(until)
            now = time.monotonic()
            self._take(received, now)
        received = port.read(_MOST, 0.0)
        if received:
            self._take(received, None)
            port.clear()
        if late.is_awaited:
            late.settle(asked, now)

    def _take(self, received: bytes, since: float | None) -> None:
        """
        Take what came while nobody was to answer.

        :param since: when it had not come yet, monotonic time, s; None: when was last looked.
        """
        now = time.monotonic()
        self.statistics.bytes_received += len(received)
        self._note(self.late.take(received, since, now))

    def read_raw(self, received: bytes) -> None:
        """Take note of bytes that a raw read took: what is in them comes no more."""
        if self.late.is_awaited:
            self._note(self.late.take(received, None, time.monotonic()))

    def listen(self, asked: Set[int], until: float) -> Steps[None]:
        """
        Wait for late answers, to measure how late they are.

        :param asked: ids that owe one.
        :param until: for how long, monotonic time, s.
        """
        while (now := time.monotonic()) < until and self.late.awaited_until(asked, now) > now:
            received = yield Wait(until)
            self._take(received, time.monotonic())

    def set_aside(self, exchange: Exchange, since: float) -> None:
        """
        Note packets that came during an exchange and do not answer it.

        :param since: when it began, monotonic time, s.
        """
        now = time.monotonic()
        self._note(self.late.set_aside(exchange.set_aside, exchange.asked, since, now))

    def _note(self, came: list[Came]) -> None:
        statistics = self.statistics
        for one in came:
            # A servo that answers late is not one that does not answer.
            self.confirmations.forget(one.servo)
            if one.is_late:
                statistics.late_answers += 1
                statistics.largest_lateness_s = max(statistics.largest_lateness_s, one.late_s)

    def known(self, exchange: Exchange, port: Port) -> Known:
        """Return what is known about why an exchange got no answer."""
        asked = exchange.asked
        cause = self.late.lateness.cause(
            asked, exchange.timeout_s, exchange.rule_s, exchange.latency_s, time.monotonic()
        )
        if not cause and len(asked) == 1:
            (servo,) = asked
            if self.confirmations.has_evidence(servo):
                cause = self.confirmations.cause(servo, kind_of(exchange.data))
        return Known(cause, port.sets_baudrate)

    def may_be_confirmation(self, exchange: Exchange) -> bool:
        """Return whether what an exchange brought may confirm an earlier write instead."""
        attempt = exchange.attempt
        return (
            attempt is not None
            and attempt.result is ResultCode.SUCCESS
            and self.late.may_be_confirmation(exchange.heard, time.monotonic())
            and _has_bare_packet(attempt.data)
        )

    def is_unconfirmed(self, exchange: Exchange) -> bool:
        """Return whether an exchange is a write to a servo that does not confirm writes."""
        silent = self.confirmations.silent
        if not silent or len(exchange.asked) != 1 or not exchange.asked <= silent:
            return False
        return kind_of(exchange.data) in ANSWERED_AT_LEVEL_2

    def learn(self, exchange: Exchange) -> None:
        """Take note of which servos answered an exchange that is over, and which did not."""
        asked, attempt = exchange.asked, exchange.attempt
        heard = exchange.heard
        self.late.heard(heard)
        watched = [servo for servo in asked if self.confirmations.has_evidence(servo)]
        is_silent = attempt is not None and attempt.result is ResultCode.RX_TIMEOUT
        if watched or is_silent:
            kind = kind_of(exchange.data)
            for servo in heard:
                self.confirmations.answered(servo, kind)
            if attempt is not None and is_silent and len(asked) == 1 and not attempt.data:
                for servo in asked:
                    self.confirmations.unanswered(servo, kind)
        for servo in asked:
            if self.late.has_account(servo) or self.confirmations.has_evidence(servo):
                self.plain.discard(servo)
            else:
                self.plain.add(servo)

    def report(self, now: float) -> LateServos | None:
        """Return which servos answered late; any thread may call it. None: none did."""
        return self.late.lateness.report(now)


def _has_bare_packet(data: bytes) -> bool:
    """Return whether there is a status packet without parameters, as one that confirms a write."""
    protocol = Protocol.V2 if data.startswith(V2_HEADER) else Protocol.V1
    overhead = V2_STATUS_LENGTH if protocol is Protocol.V2 else V1_STATUS_LENGTH
    return any(len(frame.raw) <= overhead for frame in Framer(protocol).feed(data))


class ReadWork(Work[TransactionResult]):
    """
    Read what comes, without sending anything.

    :param length: most bytes to read.
    :param timeout_s: longest wait for that many, s; 0: what is in the receive buffer now.
    """

    def __init__(self, length: int, timeout_s: float, *, queue_timeout_s: float) -> None:
        super().__init__(0, queue_timeout_s, timeout_s)
        self._length = length
        self._timeout_s = timeout_s

    def steps(self, port: Port, line: Line) -> Steps[TransactionResult]:
        """Collect bytes until there are enough or the time is over."""
        begun = time.monotonic()
        deadline = begun + self._timeout_s
        parts: list[bytes] = []
        missing = self._length
        code, message = ResultCode.SUCCESS, ''
        try:
            while missing:
                if self._timeout_s:
                    part = yield Wait(deadline, missing)
                else:
                    part = port.read(missing, begun)
                if part:
                    parts.append(part)
                    missing -= len(part)
                    line.read_raw(part)
                    if line.unrest.is_there:
                        is_all = not (missing and self._timeout_s)
                        line.unrest.read(time.monotonic(), is_all=is_all)
                elif time.monotonic() >= deadline:
                    break
        except DxlPortError as error:
            cause = line.cause(error)
            code, message = cause.code, cause.message
        else:
            if missing and self._timeout_s:
                code = ResultCode.RX_TIMEOUT
                message = (
                    f'{self._length - missing} of {self._length} bytes came within '
                    f'{self._timeout_s:g} s; ask for less or allow a longer timeout'
                )
        return TransactionResult(
            code, message, b''.join(parts), self.queued_s, time.monotonic() - begun, 1
        )


class ClearWork(Work[None]):
    """Throw away what is in the receive buffer."""

    def steps(self, port: Port, line: Line) -> Steps[None]:
        """Do it at once."""
        port.clear()
        return
        yield


class AvailableWork(Work[int]):
    """Count the bytes in the receive buffer."""

    def steps(self, port: Port, line: Line) -> Steps[int]:
        """Do it at once."""
        return port.available()
        yield


class BaudrateWork(Work[None]):
    """
    Change the baudrate between two transactions, ahead of everybody who waits.

    :param baudrate: bit/s.
    """

    AHEAD_OF_ALL = 256
    goes_ahead = True

    def __init__(self, baudrate: int, *, queue_timeout_s: float) -> None:
        super().__init__(self.AHEAD_OF_ALL, queue_timeout_s, 0.0)
        self._baudrate = baudrate

    def steps(self, port: Port, line: Line) -> Steps[None]:
        """Do it at once."""
        port.set_baudrate(self._baudrate)
        if line.link is not None:
            # Who waits has been promised the time of the rule, which is another one from now on.
            line.link = line.link._replace(byte_time_s=byte_time_s(self._baudrate))
        return
        yield
