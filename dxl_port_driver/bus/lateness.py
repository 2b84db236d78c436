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
Which servos answered after their time was over, by how much, and what to set so that they do not.

It is the link that is slow, a network or a virtual machine, not the servo. So what is advised is
the parameter that makes the packet timeout rule longer, and where a request brought a timeout of
its own, a longer one.

Pure: the time is handed in.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
import math
from typing import NamedTuple

from dxl_port_driver.protocol.instructions import BROADCAST_ID

REMEMBERED_S = 60.0
"""How long a servo counts as one that answers late, after the last late answer, s."""

MAX_LATENCY_TIMER_MS = 1000
"""Largest value of the parameter ``latency_timer``, ms."""

_MARGIN = 1.5
"""How much longer an answer may take than the slowest one so far, by what is advised."""

_EXACT_S = 0.02
"""How closely the arrival of an answer has to be known for its lateness to be told, s."""


class Request(NamedTuple):
    """
    A request that was given up.

    :param sent: when it was sent, monotonic time, s.
    :param rule_s: how long its answer can take by the packet timeout rule, s.
    :param timeout_s: how long its answer was waited for, s.
    """

    sent: float
    rule_s: float
    timeout_s: float

    @property
    def over(self) -> float:
        """When the time of its answer was over, monotonic time, s."""
        return self.sent + self.timeout_s

    @property
    def answerable_until(self) -> float:
        """When its time was over by any measure, monotonic time, s."""
        return self.sent + max(self.rule_s, self.timeout_s)


class LateServos(NamedTuple):
    """
    The servos that answered late.

    :param ids: which.
    :param late_s: longest time after theirs was over, s; 0.0 when that could not be measured.
    :param lacking_s: how much longer the packet timeout rule has to be, with a margin; 0.0 when
        it is long enough.
    """

    ids: tuple[int, ...]
    late_s: float = 0.0
    lacking_s: float = 0.0

    def __str__(self) -> str:
        """Say which servos answered late, and by how much."""
        one = len(self.ids) == 1 and self.ids[0] != BROADCAST_ID
        by = 'after'
        if self.late_s:
            by = f'{"" if one else "up to "}{_milliseconds(self.late_s)} ms after'
        return f'{_named(self.ids)} answered {by} {"its" if one else "their"} time was over'

    def latency_timer_ms(self, latency_s: float) -> int | None:
        """
        Return a value of ``latency_timer`` that makes the packet timeout rule long enough.

        :param latency_s: the one that the rule counts with now, s.
        :return: ms; None when no value does, or none has to.
        """
        if not self.lacking_s:
            return None
        needed_ms = math.ceil((latency_s + self.lacking_s / 2) * 1e3)
        return needed_ms if needed_ms <= MAX_LATENCY_TIMER_MS else None


@dataclass
class _Record:
    """What is known of one servo; times are the longest of the late answers, 0.0: unknown."""

    seen: float = 0.0
    late_s: float = 0.0
    took_s: float = 0.0
    lacking_s: float = 0.0
    listened: bool = False
    in_time: bool = False


