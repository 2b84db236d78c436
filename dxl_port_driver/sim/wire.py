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

"""The wire: which bytes are under way to the host, and when each lot has arrived."""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count
from typing import NamedTuple

ANSWER, LATE, OTHER = 0, 1, 2
"""Kinds of :class:`Lot`: an answer in time, one that a fault holds back, echo and noise."""


class Lot(NamedTuple):
    """
    Bytes that reach the host together.

    :param due: when they are in the host's receive buffer, s.
    :param number: keeps those of the same time in order.
    :param begin: when their first bit is on the wire, s.
    :param end: when their last bit is, s.
    :param kind: ANSWER, LATE or OTHER.
    :param data: the bytes.
    """

    due: float
    number: int
    begin: float
    end: float
    kind: int
    data: bytes


class Wire:
    """Bytes on their way to the host."""

    def __init__(self) -> None:
        self._lots: list[Lot] = []
        self._number = count()
        self.pending = [0, 0, 0]
        """How many lots of each kind are under way."""

    @property
    def next_due(self) -> float | None:
        """When the next lot arrives, s; None when nothing is under way."""
        return self._lots[0].due if self._lots else None

    def put(self, due: float, begin: float, end: float, kind: int, data: bytes) -> None:
        """Send bytes on their way."""
        heappush(self._lots, Lot(due, next(self._number), begin, end, kind, data))
        self.pending[kind] += 1

    def take(self, now: float) -> bytes:
        """Give what has arrived by now, in order."""
        lots = self._lots
        if not lots or lots[0].due > now:
            return b''
        data = b''
        while lots and lots[0].due <= now:
            lot = heappop(lots)
            self.pending[lot.kind] -= 1
            data = data + lot.data if data else lot.data
        return data

    def overlapping(self, begin: float, end: float) -> list[Lot]:
        """Give the lots that are on the wire at some time between two."""
        return [lot for lot in self._lots if lot.begin < end and lot.end > begin and lot.data]

    def is_overdue(self, before: float) -> bool:
        """Tell whether every answer in time was due before a time, and yet was not taken."""
        return all(lot.due < before for lot in self._lots if lot.kind == ANSWER)

    def replace(self, lot: Lot, data: bytes) -> None:
        """Let other bytes of the same length arrive in the place of a lot's."""
        self._lots[self._lots.index(lot)] = lot._replace(data=data)

    def clear(self) -> None:
        """Lose all that is under way."""
        self._lots.clear()
        self.pending[:] = (0, 0, 0)
