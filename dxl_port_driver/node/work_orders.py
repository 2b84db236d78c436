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

"""From the requests of others to pieces of work for the bus, within what the driver grants."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from dxl_port_driver.bus.bus import Bus
from dxl_port_driver.bus.transact_work import BatchWork, TransactWork
from dxl_port_driver.conversions import transaction_from_message
from dxl_port_driver.errors import DxlPortError, PortBusyError
from dxl_port_driver.protocol.exchange import make_exchange
from dxl_port_driver.protocol.permission import Permission
from dxl_port_driver.protocol.timing import Link
from dxl_port_driver.protocol.transaction import Limits, Transaction, TransactionResult
from dxl_port_interfaces.msg import Transaction as TransactionMsg
from rclpy.parameter import Parameter


class Driver(Protocol):
    """What those that use the bus ask of the driver that they belong to."""

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

    @property
    def permission(self) -> Permission:
        """Which instructions requests may send."""

    def refusal(self, parameters: list[Parameter[Any]]) -> str | None:
        """Tell why parameters cannot be set."""


def transact_work(
    transaction: Transaction, driver: Driver, *, keep_received: bool = False
) -> TransactWork:
    """
    Give the work that a transaction asks for.

    :param keep_received: leave in the receive buffer what is there, as a raw write does.
    :raises RequestError: it is wrong in itself.
    """
    limits = driver.limits
    driver.permission.check(transaction.data)
    return TransactWork(
        make_exchange(transaction, driver.link, limits),
        retries=transaction.retries,
        max_hold_s=limits.max_timeout_s,
        keep_received=keep_received,
        priority=transaction.priority,
        queue_timeout_s=transaction.queue_timeout_s or limits.max_queue_time_s,
    )


def batch_work(
    messages: Iterable[TransactionMsg],
    driver: Driver,
    *,
    stop_on_error: bool,
) -> BatchWork:
    """
    Give the work that a batch asks for; a transaction in it that is wrong gets its own error.

    It waits for the bus as long as the most patient of them does.

    :raises RequestError: there are none, too many, or they could hold the bus for too long.
    """
    limits = driver.limits
    parts: list[TransactWork | TransactionResult] = []
    for message in messages:
        try:
            parts.append(transact_work(transaction_from_message(message), driver))
        except DxlPortError as error:
            parts.append(failed(error))
        limits.check_batch(len(parts))
    limits.check_batch(len(parts))
    works = [part for part in parts if isinstance(part, TransactWork)]
    limits.check_hold(sum(work.timeout_s for work in works))
    return BatchWork(
        parts,
        stop_on_error=stop_on_error,
        max_hold_s=limits.max_timeout_s,
        queue_timeout_s=max(
            (work.queue_timeout_s for work in works), default=limits.max_queue_time_s
        ),
    )


def failed(error: DxlPortError) -> TransactionResult:
    """Give the result of a transaction that ended with an error before it began."""
    waited_s = error.waited_s if isinstance(error, PortBusyError) else 0.0
    return TransactionResult(error.code, error.message, error.partial, waited_s)
