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

"""The services of a driver as plain functions: Python types in, the response out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dxl_port_driver.conversions import duration, octets
from dxl_port_interfaces.msg import Transaction as TransactionMsg
from dxl_port_interfaces.srv import (
    GetBytesAvailable,
    ReadPort,
    Transact,
    TransactBatch,
    WritePort,
)
from std_srvs.srv import Trigger

from ros_support.graph import RemoteDriver

AUTO, LENGTH, NONE = (
    TransactionMsg.FRAMING_AUTO,
    TransactionMsg.FRAMING_LENGTH,
    TransactionMsg.FRAMING_NONE,
)


PATIENT_S = 5.0
"""Timeout where an answer will come, however busy the machine is."""


def message(
    data: bytes, *, timeout: Any = PATIENT_S, queue_timeout: Any = 0.0, **fields: Any
) -> Any:
    """Give a Transaction; times in seconds, or as the message that they shall be."""
    return TransactionMsg(
        data=octets(data), timeout=_time(timeout), queue_timeout=_time(queue_timeout), **fields
    )


def _time(value: Any) -> Any:
    return duration(value) if isinstance(value, (int, float)) else value


def begin_transact(driver: RemoteDriver, data: bytes, **fields: Any) -> Any:
    """Call ``~/transact``, give the future of the response."""
    return driver.begin(Transact, 'transact', transaction=message(data, **fields))


def transact(driver: RemoteDriver, data: bytes, **fields: Any) -> Any:
    """Call ``~/transact``, give the TransactionResult."""
    return result_of(driver, begin_transact(driver, data, **fields))


def result_of(driver: RemoteDriver, future: Any) -> Any:
    """Wait for a TransactionResult."""
    return driver.graph.result(future).result


def await_arrival(driver: RemoteDriver) -> None:
    """Return when the driver has all requests to ``~/transact`` that were sent so far."""
    assert transact(driver, b'').result != 0


def batch(driver: RemoteDriver, messages: Iterable[Any], *, stop_on_error: bool = False) -> Any:
    """Call ``~/transact_batch``, give the results."""
    return driver.call(
        TransactBatch, 'transact_batch', transactions=list(messages), stop_on_error=stop_on_error
    ).results


def write(driver: RemoteDriver, data: bytes) -> Any:
    """Call ``~/write``."""
    return driver.call(WritePort, 'write', data=octets(data))


def read_port(driver: RemoteDriver, length: int, timeout: Any = 0.0) -> Any:
    """Call ``~/read``."""
    return driver.call(ReadPort, 'read', length=length, timeout=_time(timeout))


def clear(driver: RemoteDriver) -> Any:
    """Call ``~/clear``."""
    return driver.call(Trigger, 'clear')


def available(driver: RemoteDriver) -> Any:
    """Call ``~/get_bytes_available``."""
    return driver.call(GetBytesAvailable, 'get_bytes_available')


EVERY_SERVICE = {
    'write': lambda driver: write(driver, b'\x00').result,
    'read': lambda driver: read_port(driver, 1).result,
    'clear': lambda driver: clear(driver).success,
    'get_bytes_available': lambda driver: available(driver).result,
    'transact': lambda driver: transact(driver, b'\x00', framing=NONE).result,
    'transact_batch': lambda driver: batch(driver, [message(b'\x00', framing=NONE)])[0].result,
}
"""For each service of the contract, a call that succeeds on an active driver."""
