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
The DYNAMIXEL SDK's ``PortHandler`` on a driver's bus.

The SDK writes a packet and then reads its answer in pieces. Between the two the bus would be open
to every other program, so here the packet's write is the whole transaction: one service call,
which brings the answer along, and reading hands out what has come already.
"""

from __future__ import annotations

from collections.abc import Iterable
import threading
from time import monotonic
from typing import Any

from dxl_port_driver.client import questions
from dxl_port_driver.client.connection import Connection
from dxl_port_driver.client.port_client import PortClient, WAIT_FOR_DRIVER_S
from dxl_port_driver.client.question import Question
from dxl_port_driver.conversions import octets, result_from_message
from dxl_port_driver.errors import (
    AnswerTimeoutError,
    BaudrateError,
    DriverSilentError,
    DxlPortError,
    make_error,
    RequestError,
    ResultCode,
)
from dxl_port_driver.protocol.packets import parse_instruction, V1_HEADER
from dxl_port_driver.protocol.transaction import Transaction
from dxl_port_driver.sdk_clock import PacketClock, SdkClockMethods
from dxl_port_driver.sdk_serial import SdkSerial
from rclpy.node import Node

DEFAULT_BAUDRATE = 1_000_000
DEFAULT_LATENCY_TIMER_MS = 16.0
# A read without a transaction holds the bus for everybody; the SDK's loops ask again.
_RAW_READ_S = 1.0
# Where the SDK's own port would have sent the packet, and then waited in vain.
_WRITTEN = frozenset({ResultCode.RX_FAIL, ResultCode.RX_TIMEOUT, ResultCode.RX_CORRUPT})


class _Exchange(threading.local):
    """
    What one thread has going on with the port.

    Each thread has its own answers, so several can use one handler at the same time.
    """

    answer: bytes | None = None
    """What is left of the answer to the last packet; None when the last thing was no packet."""
    error: DxlPortError | None = None
    clear_due = False
    raw = False
    question: Question[Any] | None = None
    """The request for an exchange, made once; None while it is in use."""

    def __init__(self) -> None:
        self.clock = PacketClock()


class _RemoteSerial(SdkSerial):
    """What an SDK program finds under ``ser``, over ROS."""

    _handler: RemotePortHandler

    def read(self, size: int = 1) -> bytes:
        """
        Read up to ``size`` bytes, for as long as ``timeout`` says.

        :param size: most bytes to return.
        :raises DxlPortError: the driver or the device failed, or the port is closed.
        """
        handler = self._handler
        before = handler.packet_start_time, handler.packet_timeout
        known = handler.last_error
        wait_ms = float('inf') if self.timeout is None else 1000.0 * self.timeout
        handler.setPacketTimeoutMillis(wait_ms)
        data = b''
        try:
            # A single call waits no longer than other users of the bus can stand.
            while True:
                data += handler.readPort(size - len(data))
                if len(data) >= size or self._handler.isPacketTimeout():
                    break
        finally:
            handler.packet_start_time, handler.packet_timeout = before
        error = handler.last_error
        if not data and error is not None and error is not known:
            raise error
        return data


class RemotePortHandler(SdkClockMethods):
    """
    A driver's bus for the DYNAMIXEL SDK's packet handlers.

    It needs no spinning by its user, unless it is given the user's own node. A packet's exchange
    is over when :meth:`writePort` returns; :meth:`readPort` and :meth:`isPacketTimeout` then do
    not wait, and the packet clock counts for raw reads alone. Bytes that are no packet go through
    the driver's ``~/write`` and ``~/read``, which others may get between.

    No method raises for what a driver or a device does: it returns the SDK's value for failure,
    and :attr:`last_error` holds the typed error with a sentence about what happened and what to
    do.

    Each thread has its own answers, packet clock and :attr:`last_error`, so several threads can
    use one handler at the same time.

    :ivar is_open: between a successful :meth:`openPort` and :meth:`closePort`; not needed, as the
        first use opens by itself what was never closed.
    :ivar baudrate: bit/s, as the driver last told.
    :ivar port_name: name of the driver node.
    :ivar tx_time_per_byte: time of a byte on the wire, ms.
    :ivar latency_timer: part of the packet clock of raw reads, ms.

    :ivar may_set_baudrate: as given; may be changed at any time.

    :param node_or_driver_name: name of the driver node; or a node, or a PortClient, that somebody
        else spins.
    :param may_set_baudrate: let :meth:`setBaudRate` change the baudrate of the driver, for all
        programs that use its bus.
    :param driver: name of the driver node, when a node is given.
    :param wait_for_driver_s: how long to wait for a driver that is not there (yet), s.
    :param timeout_s: from first byte sent to last byte got, s; 0: the packet timeout rule.
    :param queue_timeout_s: longest wait for the bus, s; 0: the driver's ``max_queue_time``.
    :param priority: 0 to 255; higher goes first.
    :param retries: 0 to 255 more tries by the driver after a missing or broken answer.
    """

    def __init__(
        self,
        node_or_driver_name: Node | PortClient | str,
        may_set_baudrate: bool = False,
        *,
        driver: str = '/dxl_port_driver',
        wait_for_driver_s: float = WAIT_FOR_DRIVER_S,
        timeout_s: float = 0.0,
        queue_timeout_s: float = 0.0,
        priority: int = 0,
        retries: int = 0,
    ) -> None:
        self._connection = Connection(node_or_driver_name, driver, wait_for_driver_s)
        self.may_set_baudrate = may_set_baudrate
        self.is_open = False
        self.baudrate = DEFAULT_BAUDRATE
        self.tx_time_per_byte = 10_000.0 / DEFAULT_BAUDRATE
        self.latency_timer = DEFAULT_LATENCY_TIMER_MS
        self.port_name = self._connection.driver
        self._template = Transaction(
            b'',
            timeout_s=timeout_s,
            queue_timeout_s=queue_timeout_s,
            priority=priority,
            retries=retries,
        )
        self._mine = _Exchange()
        self._serial: _RemoteSerial | None = None

    @property
    def is_using(self) -> bool:
        """
        False: the SDK's handlers may always send an instruction.

        They set this to keep a second instruction out until the answer to the first was read, and
        an exception in between would leave it set. Here an exchange is over when :meth:`writePort`
        returns, and each thread has its own answers, so there is nothing to keep out.
        """
        return False

    @is_using.setter
    def is_using(self, value: bool) -> None:
        pass

    @property
    def ser(self) -> SdkSerial:
        """What programs call on the SDK's serial port, as far as it has a meaning over ROS."""
        if self._serial is None:
            self._serial = _RemoteSerial(self)
        return self._serial

    @property
    def last_error(self) -> DxlPortError | None:
        """Why this thread's last use of the driver failed; None when it did not."""
        return self._mine.error

    @property
    def _packet_clock(self) -> PacketClock:  # type: ignore[override]
        return self._mine.clock

    def openPort(self) -> bool:
        """
        Find the driver and see that it is active; needs no turn on the bus.

        :return: False when it is not there or not active.
        """
        self.closePort()
        self._connection.driver = self.port_name
        self._connection.open()
        try:
            client = self._connection.connected()
            client.ask(questions.is_active(client.driver))
            self._take_baudrate(client.get_baudrate())
        except DxlPortError as error:
            self.closePort()
            self._failed(error)
            return False
        self.is_open = True
        self._mine.error = None
        return True

    def closePort(self) -> None:
        """Let go of the driver, which goes on; safe at any time, any number of times."""
        self._connection.close()
        self.is_open = False
        self._mine = _Exchange()

    def clearPort(self) -> None:
        """Throw away what was received; before a packet, the driver does that by itself."""
        mine = self._mine
        mine.answer = None
        if not mine.raw:
            mine.clear_due = True
            mine.error = None
            return
        try:
            self._connection.connected().clear()
        except DxlPortError as error:
            self._failed(error)
        else:
            mine.error = None

    def setPortName(self, port_name: str) -> None:
        """
        Name the driver that the next :meth:`openPort`, or a first use, looks for.

        :param port_name: name of the driver node.
        """
        self.port_name = port_name
        if self._connection.client is None:
            self._connection.driver = port_name

    def getPortName(self) -> str:
        """Give the name of the driver node."""
        return self.port_name

    def setBaudRate(self, baudrate: int) -> bool:
        """
        See that the driver is at a baudrate.

        Another one than the driver's is refused, as it would take the bus away from all other
        programs, unless :attr:`may_set_baudrate` says otherwise; then it is set as the driver's
        parameter.

        :param baudrate: bit/s, as any numeric type.
        :return: False when the driver is at another rate; nothing has changed then.
        """
        try:
            rate = self.getCFlagBaud(baudrate)
            if rate < 0:
                raise BaudrateError(
                    f'baudrate is {baudrate!r}; give a whole number of bit/s, such as 57600',
                    port=self.port_name,
                )
            client = self._connection.connected()
            self._take_baudrate(client.get_baudrate())
            if rate != self.baudrate:
                self._change_baudrate(client, rate)
        except DxlPortError as error:
            self._failed(error)
            return False
        self._mine.error = None
        return True

    def setupPort(self, cflag_baud: int) -> bool:
        """
        Open the port unless it is open, and see that the driver is at a baudrate.

        :param cflag_baud: bit/s; see :meth:`setBaudRate`.
        :return: False when either failed.
        """
        return (self.is_open or self.openPort()) and self.setBaudRate(cflag_baud)

    def getBaudRate(self) -> int:
        """Give the driver's baudrate, bit/s; the last one known when the driver does not tell."""
        try:
            self._take_baudrate(self._connection.connected().get_baudrate())
        except DxlPortError as error:
            self._failed(error)
        else:
            self._mine.error = None
        return self.baudrate

    def getBytesAvailable(self) -> int:
        """
        Count the bytes that can be read.

        :return: -1 when the driver or the device failed.
        """
        mine = self._mine
        if mine.answer is not None and self._connection.client is not None:
            return len(mine.answer)
        try:
            count = self._raw_client().get_bytes_available()
        except DxlPortError as error:
            self._failed(error)
            return -1
        mine.error = None
        return count

    def readPort(self, length: int) -> bytes:
        """
        Read up to ``length`` bytes of the answer to the packet that was written.

        Where none was written, this waits for bytes for as long as the packet clock runs.

        :param length: most bytes to return.
        :return: fewer bytes, or none, when there are no more.
        """
        mine = self._mine
        answer = mine.answer
        if answer is None:
            return self._read_raw(length)
        if length < len(answer):
            length = max(0, length)
            mine.answer = answer[length:]
            return answer[:length]
        mine.answer = b''
        return answer

    def writePort(self, packet: bytes | bytearray | Iterable[int]) -> int:
        """
        Send bytes; with an instruction packet, have its whole exchange done.

        :param packet: bytes, or a list, array or other series of ints from 0 to 255.
        :return: number of bytes written, all of them; -1 when they were not.
        """
        mine = self._mine
        mine.answer = b''
        try:
            data = questions.as_bytes(packet)
            if not data.startswith(V1_HEADER):
                return self._write_raw(data)
            mine.raw = mine.clear_due = False
            client = self._connection.client or self._connection.connected()
            # Taken away while in use: a signal handler may come in between with a packet of its
            # own, which must not go out twice.
            question = mine.question or self._new_question()
            mine.question = None
            question.request.transaction.data = octets(data)
            told = client.ask(question)
            mine.question = question
            if not told.result:
                mine.answer = told.data.tobytes()
                mine.error = None
                return len(data)
            result = result_from_message(told)
            code = result.result
            if code is ResultCode.TX_ERROR and not _is_packet(data):
                return self._write_raw(data)
            raise make_error(
                code,
                result.message,
                port=self.port_name,
                partial=result.data,
                waited_s=result.queued_s,
            )
        except DxlPortError as error:
            self._failed(error)
            if error.code in _WRITTEN:
                mine.answer = error.partial
                return len(data)
            return -1

    def isPacketTimeout(self) -> bool:
        """Tell whether no more will come: the answer is read, or the clock's time is over."""
        answer = self._mine.answer
        if answer is None:
            return self._mine.clock.is_over()
        return not answer

    def _new_question(self) -> Question[Any]:
        return questions.transact_again(self._template)

    def _raw_client(self) -> PortClient:
        mine = self._mine
        client = self._connection.connected()
        mine.raw = True
        if mine.clear_due:
            mine.clear_due = False
            client.clear()
        return client

    def _write_raw(self, data: bytes) -> int:
        mine = self._mine
        written = self._raw_client().write(data)
        mine.answer = mine.error = None
        return written

    def _read_raw(self, length: int) -> bytes:
        mine = self._mine
        timeout_s = min(max(0.0, mine.clock.deadline - monotonic()), _RAW_READ_S)
        if length < 1:
            return b''
        try:
            data = self._raw_client().read(length, timeout_s)
        except DriverSilentError as error:
            return self._read_failed(error)
        except AnswerTimeoutError as error:
            data = error.partial
        except DxlPortError as error:
            return self._read_failed(error)
        mine.error = None
        return data

    def _read_failed(self, error: DxlPortError) -> bytes:
        self._failed(error)
        self._mine.clock.end()
        return b''

    def _change_baudrate(self, client: PortClient, rate: int) -> None:
        if not self.may_set_baudrate:
            raise BaudrateError(
                f'{self.port_name} is at {self.baudrate} bit/s, and {rate} would take the bus '
                f'away from all other programs: use {self.baudrate} here; or, to change it for '
                f'all, "ros2 param set {self.port_name} baudrate {rate}", or make this port with '
                'may_set_baudrate=True',
                port=self.port_name,
            )
        client.set_baudrate(rate)
        self._take_baudrate(rate)

    def _failed(self, error: DxlPortError) -> None:
        # The stack in it would keep this handler, and so its thread, from ending as garbage.
        self._mine.error = error.with_traceback(None)

    def _take_baudrate(self, baudrate: int) -> None:
        self.baudrate = baudrate
        self.tx_time_per_byte = 10_000.0 / baudrate


def _is_packet(data: bytes) -> bool:
    try:
        parse_instruction(data)
    except RequestError:
        return False
    return True
