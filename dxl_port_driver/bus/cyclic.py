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
Work that is done again and again at a rate, through the same queue as everything else.

A cycle that is due waits in the queue like any other work. When the next one is due before it is
over, that one waits as well, so that a cycle that takes a little longer than a period now and then
costs none. A third one is missed, which is told; those that wait keep their place, so that a bus
that is busy for longer slows a cycle down and does not starve it.

A cycle with a lease ends by itself when the lease is over, so that it does not outlive the program
that started it.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
import math
import threading
import time

from dxl_port_driver.bus.bus import Bus
from dxl_port_driver.bus.transact_work import BatchWork
from dxl_port_driver.bus.work import Line, Steps, Work
from dxl_port_driver.errors import DxlPortError, NotAvailableError, RequestError
from dxl_port_driver.port.base import Port
from dxl_port_driver.protocol.transaction import TransactionResult

Results = list[TransactionResult]

_MOST_AT_ONCE = 2
"""One that is carried out, and one that is due and waits for that."""


@dataclass
class Cycle:
    """
    One thing that is done at a rate.

    :param name: what its owner calls it.
    :param period_s: time from one cycle to the next, s.
    :param wire_s: how long one cycle occupies the wire at the least, s.
    :param make_work: gives the work of one cycle; how long that would wait does not matter.
    :param report: is told what came of each cycle, in the thread that did it, never two at a
        time and never after the end. A cycle that was missed has no results; one that could not
        be done has a single one that says why.
    :param lease_s: it ends when it is not renewed for so long, s; infinite: it has no lease.
    :param report_expiry: called once when the lease is over, after all reports.
    """

    name: str
    period_s: float
    wire_s: float
    make_work: Callable[[], BatchWork]
    report: Callable[[Cycle, int, Results], None]
    lease_s: float = math.inf
    report_expiry: Callable[[Cycle], None] = lambda _: None
    done: int = 0
    """How many cycles were carried out."""
    missed: int = 0
    """How many were not."""
    due: float = 0.0
    """When the next one is due, monotonic time, s."""
    expires: float = math.inf
    """When the lease is over, monotonic time, s."""
    under_way: int = 0
    """How many have been submitted and are not over."""
    ended: bool = False
    """Whether it was stopped, replaced by another one of its name, or its lease is over."""
    # Cycles end in the worker's thread and are missed in the runner's.
    _told: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def load(self) -> float:
        """The share of the wire's time that it takes at the least."""
        return self.wire_s / self.period_s

    def end(self) -> None:
        """Neither do nor report anything any more, but for what is on the wire already."""
        with self._told:
            self.ended = True

    def expire(self) -> None:
        """End, and report that the lease is over."""
        with self._told:
            self.ended = True
            self.report_expiry(self)

    def enter(self) -> bool:
        """Count one as under way; False when there are as many as may be."""
        with self._told:
            if self.under_way >= _MOST_AT_ONCE:
                return False
            self.under_way += 1
            return True

    def leave(self) -> None:
        """Count one less as under way."""
        with self._told:
            self.under_way -= 1

    def over(self, results: Results, *, done: bool) -> None:
        """
        Count and report a cycle.

        :param done: whether it was carried out; else it is missed.
        """
        with self._told:
            if self.ended:
                return
            if done:
                self.done += 1
            else:
                self.missed += 1
            self.report(self, self.done + self.missed - 1, results)

    def skip(self, count: int) -> None:
        """Count cycles that passed before anybody could look."""
        with self._told:
            self.missed += count


class _Turn(Work[Results]):
    """What one cycle does when its turn on the bus has come."""

    begins_by_sending = True

    def __init__(self, cycle: Cycle) -> None:
        self._cycle = cycle
        self._work = cycle.make_work()
        # Not even a long wait ends it: the cycles that are missed meanwhile are told.
        super().__init__(self._work.priority, math.inf, self._work.expected_s)

    def steps(self, port: Port, line: Line) -> Steps[Results]:
        """Do it, unless the cycle was stopped while this waited."""
        if self._cycle.ended:
            return []
        self._work.queued_s = self.queued_s
        return (yield from self._work.steps(port, line))


