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

"""A service call under way, for those who do not block."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from concurrent.futures import Future, InvalidStateError
import contextlib
import threading
import time
from typing import Any, Generic, TypeVar

from dxl_port_driver.client.executor_state import awaiting_task, wake_executor
from dxl_port_driver.client.overdue import LOOK_S, Overdue, SOON_S
from dxl_port_driver.client.proof import Proof
from dxl_port_driver.client.question import Question
from dxl_port_driver.client.service_clients import ServiceClients
from dxl_port_driver.errors import DxlPortError, NotSpunError
import rclpy.task

T = TypeVar('T')

_GRACE_S = 1.0
_LOOK_FOR_DRIVER_S = 0.02


class Call(Future, Generic[T]):  # type: ignore[type-arg]
    """
    What an ``..._async`` method of the client gives: a ``concurrent.futures.Future``.

    It can be awaited, in a callback of an rclpy executor as well as in asyncio; ``result()``
    blocks; ``add_done_callback()`` takes a function. It cannot be cancelled: what was sent was
    sent.

    :param clients: how the response comes.
    """

    def __init__(self, clients: ServiceClients) -> None:
        super().__init__()
        self._clients = clients
        self.set_running_or_notify_cancel()

    def result(self, timeout: float | None = None) -> T:
        """
        Wait for the result.

        :param timeout: how long at most, s; None: until there is one, which is bounded too.
        :raises DeadlockError: the wait would never end.
        """
        self._refuse_deadlock()
        value: T = super().result(timeout)
        return value

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """
        Wait for the end, and give the error if it was one.

        :param timeout: how long at most, s; None: until it is there, which is bounded too.
        :raises DeadlockError: the wait would never end.
        """
        self._refuse_deadlock()
        return super().exception(timeout)

    def __await__(self) -> Generator[Any, None, T]:
        """Await in whatever runs the coroutine."""
        if self.done():
            return self.result()
        task = awaiting_task()
        if task is None:
            value: T = yield from asyncio.wrap_future(self).__await__()
            return value
        over: Any = rclpy.task.Future()

        def wake(_: Future[T]) -> None:
            over.set_result(None)
            wake_executor(task)

        self.add_done_callback(wake)
        yield from over.__await__()
        return self.result()

    def settle(self, value: T) -> None:
        """Set the result, unless the call has ended already."""
        with contextlib.suppress(InvalidStateError):
            self.set_result(value)

    def fail(self, error: BaseException) -> None:
        """Set the error, unless the call has ended already."""
        with contextlib.suppress(InvalidStateError):
            self.set_exception(error)

    def _refuse_deadlock(self) -> None:
        if not self.done() and self._clients.would_wait_for_itself():
            raise self._clients.deadlock()


class _Open(Generic[T]):
    """A call that is not over."""

    def __init__(self, question: Question[T], call: Call[T], begun: float) -> None:
        self.question = question
        self.call = call
        self.begun = begun
        self.future: Any = None
        self.overdue: Overdue | None = None
        self.error: DxlPortError | None = None
        self.told: float | None = None


class _Held:
    """Calls to one service that wait for the driver, and for the proof that it answers."""

    def __init__(self) -> None:
        self.items: list[_Open[Any]] = []
        self.proof: Proof | None = None


class CallWatch:
    """
    Sends questions without blocking, and ends those whose response does not come.

    Its thread is there only while calls are under way.

    :param clients: the way to the driver.
    """

    def __init__(self, clients: ServiceClients) -> None:
        self._clients = clients
        self._open: list[_Open[Any]] = []
        self._held: dict[str, _Held] = {}
        self._lock = threading.Lock()
        self._hurry = threading.Event()
        self._closed: DxlPortError | None = None
        self._thread: threading.Thread | None = None

    def begin(self, question: Question[T]) -> Call[T]:
        """Send a question now, or as soon as the driver is there and answers."""
        call: Call[T] = Call(self._clients)
        item = _Open(question, call, time.monotonic())
        try:
            if question.service in self._clients.proven and self._clients.is_ready(question):
                self._send(item)
            else:
                self._hold(item)
        except DxlPortError as error:
            call.fail(error)
            return call
        with self._lock:
            if self._closed is not None:
                call.fail(self._closed)
                return call
            self._open.append(item)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._watch, name='dxl-client-watch', daemon=True
                )
                self._thread.start()
        return call

    def close(self, error: DxlPortError) -> None:
        """End all calls, and the thread."""
        with self._lock:
            self._closed = error
            thread, left = self._thread, self._open
            self._open = []
            self._held = {}
        self._hurry.set()
        for item in left:
            item.call.fail(error)
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _send(self, item: _Open[Any]) -> None:
        item.begun = time.monotonic()
        item.future = self._clients.send(item.question)
        item.future.add_done_callback(lambda future: _take(item, future))

    def _hold(self, item: _Open[Any]) -> None:
        service = item.question.service
        with self._lock:
            # Those that come meanwhile queue up behind it.
            self._clients.proven.discard(service)
            self._held.setdefault(service, _Held()).items.append(item)
        self._prove(service, item.begun)

    def _prove(self, service: str, now: float) -> DxlPortError | None:
        """Go on with the proof that a service answers; return why it is given up."""
        with self._lock:
            held = self._held.get(service)
            if held is None or not held.items:
                return None
            question = held.items[0].question
        if not self._clients.is_ready(question):
            held.proof = None
            return None
        if question.proof is None:
            self._release(service)
            return None
        with self._lock:
            if held.proof is None:
                held.proof = Proof(self._clients, question.proof, lambda: self._release(service))
            proof = held.proof
        return proof.look(now)

    def _release(self, service: str) -> None:
        """Send the calls that were held, in their order, and let those that follow pass."""
        while True:
            with self._lock:
                held = self._held.get(service)
                if held is None:
                    return
                if not held.items:
                    del self._held[service]
                    self._clients.proven.add(service)
                    return
                item = held.items.pop(0)
            if item.call.done():
                continue
            try:
                self._send(item)
            except DxlPortError as error:
                item.call.fail(error)

    def _prove_all(self, now: float) -> None:
        for service in list(self._held):
            try:
                error = self._prove(service, now)
            except DxlPortError as raised:
                error = raised
            except Exception as raised:
                # Not one of ours, as when the node was destroyed; see _watch.
                with self._lock:
                    held = self._held.pop(service, None)
                for item in held.items if held is not None else ():
                    item.call.fail(raised)
                continue
            if error is None:
                continue
            with self._lock:
                held = self._held.pop(service, None)
            if held is not None:
                if held.proof is not None:
                    held.proof.forget()
                for item in held.items:
                    item.error = error

    def _watch(self) -> None:
        while True:
            self._hurry.wait(_LOOK_FOR_DRIVER_S if self._held else LOOK_S)
            now = time.monotonic()
            with self._lock:
                self._open = _not_over(self._open)
                for held in self._held.values():
                    held.items = _not_over(held.items)
                if not self._open:
                    self._thread = None
                    return
                items = list(self._open)
            self._prove_all(now)
            for item in items:
                try:
                    error = self._look(item, now)
                except DxlPortError as raised:
                    error = raised
                except Exception as raised:
                    # Not one of ours; but without this thread, no other call would ever end.
                    item.call.fail(raised)
                    continue
                if error is not None:
                    self._tell(item, error, now)

    def _look(self, item: _Open[Any], now: float) -> DxlPortError | None:
        if item.error is not None:
            return item.error
        if item.future is None:
            if self._clients.is_ready(item.question):
                return None
            if now - item.begun > self._clients.wait_for_driver_s:
                return self._clients.missing(item.question, self._clients.wait_for_driver_s)
            self._clients.rejoin(now, item.begun)
            return None
        if now - item.begun < SOON_S:
            return None
        if item.overdue is None:
            item.overdue = Overdue(self._clients, item.question, item.begun)
        error = item.overdue.look(now)
        if error is not None:
            self._clients.proven.discard(item.question.service)
        return error

    def _tell(self, item: _Open[Any], error: DxlPortError, now: float) -> None:
        """End a call, where its callbacks expect to be run: in the executor, if it runs."""
        is_first = item.told is None and not isinstance(error, NotSpunError)
        if is_first and self._clients.call_where_expected(item.call.fail, error):
            item.told = now
        elif item.told is None or now - item.told > _GRACE_S:
            item.call.fail(error)
        if item.future is not None:
            self._clients.forget(item.question, item.future)


def _not_over(items: list[_Open[Any]]) -> list[_Open[Any]]:
    return [item for item in items if not item.call.done()]


def _take(item: _Open[Any], future: Any) -> None:
    try:
        item.call.settle(item.question.answer(future.result()))
    except Exception as error:
        # It belongs to the one who waits; in the executor it would end the user's spin().
        item.call.fail(error)
