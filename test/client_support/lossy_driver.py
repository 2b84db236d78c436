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
"""A driver whose first responses get lost, as DDS loses them after a process died hard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
import contextlib
import threading
from typing import Any

from dxl_port_driver.errors import ResultCode
from dxl_port_driver.node.prompt_services import PromptServices
from dxl_port_interfaces.srv import (
    GetBytesAvailable,
    ReadPort,
    Transact,
    TransactBatch,
    WritePort,
)
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from std_srvs.srv import Trigger

KINDS = {
    'transact': Transact,
    'transact_batch': TransactBatch,
    'write': WritePort,
    'read': ReadPort,
    'clear': Trigger,
    'get_bytes_available': GetBytesAvailable,
}


class LossyDriver:
    """
    Takes every request of a driver's services, and does nothing but keep account.

    :param domain_id: ROS domain.
    :param lost: responses that get lost at first, of each service.
    """

    name = '/lossy'

    def __init__(self, domain_id: int, lost: int) -> None:
        self._lost = lost
        self.requests: dict[str, list[Any]] = {service: [] for service in KINDS}
        """What came, by service, in its order."""
        self._context = Context()
        rclpy.init(context=self._context, domain_id=domain_id)
        self._node = Node('lossy', context=self._context, use_global_arguments=False)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._services = PromptServices(self._node)
        for service, kind in KINDS.items():
            self._services.create(kind, f'~/{service}', self._callback(service))
        self._thread = threading.Thread(target=self._executor.spin)
        self._thread.start()

    def close(self) -> None:
        """Leave the graph in order."""
        self._services.destroy()
        self._executor.shutdown()
        self._thread.join()
        self._node.destroy_node()
        self._context.try_shutdown()

    def real(self, service: str) -> list[Any]:
        """Return the requests of a service that ask for something."""
        empty = KINDS[service].Request()
        return [request for request in self.requests[service] if request != empty]

    def count(self, service: str) -> Counter[bytes]:
        """Return how often each data was sent to a service."""
        return Counter(bytes(_data(request)) for request in self.real(service))

    def _callback(self, service: str) -> Any:
        async def take(request: Any, response: Any) -> Any:
            self.requests[service].append(request)
            if len(self.requests[service]) <= self._lost:
                raise ConnectionError('this response is lost, as the test wants it')
            if service == 'transact':
                empty = not request.transaction.data
                code = ResultCode.TX_ERROR if empty else ResultCode.SUCCESS
                response.result.result = int(code)
            elif service == 'clear':
                response.success = True
            elif service == 'write':
                response.length = len(request.data)
            return response

        return take


def _data(request: Any) -> Any:
    return request.transaction.data if hasattr(request, 'transaction') else request.data


@contextlib.contextmanager
def lossy_driver(domain_id: int, lost: int) -> Iterator[LossyDriver]:
    """Run one in this process."""
    driver = LossyDriver(domain_id, lost)
    try:
        yield driver
    finally:
        driver.close()
