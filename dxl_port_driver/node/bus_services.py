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

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar

from dxl_port_driver.bus.bus import Bus
from dxl_port_driver.bus.work import (
    AvailableWork,
    BatchWork,
    ClearWork,
    ReadWork,
    TransactWork,
    Work,
)
from dxl_port_driver.conversions import (
    octets,
    result_to_message,
    seconds,
    transaction_from_message,
)
from dxl_port_driver.errors import DxlPortError, ResultCode
from dxl_port_driver.protocol.exchange import make_exchange
from dxl_port_driver.protocol.timing import Link
from dxl_port_driver.protocol.transaction import (
    Framing,
    Limits,
    Transaction,
    TransactionResult,
)
from dxl_port_interfaces.srv import (
    GetBytesAvailable,
    ReadPort,
    Transact,
    TransactBatch,
    WritePort,
)
from rclpy.executors import Executor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from std_srvs.srv import Trigger

R = TypeVar('R')

_PATIENCE_S = 2e-3
"""How long the executor may be kept by a request whose answer is expected that soon, s."""

_HEELS_S = 100e-6
"""Sooner after the last one, a request had been waiting: others wait too, so it queues, s."""

_WAITING_REQUESTS = 256
"""Requests that DDS keeps for one service while the executor is at another one."""


class Driver(Protocol):
    """What the services ask of the driver that they belong to."""

    @property
    def bus(self) -> Bus:
        """
        The bus to use.

        :raises NotAvailableError: the driver is not active.
        """

    @property
    def link(self) -> Link:
        """What the port needs for a byte."""

    @property
    def limits(self) -> Limits:
        """What a single request is granted."""


class BusServices:
    """
    Answers requests; every one gets a result code and a sentence, whatever happens.

    :param node: where the services are created.
    :param driver: gives the bus, while there is one.
    """

    def __init__(self, node: Node, driver: Driver) -> None:
        self._node = node
        self._driver = driver
        qos = QoSProfile(depth=_WAITING_REQUESTS)
        self._services = [
            node.create_service(kind, f'~/{name}', callback, qos_profile=qos)
            for name, kind, callback in (
                ('write', WritePort, self._write),
                ('read', ReadPort, self._read),
                ('clear', Trigger, self._clear),
                ('get_bytes_available', GetBytesAvailable, self._get_bytes_available),
                ('transact', Transact, self._transact),
                ('transact_batch', TransactBatch, self._transact_batch),
            )
        ]

    def destroy(self) -> None:
        """Take the services off the graph."""
        for service in self._services:
            self._node.destroy_service(service)
        self._services = []

    async def _transact(
        self, request: Transact.Request, response: Transact.Response
    ) -> Transact.Response:
        try:
            transaction = transaction_from_message(request.transaction)
            result = await self._result(transaction)
        except DxlPortError as error:
            result = failed(error)
        response.result = result_to_message(result)
        return response

    async def _transact_batch(
        self, request: TransactBatch.Request, response: TransactBatch.Response
    ) -> TransactBatch.Response:
        try:
            results = await self._batch_results(request)
        except DxlPortError as error:
            results = [failed(error)]
        response.results = [result_to_message(result) for result in results]
        return response

    async def _batch_results(self, request: TransactBatch.Request) -> list[TransactionResult]:
        bus, limits = self._driver.bus, self._driver.limits
        limits.check_batch(len(request.transactions))
        parts: list[TransactWork | TransactionResult] = []
        for message in request.transactions:
            try:
                parts.append(self._work(transaction_from_message(message)))
            except DxlPortError as error:
                parts.append(failed(error))
        works = [part for part in parts if isinstance(part, TransactWork)]
        limits.check_hold(sum(work.timeout_s for work in works))
        work = BatchWork(
            parts,
            stop_on_error=request.stop_on_error,
            max_hold_s=limits.max_timeout_s,
            queue_timeout_s=max(
                (work.queue_timeout_s for work in works), default=limits.max_queue_time_s
            ),
        )
        return await self._done(bus, work)

    async def _write(
        self, request: WritePort.Request, response: WritePort.Response
    ) -> WritePort.Response:
        transaction = Transaction(request.data.tobytes(), Framing.NONE)
        try:
            result = await self._result(transaction)
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

    async def _result(self, transaction: Transaction) -> TransactionResult:
        bus = self._driver.bus
        return await self._done(bus, self._work(transaction))

    def _work(self, transaction: Transaction) -> TransactWork:
        limits = self._driver.limits
        return TransactWork(
            make_exchange(transaction, self._driver.link, limits),
            retries=transaction.retries,
            max_hold_s=limits.max_timeout_s,
            priority=transaction.priority,
            queue_timeout_s=transaction.queue_timeout_s or limits.max_queue_time_s,
        )

    async def _done(self, bus: Bus, work: Work[R]) -> R:
        """Have work done: at once if it is quick and nobody waits, else without blocking."""
        patience_s = _PATIENCE_S if bus.idle_s > _HEELS_S else 0.0
        return await finished(bus.submit(work, patience_s), self._node.executor)


class Pause:
    """Lets the executor go on with others until it is woken."""

    def __await__(self) -> Any:
        yield


async def finished(future: Future[R], executor: Executor | None) -> R:
    """
    Await, in a callback of an rclpy executor, what another thread brings.

    :param executor: the one that runs the callback; rclpy does not wake it by itself.
    """
    if not future.done():
        wake: Callable[[], object] = executor.wake if executor is not None else int
        future.add_done_callback(lambda _: wake())
        while not future.done():
            await Pause()
    return future.result()


def failed(error: DxlPortError) -> TransactionResult:
    """Give the result of a transaction that ended with an error before it began."""
    return TransactionResult(error.code, error.message, error.partial)
