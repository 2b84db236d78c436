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

"""A node to call others from, spun in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable
import threading
import time
from typing import Any, TypeVar

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.srv import DescribeParameters, GetParameters, SetParameters
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter, parameter_value_to_python

T = TypeVar('T')

PATIENCE_S = 20.0
"""Far above anything that works; only what hangs takes so long."""

TRANSITIONS = {
    'configure': 1,
    'cleanup': 2,
    'activate': 3,
    'deactivate': 4,
    'unconfigured_shutdown': 5,
    'inactive_shutdown': 6,
    'active_shutdown': 7,
}


def eventually(what: Callable[[], T], patience_s: float = PATIENCE_S) -> T:
    """Give what ``what`` gives as soon as that is true."""
    deadline = time.monotonic() + patience_s
    while not (value := what()):
        assert time.monotonic() < deadline, f'waited {patience_s} s in vain for {what}'
        time.sleep(0.01)
    return value


class Graph:
    """A context, a node and an executor in one domain."""

    def __init__(self, domain_id: int) -> None:
        self.context = Context()
        rclpy.init(context=self.context, domain_id=domain_id)
        self.node = Node('test', context=self.context, use_global_arguments=False)
        self._executor = SingleThreadedExecutor(context=self.context)
        self._executor.add_node(self.node)
        self._clients: dict[str, Any] = {}
        self._stopping = False
        self._thread = threading.Thread(target=self._spin)
        self._thread.start()

    def _spin(self) -> None:
        while not self._stopping:
            self._executor.spin_once(timeout_sec=0.5)

    def close(self) -> None:
        """End in order: a context that is not shut down poisons its domain."""
        self._stopping = True
        self._executor.wake()
        self._thread.join()
        self.node.destroy_node()
        self._executor.shutdown()
        self.context.try_shutdown()

    def begin(self, kind: Any, name: str, request: Any) -> Any:
        """Send a request, give the future of its response."""
        client = self._clients.get(name)
        if client is None:
            client = self._clients[name] = self.node.create_client(kind, name)
        assert client.wait_for_service(PATIENCE_S), f'no service {name}'
        return client.call_async(request)

    def is_done(self, future: Any, patience_s: float = PATIENCE_S) -> bool:
        """Wait for a response; tell whether it came."""
        done = threading.Event()
        future.add_done_callback(lambda _: done.set())
        return done.wait(patience_s)

    def result(self, future: Any) -> Any:
        """Wait for a response."""
        assert self.is_done(future), 'no response'
        return future.result()

    def call(self, kind: Any, name: str, request: Any) -> Any:
        """Send a request and wait for its response."""
        return self.result(self.begin(kind, name, request))


class RemoteDriver:
    """A driver node somewhere on the graph, by its name."""

    def __init__(self, graph: Graph, name: str = '/dxl_port_driver') -> None:
        self.graph = graph
        self.name = name
        self._has_been_met = False

    def call(self, kind: Any, service: str, **fields: Any) -> Any:
        """Call one of the driver's services."""
        if not self._has_been_met:
            # Nothing that would harm if asked twice is asked of a driver that has not been met.
            self._has_been_met = bool(self.state)
        return self.graph.call(kind, f'{self.name}/{service}', kind.Request(**fields))

    def begin(self, kind: Any, service: str, **fields: Any) -> Any:
        """Call one of the driver's services, give the future."""
        return self.graph.begin(kind, f'{self.name}/{service}', kind.Request(**fields))

    @property
    def state(self) -> str:
        """Give the label of its lifecycle state."""
        # The first response to a client that the driver has only half met may be lost, on a
        # machine under load; asking again harms nobody.
        for patience_s in (1.0, 4.0, PATIENCE_S):
            future = self.begin(GetState, 'get_state')
            if self.graph.is_done(future, patience_s):
                break
        label: str = self.graph.result(future).current_state.label
        return label

    def change_state(self, transition: str) -> bool:
        """Ask for a transition; tell whether it succeeded."""
        asked = Transition(id=TRANSITIONS[transition])
        answer = self.call(ChangeState, 'change_state', transition=asked)
        return bool(answer.success)

    def activate(self) -> None:
        """Bring it from unconfigured to active."""
        assert self.change_state('configure')
        assert self.change_state('activate')

    def get(self, parameter: str) -> Any:
        """Give the value of a parameter."""
        answer = self.call(GetParameters, 'get_parameters', names=[parameter])
        return parameter_value_to_python(answer.values[0])

    def set(self, **values: Any) -> str | None:
        """Set parameters one by one; give the first reason of a refusal."""
        answer = self.call(
            SetParameters,
            'set_parameters',
            parameters=[
                Parameter(name, value=value).to_parameter_msg() for name, value in values.items()
            ],
        )
        return next((one.reason for one in answer.results if not one.successful), None)

    def describe(self, parameter: str) -> Any:
        """Give the descriptor of a parameter."""
        return self.call(DescribeParameters, 'describe_parameters', names=[parameter]).descriptors[
            0
        ]
