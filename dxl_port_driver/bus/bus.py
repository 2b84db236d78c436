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
The owner of an open port.

Whatever is done with the port is a piece of work that waits for its turn in one queue. A worker
thread carries the work out, one after another. Handing a request to that thread and the result
back costs more than a quick servo takes to answer, so there is a short way: when nobody is on
the bus and nobody waits for it, the thread that submits the work begins it itself, and hands it
to the worker only if the answer is not there within the patience of that thread.

The worker hands a result over while the servos answer the next one: what comes after a result,
a response over DDS most of all, would keep the wire idle.

A second thread, the doorkeeper, ends waits that have become too long. Every piece of work gets
a result or an error; a wait for it is bounded by the limits that the work was made with.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
import functools
import math
import threading
import time
from typing import TypeVar

from dxl_port_driver.bus.queue import BusQueue
from dxl_port_driver.bus.statistics import Statistics
from dxl_port_driver.bus.turn import Begun, Entry
from dxl_port_driver.bus.work import Line, Work
from dxl_port_driver.errors import (
    DxlPortError,
    NotAvailableError,
    PortBusyError,
    PortClosedError,
    ReceiveError,
    TransmitError,
)
from dxl_port_driver.port.base import Port

R = TypeVar('R')

_LET_GO_S = 5.0
"""How long a cancelled wait may take to end before something is wrong with the device, s."""