class Lateness:
    """Remembers late answers, a record for each servo."""

    def __init__(self) -> None:
        self._records: dict[int, _Record] = {}
        self._valid_from = 0.0
        self.largest_s = 0.0
        """Longest time after its own was over that an answer came, s."""

    def start_over(self, now: float) -> None:
        """
        Forget all that was asked before; any thread may call it.

        :param now: monotonic time, s.
        """
        self._valid_from = now
        self._records = {}
        self.largest_s = 0.0

    def note(self, servo: int, request: Request, since: float | None, now: float) -> float:
        """
        Note that the answer to a request came late.

        :param since: when it had not come yet, monotonic time, s; None when it is not sure that
            it answers this request and not an earlier one.
        :param now: when it had come, monotonic time, s.
        :return: by how much it was late, s; 0.0 when its arrival is not known well enough.
        """
        if request.sent < self._valid_from:
            return 0.0
        record = self._records.setdefault(servo, _Record())
        record.seen = now
        record.in_time = False
        if since is None or now - max(since, request.over) > _EXACT_S:
            return 0.0
        took_s, late_s = now - request.sent, now - request.over
        record.took_s = max(record.took_s, took_s)
        record.late_s = max(record.late_s, late_s)
        if took_s > request.rule_s:
            record.lacking_s = max(record.lacking_s, took_s * _MARGIN - request.rule_s)
        self.largest_s = max(self.largest_s, late_s)
        return late_s

    def is_unmeasured(self, servo: int, now: float) -> bool:
        """Return whether the last answer of a servo was late, and it is not known by how much."""
        record = self._records.get(servo)
        return (
            record is not None
            and not record.late_s
            and not record.in_time
            and now - record.seen < REMEMBERED_S
        )

    def answered_in_time(self, servos: Set[int]) -> None:
        """Note that servos answered in time."""
        for record in map(self._records.get, servos if self._records else ()):
            if record is not None:
                record.in_time = True

    def may_listen(self, asked: Set[int], now: float) -> bool:
        """
        Return whether to wait for the late answer to a request, to measure how late it is.

        That costs time on the bus, so it is done once for each servo, and only where earlier
        answers came at a time that could not be told.
        """
        if len(asked) != 1 or not self._records:
            return False
        (servo,) = asked
        record = self._records.get(servo)
        if record is None or record.listened or not self.is_unmeasured(servo, now):
            return False
        record.listened = True
        return True

    def cause(
        self, asked: Set[int], timeout_s: float, rule_s: float, latency_s: float, now: float
    ) -> str:
        """
        Say that lateness is why a request got no answer, and what to do.

        :param asked: ids of the servos that were to answer.
        :param timeout_s: how long they had, s.
        :param rule_s: how long they had by the packet timeout rule, s.
        :param latency_s: latency timer that the rule counts with, s.
        :return: the rest of a sentence; empty when they would have been in time, or never came.
        """
        if not self._records:
            return ''
        records = {
            servo: record
            for servo, record in self._recent(now)
            if servo in asked and (not record.took_s or record.took_s > timeout_s)
        }
        if not records:
            return ''
        late = _summed_up(records)
        took_s = max(record.took_s for record in records.values())
        timeout = f'a timeout of {math.ceil(took_s * _MARGIN * 1e3)} ms' if took_s else ''
        timer_ms = late.latency_timer_ms(latency_s) if timeout_s == rule_s else None
        if timer_ms is not None:
            return f'{late}; raise latency_timer to {timer_ms} ms, or allow {timeout}'
        return f'{late}; allow {timeout or "a longer timeout"}'

    def report(self, now: float) -> LateServos | None:
        """Sum up all servos that answered late; any thread may call it. None: none did."""
        records = dict(self._recent(now))
        return _summed_up(records) if records else None

    def _recent(self, now: float) -> list[tuple[int, _Record]]:
        # A copy, since another thread may look, or clear, while this one writes.
        return [
            (servo, record)
            for servo, record in sorted(self._records.copy().items(), key=lambda one: one[0])
            if now - record.seen < REMEMBERED_S
        ]


def _summed_up(records: dict[int, _Record]) -> LateServos:
    return LateServos(
        tuple(records),
        max(record.late_s for record in records.values()),
        max(record.lacking_s for record in records.values()),
    )


def _named(ids: tuple[int, ...]) -> str:
    servos = [str(servo) for servo in ids if servo != BROADCAST_ID]
    if not servos:
        # They share one status packet, which bears the broadcast id.
        return 'the servos of a fast read'
    return f'servo {servos[0]}' if len(ids) == 1 else f'servos {", ".join(servos)}'


def _milliseconds(time_s: float) -> str:
    return f'{time_s * 1e3:.1f}' if time_s < 0.01 else f'{time_s * 1e3:.0f}'
