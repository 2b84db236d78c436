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
The DYNAMIXEL SDK's ``PortHandler`` on this package's ports.

The one module in the SDK's names and in its unit, ms. It translates and decides nothing: the
port raises typed errors, and here they become the SDK's return values.
"""

from __future__ import annotations

from collections.abc import Iterable
import time
from time import monotonic

from dxl_port_driver.errors import DxlPortError, PortClosedError, RequestError
from dxl_port_driver.port.base import Port
from dxl_port_driver.port.baudrate import DEFAULT_BAUDRATE
from dxl_port_driver.port.open_port import make_port

DEFAULT_LATENCY_TIMER_MS = 16.0
# More than the receive buffer of a tty holds.
_READ_AHEAD = 8192
_WRITE_SLACK_S = 1.0
_IDLE_S = 0.001


class PortHandler:
    """
    A serial port for the DYNAMIXEL SDK's packet handlers.

    No method raises for what a device does: it returns the SDK's value for failure, and
    :attr:`last_error` holds the typed error with a sentence about what happened and what to do.

    The SDK's handlers call :meth:`readPort` and :meth:`isPacketTimeout` in a loop. With the
    packet clock running :meth:`readPort` waits for the bytes asked for, asleep, so that the loop
    goes round once an answer instead of some thousand times.

    :ivar is_open: between a successful :meth:`openPort` and :meth:`closePort`.
    :ivar is_using: set and looked at by the SDK's handlers; an exception between the two leaves
        it set, so opening and closing reset it.
    :ivar baudrate: bit/s; :meth:`openPort` opens at it.
    :ivar port_name: device path or URL; :meth:`openPort` opens it.
    :ivar tx_time_per_byte: time of a byte on the wire, ms; 0.0 until the port was opened.
    :ivar latency_timer: how long the adapter may hold bytes back, ms; read off the adapter by
        :meth:`openPort` where it tells, else 16.
    :ivar last_error: why the last call that failed did so; None until one fails, and after the
        next successful :meth:`openPort`.

    :param port_name: device path such as ``/dev/ttyUSB0``, or URL of an allowed scheme.
    :param exclusive: keep other processes out of the port.
    """

    def __init__(self, port_name: str, *, exclusive: bool = True) -> None:
        self.is_open = False
        self.baudrate = DEFAULT_BAUDRATE
        self.tx_time_per_byte = 0.0
        self.latency_timer = DEFAULT_LATENCY_TIMER_MS
        self.is_using = False
        self.port_name = port_name
        self.last_error: DxlPortError | None = None
        self._exclusive = exclusive
        self._port: Port | None = None
        self._deadline = 0.0
        # Received, and not asked for yet: one read fetches all there is.
        self._ahead = b''

    def openPort(self) -> bool:
        """
        Open the port at :attr:`baudrate`; one that is open is opened afresh.

        :return: False when it did not open; it is closed then.
        """
        self.closePort()
        return self._open_new(self.baudrate)

    def closePort(self) -> None:
        """Close the port; safe at any time, any number of times."""
        port, self._port = self._port, None
        self.is_open = False
        self.is_using = False
        self._ahead = b''
        if port is not None:
            port.close()

    def clearPort(self) -> None:
        """Throw away what is in the receive buffer."""
        self._ahead = b''
        try:
            self._opened().clear()
        except DxlPortError as error:
            self.last_error = error

    def setPortName(self, port_name: str) -> None:
        """
        Name the port that the next :meth:`openPort` or :meth:`setBaudRate` opens.

        :param port_name: device path or URL.
        """
        self.port_name = port_name

    def getPortName(self) -> str:
        """Give the port's name."""
        return self.port_name

    def setBaudRate(self, baudrate: int) -> bool:
        """
        Change the baudrate and empty the receive buffer.

        As with the SDK, a closed port is opened by it, and one that was given another name since
        it was opened is exchanged for the one of that name.

        :param baudrate: bit/s; any that the device can make.
        :return: False when that failed: the port, its name's device and its rate stay as they
            were, and the closest rate on offer is told in :attr:`last_error`.
        """
        port = self._port
        if port is None or port.name != self.port_name:
            return self._open_new(baudrate)
        try:
            port.set_baudrate(baudrate)
            self._take_baudrate(baudrate)
            self._ahead = b''
            port.clear()
        except DxlPortError as error:
            self.last_error = error
            return False
        return True

    def getBaudRate(self) -> int:
        """Give the baudrate, bit/s."""
        return self.baudrate

    def getBytesAvailable(self) -> int:
        """
        Count the bytes in the receive buffer.

        :return: -1 when the device failed or the port is closed.
        """
        try:
            return len(self._ahead) + self._opened().available()
        except DxlPortError as error:
            self.last_error = error
            return -1

    def readPort(self, length: int) -> bytes:
        """
        Read up to ``length`` bytes.

        While the packet clock runs this waits for them, asleep, until they are there or its time
        is over; when it does not run, this returns what is there. After a failure there is no
        answer to wait for: the clock's time is over then, which ends the SDK's loops at once.

        :param length: most bytes to return.
        :return: fewer bytes, or none, when there are no more in time, or the device failed.
        """
        data = self._ahead
        if len(data) < length:
            deadline = self._deadline
            try:
                port = self._port or self._opened()
                while len(data) < length:
                    chunk = port.read(_READ_AHEAD, deadline)
                    if not chunk:
                        break
                    data = data + chunk if data else chunk
            except DxlPortError as error:
                self.last_error = error
                self._deadline = 0.0
        elif length < 1:
            # The SDK asks for nothing, again and again, when broadcastPing() has its fill before
            # the time is over.
            time.sleep(max(0.0, min(_IDLE_S, self._deadline - monotonic())))
            return b''
        if len(data) > length:
            self._ahead = data[length:]
            return data[:length]
        self._ahead = b''
        return data

    def writePort(self, packet: bytes | bytearray | Iterable[int]) -> int:
        """
        Send bytes.

        :param packet: bytes, or a list, array or other series of ints from 0 to 255.
        :return: number of bytes written, all of them; -1 when that failed.
        """
        try:
            data = packet if isinstance(packet, bytes | bytearray) else _as_bytes(packet)
            port = self._port or self._opened()
            wire_s = self.tx_time_per_byte * len(data) / 1000.0
            return port.write(data, monotonic() + wire_s + _WRITE_SLACK_S)
        except DxlPortError as error:
            self.last_error = error
            return -1

    def setPacketTimeout(self, packet_length: int) -> None:
        """
        Start the packet clock with the time that an answer may take at most.

        That is its time on the wire, two latency timers (the request's way and the answer's),
        and 2 ms.

        :param packet_length: length of the answer, bytes.
        """
        wire_ms = self.tx_time_per_byte * packet_length
        self._deadline = monotonic() + (wire_ms + 2.0 * self.latency_timer + 2.0) / 1000.0

    def setPacketTimeoutMillis(self, msec: float) -> None:
        """
        Start the packet clock.

        :param msec: its time, ms.
        """
        self._deadline = monotonic() + msec / 1000.0

    setPacketTimeoutMSec = setPacketTimeoutMillis

    def isPacketTimeout(self) -> bool:
        """Tell whether the packet clock's time is over; it is before the clock was started."""
        # So put, a time that is no number is over.
        return not monotonic() < self._deadline

    def _opened(self) -> Port:
        if self._port is None:
            raise PortClosedError(
                f'{self.port_name} is closed; call openPort() first.', port=str(self.port_name)
            )
        return self._port

    def _open_new(self, baudrate: int) -> bool:
        try:
            port = make_port(self.port_name, baudrate=baudrate, exclusive=self._exclusive)
            port.open()
        except DxlPortError as error:
            self.last_error = error
            return False
        self.closePort()
        self._port = port
        self.is_open = True
        self.last_error = None
        self._take_baudrate(baudrate)
        latency_timer_ms = port.latency_timer_ms
        self.latency_timer = (
            DEFAULT_LATENCY_TIMER_MS if latency_timer_ms is None else latency_timer_ms
        )
        return True

    def _take_baudrate(self, baudrate: int) -> None:
        self.baudrate = baudrate
        self.tx_time_per_byte = 10_000.0 / baudrate


def _as_bytes(packet: Iterable[int]) -> bytes:
    try:
        # By way of a list: bytes() of a number is that many zeros, and of an array its memory.
        return bytes(packet if type(packet) is list else list(packet))
    except (TypeError, ValueError) as error:
        raise RequestError(
            f'The packet to write is no series of ints from 0 to 255 ({error}); give bytes, a '
            'bytearray, or a list of such ints.'
        ) from error
