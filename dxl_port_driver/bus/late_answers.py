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

Where no servo has answered in time yet, the link may be slow, and all get longer, unless not a
byte comes then either. Once an answer was seen to be late, all get at least twice as long as that
one was late.

Bytes that are no instruction packet, and a broadcast Ping, may be answered by anyone. Nothing
tells such an answer from that of a single servo, so they always wait, and are always waited for.

A servo that does not confirm writes owes nothing for one. Should it do so after all, that status
packet has no parameters; it matters to requests only that are answered by such a packet as well.

Pure: the time is handed in.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import NamedTuple

from dxl_port_driver.bus.lateness import Lateness, Request
from dxl_port_driver.protocol.answers import ANYONE
from dxl_port_driver.protocol.framer import Framer
from dxl_port_driver.protocol.instructions import Instruction, Protocol

LATE_S = 0.05
"""How much later than the packet timeout rule allows an answer may come, s."""

NEVER_IN_TIME = 4
"""So many times longer, as long as no servo has answered in time."""

_WIDEST = 20
"""So many times longer at the most, for how late answers have been."""

_REMEMBERED_S = 1.0
"""How long an answer that comes too late to be waited for is still known as a late one, s."""

_AWAY_AFTER = 3
"""So many waits in silence, and a servo is taken to be away."""


@dataclass
class _Debt:
    """
    What a servo owes.

    :param until: when no answer can come any more, monotonic time, s.
    :param request: the latest request that it has not answered.
    :param count: how many answers it owes.
    :param is_plain: whether it never owed more than one, so that an answer is to ``request``.
    """

    until: float
    request: Request
    count: int = 1
    is_plain: bool = True


class Came(NamedTuple):
    """
    A status packet that came while nobody was to answer, or another servo.

    :param servo: where from.
    :param is_late: whether it answers a request that was given up; else it confirms a write.
    :param late_s: by how much it was late, s; 0.0 where that is not known.
    """

    servo: int
    is_late: bool
    late_s: float = 0.0


