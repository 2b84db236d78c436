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

from dxl_port_driver.bus.late_answers import LATE_S, LateAnswers
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
from dxl_port_driver.protocol.timing import byte_time_s, Link
from dxl_port_driver.protocol.transaction import TransactionResult

R = TypeVar('R')


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
        self.late = LateAnswers()
        self.unrest = Unrest()
        """What may be on the wire that nobody can tell the end of."""
        self.failed = False
        """Whether the device has failed since somebody last looked for it."""
        self.hears_itself = False
        """Whether everything that is sent comes back as an echo, as on some RS-485 adapters."""
        self.link: Link | None = None
        """What the port needs for a byte now; None: as everybody thought who asked."""
        self.statistics = Statistics()

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
        self.quiet_from = time.monotonic() + self.open_delay_s if self.open_delay_s else 0.0
        self.late = LateAnswers()
        self.unrest.ended()

    def occupied(self, until: float) -> None:
        """
        Note that servos may be sending.

        :param until: monotonic time, s.
        """
        self.quiet_from = max(self.quiet_from, until)

    def unanswered(self, asked: float, rule_s: float, owing: Set[int], received: bytes) -> None:
        """
        Note a question that was given up.

        :param asked: when it was asked, monotonic time, s.
        :param rule_s: how long its answer can take by the packet timeout rule, s.
        :param owing: ids that may still answer it.
        :param received: what did come.
        """
        rule_ends = asked + rule_s
        self.occupied(rule_ends)
        self.late.expect(owing, rule_ends + self.late_s, received)

    def fall_quiet(self) -> Steps[None]:
        """Wait until nobody can be sending, and leave what comes in the receive buffer."""
        while time.monotonic() < self.quiet_from:
            yield Wait(self.quiet_from, 0)

    def settle(self, asked: Set[int]) -> Steps[None]:
        """
        Wait until no answer to an earlier question can be taken for one to the next.

        :param asked: ids that will answer the next one.
        """
        late = self.late
        while (now := time.monotonic()) < self.quiet_from:
            late.take((yield Wait(self.quiet_from)))
        while (until := late.awaited_until(asked, now)) > now:
            late.take((yield Wait(until)))
            now = time.monotonic()
        late.settle(asked, now)


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
