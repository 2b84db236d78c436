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
Who is next on the bus: higher priority first, in order of arrival within it.

Pure: the time is handed in, and whoever uses the queue from several threads brings the lock.
"""

from __future__ import annotations

import heapq
from typing import Generic, TypeVar

T = TypeVar('T')


class BusQueue(Generic[T]):
    """Entries that wait, each until its own deadline at the latest."""

    def __init__(self) -> None:
        self._order: list[tuple[int, int, T]] = []
        self._deadlines: list[tuple[float, int, T]] = []
        self._waiting: set[int] = set()
        self._arrivals = 0

    def __len__(self) -> int:
        """Give the number of entries that wait."""
        return len(self._waiting)

    def push(self, entry: T, priority: int, deadline: float) -> int:
        """
        Let an entry wait.

        :param priority: higher goes first.
        :param deadline: when it will not wait any longer, s.
        :return: a ticket for :meth:`withdraw`.
        """
        self._arrivals += 1
        ticket = self._arrivals
        heapq.heappush(self._order, (-priority, ticket, entry))
        heapq.heappush(self._deadlines, (deadline, ticket, entry))
        self._waiting.add(ticket)
        return ticket

    def pop(self) -> T:
        """
        Take the entry whose turn it is.

        :raises IndexError: nobody waits.
        """
        while True:
            _, ticket, entry = heapq.heappop(self._order)
            if self.withdraw(ticket):
                return entry

    def withdraw(self, ticket: int) -> bool:
        """Take an entry out of the queue; False when it does not wait any more."""
        if ticket not in self._waiting:
            return False
        self._waiting.remove(ticket)
        # What is left of it in the heaps goes when it comes up, or here before it piles up.
        if max(len(self._order), len(self._deadlines)) > 2 * len(self._waiting) + 16:
            self._deadlines = [item for item in self._deadlines if item[1] in self._waiting]
            self._order = [item for item in self._order if item[1] in self._waiting]
            heapq.heapify(self._deadlines)
            heapq.heapify(self._order)
        return True

    def next_deadline(self) -> float | None:
        """Give the earliest deadline of all that wait, s; None when nobody does."""
        while self._deadlines and self._deadlines[0][1] not in self._waiting:
            heapq.heappop(self._deadlines)
        return self._deadlines[0][0] if self._deadlines else None

    def pop_expired(self, now: float) -> list[T]:
        """Take out every entry whose deadline has passed, earliest first."""
        expired: list[T] = []
        while True:
            deadline = self.next_deadline()
            if deadline is None or deadline > now:
                return expired
            _, ticket, entry = heapq.heappop(self._deadlines)
            self.withdraw(ticket)
            expired.append(entry)

    def pop_all(self) -> list[T]:
        """Take out everybody, in the order of their turns."""
        entries: list[T] = []
        while self._waiting:
            entries.append(self.pop())
        return entries
