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

from collections.abc import Callable
import contextlib
import functools
import threading
import time
from typing import Any

from dxl_port_driver.client.background_node import BackgroundNode
from dxl_port_driver.client.executor_state import is_spun_by_this_thread, run_in_executor
from dxl_port_driver.client.question import Question
from dxl_port_driver.errors import (
    DeadlockError,
    DriverMissingError,
    DxlPortError,
    NotSpunError,
    PortClosedError,
)
from dxl_port_driver.wait_thread import WaitThread
from rclpy.callback_groups import CallbackGroup, ReentrantCallbackGroup
from rclpy.client import Client
from rclpy.exceptions import InvalidHandle
from rclpy.logging import get_logger
from rclpy.node import Node
from rclpy.qos import QoSProfile

_LOOK_UP_S = 0.02
_REJOIN_S = 2.0
_STUCK_S = 1.0
"""A function that is called with a response takes the others' time when it takes that long, s."""
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
        self.proven: set[str] = set()
        """Services whose responses are known to come back, by the last part of their names."""
        # A callback that blocks or awaits must not keep the response to it from being taken.
        self._group: CallbackGroup = ReentrantCallbackGroup()
        self._thread: WaitThread | None = None
        self._qos = QoSProfile(depth=_REQUESTS_UNDER_WAY)
        self._clients: dict[str, Client] = {}
        self._lock = threading.Lock()
        self._background: BackgroundNode | None = None
        self._left: BackgroundNode | None = None
        self._was_found = False
        self._closed = False
        self._rejoin_s = _REJOIN_S
        self._rejoin_due = 0.0

    def own(self, background: BackgroundNode) -> None:
        """
        Use a node of their own, and have the responses taken past its executor.

        :param background: the node, which :meth:`close` ends.
        """
        self._background = background
        self.node = background.node
        self._thread, self._group = background.responses, background.responses.group

    def close(self) -> None:
        """Take the clients off the graph, with their node if it is their own."""
        with self._lock:
            self._closed = True
            clients, self._clients = self._clients, {}
            background, left = self._background, self._left
        if background is None:
            if self.node.context.ok():
                for client in clients.values():
                    self.node.destroy_client(client)
            return
        for one in (background, left):
            if one is not None:
                one.close()

    def rejoin(self, now: float, waiting_since: float) -> None:
        """
        Join the graph anew when a driver that was never found is waited for long.

        Where processes died hard, DDS may keep a newcomer from finding the others for as long as
        it remembers the dead, which is 20 s or more; another newcomer finds them at once. Clients
        on a node that somebody else made stay there.

        :param now: monotonic time, s.
        :param waiting_since: when the wait began, monotonic time, s.
        """
        with self._lock:
            if self._background is None or self._was_found or self._closed:
                return
            if now < max(self._rejoin_due, waiting_since + _REJOIN_S):
                return
            self._rejoin_s *= 2.0
            self._rejoin_due = now + self._rejoin_s
        # Made before the other one is left, so that it gets other network ports.
        background = BackgroundNode()
        with self._lock:
            # A thread may be about to use the one that is left now, so that it ends a turn later.
            ending, self._left = self._left, self._background
            if self._closed:
                ending = background
            else:
                self._clients = {}
                self.own(background)
        if ending is not None:
            ending.close()

    def would_wait_for_itself(self) -> bool:
        """Tell whether a response can be taken by nobody but the calling thread."""
        if self._thread is not None:
            return self._thread.is_this_thread()
        return is_spun_by_this_thread(self.node)

    def look_for_taker(self) -> Callable[[], bool] | None:
        """
        Find out whether responses are taken at all.

        :return: tells whether they have been since; None when there is nobody to take any.
        """
        thread = self._thread
        if thread is not None:
            return lambda: thread.busy_s < _STUCK_S
        task = run_in_executor(self.node, _nothing)
        return None if task is None else task.done

    def call_where_expected(self, function: Callable[..., object], *arguments: object) -> bool:
        """
        Call a function in the thread in which functions are called with responses.

        :return: False when that thread is not there, or is the client's own.
        """
        if self._thread is not None:
            return False
        return run_in_executor(self.node, function, *arguments) is not None

    def not_taken(self, waited_s: float) -> NotSpunError:
        """Give the error that tells of a response that nobody takes."""
        taker = (
            'keep functions that are called with a response short'
            if self._thread is not None
            else f'spin {self.node.get_fully_qualified_name()} in an executor, in another thread, '
            'and keep its callbacks short'
        )
        return NotSpunError(
            f'nobody took the response of {self.driver} within {waited_s:.1f} s: {taker}; what '
            'was asked may have been done',
            port=self.driver,
        )

    def deadlock(self) -> DeadlockError:
        """Give the error that tells of a wait of the one who has to take the response."""
        where = (
            'a function that is called with a response, in the thread'
            if self._thread is not None
            else f'a callback of the executor of {self.node.get_fully_qualified_name()}, the one'
        )
        return DeadlockError(
            f'this blocks in {where} that would have to take the response, for ever: await the '
            '_async form, or call it in another thread'
        )

    def send(self, question: Question[Any]) -> Any:
        """
        Send a request now.

        :return: the rclpy future of its response.
        :raises NotSpunError: rclpy was shut down, or the node destroyed.
        :raises PortClosedError: the clients were closed.
        """
        try:
            return self._client(question).call_async(question.request)
        except RuntimeError as error:
            reason = self._over(error)
            if reason is None:
                raise
            raise reason from error

    def forget(self, question: Question[Any], future: Any) -> None:
        """Wait no longer for a response; harmless once all is closed."""
        client = self._clients.get(question.service)
        if client is not None:
            client.remove_pending_request(future)

    def is_ready(self, question: Question[Any]) -> bool:
        """
        Tell whether the driver's service is on the graph.

        :raises NotSpunError: rclpy was shut down, or the node destroyed.
        :raises PortClosedError: the clients were closed.
        """
        try:
            is_ready = self._client(question).service_is_ready()
        except RuntimeError as error:
            reason = self._over(error)
            if reason is None:
                raise
            raise reason from error
        if is_ready:
            self._was_found = True
        return is_ready

    def await_driver(self, question: Question[Any], timeout_s: float) -> None:
        """
        Wait until the driver's service is on the graph.

        :param timeout_s: how long, s.
        :raises DriverMissingError: it did not come up in time.
        """
        self.proven.discard(question.service)
        begun = time.monotonic()
        while not self.is_ready(question):
            now = time.monotonic()
            if now >= begun + timeout_s:
                raise self.missing(question, timeout_s)
            self.rejoin(now, begun)
            time.sleep(_LOOK_UP_S)

    def missing(self, question: Question[Any], waited_s: float) -> DriverMissingError:
        """Give the error that tells of a driver that is not there."""
        return DriverMissingError(
            f'no service {self.driver}/{question.service} came up within '
            f'{round(waited_s, 1):g} s; start the driver, or check its name, ROS_DOMAIN_ID and '
            'the network between',
            port=self.driver,
        )

    def shut_down(self) -> NotSpunError:
        """Give the error that tells of a context that is over."""
        return NotSpunError(
            'rclpy has been shut down, so there is no way to reach '
            f'{self.driver}; initialise it again and make a new client',
            port=self.driver,
        )

    def closed(self) -> PortClosedError:
        """Return the error that tells of a client that was closed."""
        return PortClosedError(
            f'the client of {self.driver} is closed; make a new one', port=self.driver
        )

    def _over(self, error: RuntimeError) -> DxlPortError | None:
        """
        Return what to tell in place of an error of rclpy's; None: that was not closing.

        They are RuntimeErrors; which one it is when something is gone differs between the distros.
        """
        if self._closed:
            return self.closed()
        if not self.node.context.ok():
            return self.shut_down()
        if isinstance(error, InvalidHandle):
            return NotSpunError(
                'the node of the client was destroyed, so there is no way to reach '
                f'{self.driver}; make a new client on another node',
                port=self.driver,
            )
        return None

    def _client(self, question: Question[Any]) -> Client:
        client = self._clients.get(question.service)
        if client is None:
            with self._lock:
                if self._closed:
                    raise self.closed()
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
        try:
            header, response = client.handle.take_response(client.srv_type.Response)
        except Exception as error:
            # One broken response must not keep the others from those who wait for them.
            get_logger('dxl_port_client').error(f'a response is broken: {error!r}')
            return
        if header is None:
            return
        # One that nobody waits for any longer is dropped.
        with contextlib.suppress(KeyError):
            client.get_pending_request(header.request_id.sequence_number).set_result(response)


def _nothing() -> None:
    """Be done."""
