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

"""The services by which other nodes use the bus."""

from __future__ import annotations

from typing import TypeVar

from dxl_port_driver.bus.bus import Bus
from dxl_port_driver.bus.work import AvailableWork, ClearWork, ReadWork, Work
from dxl_port_driver.conversions import (
    fill_result,
    octets,
    result_to_message,
    seconds,
    transaction_from_message,
)
from dxl_port_driver.errors import DxlPortError, ResultCode
from dxl_port_driver.node.prompt_services import outcome, PromptServices
from dxl_port_driver.node.work_orders import batch_work, Driver, failed, transact_work
from dxl_port_driver.protocol.transaction import (
    Framing,
    Transaction,
)
from dxl_port_interfaces.srv import (
    GetBytesAvailable,
    ReadPort,
    Transact,
    TransactBatch,
    WritePort,
)
from rclpy.node import Node
from std_srvs.srv import Trigger

R = TypeVar('R')

_PATIENCE_S = 2e-3
"""How long the thread that takes requests may be kept by one whose answer is near, s."""


class BusServices:
    """
    Answers requests; every one gets a result code and a sentence, whatever happens.

    :param node: where the services are created.
    :param driver: gives the bus, while there is one.
    """

    def __init__(self, node: Node, driver: Driver) -> None:
        self._driver = driver
        self._prompt = PromptServices(node)
        for name, kind, callback in (
            ('write', WritePort, self._write),
            ('read', ReadPort, self._read),
            ('clear', Trigger, self._clear),
            ('get_bytes_available', GetBytesAvailable, self._get_bytes_available),
            ('transact', Transact, self._transact),
            ('transact_batch', TransactBatch, self._transact_batch),
        ):
            self._prompt.create(kind, f'~/{name}', callback)

    @property
    def is_busy(self) -> bool:
        """Whether somebody waits for a response."""
        return self._prompt.is_busy

    def destroy(self) -> None:
        """Take the services off the graph; safe any number of times."""
        self._prompt.destroy()

    async def _transact(
        self, request: Transact.Request, response: Transact.Response
    ) -> Transact.Response:
        try:
            bus = self._driver.bus
            transaction = transaction_from_message(request.transaction)
            result = await self._done(bus, transact_work(transaction, self._driver))
        except DxlPortError as error:
            result = failed(error)
        fill_result(response.result, result)
        return response

    async def _transact_batch(
        self, request: TransactBatch.Request, response: TransactBatch.Response
    ) -> TransactBatch.Response:
        try:
            bus = self._driver.bus
            work = batch_work(
                request.transactions, self._driver, stop_on_error=request.stop_on_error
            )
            results = await self._done(bus, work)
        except DxlPortError as error:
            results = [failed(error)]
        response.results = [result_to_message(result) for result in results]
        return response

    async def _write(
        self, request: WritePort.Request, response: WritePort.Response
    ) -> WritePort.Response:
        transaction = Transaction(request.data.tobytes(), Framing.NONE)
        try:
            bus = self._driver.bus
            work = transact_work(transaction, self._driver, keep_received=True)
            result = await self._done(bus, work)
        except DxlPortError as error:
            result = failed(error)
        response.result, response.message = int(result.result), result.message
        if result.result is ResultCode.SUCCESS:
            response.length = len(transaction.data)
        return response

    async def _read(
        self, request: ReadPort.Request, response: ReadPort.Response
    ) -> ReadPort.Response:
        try:
            limits = self._driver.limits
            timeout_s = seconds(request.timeout)
            bus = self._driver.bus
            limits.check_length('length', request.length)
            limits.check_timeout('timeout', timeout_s)
            result = await self._done(
                bus,
                ReadWork(request.length, timeout_s, queue_timeout_s=limits.max_queue_time_s),
            )
        except DxlPortError as error:
            result = failed(error)
        response.result, response.message = int(result.result), result.message
        response.data = octets(result.data)
        return response

    async def _clear(
        self, request: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        try:
            await self._done(
                self._driver.bus, ClearWork(0, self._driver.limits.max_queue_time_s, 0.0)
            )
        except DxlPortError as error:
            response.message = str(error)
        else:
            response.success = True
        return response

    async def _get_bytes_available(
        self, request: GetBytesAvailable.Request, response: GetBytesAvailable.Response
    ) -> GetBytesAvailable.Response:
        try:
            response.length = await self._done(
                self._driver.bus, AvailableWork(0, self._driver.limits.max_queue_time_s, 0.0)
            )
        except DxlPortError as error:
            response.result, response.message = int(error.code), str(error)
        return response

    async def _done(self, bus: Bus, work: Work[R]) -> R:
        """Have work done: at once if it is quick and nobody waits, else without blocking."""
        # When requests come on the heels of each other, the thread that takes them only does that:
        # they queue, so that priority counts.
        patience_s = 0.0 if self._prompt.on_heels else _PATIENCE_S
        return await outcome(bus.submit(work, patience_s))