class LateAnswers:
    """
    Who owes an answer, and how long it may still come.

    :param lateness: is told of answers that did come late.
    """

    def __init__(self, lateness: Lateness | None = None) -> None:
        self.lateness = lateness or Lateness()
        self._debts: dict[int, _Debt] = {}
        self._confirmations: dict[int, float] = {}
        self._silences: dict[int, int] = {}
        self._prompt: set[int] = set()
        self._silent_waits = 0
        self._framers: list[Framer] = []
        self._came = False
        self._looked = 0.0

    @property
    def is_awaited(self) -> bool:
        """Whether anything may still come."""
        return bool(self._debts or self._confirmations)

    def has_account(self, servo: int) -> bool:
        """Return whether a servo owes something, or has been silent."""
        return (
            servo in self._debts
            or servo in self._silences
            or servo in self._confirmations
            or servo not in self._prompt
        )

    def expect(self, owing: Set[int], request: Request, late_s: float, received: bytes) -> None:
        """
        Note a question that was given up.

        :param owing: ids that may still answer it.
        :param request: when it was sent, and how long its answer was waited for.
        :param late_s: how much later an answer may come, s.
        :param received: what did come; the rest of it may follow.
        """
        for servo in owing:
            until = request.answerable_until + self._late_s(servo, late_s, request.over)
            debt = self._debts.get(servo)
            if debt is None:
                self._debts[servo] = _Debt(until, request)
            else:
                debt.until = max(until, debt.until)
                debt.request = request
                debt.count += 1
                debt.is_plain = False
        self._looked = request.over
        self._framers = [Framer(protocol) for protocol in Protocol]
        self._came = False
        # What is in there came in time.
        self._find(received, None, request.over)

    def _late_s(self, servo: int, late_s: float, now: float) -> float:
        """Return how much later than its time an answer of a servo may come, s."""
        widest_s = _WIDEST * late_s
        may_be_slow = not self._prompt and self._silent_waits < _AWAY_AFTER
        if may_be_slow or self.lateness.is_unmeasured(servo, now):
            late_s *= NEVER_IN_TIME
        return max(late_s, min(2 * self.lateness.largest_s, widest_s))

    def may_confirm(self, servo: int, until: float) -> None:
        """
        Note a write to a servo that does not confirm writes; it may have been told to since.

        :param until: when no confirmation can come any more, monotonic time, s.
        """
        self._confirmations[servo] = until

    def no_confirmation(self, servo: int) -> None:
        """Note that what a servo confirms it confirms in time."""
        self._confirmations.pop(servo, None)

    def take(self, received: bytes, since: float | None, now: float) -> list[Came]:
        """
        Take what came while nobody was to answer.

        :param since: when it had not come yet, monotonic time, s; None: when was last looked.
        :param now: monotonic time, s.
        :return: the packets in it that something is known of.
        """
        since = self._looked if since is None else since
        self._looked = now
        if received:
            self._came, self._silent_waits = True, 0
        return self._find(received, since, now)

    def set_aside(self, servos: Set[int], asked: Set[int], since: float, now: float) -> list[Came]:
        """
        Take note of packets that came during another request, and do not answer that.

        :param servos: ids in them.
        :param asked: ids of the servos that were to answer. What those send that is no answer may
            be a wrong one as well as a late one, so it pays no debt.
        :param since: when that request was sent, monotonic time, s.
        :param now: monotonic time, s.
        :return: those that something is known of.
        """
        others = [one for one in servos if one not in asked or one in self._confirmations]
        came = [one for servo in others if (one := self._came_from(servo, since, now))]
        for one in came:
            self._silences.pop(one.servo, None)
        return came

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
                self._silent_waits += 1
            if self._debts[servo].until <= now:
                del self._debts[servo]
        self._forget_expired(now)
        self._looked = now
        # Whatever comes from here on does not follow what came so far.
        self._framers = []

    def _forget_expired(self, now: float) -> None:
        """
        Forget what cannot come any more, whoever is asked next.

        Else a servo that was away when it was last asked would be taken for one that answers
        late, by all the time since, as soon as anything comes from it.
        """
        known_from = now - _REMEMBERED_S
        for servo in [one for one, debt in self._debts.items() if debt.until <= known_from]:
            del self._debts[servo]
        for servo in [one for one, until in self._confirmations.items() if until <= now]:
            del self._confirmations[servo]

    def is_doubtful(self, answered: Set[int], now: float) -> bool:
        """Tell whether an answer that has come may be one to an earlier question."""
        return any(self._debts[one].until > now for one in answered & self._debts.keys())

    def may_be_confirmation(self, answered: Set[int], now: float) -> bool:
        """Return whether a packet without parameters may confirm an earlier write."""
        return any(self._confirmations[one] > now for one in answered & self._confirmations.keys())

    def heard(self, answered: Set[int]) -> None:
        """Note that servos have answered, so that they are not away."""
        self._prompt |= answered - ANYONE
        self.lateness.answered_in_time(answered)
        for servo in answered & self._silences.keys():
            del self._silences[servo]

    def _owing(self, ids: Set[int]) -> list[int]:
        """Give those who owe an answer that could be taken for one from ``ids``."""
        if not self._debts or not ids:
            return []
        if ids == ANYONE:
            return list(self._debts)
        return [servo for servo in self._debts if servo in ids or servo in ANYONE]

    def _find(self, received: bytes, since: float | None, now: float) -> list[Came]:
        """
        Strike off the debts that the packets in there pay.

        :param since: None when they did not come late.
        """
        came: list[Came] = []
        if not received or not self.is_awaited:
            return came
        if not self._framers:
            self._framers = [Framer(protocol) for protocol in Protocol]
        for framer in self._framers:
            for frame in framer.feed(received):
                is_status = frame.protocol is Protocol.V1 or frame.code == Instruction.STATUS
                if frame.intact and is_status:
                    most = 1 if frame.protocol is Protocol.V2 else 0
                    is_bare = len(frame.params) <= most
                    one = self._came_from(frame.id, since, now, is_bare=is_bare)
                    came += [one] if one else []
        return came

    def _came_from(
        self, servo: int, since: float | None, now: float, *, is_bare: bool = True
    ) -> Came | None:
        """
        Strike off a debt of a servo from which a packet came.

        :param is_bare: whether it may have no parameters.
        :return: what is known of it; None when the servo owes nothing.
        """
        if is_bare and self._confirmations.pop(servo, None) is not None:
            # Should it be the other answer, to wait for that once more does no harm.
            return Came(servo, is_late=False)
        debt = self._debts.get(servo)
        if debt is None:
            return None
        debt.count -= 1
        if not debt.count:
            del self._debts[servo]
        if since is None:
            return Came(servo, is_late=False)
        is_clear = debt.is_plain and servo not in self._silences
        late_s = self.lateness.note(servo, debt.request, since if is_clear else None, now)
        return Came(servo, True, late_s)