class CyclicRunner:
    """
    Submits work to a bus, each at its rate.

    :param bus: where the work is done.
    :param max_cycles: most that may run at once.
    """

    def __init__(self, bus: Bus, max_cycles: int = 16) -> None:
        self._bus = bus
        self._max_cycles = max_cycles
        self._cycles: dict[str, Cycle] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def start(self, cycle: Cycle) -> None:
        """
        Begin; one of the same name ends.

        :raises RequestError: the wire cannot carry it, or too many run already.
        """
        with self._changed:
            others = [other for other in self._cycles.values() if other.name != cycle.name]
            load = sum(other.load for other in others)
            if load + cycle.load > 1.0:
                room = max(0.0, 1.0 - load)
                raise RequestError(
                    f'{cycle.name} takes at least {cycle.wire_s * 1e3:.2f} ms on the wire, so at '
                    f'most {room / cycle.wire_s:.1f} Hz are possible beside what runs already; '
                    'ask for a lower rate, for less data, or raise the baudrate'
                )
            if len(others) >= self._max_cycles:
                raise RequestError(
                    f'{len(others)} cyclic transactions run already and no more are allowed; '
                    'stop one first'
                )
            replaced = self._cycles.get(cycle.name)
            if replaced is not None:
                replaced.end()
            self._cycles[cycle.name] = cycle
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name='dxl-bus-cycles')
                self._thread.start()
            # After the start of the thread, which would count as lateness.
            cycle.due = time.monotonic()
            cycle.expires = cycle.due + cycle.lease_s
            self._changed.notify()

    def renew(self, name: str) -> None:
        """
        Begin the lease of a cycle anew; all else of it goes on as it was.

        :raises RequestError: no cycle of this name runs, or it has no lease.
        """
        with self._changed:
            cycle = self._cycles.get(name)
            if cycle is None:
                raise RequestError(
                    f'no cyclic transaction {name!r} runs that could be renewed: it was stopped, '
                    'its lease is over, or it was never started; start it with its transactions '
                    'and its rate'
                )
            if cycle.lease_s == math.inf:
                raise RequestError(
                    f'cyclic transaction {name!r} was started without a lease, so there is '
                    'nothing to renew; start it again with one'
                )
            # The thread looks by itself when the lease that it knows of is over.
            cycle.expires = time.monotonic() + cycle.lease_s

    def stop(self, name: str) -> Cycle | None:
        """End one; None when none of that name runs. It reports nothing any more."""
        with self._changed:
            cycle = self._cycles.pop(name, None)
        if cycle is not None:
            cycle.end()
        return cycle

    def stop_all(self) -> list[Cycle]:
        """End all of them, and the thread; safe any number of times."""
        with self._changed:
            cycles = list(self._cycles.values())
            self._cycles.clear()
            thread, self._thread = self._thread, None
            self._changed.notify()
        for cycle in cycles:
            cycle.end()
        if thread is not None:
            thread.join()
        return cycles

    def _run(self) -> None:
        while True:
            with self._changed:
                # Who stopped this one may have started another one already.
                if self._thread is not threading.current_thread():
                    return
                now = time.monotonic()
                for cycle in [one for one in self._cycles.values() if one.expires <= now]:
                    # Reported before another one of its name can be started.
                    del self._cycles[cycle.name]
                    cycle.expire()
                due = min(
                    (min(cycle.due, cycle.expires) for cycle in self._cycles.values()),
                    default=math.inf,
                )
                if due > now:
                    self._changed.wait(None if due == math.inf else due - now)
                    continue
                begin = [cycle for cycle in self._cycles.values() if cycle.due <= now]
                for cycle in begin:
                    late = int((now - cycle.due) / cycle.period_s)
                    cycle.due += (late + 1) * cycle.period_s
                    cycle.skip(late)
            for cycle in begin:
                self._begin(cycle)

    def _begin(self, cycle: Cycle) -> None:
        if not cycle.enter():
            cycle.over([], done=False)
            return

        def over(future: Future[Results]) -> None:
            cycle.leave()
            error = future.exception()
            if error is None:
                cycle.over(future.result(), done=True)
            elif isinstance(error, DxlPortError):
                _failed(cycle, error)
            else:
                raise error

        try:
            self._bus.submit(_Turn(cycle)).add_done_callback(over)
        except DxlPortError as error:
            # It was right when it was accepted; what the driver grants has changed since.
            cycle.leave()
            _failed(cycle, error)


def _failed(cycle: Cycle, error: DxlPortError) -> None:
    # Who sends everybody away ends all cycles as well, and first.
    if not isinstance(error, NotAvailableError):
        result = TransactionResult(error.code, error.message, error.partial)
        cycle.over([result], done=False)
