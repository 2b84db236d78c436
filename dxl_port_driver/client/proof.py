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
Proof that responses of a service come back.

DDS may lose the first response to a client, most of all after another process in the domain died
hard: the request arrives, and the response is sent before the driver has found the client's
reader. A request that was lost in this way must not be repeated, as it may have moved a servo. So
a call that does nothing goes first, and is repeated until it is answered.
"""

from __future__ import annotations

from collections.abc import Callable
import threading
import time
from typing import Any

from dxl_port_driver.client.overdue import Overdue, SOON_S
from dxl_port_driver.client.question import Question
from dxl_port_driver.client.service_clients import ServiceClients
from dxl_port_driver.errors import DxlPortError

_AGAIN_S = 0.1
_AGAIN_AT_MOST_S = 0.8


class Proof:
    """
    Proves the way to one service and back; never blocks.

    :param clients: the way to the driver.
    :param question: the call that does nothing, of a service that is on the graph.
    :param then: called once, by the thread that takes the first response.
    """

    def __init__(
        self, clients: ServiceClients, question: Question[None], then: Callable[[], object]
    ) -> None:
        self._clients = clients
        self._question = question
        self._then = then
        self._begun = time.monotonic()
        self._overdue = Overdue(clients, question, self._begun)
        self._due = 0.0
        self._pause_s = _AGAIN_S
        self._futures: list[Any] = []
        self._is_answered = False
        self._lock = threading.Lock()

    def look(self, now: float) -> DxlPortError | None:
        """
        Send the call when it is due.

        :param now: monotonic time, s.
        :return: why to give up; None to look again a little later.
        """
        with self._lock:
            is_due = now >= self._due
            if is_due:
                self._due = now + self._pause_s
                self._pause_s = min(2.0 * self._pause_s, _AGAIN_AT_MOST_S)
        if is_due:
            future = self._clients.send(self._question)
            with self._lock:
                self._futures.append(future)
            future.add_done_callback(self._take)
        return None if now - self._begun < SOON_S else self._overdue.look(now)

    def forget(self) -> None:
        """Wait for no response any longer."""
        with self._lock:
            futures, self._futures = self._futures, []
        for future in futures:
            self._clients.forget(self._question, future)

    def _take(self, _: Any) -> None:
        with self._lock:
            if self._is_answered:
                return
            self._is_answered = True
        self.forget()
        self._then()
