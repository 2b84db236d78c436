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
The leases of the cycles that a client started, and their renewal.

A cycle runs in the driver, without the program that started it. With a lease it ends soon after
that program: as long as the client lives, a thread of its own renews, independent of the node's
executor, which may be busy. When the process dies the thread dies with it, and nothing is renewed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
import contextlib
from dataclasses import dataclass, field
import math
import threading
import time
from typing import Any
import weakref

from dxl_port_driver.client.questions import renew_cyclic
from dxl_port_driver.client.service_clients import ServiceClients
from dxl_port_driver.errors import NotSpunError, ResultCode

DEFAULT_LEASE_S = 1.0

_TIMES_A_LEASE = 4
"""How often a lease is renewed within its length, so that a late or lost renewal does no harm."""
_UNANSWERED = 16
"""So many renewals may await their responses, while the executor of the node is busy."""
_END_S = 1.0
"""Bound of the wait for the thread, which ends at once."""


@dataclass(eq=False)
class Lease:
    """
    The lease of one start of a cycle.

    :param name: of the cycle.
    :param every_s: time from one renewal to the next, s; infinite: it is not renewed.
    """

    name: str
    every_s: float
    due: float
    is_granted: bool = False
    """Whether the driver is known to have started the cycle."""
    unanswered: deque[Any] = field(default_factory=deque)


class LeaseRenewer:
    """
    Renews the leases of the cycles that one client started.

    Its thread is there only while there are leases.

    :param clients: the way to the driver.
    """

    def __init__(self, clients: ServiceClients) -> None:
        self._clients = clients
        self._leases: list[Lease] = []
        # Reentrant: close() may be called in any thread, as garbage is collected in any.
        self._changed = threading.Condition(threading.RLock())
        self._thread: threading.Thread | None = None
        self._is_closed = False
        self._finalizer: Any = None

    def end_with(self, owner: object) -> None:
        """Close when an object is garbage, and before the process ends."""
        with self._changed:
            if self._finalizer is None:
                self._finalizer = weakref.finalize(owner, self.close)

    def hold(self, name: str, lease_s: float) -> Lease:
        """
        Renew a lease from now on, until :meth:`settle` tells that its cycle was not started.

        From now on, as the response to the start is not seen while the executor is busy.

        :param name: of a cycle that is about to be started.
        :param lease_s: s; 0: it is not renewed.
        """
        every_s = lease_s / _TIMES_A_LEASE or math.inf
        lease = Lease(name, every_s, time.monotonic() + every_s)
        with self._changed:
            if not self._is_closed and every_s < math.inf:
                self._leases.append(lease)
                self._changed.notify()
                if self._thread is None:
                    self._thread = threading.Thread(
                        target=self._run, name='dxl-client-leases', daemon=True
                    )
                    self._thread.start()
        return lease

    def settle(self, lease: Lease, *, is_granted: bool) -> None:
        """Take note whether the driver has started the cycle of a lease."""
        with self._changed:
            lease.is_granted = is_granted
            if is_granted:
                # The cycle took the place of another one of its name.
                self._keep(lambda one: one is lease or one.name != lease.name)
            else:
                self._keep(lambda one: one is not lease)

    @contextlib.contextmanager
    def held(self, name: str, lease_s: float) -> Iterator[None]:
        """Hold a lease while its cycle is being started, and go on when it was."""
        lease = self.hold(name, lease_s)
        try:
            yield
        except BaseException:
            self.settle(lease, is_granted=False)
            raise
        self.settle(lease, is_granted=True)

    def release(self, name: str) -> None:
        """Renew the lease of a cycle no more."""
        with self._changed:
            self._keep(lambda one: one.name != name)

    def close(self) -> None:
        """Renew nothing any more; safe any number of times."""
        with self._changed:
            self._is_closed = True
            self._keep(lambda _: False)
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(_END_S)

    def _keep(self, is_kept: Callable[[Lease], bool]) -> None:
        self._leases = [one for one in self._leases if is_kept(one)]
        self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._leases or self._is_closed:
                    self._thread = None
                    return
                now = time.monotonic()
                due = min(lease.due for lease in self._leases)
                if due > now:
                    self._changed.wait(due - now)
                    continue
                leases = [lease for lease in self._leases if lease.due <= now]
                for lease in leases:
                    lease.due = now + lease.every_s
            for lease in leases:
                try:
                    self._renew(lease)
                except NotSpunError:
                    self.close()  # rclpy was shut down, and the process is about to end
                except Exception as error:
                    # As when the node was destroyed: there is no way to renew any more.
                    self._lose(lease, repr(error))

    def _renew(self, lease: Lease) -> None:
        question = renew_cyclic(lease.name, self._clients.driver)
        # A driver that is away is waited for; if it comes back without the cycle, it says so.
        if not self._clients.is_ready(question):
            return
        # Until the cycle is known to run a refusal says nothing, and it may be seen only after the
        # response to the start, by another thread of the executor.
        is_granted = lease.is_granted
        future = self._clients.send(question)
        with self._changed:
            lease.unanswered.append(future)
            oldest = lease.unanswered.popleft() if len(lease.unanswered) > _UNANSWERED else None
        if oldest is not None:
            self._clients.forget(question, oldest)
        future.add_done_callback(lambda done: self._take(lease, done, is_granted))

    def _take(self, lease: Lease, future: Any, is_granted: bool) -> None:
        with self._changed, contextlib.suppress(ValueError):
            lease.unanswered.remove(future)
        response = future.result()
        if response is None or response.result == ResultCode.SUCCESS:
            return
        # Before the cycle is started, there is nothing to renew; that goes on.
        if is_granted:
            self._lose(lease, response.message)

    def _lose(self, lease: Lease, why: str) -> None:
        with self._changed:
            if lease not in self._leases:
                return
            self._keep(lambda one: one is not lease)
        self._clients.node.get_logger().warning(
            f'cycle {lease.name!r} of {self._clients.driver} does not run any more, and its lease '
            f'is not renewed: {why}'
        )
