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
Changing the baudrate by parameter, in its turn and without freezing the node.

The parameter callbacks of rclpy cannot await, and the bus may be busy for as long as
``max_timeout``. So on an active node the change is awaited around rclpy's own parameter services,
before these run; the callback then finds it done, or refused.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from functools import partial
from typing import Any

from dxl_port_driver.bus.bus import Bus
from dxl_port_driver.bus.work import BaudrateWork
from dxl_port_driver.errors import DxlPortError
from dxl_port_driver.node.awaiting import finished, Pause
from dxl_port_driver.node.service_guards import Callback, wrap_service
from dxl_port_driver.node.work_orders import Driver
from rcl_interfaces.msg import Parameter as ParameterMsg
from rclpy.node import Node
from rclpy.parameter import Parameter


class BaudrateChanges:
    """
    Makes the changes that the parameter ``baudrate`` asks for while the node is active.

    :param node: whose parameter services are wrapped.
    :param driver: gives the bus, while there is one.
    """

    def __init__(self, node: Node, driver: Driver) -> None:
        self._node = node
        self._driver = driver
        self._turns: deque[object] = deque()
        self._tried: int | DxlPortError | None = None
        for name, atomic in (('set_parameters', False), ('set_parameters_atomically', True)):
            wrap_service(node, name, partial(self._change_first, atomic=atomic))

    def change(self, baudrate: int) -> None:
        """
        Change it, unless that has just been done or tried.

        :raises DxlPortError: it cannot be made.
        """
        if isinstance(self._tried, DxlPortError):
            raise self._tried
        if self._tried is None:
            bus = self._driver.bus
            bus.run(self._work(baudrate))

    def _work(self, baudrate: int) -> BaudrateWork:
        # Its turn comes when the request that has the bus is done.
        return BaudrateWork(baudrate, queue_timeout_s=self._driver.limits.max_timeout_s + 1.0)

    def _change_first(self, set_parameters: Callback, *, atomic: bool) -> Callback:
        async def answer(request: Any, response: Any) -> Any:
            # The executor goes on with what waits in any order; values have to be set in theirs.
            turn = object()
            self._turns.append(turn)
            try:
                while self._turns[0] is not turn:
                    await Pause()
                await self._try_first(request.parameters, atomic)
                return set_parameters(request, response)
            finally:
                self._tried = None
                self._turns.remove(turn)
                if self._turns and self._node.executor is not None:
                    self._node.executor.wake()

        return answer

    async def _try_first(self, messages: Iterable[ParameterMsg], atomic: bool) -> None:
        parameters = [Parameter.from_parameter_msg(message) for message in messages]
        refused = self._driver.refusal
        asked = [
            item.value
            for item in parameters
            if item.name == 'baudrate' and refused([item]) is None
        ]
        bus = self._bus()
        if not asked or bus is None or (atomic and refused(parameters) is not None):
            return
        try:
            await finished(bus.submit(self._work(asked[-1])), self._node.executor)
            self._tried = asked[-1]
        except DxlPortError as error:
            self._tried = error

    def _bus(self) -> Bus | None:
        try:
            return self._driver.bus
        except DxlPortError:
            return None
