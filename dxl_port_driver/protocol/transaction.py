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

"""A transaction, what came of it, and the limits that a driver sets to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
import math

from dxl_port_driver.errors import RequestError, ResultCode


class Framing(IntEnum):
    """How the end of the answer is found (``Transaction.msg``: ``FRAMING_*``)."""

    AUTO = 0
    LENGTH = 1
    NONE = 2


@dataclass(frozen=True)
class Transaction:
    """
    Bytes to send and how to tell that the answer is whole.

    :param data: bytes to send, at least one.
    :param framing: see :class:`Framing`.
    :param response_length: bytes expected with ``Framing.LENGTH``.
    :param response_count: status packets expected with ``Framing.AUTO``; 0: as many as the
        instruction asks for.
    :param timeout_s: from first byte sent to last byte got; 0: the packet timeout rule.
    :param queue_timeout_s: longest wait for the bus; 0: the driver's ``max_queue_time``.
    :param priority: 0 to 255; higher goes first.
    :param retries: 0 to 255 more tries after RX_TIMEOUT or RX_CORRUPT.
    """

    data: bytes
    framing: Framing = Framing.AUTO
    response_length: int = 0
    response_count: int = 0
    timeout_s: float = 0.0
    queue_timeout_s: float = 0.0
    priority: int = 0
    retries: int = 0


@dataclass(frozen=True)
class TransactionResult:
    """
    What came of a transaction.

    :param result: the result code.
    :param message: empty on success unless a servo reported an error, else one sentence for a
        person.
    :param data: the status packets as received; whatever came, where no whole answer did.
    :param queued_s: how long it waited for the bus.
    :param elapsed_s: how long it held the bus.
    :param attempts: how many times the bytes were sent.
    :param error: error number (Protocol 2.0) or error bits (1.0) of the first status packet that
        has any, without the alert bit; 0: none, or not looked for.
    :param alert: whether a status packet says that its servo is in trouble.
    """

    result: ResultCode
    message: str = ''
    data: bytes = b''
    queued_s: float = 0.0
    elapsed_s: float = 0.0
    attempts: int = 0
    error: int = 0
    alert: bool = False

    @property
    def ok(self) -> bool:
        """Whether all went well: the answer came, and no servo reported an error in it."""
        return self.result is ResultCode.SUCCESS and not self.error


@dataclass(frozen=True)
class Limits:
    """
    What a driver grants to a single request; each is a parameter of the node.

    :param max_bytes: longest write, read or answer, bytes.
    :param max_timeout_s: longest time that a request may hold the bus, s.
    :param max_queue_time_s: longest time that a request may wait for the bus, s.
    :param max_batch: most transactions in one batch.
    """

    max_bytes: int = 4096
    max_timeout_s: float = 10.0
    max_queue_time_s: float = 2.0
    max_batch: int = 256

    def check_data(self, data: bytes) -> None:
        """
        Check bytes to send.

        :raises RequestError: none at all, or more than ``max_bytes``.
        """
        if not data:
            raise RequestError('there is nothing to send: data is empty; give at least one byte')
        if len(data) > self.max_bytes:
            raise RequestError(
                f'data has {len(data)} bytes and max_bytes allows {self.max_bytes}; send less or '
                'raise the parameter'
            )

    def check_length(self, name: str, length: int) -> None:
        """
        Check a number of bytes to receive.

        :raises RequestError: zero or negative, or more than ``max_bytes``.
        """
        if length < 1:
            raise RequestError(f'{name} is {length}; ask for at least one byte')
        if length > self.max_bytes:
            raise RequestError(
                f'{name} is {length} bytes and max_bytes allows {self.max_bytes}; ask for less or '
                'raise the parameter'
            )

    def check_timeout(self, name: str, seconds: float) -> None:
        """
        Check a time that a request wants to hold the bus for.

        :raises RequestError: negative, no number, or more than ``max_timeout``.
        """
        self._check_time(name, seconds, 'max_timeout', self.max_timeout_s)

    def check_batch(self, count: int) -> None:
        """
        Check the number of transactions in a batch.

        :raises RequestError: none at all, or more than ``max_batch``.
        """
        if count == 0:
            raise RequestError('the batch is empty; give at least one transaction')
        if count > self.max_batch:
            raise RequestError(
                f'the batch has {count} transactions and max_batch allows {self.max_batch}; split '
                'it or raise the parameter'
            )

    def check_hold(self, seconds: float) -> None:
        """
        Check how long a batch may hold the bus if nobody answers.

        :raises RequestError: more than ``max_timeout``.
        """
        if seconds > self.max_timeout_s:
            raise RequestError(
                f'the timeouts in the batch add up to {seconds:g} s and max_timeout allows '
                f'{self.max_timeout_s:g} s; split it, or shorten them'
            )

    def check(self, transaction: Transaction) -> None:
        """
        Check a whole transaction, but for what its framing asks of the bytes.

        :raises RequestError: something is out of range; the message names it and its limit.
        """
        self.check_data(transaction.data)
        if transaction.framing is Framing.LENGTH:
            self.check_length('response_length', transaction.response_length)
        self.check_timeout('timeout', transaction.timeout_s)
        self._check_time(
            'queue_timeout',
            transaction.queue_timeout_s,
            'max_queue_time',
            self.max_queue_time_s,
        )

    @staticmethod
    def _check_time(name: str, seconds: float, limit: str, most: float) -> None:
        if math.isnan(seconds) or seconds < 0:
            raise RequestError(f'{name} is {seconds:g} s; give 0 or more')
        if seconds > most:
            raise RequestError(
                f'{name} is {seconds:g} s and {limit} allows {most:g} s; ask for less or raise '
                'the parameter'
            )


@dataclass
class Attempt:
    """What came of sending a transaction's bytes once."""

    result: ResultCode
    message: str = ''
    data: bytes = field(default=b'')
