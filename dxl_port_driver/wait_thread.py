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
Takes requests or responses in a thread of its own, past the executor of the node.

An executor of rclpy makes a new wait set of everything that a node has, for every single thing
that comes, and a task for each. That is most of what a service call costs. For the few services
on which the speed of a bus hangs, a thread that waits for nothing else does with a fraction.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
import threading
import time
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.client import Client
from rclpy.exceptions import InvalidHandle
from rclpy.guard_condition import GuardCondition
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.node import Node
from rclpy.service import Service

_FOR_EVER = -1
_AFTER_FAILURE_S = 0.5


class _PastExecutor(CallbackGroup):
    """The group of what no executor shall wait for."""

    def can_execute(self, entity: Any) -> bool:
        return False

    def beginning_execution(self, entity: Any) -> bool:
        return False

    def ending_execution(self, entity: Any) -> None:
        pass


class WaitThread:
    """
    Waits for services and clients of a node, and has what comes taken.

    Its thread begins with the first that it is to watch.

    :param node: that has them; its context must be the one that it will have to the end.
    :param name: of the thread.
    """

    def __init__(self, node: Node, name: str) -> None:
        self._node = node
        self._name = name
        self._context: Any = node.context.handle
        self.group: CallbackGroup = _PastExecutor()
        """The callback group to make the services and clients with."""
        self._takers: dict[Service | Client, Callable[[], None]] = {}
        self._changed = False
        self._stopping = False
        self._busy_since: float | None = None
        self._lock = threading.Lock()
        # Not the node's, which may be destroyed before anybody says that it is over.
        self._bell = GuardCondition(None, None, context=node.context)
        self._thread: threading.Thread | None = None
        # A wait in rcl does not end by itself when the context does; nor is anybody told of that
        # when a signal ends it, so that close() is needed then as well.
        node.context.on_shutdown(self._stop)

    def watch(self, entity: Service | Client, take: Callable[[], None]) -> None:
        """
        Wait for one more.

        :param take: called in the thread when something has come; takes all that there is, and
            raises nothing.
        """
        with self._lock:
            self._takers[entity] = take
            self._changed = True
            if self._stopping:
                return
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            else:
                self._bell.trigger()

    def close(self) -> None:
        """End the thread, before the node is destroyed; safe any number of times."""
        self._stop()
        if self._thread is not None:
            self._thread.join()
        self._bell.destroy()

    @property
    def busy_s(self) -> float:
        """How long it has been at one and the same thing, s; 0 while it waits."""
        since = self._busy_since
        return 0.0 if since is None else time.monotonic() - since

    def is_this_thread(self) -> bool:
        """Tell whether it is called in the thread itself, in which nothing can be waited for."""
        return threading.current_thread() is self._thread

    def _stop(self) -> None:
        with self._lock:
            if not self._stopping:
                self._stopping = True
                self._bell.trigger()

    def _run(self) -> None:
        while not self._stopping:
            with self._lock:
                takers, self._changed = dict(self._takers), False
            try:
                self._wait_for(takers)
            except Exception as error:
                self._busy_since = None
                if self._stopping or self._is_context_over():
                    return
                # Whoever asks would wait in vain: go on, but not so that it fills the log.
                self._node.get_logger().error(f'{self._name} failed: {error!r}; it goes on')
                time.sleep(_AFTER_FAILURE_S)

    def _is_context_over(self) -> bool:
        # Not by way of rclpy's context, whose lock is held by who ends it and waits for this.
        try:
            with self._context:
                return not self._context.ok()
        except InvalidHandle:
            return True

    def _wait_for(self, takers: dict[Service | Client, Callable[[], None]]) -> None:
        """Have taken what comes, until there is something else to wait for as well."""
        services = [entity for entity in takers if isinstance(entity, Service)]
        clients = [entity for entity in takers if isinstance(entity, Client)]
        by_pointer = {entity.handle.pointer: take for entity, take in takers.items()}
        with ExitStack() as held:
            # What is waited for must not be destroyed meanwhile.
            for handle in (
                self._context,
                self._bell.handle,
                *(entity.handle for entity in takers),
            ):
                held.enter_context(handle)
            wait_set: Any = rclpy_implementation.WaitSet(
                0, 1, 0, len(clients), len(services), 0, self._context
            )
            while not self._stopping and not self._changed:
                wait_set.clear_entities()
                wait_set.add_guard_condition(self._bell.handle)
                for client in clients:
                    wait_set.add_client(client.handle)
                for service in services:
                    wait_set.add_service(service.handle)
                wait_set.wait(_FOR_EVER)
                for pointer in (
                    *wait_set.get_ready_entities('service'),
                    *wait_set.get_ready_entities('client'),
                ):
                    self._busy_since = time.monotonic()
                    by_pointer[pointer]()
                    self._busy_since = None
