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

"""What can be asked of a driver, in Python types."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TYPE_CHECKING

from dxl_port_driver.client.question import harmless, Question
from dxl_port_driver.conversions import (
    duration,
    octets,
    result_code,
    result_from_message,
    transaction_to_message,
)
from dxl_port_driver.errors import BaudrateError, make_error, RequestError, ResultCode
from dxl_port_driver.protocol.transaction import Framing, Transaction, TransactionResult
from dxl_port_interfaces.msg import TransactionResult as TransactionResultMsg
from dxl_port_interfaces.srv import (
    GetBytesAvailable,
    ReadPort,
    StartCyclic,
    StopCyclic,
    Transact,
    TransactBatch,
    WritePort,
)
from rcl_interfaces.srv import GetParameters, SetParameters
from rclpy.parameter import Parameter, parameter_value_to_python
from std_srvs.srv import Trigger

if TYPE_CHECKING:
    from typing_extensions import TypedDict

    class TransactionFields(TypedDict, total=False):
        """Every field of a Transaction but the bytes; see there."""

        framing: Framing
        response_length: int
        response_count: int
        timeout_s: float
        queue_timeout_s: float
        priority: int
        retries: int


Octets = bytes | bytearray | memoryview | Iterable[int]

# The driver refuses the first four before they are queued; the others only look or repeat.
_PROVE_TRANSACT = harmless(Transact, 'transact')
_PROVE_BATCH = harmless(TransactBatch, 'transact_batch')
_PROVE_WRITE = harmless(WritePort, 'write')
_PROVE_READ = harmless(ReadPort, 'read')
_PROVE_CLEAR = harmless(Trigger, 'clear', needs_bus=True)
_PROVE_AVAILABLE = harmless(GetBytesAvailable, 'get_bytes_available', needs_bus=True)
_PROVE_START_CYCLIC = harmless(StartCyclic, 'start_cyclic')
# Without a name it would stop the cycles of all programs; no cycle has one as long as this.
_PROVE_STOP_CYCLIC = harmless(StopCyclic, 'stop_cyclic', StopCyclic.Request(name='-' * 65))
PROVE_GET_PARAMETERS = harmless(GetParameters, 'get_parameters')
PROVE_SET_PARAMETERS = harmless(SetParameters, 'set_parameters')

_MAX_LENGTH = 2**32 - 1
_MAX_TIME_S = 2**31 - 1


class CycleCounts(NamedTuple):
    """
    How many cycles there were.

    :param done: those that were carried out.
    :param missed: those that were not, as the bus was busy or they could not be done.
    """

    done: int
    missed: int


def as_bytes(data: Octets) -> bytes:
    """
    Give what may be sent as bytes.

    :raises RequestError: it is no series of ints from 0 to 255.
    """
    if isinstance(data, bytes):
        return data
    try:
        # By way of a list: bytes() of a number is that many zeros.
        return bytes(data) if isinstance(data, bytearray | memoryview) else bytes(list(data))
    except (TypeError, ValueError) as error:
        raise RequestError(
            f'the data to send is no series of ints from 0 to 255 ({error}); give bytes'
        ) from error


def as_transaction(data: Octets | Transaction, fields: TransactionFields) -> Transaction:
    """
    Give a transaction, with some fields as told.

    :raises RequestError: the data is no series of ints from 0 to 255.
    """
    if isinstance(data, Transaction):
        return replace(data, **fields) if fields else data
    return Transaction(as_bytes(data), **fields)


def transact(transaction: Transaction) -> Question[TransactionResult]:
    """Ask for a transaction."""
    return Question(
        Transact,
        'transact',
        Transact.Request(transaction=transaction_to_message(transaction)),
        lambda response: result_from_message(response.result),
        queue_timeout_s=transaction.queue_timeout_s or None,
        hold_s=transaction.timeout_s * (transaction.retries + 1) or None,
        proof=_PROVE_TRANSACT,
    )


def is_active(driver: str) -> Question[None]:
    """
    Ask whether the driver serves requests; answered without a turn on the bus.

    The answer raises NotAvailableError when it does not.
    """

    def answer(response: Any) -> None:
        # An empty transaction is refused: for being empty by a driver that is active.
        code = result_code(response.result.result)
        if code is not ResultCode.TX_ERROR:
            raise make_error(code, response.result.message, port=driver)

    return replace(_PROVE_TRANSACT, answer=answer, proof=_PROVE_TRANSACT)


def transact_again(transaction: Transaction) -> Question[TransactionResultMsg]:
    """
    Ask for a transaction, with bytes that are put into the request each time it is asked.

    To make all of the request and to read all of the response takes a tenth of an exchange.
    """
    once = transact(transaction)
    return replace(once, answer=lambda response: response.result)  # type: ignore[arg-type]


def transact_batch(
    transactions: Sequence[Transaction], stop_on_error: bool
) -> Question[list[TransactionResult]]:
    """Ask for several transactions in a row."""
    return Question(
        TransactBatch,
        'transact_batch',
        TransactBatch.Request(
            transactions=[transaction_to_message(one) for one in transactions],
            stop_on_error=bool(stop_on_error),
        ),
        lambda response: [result_from_message(one) for one in response.results],
        proof=_PROVE_BATCH,
    )


def write(data: bytes, driver: str) -> Question[int]:
    """Ask to send bytes that nothing is known of."""

    def answer(response: Any) -> int:
        _check(response, driver)
        length: int = response.length
        return length

    request = WritePort.Request(data=octets(data))
    return Question(WritePort, 'write', request, answer, proof=_PROVE_WRITE)


def read(length: int, timeout_s: float, driver: str) -> Question[bytes]:
    """
    Ask for received bytes.

    :raises RequestError: length or timeout_s is out of range.
    """
    if not 0 <= length <= _MAX_LENGTH:
        raise RequestError(f'length is {length}; give 1 to max_bytes')
    if not 0 <= timeout_s <= _MAX_TIME_S:
        raise RequestError(f'timeout_s is {timeout_s}; give 0 to max_timeout')

    def answer(response: Any) -> bytes:
        data: bytes = response.data.tobytes()
        _check(response, driver, data)
        return data

    request = ReadPort.Request(length=length, timeout=duration(timeout_s))
    return Question(ReadPort, 'read', request, answer, hold_s=timeout_s or None, proof=_PROVE_READ)


def clear(driver: str) -> Question[None]:
    """Ask to throw away what was received."""

    def answer(response: Any) -> None:
        if not response.success:
            # A Trigger has no code; all that can go wrong is told apart by the sentence alone.
            raise make_error(ResultCode.NOT_AVAILABLE, response.message, port=driver)

    return Question(Trigger, 'clear', Trigger.Request(), answer, proof=_PROVE_CLEAR)


def bytes_available(driver: str) -> Question[int]:
    """Ask how many bytes have been received."""

    def answer(response: Any) -> int:
        _check(response, driver)
        length: int = response.length
        return length

    return Question(
        GetBytesAvailable,
        'get_bytes_available',
        GetBytesAvailable.Request(),
        answer,
        proof=_PROVE_AVAILABLE,
    )


def start_cyclic(
    name: str,
    transactions: Sequence[Transaction],
    rate: float,
    *,
    lease_s: float,
    stop_on_error: bool,
    driver: str,
) -> Question[None]:
    """
    Return the request to start a cycle; see ``StartCyclic``.

    :raises RequestError: a field is out of range.
    """
    # Written like this, NaN is refused as well.
    if not 0 <= lease_s <= _MAX_TIME_S:
        raise RequestError(f'lease_s is {lease_s}; give 0.05 to 3600 s, or 0 for no lease')
    request = StartCyclic.Request(
        name=name,
        transactions=[transaction_to_message(one) for one in transactions],
        stop_on_error=bool(stop_on_error),
        rate=float(rate),
        lease=duration(lease_s),
    )
    return _start_cyclic(request, driver)


def renew_cyclic(name: str, driver: str) -> Question[None]:
    """Return the request to renew the lease of a cycle."""
    return _start_cyclic(StartCyclic.Request(name=name), driver)


def _start_cyclic(request: StartCyclic.Request, driver: str) -> Question[None]:
    return Question(
        StartCyclic,
        'start_cyclic',
        request,
        lambda response: _check(response, driver),
        hold_s=0.0,  # answered without the bus
        proof=_PROVE_START_CYCLIC,
    )


def stop_cyclic(name: str, driver: str) -> Question[CycleCounts]:
    """
    Return the request to stop a cycle.

    :raises RequestError: the name is empty.
    """
    if not name:
        raise RequestError(
            'the name is empty, which would stop the cycles of all programs; give the one that '
            'the cycle was started with'
        )

    def answer(response: Any) -> CycleCounts:
        _check(response, driver)
        return CycleCounts(response.cycles, response.missed)

    request = StopCyclic.Request(name=name)
    return Question(
        StopCyclic, 'stop_cyclic', request, answer, hold_s=0.0, proof=_PROVE_STOP_CYCLIC
    )


def get_baudrate(driver: str) -> Question[int]:
    """Ask for the baudrate, bit/s."""

    def answer(response: Any) -> int:
        values = [parameter_value_to_python(value) for value in response.values]
        if len(values) != 1 or not isinstance(values[0], int):
            raise RequestError(
                f'{driver} has no parameter baudrate; check that it is a DYNAMIXEL port driver',
                port=driver,
            )
        return values[0]

    request = GetParameters.Request(names=['baudrate'])
    return Question(GetParameters, 'get_parameters', request, answer, proof=PROVE_GET_PARAMETERS)


def set_baudrate(baudrate: int, driver: str) -> Question[None]:
    """Ask for another baudrate, bit/s."""

    def answer(response: Any) -> None:
        for result in response.results:
            if not result.successful:
                raise BaudrateError(result.reason, port=driver)

    parameter = Parameter('baudrate', Parameter.Type.INTEGER, baudrate)
    request = SetParameters.Request(parameters=[parameter.to_parameter_msg()])
    return Question(SetParameters, 'set_parameters', request, answer, proof=PROVE_SET_PARAMETERS)


def _check(response: Any, driver: str, partial: bytes = b'') -> None:
    code = result_code(response.result)
    if code is not ResultCode.SUCCESS:
        raise make_error(code, response.message, port=driver, partial=partial)
