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

A cycle that is due waits for the bus until the next one is due. If the bus was busy for all of
that time, or the cycle before is not over yet, the cycle is missed, and that is told.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
import math
import threading
import time

from dxl_port_driver.bus.bus import Bus
from dxl_port_driver.bus.transact_work import BatchWork
from dxl_port_driver.errors import DxlPortError, NotAvailableError, PortBusyError, RequestError
from dxl_port_driver.protocol.transaction import TransactionResult

Results = list[TransactionResult]


@dataclass
class Cycle:
    """
    One thing that is done at a rate.

    :param name: what its owner calls it.
    :param period_s: time from one cycle to the next, s.
    :param wire_s: how long one cycle occupies the wire at the least, s.
    :param make_work: gives the work of one cycle; its queue timeout is the period.
    :param report: is told what came of each cycle, in the thread that did it; a cycle that was
        missed has no results.
    """

    name: str
    period_s: float
    wire_s: float
    make_work: Callable[[], BatchWork]
    report: Callable[[Cycle, int, Results], None]
    done: int = 0
    """How many cycles were carried out."""
    missed: int = 0
    """How many were not."""
    due: float = 0.0
    """When the next one is due, monotonic time, s."""
    under_way: bool = False

    @property
    def load(self) -> float:
        """The share of the wire's time that it takes at the least."""
        return self.wire_s / self.period_s


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
        self._ended = False

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
            cycle.due = time.monotonic()
            self._cycles[cycle.name] = cycle
            if self._thread is None:
                self._ended = False
                self._thread = threading.Thread(target=self._run, name='dxl-bus-cycles')
                self._thread.start()
            self._changed.notify()

    def stop(self, name: str) -> Cycle | None:
        """End one; None when none of that name runs."""
        with self._changed:
            return self._cycles.pop(name, None)

    def stop_all(self) -> list[Cycle]:
        """End all of them, and the thread; safe any number of times."""
        with self._changed:
            cycles = list(self._cycles.values())
            self._cycles.clear()
            self._ended = True
            thread, self._thread = self._thread, None
            self._changed.notify()
        if thread is not None:
            thread.join()
        return cycles

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._ended:
                    return
                now = time.monotonic()
                due = min((cycle.due for cycle in self._cycles.values()), default=math.inf)
                if due > now:
                    self._changed.wait(None if due == math.inf else due - now)
                    continue
                begin = [cycle for cycle in self._cycles.values() if cycle.due <= now]
                for cycle in begin:
                    late = int((now - cycle.due) / cycle.period_s)
                    cycle.due += (late + 1) * cycle.period_s
                    cycle.missed += late
            for cycle in begin:
                self._begin(cycle)

    def _begin(self, cycle: Cycle) -> None:
        if cycle.under_way:
            self._miss(cycle)
            return
        cycle.under_way = True

        def over(future: Future[Results]) -> None:
            cycle.under_way = False
            error = future.exception()
            if error is None:
                cycle.done += 1
                cycle.report(cycle, cycle.done + cycle.missed - 1, future.result())
            elif isinstance(error, PortBusyError):
                self._miss(cycle)
            elif not isinstance(error, NotAvailableError):  # which ends all cycles anyway
                raise error

        try:
            self._bus.submit(cycle.make_work()).add_done_callback(over)
        except DxlPortError:
            # Nothing else has changed since it was accepted than the limits.
            cycle.under_way = False
            self._miss(cycle)

    def _miss(self, cycle: Cycle) -> None:
        cycle.missed += 1
        cycle.report(cycle, cycle.done + cycle.missed - 1, [])
