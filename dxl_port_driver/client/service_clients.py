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

"""The rclpy service clients for one driver, each made when it is first needed."""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from typing import Any

from dxl_port_driver.client.executor_state import is_spun_by_this_thread
from dxl_port_driver.client.question import Question
from dxl_port_driver.errors import DriverMissingError, NotSpunError
from dxl_port_driver.wait_thread import WaitThread
from rclpy.callback_groups import CallbackGroup, ReentrantCallbackGroup
from rclpy.client import Client
from rclpy.node import Node
from rclpy.qos import QoSProfile

_LOOK_UP_S = 0.02
_REQUESTS_UNDER_WAY = 256
"""As many as the driver keeps; responses beyond the depth of the queue would get lost."""


class ServiceClients:
    """
    Sends requests to one driver.

    :param node: where the clients are made.
    :param driver: name of the driver node.
    :param wait_for_driver_s: how long a request waits for the driver to come up, s.
    """

    def __init__(self, node: Node, driver: str, wait_for_driver_s: float) -> None:
        self.node = node
        self.driver = driver
        self.wait_for_driver_s = wait_for_driver_s
        # A callback that blocks or awaits must not keep the response to it from being taken.
        self._group: CallbackGroup = ReentrantCallbackGroup()
        self._thread: WaitThread | None = None
        self._qos = QoSProfile(depth=_REQUESTS_UNDER_WAY)
        self._clients: dict[str, Client] = {}
        self._lock = threading.Lock()

    def take_responses_in(self, thread: WaitThread) -> None:
        """
        Have the responses taken past the executor of the node.

        :param thread: takes them; to be said before anything is sent.
        """
        self._thread, self._group = thread, thread.group

    def would_wait_for_itself(self) -> bool:
        """Tell whether a response can be taken by nobody but the calling thread."""
        if self._thread is not None:
            return self._thread.is_this_thread()
        return is_spun_by_this_thread(self.node)

    def send(self, question: Question[Any]) -> Any:
        """
        Send a request now.

        :return: the rclpy future of its response.
        :raises NotSpunError: rclpy was shut down.
        """
        try:
            return self._client(question).call_async(question.request)
        except RuntimeError as error:
            # rclpy's errors are RuntimeErrors; which one it is differs between the distros.
            if self.node.context.ok():
                raise
            raise self.shut_down() from error

    def forget(self, question: Question[Any], future: Any) -> None:
        """Wait no longer for a response."""
        self._client(question).remove_pending_request(future)

    def is_ready(self, question: Question[Any]) -> bool:
        """
        Tell whether the driver's service is on the graph.

        :raises NotSpunError: rclpy was shut down.
        """
        try:
            return self._client(question).service_is_ready()
        except RuntimeError as error:
            if self.node.context.ok():
                raise
            raise self.shut_down() from error

    def await_driver(self, question: Question[Any], timeout_s: float) -> None:
        """
        Wait until the driver's service is on the graph.

        :param timeout_s: how long, s.
        :raises DriverMissingError: it did not come up in time.
        """
        deadline = time.monotonic() + timeout_s
        while not self.is_ready(question):
            if time.monotonic() >= deadline:
                raise self.missing(question, timeout_s)
            time.sleep(_LOOK_UP_S)

    def missing(self, question: Question[Any], waited_s: float) -> DriverMissingError:
        """Give the error that tells of a driver that is not there."""
        return DriverMissingError(
            f'no service {self.driver}/{question.service} came up within {waited_s:g} s; start '
            'the driver, or check its name, ROS_DOMAIN_ID and the network between',
            port=self.driver,
        )

    def shut_down(self) -> NotSpunError:
        """Give the error that tells of a context that is over."""
        return NotSpunError(
            'rclpy has been shut down, so there is no way to reach '
            f'{self.driver}; initialise it again and make a new client',
            port=self.driver,
        )

    def destroy(self) -> None:
        """Take the clients off the graph."""
        with self._lock:
            clients, self._clients = self._clients, {}
        for client in clients.values():
            self.node.destroy_client(client)

    def _client(self, question: Question[Any]) -> Client:
        client = self._clients.get(question.service)
        if client is None:
            with self._lock:
                client = self._clients.get(question.service)
                if client is None:
                    client = self.node.create_client(
                        question.kind,
                        f'{self.driver}/{question.service}',
                        qos_profile=self._qos,
                        callback_group=self._group,
                    )
                    self._clients[question.service] = client
                    if self._thread is not None:
                        self._thread.watch(client, functools.partial(_take, client))
        return client


def _take(client: Client) -> None:
    """Hand the responses that have come to those who wait for them."""
    while True:
        header, response = client.handle.take_response(client.srv_type.Response)
        if header is None:
            return
        # One that nobody waits for any longer is dropped.
        with contextlib.suppress(KeyError):
            client.get_pending_request(header.request_id.sequence_number).set_result(response)
