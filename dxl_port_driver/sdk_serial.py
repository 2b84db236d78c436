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
What DYNAMIXEL SDK programs find under ``port.ser``: the calls of pyserial that they make on it.

The SDK's ``PortHandler`` keeps its ``serial.Serial`` there, and programs reach for it to empty a
buffer or to see whether the port is open. Here it is a thin object over the port handler.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn, Protocol

from dxl_port_driver.errors import DxlPortError, NotAvailableError


class SerialHandler(Protocol):
    """What :class:`SdkSerial` needs of a port handler."""

    is_open: bool
    packet_start_time: float
    packet_timeout: float

    @property
    def last_error(self) -> DxlPortError | None:
        """Why the last call failed; None when it did not."""

    def openPort(self) -> bool:
        """Open the port."""

    def closePort(self) -> None:
        """Close the port."""

    def clearPort(self) -> None:
        """Throw away what is in the receive buffer."""

    def getPortName(self) -> str:
        """Return the port's name."""

    def setBaudRate(self, baudrate: int) -> bool:
        """Change the baudrate."""

    def getBaudRate(self) -> int:
        """Return the baudrate."""

    def getBytesAvailable(self) -> int:
        """Count the bytes in the receive buffer."""

    def readPort(self, length: int) -> bytes:
        """Read bytes."""

    def writePort(self, packet: bytes) -> int:
        """Send bytes."""

    def setPacketTimeoutMillis(self, msec: float) -> None:
        """Start the packet clock."""


class SdkSerial:
    """
    A port handler with pyserial's names, as far as SDK programs use them.

    As with pyserial, and unlike with a port handler, a call that fails raises: the typed error
    that the handler has in ``last_error``. What needs the device itself a subclass provides;
    where none does, it says so.

    :ivar timeout: longest wait of :meth:`read`, s; 0 returns what is there, None waits.
    :ivar write_timeout: accepted, and of no effect: a write is bounded anyway.

    :param handler: the port handler.
    """

    def __init__(self, handler: SerialHandler) -> None:
        self._handler = handler
        self.timeout: float | None = 0
        self.write_timeout: float | None = None

    def __repr__(self) -> str:
        return f'<ser of {self._handler.getPortName()!r}>'

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(
            f'ser.{name} is not there: this is no pyserial object, but has the calls that SDK '
            'programs make on one; use the methods of the port handler.'
        )

    @property
    def is_open(self) -> bool:
        """Whether the port is open."""
        return self._handler.is_open

    def isOpen(self) -> bool:
        """Return whether the port is open."""
        return self._handler.is_open

    @property
    def port(self) -> str:
        """The port's name."""
        return self._handler.getPortName()

    name = portstr = port

    @property
    def baudrate(self) -> int:
        """The baudrate, bit/s; assigning it changes it."""
        return self._handler.getBaudRate()

    @baudrate.setter
    def baudrate(self, value: int) -> None:
        if not self._handler.setBaudRate(value):
            self._raise()

    @property
    def in_waiting(self) -> int:
        """Number of bytes in the receive buffer."""
        count = self._handler.getBytesAvailable()
        if count < 0:
            self._raise()
        return count

    def inWaiting(self) -> int:
        """Return the number of bytes in the receive buffer."""
        return self.in_waiting

    @property
    def out_waiting(self) -> int:
        """Number of bytes that wait to be sent; 0 where that is not known."""
        return 0

    def open(self) -> None:
        """
        Open the port.

        :raises DxlPortError: it does not open.
        """
        if not self._handler.openPort():
            self._raise()

    def close(self) -> None:
        """Close the port; safe at any time, any number of times."""
        self._handler.closePort()

    def read(self, size: int = 1) -> bytes:
        """
        Read up to ``size`` bytes, for as long as :attr:`timeout` says.

        :param size: most bytes to return.
        :raises DxlPortError: the device failed, or the port is closed.
        """
        handler = self._handler
        before = handler.packet_start_time, handler.packet_timeout
        wait_ms = float('inf') if self.timeout is None else 1000.0 * self.timeout
        handler.setPacketTimeoutMillis(wait_ms)
        try:
            data = handler.readPort(size)
            if not data and handler.last_error is not None:
                raise handler.last_error
        finally:
            handler.packet_start_time, handler.packet_timeout = before
        return data

    def read_all(self) -> bytes:
        """
        Read what is in the receive buffer.

        :raises DxlPortError: the device failed, or the port is closed.
        """
        return self.read(self.in_waiting)

    def write(self, data: bytes | bytearray | Iterable[int]) -> int:
        """
        Send bytes.

        :param data: bytes, or a series of ints from 0 to 255.
        :return: number of bytes written, all of them.
        :raises DxlPortError: the device failed, or the port is closed.
        """
        written = self._handler.writePort(data)  # type: ignore[arg-type]
        if written < 0:
            self._raise()
        return written

    def flush(self) -> None:
        """Wait until what was written is sent; where that cannot be told this does not wait."""

    def reset_input_buffer(self) -> None:
        """
        Throw away what is in the receive buffer.

        :raises DxlPortError: the device failed, or the port is closed.
        """
        self._handler.clearPort()
        if self._handler.last_error is not None:
            self._raise()

    def reset_output_buffer(self) -> None:
        """Throw away what waits to be sent; where nothing is held back this has no effect."""

    def flushInput(self) -> None:
        """Throw away what is in the receive buffer, by pyserial's old name."""
        self.reset_input_buffer()

    def flushOutput(self) -> None:
        """Throw away what waits to be sent, by pyserial's old name."""
        self.reset_output_buffer()

    def fileno(self) -> int:
        """
        Return the descriptor of the device.

        :raises NotAvailableError: there is none in this process.
        """
        self._not_here('has no descriptor in this process')

    @property
    def rs485_mode(self) -> Any:
        """
        How the kernel switches the direction of an RS-485 line; assigning it changes it.

        :raises NotAvailableError: the device is not in this process.
        """
        self._not_here('is not set up here')

    @rs485_mode.setter
    def rs485_mode(self, settings: Any) -> None:
        self._not_here('cannot be set up from here')

    def _not_here(self, what: str) -> NoReturn:
        name = self._handler.getPortName()
        raise NotAvailableError(
            f'The serial device of {name} {what}; set it up where the device is, in the driver.',
            port=name,
        )

    def _raise(self) -> NoReturn:
        error = self._handler.last_error
        if error is None:  # another thread has succeeded since
            name = self._handler.getPortName()
            error = NotAvailableError(f'{name} did not do what was asked; try again.', port=name)
        raise error
