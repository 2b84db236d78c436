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

"""A node that calls services, spun by a thread in the background as most programs have it."""

from __future__ import annotations

from collections.abc import Callable
import threading
from types import TracebackType
from typing import Any

import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile

PATIENCE_S = 30.0
_FIRST_CALLS, _FIRST_CALL_S = 15, 2.0
_RESPONSES = 256
"""
Every client of a service is sent the responses to all others as well, and drops them only when it
takes them: with the usual depth of 10, a client that the machine keeps waiting loses its own.
"""


class Caller:
    """
    Calls the services of one node and waits for the responses.

    :param domain: the ROS domain.
    :param target: name of the node that is called.
    """

    def __init__(self, domain: int, target: str = '/dxl_port_driver') -> None:
        self.target = target
        self._context = Context()
        rclpy.init(context=self._context, domain_id=domain)
        self.node = Node(
            'benchmark',
            context=self._context,
            use_global_arguments=False,
            enable_rosout=False,
            start_parameter_services=False,
        )
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._stopping = False
        self._thread = threading.Thread(target=self._spin)
        self._thread.start()

    def _spin(self) -> None:
        while not self._stopping:
            self._executor.spin_once()

    def __enter__(self) -> Caller:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End in order: a context that is not shut down disturbs those that come next."""
        self._stopping = True
        self._executor.create_task(lambda: None)
        self._thread.join()
        self.node.destroy_node()
        self._executor.shutdown()
        self._context.try_shutdown()

    def client(self, kind: Any, service: str) -> Any:
        """Give a client of one service, which is there."""
        qos = QoSProfile(depth=_RESPONSES)
        client = self.node.create_client(kind, f'{self.target}/{service}', qos_profile=qos)
        if not client.wait_for_service(PATIENCE_S):
            raise RuntimeError(f'there is no service {self.target}/{service}')
        return client

    def call(self, kind: Any, service: str, request: Any) -> Callable[[], Any]:
        """Give a function that makes the same call each time and gives the response."""
        client = self.client(kind, service)

        def once() -> Any:
            done = threading.Event()
            future = client.call_async(request)
            future.add_done_callback(lambda _: done.set())
            if not done.wait(PATIENCE_S):
                raise RuntimeError(f'no response from {self.target}/{service}')
            return future.result()

        self._find_the_way_back(client, request)
        return once

    def _find_the_way_back(self, client: Any, request: Any) -> None:
        """Call until a response comes: the first ones are lost while discovery is not over."""
        for _ in range(_FIRST_CALLS):
            done = threading.Event()
            future = client.call_async(request)
            future.add_done_callback(lambda _, done=done: done.set())
            if done.wait(_FIRST_CALL_S):
                return
        raise RuntimeError(f'no response from {client.service_name}')
