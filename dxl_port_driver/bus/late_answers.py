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
Answers that may still come to questions that were given up.

A status packet says from which servo it is, not which question it answers. So when a question
got no answer in time, and the same servo is asked again, what comes could belong to either.
For a bounded time after each such question this keeps account of who owes an answer:

- a question to a servo that owes one waits until it has come, or can come no more;
- unless the servo let several such waits pass in silence. It is away rather than late, and
  would slow down the bus for all others. It is asked at once, and should an answer come after
  all while one to an earlier question may, it is not believed.

Bytes that are no instruction packet, and a broadcast Ping, may be answered by anyone. Nothing
tells such an answer from that of a single servo, so they always wait, and are always waited for.

Pure: the time is handed in.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from dxl_port_driver.protocol.answers import ANYONE
from dxl_port_driver.protocol.framer import Framer
from dxl_port_driver.protocol.instructions import Instruction, Protocol

LATE_S = 0.05
"""How much later than the packet timeout rule allows an answer may come, s."""

_AWAY_AFTER = 3
"""So many waits in silence, and a servo is taken to be away."""


@dataclass
class _Debt:
    """What a servo owes: so many answers, until a time."""

    until: float
    count: int


class LateAnswers:
    """Who owes an answer, and how long it may still come."""

    def __init__(self) -> None:
        self._debts: dict[int, _Debt] = {}
        self._silences: dict[int, int] = {}
        self._framers: list[Framer] = []
        self._came = False

    def expect(self, owing: Set[int], until: float, received: bytes) -> None:
        """
        Note a question that was given up.

        :param owing: ids that may still answer it.
        :param until: when no answer can come any more, monotonic time, s.
        :param received: what did come; the rest of it may follow.
        """
        for servo in owing:
            debt = self._debts.setdefault(servo, _Debt(until, 0))
            debt.until = max(until, debt.until)
            debt.count += 1
        self._framers = [Framer(protocol) for protocol in Protocol]
        self._came = False
        self._find(received)

    def take(self, received: bytes) -> None:
        """Take what came while nobody was to answer."""
        self._came |= bool(received)
        self._find(received)

    def awaited_until(self, asked: Set[int], now: float) -> float:
        """
        Tell how long to wait before a question.

        :param asked: ids that will answer it.
        :return: when to ask, monotonic time, s; ``now`` when there is nothing to wait for.
        """
        ends = (
            self._debts[servo].until
            for servo in self._owing(asked)
            if self._came
            or ANYONE in (asked, {servo})
            or self._silences.get(servo, 0) < _AWAY_AFTER
        )
        return max(ends, default=now)

    def settle(self, asked: Set[int], now: float) -> None:
        """Note that the wait before a question to ``asked`` is over."""
        for servo in self._owing(asked):
            if self._came:
                self._silences.pop(servo, None)
            elif self._debts[servo].until <= now:
                self._silences[servo] = self._silences.get(servo, 0) + 1
            if self._debts[servo].until <= now:
                del self._debts[servo]
        # Whatever comes from here on does not follow what came so far.
        self._framers = []

    def is_doubtful(self, answered: Set[int], now: float) -> bool:
        """Tell whether an answer that has come may be one to an earlier question."""
        return any(self._debts[one].until > now for one in answered & self._debts.keys())

    def heard(self, answered: Set[int]) -> None:
        """Note that servos have answered, so that they are not away."""
        for servo in answered & self._silences.keys():
            del self._silences[servo]

    def _owing(self, ids: Set[int]) -> list[int]:
        """Give those who owe an answer that could be taken for one from ``ids``."""
        if not self._debts or not ids:
            return []
        if ids == ANYONE:
            return list(self._debts)
        return [servo for servo in self._debts if servo in ids or servo in ANYONE]

    def _find(self, received: bytes) -> None:
        """Strike off the debts that the packets in there pay."""
        for framer in self._framers if received else ():
            for frame in framer.feed(received):
                debt = self._debts.get(frame.id)
                is_status = frame.protocol is Protocol.V1 or frame.code == Instruction.STATUS
                if debt is not None and frame.intact and is_status:
                    debt.count -= 1
                    if not debt.count:
                        del self._debts[frame.id]
