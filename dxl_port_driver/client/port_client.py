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

"""The driver's services for another node, in Python types."""

from __future__ import annotations

from collections.abc import Sequence
import threading
import time
from typing import Any, TYPE_CHECKING, TypeVar
import weakref

from dxl_port_driver.client import questions
from dxl_port_driver.client.background_node import BackgroundNode
from dxl_port_driver.client.call import Call, CallWatch
from dxl_port_driver.client.leases import DEFAULT_LEASE_S, LeaseRenewer
from dxl_port_driver.client.overdue import LOOK_S, Overdue, SOON_S
from dxl_port_driver.client.question import Question
from dxl_port_driver.client.questions import CycleCounts, Octets
from dxl_port_driver.client.service_clients import ServiceClients
from dxl_port_driver.errors import DxlPortError
from dxl_port_driver.protocol.transaction import Transaction, TransactionResult
from rclpy.node import Node

if TYPE_CHECKING:
    from dxl_port_driver.client.questions import TransactionFields
    from typing_extensions import Unpack

T = TypeVar('T')

DEFAULT_DRIVER = '/dxl_port_driver'
WAIT_FOR_DRIVER_S = 5.0


class PortClient:
    """
    Uses the bus of a driver from another node.

    Each operation has two forms. The plain one blocks; it works in any thread as long as the node
    is spun in another one, and raises DeadlockError in a callback of the node's own executor. The
    ``_async`` one returns at once a :class:`~dxl_port_driver.client.call.Call`, which can be
    awaited in a callback and in asyncio, waited for, and given a callback.

    Every wait is bounded by the driver's limits. Nothing is ever sent to the bus twice. The first
    use of each service is preceded by a call that does nothing, repeated until it is answered, as
    DDS may lose the first response to a client.

    :param node: makes the service clients; somebody has to spin it.
    :param driver: name of the driver node; a relative one is looked for in the node's namespace.
    :param wait_for_driver_s: how long a request waits for a driver that is not there (yet) or
        does not answer the call that does nothing, s.
    """

    def __init__(
        self,
        node: Node,
        driver: str = DEFAULT_DRIVER,
        *,
        wait_for_driver_s: float = WAIT_FOR_DRIVER_S,
    ) -> None:
        self.driver = driver
        self._clients = ServiceClients(node, driver, wait_for_driver_s)
        self._watch = CallWatch(self._clients)
        self._leases = LeaseRenewer(self._clients)
        self._closed = False
        self._end_node: Any = None

    @classmethod
    def in_background(
        cls, driver: str = DEFAULT_DRIVER, *, wait_for_driver_s: float = WAIT_FOR_DRIVER_S
    ) -> PortClient:
        """
        Give a client that brings its own node, rclpy context and thread, for a plain script.

        It ends them in :meth:`close`, when it is garbage, and when the process ends.
        """
        background = BackgroundNode()
        client = cls(background.node, driver, wait_for_driver_s=wait_for_driver_s)
        client._clients.own(background)
        client._end_node = weakref.finalize(client, client._clients.close)
        return client

    @property
    def node(self) -> Node:
        """The node that makes the service clients."""
        return self._clients.node

    def close(self) -> None:
        """
        End all calls that are under way, and renew no lease any more; safe any number of times.

        Cycles that were not stopped end when their leases are over.
        """
        self._closed = True
        self._leases.close()
        self._watch.close(self._clients.closed())
        if self._end_node is not None:
            self._end_node()
        else:
            self._clients.close()

    def __enter__(self) -> PortClient:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def wait_for_driver(self, timeout_s: float) -> None:
        """
        Block until the driver is there, active or not; needs nobody to spin the node.

        :param timeout_s: how long, s.
        :raises DriverMissingError: it did not come up in time.
        """
        self._clients.await_driver(questions.bytes_available(self.driver), timeout_s)

    def transact(
        self, data: Octets | Transaction, **fields: Unpack[TransactionFields]
    ) -> TransactionResult:
        """
        Send bytes and wait for the answer to them.

        :param data: bytes to send, or a whole Transaction.
        :param fields: fields of a :class:`Transaction`: ``framing``, ``response_length``,
            ``response_count``, ``timeout_s``, ``queue_timeout_s``, ``priority``, ``retries``.
        :return: what came of it. A driver that is absent or not active is NOT_AVAILABLE; one that
            does not respond is RX_TIMEOUT.
        :raises DeadlockError: called in a callback of the node's own executor.
        :raises NotSpunError: nobody spins the node.
        """
        try:
            return self.ask(questions.transact(questions.as_transaction(data, fields)))
        except DxlPortError as error:
            return _as_result(error)

    def transact_async(
        self, data: Octets | Transaction, **fields: Unpack[TransactionFields]
    ) -> Call[TransactionResult]:
        """
        Begin a transaction; see :meth:`transact`.

        :raises RequestError: data or a field is out of range.
        """
        return self.begin(questions.transact(questions.as_transaction(data, fields)))

    def transact_batch(
        self, transactions: Sequence[Transaction], stop_on_error: bool = False
    ) -> list[TransactionResult]:
        """
        Have several transactions done in a row, nobody else in between.

        :param transactions: at least one.
        :param stop_on_error: end with the first one that fails.
        :return: a result for each that was tried; a batch that was refused as a whole, and a
            driver that is absent or silent, give a single one that says why.
        :raises DeadlockError: called in a callback of the node's own executor.
        :raises NotSpunError: nobody spins the node.
        """
        try:
            return self.ask(questions.transact_batch(transactions, stop_on_error))
        except DxlPortError as error:
            return [_as_result(error)]

    def transact_batch_async(
        self, transactions: Sequence[Transaction], stop_on_error: bool = False
    ) -> Call[list[TransactionResult]]:
        """
        Begin several transactions; see :meth:`transact_batch`.

        :raises RequestError: a field is out of range.
        """
        return self.begin(questions.transact_batch(transactions, stop_on_error))

    def write(self, data: Octets) -> int:
        """
        Send bytes without waiting for an answer.

        :return: number of bytes sent, all of them.
        :raises DxlPortError: they were not sent.
        """
        return self.ask(questions.write(questions.as_bytes(data), self.driver))

    def write_async(self, data: Octets) -> Call[int]:
        """Begin to send bytes; see :meth:`write`."""
        return self.begin(questions.write(questions.as_bytes(data), self.driver))

    def read(self, length: int, timeout_s: float = 0.0) -> bytes:
        """
        Take received bytes that belong to no transaction.

        :param length: how many.
        :param timeout_s: how long to wait for all of them, s; 0: take those that are there.
        :return: the bytes; fewer, or none, only with ``timeout_s`` 0.
        :raises AnswerTimeoutError: fewer came in time; they are in ``partial``.
        :raises DxlPortError: reading failed.
        """
        return self.ask(questions.read(length, timeout_s, self.driver))

    def read_async(self, length: int, timeout_s: float = 0.0) -> Call[bytes]:
        """Begin to take received bytes; see :meth:`read`."""
        return self.begin(questions.read(length, timeout_s, self.driver))

    def clear(self) -> None:
        """
        Throw away what was received.

        :raises DxlPortError: that failed.
        """
        self.ask(questions.clear(self.driver))

    def clear_async(self) -> Call[None]:
        """Begin to throw away what was received; see :meth:`clear`."""
        return self.begin(questions.clear(self.driver))

    def get_bytes_available(self) -> int:
        """
        Count the bytes that were received.

        :raises DxlPortError: that failed.
        """
        return self.ask(questions.bytes_available(self.driver))

    def get_bytes_available_async(self) -> Call[int]:
        """Begin to count the bytes that were received; see :meth:`get_bytes_available`."""
        return self.begin(questions.bytes_available(self.driver))

    def start_cyclic(
        self,
        name: str,
        transactions: Sequence[Transaction],
        rate: float,
        *,
        lease_s: float = DEFAULT_LEASE_S,
        stop_on_error: bool = False,
        renew: bool = True,
    ) -> None:
        """
        Have the driver carry out transactions again and again; results come on ``~/cyclic``.

        The cycle does not outlive this client: its lease is renewed in a thread of the client,
        however busy the node is, until :meth:`stop_cyclic`, :meth:`close`, or the end of the
        process. If the driver ends the cycle before, a warning in the log says so, and only
        another call starts it again.

        :param name: of the cycle; one of the same name that runs already is replaced.
        :param transactions: done in each cycle one after another, no other request in between.
        :param rate: cycles per second, Hz.
        :param lease_s: the driver ends the cycle so long after the last renewal, 0.05 to 3600 s;
            0: never, so that the cycle outlives this program.
        :param stop_on_error: end a cycle with the first transaction that fails.
        :param renew: False: only :meth:`renew_cyclic` renews. A program that calls it in its
            control loop has the cycle end also when that loop hangs.
        :raises RequestError: a field is out of range, or the bus cannot carry the rate.
        :raises DxlPortError: the cycle was not started.
        """
        question = questions.start_cyclic(
            name,
            transactions,
            rate,
            lease_s=lease_s,
            stop_on_error=stop_on_error,
            driver=self.driver,
        )
        self._leases.end_with(self)
        with self._leases.held(name, lease_s if renew else 0.0):
            self.ask(question)

    def start_cyclic_async(
        self,
        name: str,
        transactions: Sequence[Transaction],
        rate: float,
        *,
        lease_s: float = DEFAULT_LEASE_S,
        stop_on_error: bool = False,
        renew: bool = True,
    ) -> Call[None]:
        """
        Begin to start a cycle; see :meth:`start_cyclic`.

        :raises RequestError: a field is out of range.
        """
        question = questions.start_cyclic(
            name,
            transactions,
            rate,
            lease_s=lease_s,
            stop_on_error=stop_on_error,
            driver=self.driver,
        )
        leases = self._leases
        leases.end_with(self)
        lease = leases.hold(name, lease_s if renew else 0.0)
        call = self.begin(question)
        call.add_done_callback(
            lambda over: leases.settle(lease, is_granted=over.exception() is None)
        )
        return call

    def renew_cyclic(self, name: str) -> None:
        """
        Renew the lease of a cycle, whichever program started it.

        :raises RequestError: no cycle of this name runs, or it has no lease.
        :raises DxlPortError: the driver was not reached.
        """
        self.ask(questions.renew_cyclic(name, self.driver))

    def renew_cyclic_async(self, name: str) -> Call[None]:
        """Begin to renew the lease of a cycle; see :meth:`renew_cyclic`."""
        return self.begin(questions.renew_cyclic(name, self.driver))

    def stop_cyclic(self, name: str) -> CycleCounts:
        """
        Stop a cycle, whichever program started it.

        :return: how many cycles were done, and how many were missed.
        :raises RequestError: no cycle of this name runs; its lease may be over.
        :raises DxlPortError: the driver was not reached; the lease is not renewed any more.
        """
        question = questions.stop_cyclic(name, self.driver)
        self._leases.release(name)
        return self.ask(question)

    def stop_cyclic_async(self, name: str) -> Call[CycleCounts]:
        """
        Begin to stop a cycle; see :meth:`stop_cyclic`.

        :raises RequestError: the name is empty.
        """
        question = questions.stop_cyclic(name, self.driver)
        self._leases.release(name)
        return self.begin(question)

    def get_baudrate(self) -> int:
        """
        Give the driver's baudrate, bit/s.

        :raises DxlPortError: the driver did not tell.
        """
        return self.ask(questions.get_baudrate(self.driver))

    def set_baudrate(self, baudrate: int) -> None:
        """
        Set the driver's baudrate, for everybody who uses it.

        :param baudrate: bit/s; any that the device can make.
        :raises BaudrateError: the driver refuses it, and says why.
        :raises DxlPortError: the driver was not reached.
        """
        self.ask(questions.set_baudrate(baudrate, self.driver))

    def ask(self, question: Question[T]) -> T:
        """
        Block until a question is answered; all other methods that block are made of this.

        :raises DxlPortError: it was not, or the answer tells of a failure.
        """
        if self._closed:
            raise self._clients.closed()
        clients = self._clients
        if clients.would_wait_for_itself():
            raise clients.deadlock()
        if question.service not in clients.proven or not clients.is_ready(question):
            return self._ask_first(question)
        waiting = threading.Lock()
        waiting.acquire()
        sent = time.monotonic()
        future = clients.send(question)
        future.add_done_callback(lambda _: waiting.release())
        if not waiting.acquire(timeout=SOON_S):
            overdue = Overdue(clients, question, sent)
            while not waiting.acquire(timeout=LOOK_S):
                error = self._clients.closed() if self._closed else overdue.look(time.monotonic())
                if error is not None:
                    clients.forget(question, future)
                    clients.proven.discard(question.service)
                    raise error
        return question.answer(future.result())

    def _ask_first(self, question: Question[T]) -> T:
        """Block until a question is answered that has to wait for the driver, or for the proof."""
        call = self._watch.begin(question)
        try:
            return call.result()
        except BaseException as error:
            # After Ctrl-C, what was not sent yet is not sent at all.
            call.fail(error)
            raise

    def begin(self, question: Question[T]) -> Call[T]:
        """Ask a question without waiting; all ``_async`` methods are made of this."""
        if self._closed:
            call: Call[T] = Call(self._clients)
            call.fail(self._clients.closed())
            return call
        return self._watch.begin(question)


def _as_result(error: DxlPortError) -> TransactionResult:
    """Give the result that tells of an error of the way to the driver, not of the program."""
    if isinstance(error, RuntimeError):
        raise error
    return TransactionResult(error.code, error.message, error.partial)
