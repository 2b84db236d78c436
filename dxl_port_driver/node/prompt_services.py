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

"""Services that are answered past the executor, by whichever thread has the answer."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Future
import types
from typing import Any, TypeVar

from dxl_port_driver.wait_thread import WaitThread
from rclpy.exceptions import InvalidHandle
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.service import Service

R = TypeVar('R')

Callback = Callable[[Any, Any], Coroutine[Any, None, Any]]

WAITING_REQUESTS = 256
"""Requests that DDS keeps for one service until they are taken."""

_MOST_AT_ONCE = 64
"""Requests that are taken from one service before the others have their turn."""


@types.coroutine
def outcome(future: Future[R]) -> Generator[Future[R], None, R]:
    """Await, in a callback of :class:`PromptServices`, what another thread brings."""
    if not future.done():
        yield future
    return future.result()


class PromptServices:
    """
    Takes requests in a thread of its own and answers them in whichever has the answer.

    A callback is a coroutine that takes a request and a response and gives the response. It begins
    in the thread ``dxl-requests``. Where it awaits an :func:`outcome`, it goes on in the thread
    that brings that.

    :param node: has the services.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._thread = WaitThread(node, 'dxl-requests')
        self._services: list[Service] = []
        self.on_heels = False
        """Whether the request that is being begun came while another one was."""
        self._unanswered: set[Coroutine[Any, None, Any]] = set()

    @property
    def is_busy(self) -> bool:
        """Whether somebody waits for a response."""
        return bool(self._unanswered)

    def create(self, kind: Any, name: str, callback: Callback) -> None:
        """Put a service on the graph."""
        service = self._node.create_service(
            kind,
            name,
            callback,
            qos_profile=QoSProfile(depth=WAITING_REQUESTS),
            callback_group=self._thread.group,
        )
        self._services.append(service)
        self._thread.watch(service, lambda: self._take(service))

    def destroy(self) -> None:
        """Take the services off the graph; safe any number of times."""
        self._thread.close()
        for service in self._services:
            self._node.destroy_service(service)
        self._services = []

    def _take(self, service: Service) -> None:
        self.on_heels = False
        for _ in range(_MOST_AT_ONCE):
            try:
                request, header = _next(service)
            except Exception as error:
                # One broken request must not take the bus away from all others.
                self._tell(service, error)
                continue
            if header is None:
                return
            answer = service.callback(request, service.srv_type.Response())
            self._unanswered.add(answer)
            self._go_on(answer, service, header)
            self.on_heels = True

    def _go_on(self, answer: Coroutine[Any, None, Any], service: Service, header: Any) -> None:
        """Run a callback until it awaits something, or to its end."""
        try:
            awaited = answer.send(None)
        except StopIteration as end:
            self._reply(service, end.value, header)
            self._unanswered.discard(answer)
        except Exception as error:
            self._unanswered.discard(answer)
            self._tell(service, error)
        else:
            awaited.add_done_callback(lambda _: self._go_on(answer, service, header))

    def _reply(self, service: Service, response: Any, header: Any) -> None:
        try:
            service.send_response(response, header)
        except InvalidHandle:
            pass  # the service has left the graph, and with it the one who waited
        except Exception as error:
            self._tell(service, error)

    def _tell(self, service: Service, error: Exception) -> None:
        self._node.get_logger().error(f'a request to {service.srv_name} failed: {error!r}')


def _next(service: Service) -> tuple[Any, Any]:
    """Give the request that has waited longest, and its header; that is None when none waits."""
    asked: tuple[Any, Any] = service.handle.service_take_request(service.srv_type.Request)
    return asked
