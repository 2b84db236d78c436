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

"""Between the messages of dxl_port_interfaces and the types of the core, for node and client."""

from __future__ import annotations

from array import array

from builtin_interfaces.msg import Duration
from dxl_port_driver.errors import RequestError, ResultCode
from dxl_port_driver.protocol.transaction import Framing, Transaction, TransactionResult
from dxl_port_interfaces.msg import Transaction as TransactionMsg
from dxl_port_interfaces.msg import TransactionResult as TransactionResultMsg

_NS = 10**9


def seconds(duration: Duration) -> float:
    """Give a duration in seconds."""
    return float(duration.sec) + duration.nanosec / _NS


def duration(seconds: float) -> Duration:
    """
    Give a duration message.

    :param seconds: any number of seconds that fits into 32 bits.
    """
    sec, nanosec = divmod(round(seconds * _NS), _NS)
    return Duration(sec=sec, nanosec=nanosec)


def octets(data: bytes) -> array[int]:
    """Give bytes in the one form that message setters take without a look at each element."""
    return array('B', data)


_MOST = (
    ('response_length', 2**32 - 1),
    ('response_count', 2**16 - 1),
    ('timeout_s', 2**31 - 1),
    ('queue_timeout_s', 2**31 - 1),
    ('priority', 255),
    ('retries', 255),
)


def transaction_from_message(message: TransactionMsg) -> Transaction:
    """
    Give the transaction that a message asks for.

    :raises RequestError: it names a framing that there is not.
    """
    try:
        framing = Framing(message.framing)
    except ValueError:
        raise RequestError(
            f'framing is {message.framing}; use FRAMING_AUTO (0), FRAMING_LENGTH (1) or '
            'FRAMING_NONE (2)'
        ) from None
    return Transaction(
        data=message.data.tobytes(),
        framing=framing,
        response_length=message.response_length,
        response_count=message.response_count,
        timeout_s=seconds(message.timeout),
        queue_timeout_s=seconds(message.queue_timeout),
        priority=message.priority,
        retries=message.retries,
    )


def transaction_to_message(transaction: Transaction) -> TransactionMsg:
    """
    Give the message that asks for a transaction.

    :raises RequestError: it has a number that the message cannot carry.
    """
    for name, most in _MOST:
        value = getattr(transaction, name)
        # So put, what is no number at all is refused as well.
        if not 0 <= value <= most:
            raise RequestError(f'{name} is {value}; give 0 to {most}')
    return TransactionMsg(
        data=octets(transaction.data),
        framing=int(transaction.framing),
        response_length=int(transaction.response_length),
        response_count=int(transaction.response_count),
        timeout=duration(transaction.timeout_s),
        queue_timeout=duration(transaction.queue_timeout_s),
        priority=int(transaction.priority),
        retries=int(transaction.retries),
    )


def result_to_message(result: TransactionResult) -> TransactionResultMsg:
    """Give the message that tells what came of a transaction."""
    message = TransactionResultMsg()
    fill_result(message, result)
    return message


def fill_result(message: TransactionResultMsg, result: TransactionResult) -> None:
    """
    Tell in a message that is there already what came of a transaction.

    A response comes with one; to fill it takes a quarter of the time that making another one does.
    """
    message.result = int(result.result)
    message.message = result.message
    message.data = octets(result.data)
    _fill_duration(message.queued, result.queued_s)
    _fill_duration(message.elapsed, result.elapsed_s)
    message.attempts = result.attempts
    message.error = result.error
    message.alert = result.alert


def _fill_duration(message: Duration, seconds: float) -> None:
    message.sec, message.nanosec = divmod(round(seconds * _NS), _NS)


def result_from_message(message: TransactionResultMsg) -> TransactionResult:
    """Give what came of a transaction, from the message that tells it."""
    return TransactionResult(
        result_code(message.result),
        message.message,
        message.data.tobytes(),
        seconds(message.queued),
        seconds(message.elapsed),
        message.attempts,
        message.error,
        message.alert,
    )


def result_code(number: int) -> ResultCode:
    """Give the code of a result; one that is not known, as of a newer driver, is RX_FAIL."""
    try:
        return ResultCode(number)
    except ValueError:
        return ResultCode.RX_FAIL