class Bus:
    """
    Lets any number of threads share a port.

    It begins closed to all: :meth:`admit` lets work in, :meth:`dismiss` sends it away.

    :param port: the port; from now on used by nobody else, but for opening and closing while
        work is not admitted.
    :param max_waiting: most pieces of work that may wait at once.
    """

    def __init__(self, port: Port, max_waiting: int = 1000) -> None:
        self.port = port
        self.max_waiting = max_waiting
        self.line = Line(self._sent_away)
        self._queue: BusQueue[Entry] = BusQueue()
        self._lock = threading.Lock()
        self._work_to_do = threading.Condition(self._lock)
        self._door_opened = threading.Condition(self._lock)
        self._released = threading.Condition(self._lock)
        self._refusal: str | None = 'the bus is not in use yet'
        self.lost: str | None = None
        """Why there is no device any more; None while there is one."""
        self.on_lost: Callable[[], None] | None = None
        """Called, in whichever thread finds out, when the device is gone."""
        self._owned = False
        self._door_opens = math.inf
        self._handed_over: Begun | None = None
        self._ended = False
        self._threads: list[threading.Thread] = []

    def admit(self) -> None:
        """Let work in."""
        with self._lock:
            if self._ended:
                raise NotAvailableError('the bus has been shut down', port=self.port.name)
            self._refusal = None
            if not self._threads:
                self._threads = [
                    threading.Thread(target=target, name=f'dxl-bus-{name}')
                    for name, target in (('worker', self._serve), ('doorkeeper', self._keep_door))
                ]
                for thread in self._threads:
                    thread.start()

    def dismiss(self, reason: str, last: Work[R] | None = None) -> Future[R] | None:
        """
        Send everybody away: who waits and who is being served ends with NOT_AVAILABLE, now.

        :param reason: one sentence for those who are sent away, and for those who come later.
        :param last: what is done when they are gone, in the calling thread; not without a device.
        :return: brings the result of ``last``; None when it was not done.
        :raises NotAvailableError: the device did not let go of the one who was being served.
        """
        with self._lock:
            self._refusal = reason
            waiting = self._queue.pop_all()
        for entry in waiting:
            entry.future.set_exception(NotAvailableError(reason, port=self.port.name))
        with self._lock:
            if self._owned:
                self.port.cancel()
            if not self._released.wait_for(lambda: not self._owned, _LET_GO_S):
                raise NotAvailableError(
                    f'{self.port.name} did not end a cancelled wait within {_LET_GO_S:g} s; '
                    'unplug the adapter',
                    port=self.port.name,
                )
            self.port.resume()
            if last is None or self.lost is not None:
                return None
            self._owned = True
        entry = Entry(last, Future(), time.monotonic())
        entry.future.set_running_or_notify_cancel()
        self._go_on(self._begin(entry))()
        return entry.future

    def look_for_device(self) -> None:
        """Find out whether the device is still there; without it everybody is sent away."""
        try:
            self.port.available()
        except DxlPortError as error:
            self.lose(str(error))

    def restore(self) -> None:
        """Let work in again after the port has been opened again."""
        with self._lock:
            self.lost = None
            self.line.opened()
            self.statistics.reconnects += 1

    def lose(self, reason: str) -> None:
        """
        Send everybody away because the device is gone.

        Who waits gets TX_FAIL, who is being served RX_FAIL.

        :param reason: one sentence, for them and for those who come before :meth:`restore`.
        """
        with self._lock:
            if self.lost is not None:
                return
            self.lost = reason
            waiting = self._queue.pop_all()
            if self._owned:
                self.port.cancel()
        for entry in waiting:
            entry.future.set_exception(TransmitError(reason, port=self.port.name))
        if self.on_lost is not None:
            self.on_lost()

    def wait_until_free(self) -> None:
        """Wait until nobody uses the port, as long as a cancelled wait may take to end."""
        with self._lock:
            self._released.wait_for(lambda: not self._owned, _LET_GO_S)

    def shutdown(self, reason: str) -> None:
        """
        Send everybody away for good and end the threads; safe any number of times.

        :param reason: as for :meth:`dismiss`.
        """
        self.dismiss(reason)
        with self._lock:
            self._ended = True
            self._work_to_do.notify_all()
            self._door_opened.notify_all()
        for thread in self._threads:
            thread.join()
        self._threads = []

    def submit(self, work: Work[R], patience_s: float = 0.0) -> Future[R]:
        """
        Have something done, in its turn.

        :param work: what.
        :param patience_s: how long the calling thread may be kept to do it right away, s.
        :return: brings the result; or PortBusyError, NotAvailableError, or what the work raised.
            It cannot be cancelled.
        """
        future: Future[R] = Future()
        # From here on cancel() has no effect, so that a result can always be set.
        future.set_running_or_notify_cancel()
        now = time.monotonic()
        entry = Entry(work, future, now)
        short_way = False
        refused: DxlPortError | None = None
        with self._lock:
            if self._refusal is not None:
                refused = NotAvailableError(self._refusal, port=self.port.name)
            elif self.lost is not None:
                refused = TransmitError(self.lost, port=self.port.name)
            elif not self._owned and not self._queue:
                # It has the bus at once: no queue_timeout, not even one of 0, can end its wait.
                self._owned = True
                short_way = work.expected_s <= patience_s
                if not short_way:
                    self._handed_over = self._begin(entry)
                    self._work_to_do.notify()
            elif len(self._queue) < self.max_waiting or work.goes_ahead:
                self._enqueue(entry)
            else:
                refused = PortBusyError(
                    f'{self.max_waiting} requests wait for {self.port.name} already and max_queue '
                    'allows no more; send less often or raise the parameter',
                    port=self.port.name,
                )
        if refused is not None:
            future.set_exception(refused)
        elif short_way:
            self._go_on(self._begin(entry), now + patience_s)()
        return future

    def run(self, work: Work[R]) -> R:
        """
        Have something done, in its turn, and wait for it.

        :raises DxlPortError: it was not done.
        """
        return self.submit(work, patience_s=math.inf).result()

    @property
    def statistics(self) -> Statistics:
        """What has become of the transactions so far."""
        return self.line.statistics

    @property
    def waiting(self) -> int:
        """How many pieces of work wait for their turn."""
        return len(self._queue)

    def _enqueue(self, entry: Entry) -> None:
        # To wait for a board that is starting is not to wait for the bus.
        waits_from = max(entry.submitted, self.line.ready_from)
        deadline = waits_from + entry.work.queue_timeout_s
        self._queue.push(entry, entry.work.priority, deadline)
        if not self._owned:
            self._work_to_do.notify()
        if deadline < self._door_opens:
            self._door_opened.notify()

    def _begin(self, entry: Entry) -> Begun:
        entry.work.queued_s = time.monotonic() - entry.submitted
        return Begun(entry, entry.work.steps(self.port, self.line))

    def _go_on(self, begun: Begun, until: float = math.inf) -> Callable[[], object]:
        """
        Carry out work until it is over, or hand it to the worker when that takes too long.

        :param until: how long this thread may be kept, monotonic time, s.
        :return: tells the one who waits for it what came of it; to be called soon.
        """
        future, steps, port = begun.entry.future, begun.steps, self.port
        try:
            if begun.end is not None:
                raise begun.end
            wait = begun.wait or next(steps)
            while True:
                deadline = min(wait.deadline, until)
                received = b''
                try:
                    if wait.most:
                        received = port.read(wait.most, deadline)
                    else:
                        port.pause(deadline)
                except DxlPortError as error:
                    wait = steps.throw(error)
                    continue
                if received or wait.deadline <= until:
                    wait = steps.send(received)
                # Also when bytes came: noise may go on coming for as long as the work waits.
                if time.monotonic() >= until:
                    begun.wait = wait
                    self._hand_over(begun)
                    return _nothing
        except StopIteration as end:
            self._release()
            return functools.partial(future.set_result, end.value)
        except BaseException as error:
            # Whatever it was, it belongs to the one who waits; nobody else would ever see it.
            self.line.failed |= isinstance(error, (TransmitError, ReceiveError))
            away = self._sent_away() if isinstance(error, PortClosedError) else None
            self._release()
            if not isinstance(error, Exception):
                future.set_exception(error)
                raise
            return functools.partial(future.set_exception, away or error)

    def _sent_away(self) -> DxlPortError | None:
        """Say why the one who is served is not served any longer, if that is so."""
        if self._refusal is not None:
            return NotAvailableError(self._refusal, port=self.port.name)
        if self.lost is not None:
            return ReceiveError(self.lost, port=self.port.name)
        return None

    def _hand_over(self, begun: Begun) -> None:
        with self._lock:
            self._handed_over = begun
            self._work_to_do.notify()

    def _release(self) -> None:
        if self.line.failed:
            self.line.failed = False
            self.look_for_device()
        with self._lock:
            self._owned = False
            if self._queue:
                self._work_to_do.notify()
            self._released.notify_all()

    def _serve(self) -> None:
        """Be the worker."""
        tell: Callable[[], object] = _nothing
        while True:
            with self._lock:
                begun = self._next()
                if begun is None and tell is _nothing:
                    if self._ended:
                        return
                    self._work_to_do.wait()
                    continue
            # While the servos answer, there is time to tell; while a port is set up, there is not.
            if begun is not None and begun.wait is None and begun.entry.work.begins_by_sending:
                begun.first_step()
            tell()
            tell = _nothing if begun is None else self._go_on(begun)

    def _next(self) -> Begun | None:
        """Give the work whose turn it is, under the lock; None when there is none."""
        begun, self._handed_over = self._handed_over, None
        if begun is None and self._queue and not self._owned:
            self._owned = True
            begun = self._begin(self._queue.pop())
        return begun

    def _keep_door(self) -> None:
        """Be the doorkeeper."""
        while True:
            with self._lock:
                now = time.monotonic()
                expired = self._queue.pop_expired(now)
                if not expired:
                    if self._ended:
                        return
                    deadline = self._queue.next_deadline()
                    self._door_opens = math.inf if deadline is None else deadline
                    self._door_opened.wait(min(self._door_opens - now, threading.TIMEOUT_MAX))
            for entry in expired:
                waited_s = now - entry.submitted
                entry.future.set_exception(
                    PortBusyError(
                        f'{self.port.name} was busy for all of the {waited_s:.3f} s that the '
                        'request would wait; allow a longer queue_timeout, or send less often',
                        port=self.port.name,
                        waited_s=waited_s,
                    )
                )


def _nothing() -> None:
    """Tell nobody."""
