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

"""What DYNAMIXEL SDK programs find under ``ser`` of a port in this process."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
import contextlib
import fcntl
import struct
import termios
from typing import Any, Protocol

from dxl_port_driver.errors import NotAvailableError
from dxl_port_driver.port.base import Port
from dxl_port_driver.port.drain import output_waiting, wait_until_sent
from dxl_port_driver.port.rs485 import read_rs485, write_rs485
from dxl_port_driver.sdk_serial import SdkSerial, SerialHandler

# Linux, serial.h: struct serial_rs485.
_ENABLED, _RTS_ON_SEND, _RTS_AFTER_SEND, _RX_DURING_TX = 1, 2, 4, 16


class LocalSerialHandler(SerialHandler, Protocol):
    """What :class:`LocalSerial` needs of a port handler besides."""

    def _opened(self) -> Port:
        """
        Return the open port.

        :raises PortClosedError: it is not open.
        """
        raise NotImplementedError


class LocalSerial(SdkSerial):
    """
    A :class:`~dxl_port_driver.port_handler.PortHandler` with pyserial's names.

    :param handler: the port handler.
    :param exclusive: whether it keeps other processes out.
    """

    _handler: LocalSerialHandler

    def __init__(self, handler: LocalSerialHandler, *, exclusive: bool) -> None:
        super().__init__(handler)
        self.exclusive = exclusive

    def fileno(self) -> int:
        """
        Return the descriptor of the device.

        :raises DxlPortError: the port is closed, or has none.
        """
        port = self._handler._opened()
        fd = port.hangup_fd
        if fd is None:
            raise NotAvailableError(f'{port.name} has no descriptor of its own.', port=port.name)
        return fd

    def flush(self) -> None:
        """Wait until what was written is sent; bounded by twice the time that it takes."""
        fd = self.fileno()
        with contextlib.suppress(OSError):  # a TCP connection does not tell
            wait_until_sent(fd, self._handler.getBaudRate())

    @property
    def out_waiting(self) -> int:
        """Number of bytes that wait to be sent; 0 where that is not known."""
        fd = self.fileno()
        try:
            return output_waiting(fd)
        except OSError:
            return 0

    def reset_output_buffer(self) -> None:
        """
        Throw away what waits to be sent.

        On a pty this throws away what its far end has not read yet, as with pyserial.
        """
        fd = self.fileno()
        with contextlib.suppress(termios.error):  # a TCP connection has no such buffer
            termios.tcflush(fd, termios.TCOFLUSH)

    def set_low_latency_mode(self, low_latency_settings: bool) -> None:
        """
        Ask the adapter for low latency.

        :param low_latency_settings: whether to have it.
        """
        self._handler._opened().set_low_latency(low_latency_settings)

    @property
    def rs485_mode(self) -> Any:
        """
        How the kernel switches the direction of an RS-485 line.

        Assign pyserial's ``RS485Settings``, or None to switch it off. It stays so until it is
        changed, also when the port is closed, as with pyserial.

        :return: whether the kernel switches it.
        :raises NotAvailableError: the kernel's driver of the device does not do that.
        """
        fd = self.fileno()
        with self._told('has no RS-485 mode in the kernel'):
            return bool(read_rs485(fd)[0] & _ENABLED)

    @rs485_mode.setter
    def rs485_mode(self, settings: Any) -> None:
        fd = self.fileno()
        with self._told('cannot switch the direction of an RS-485 line in the kernel'):
            write_rs485(fd, _rs485_state(read_rs485(fd), settings))

    @property
    def rts(self) -> bool:
        """Level of the modem line RTS."""
        return self._modem_line(termios.TIOCM_RTS)

    @rts.setter
    def rts(self, value: bool) -> None:
        self._set_modem_line(termios.TIOCM_RTS, value)

    @property
    def dtr(self) -> bool:
        """Level of the modem line DTR."""
        return self._modem_line(termios.TIOCM_DTR)

    @dtr.setter
    def dtr(self, value: bool) -> None:
        self._set_modem_line(termios.TIOCM_DTR, value)

    def setRTS(self, value: bool = True) -> None:
        """Set the modem line RTS, by pyserial's old name."""
        self.rts = value

    def setDTR(self, value: bool = True) -> None:
        """Set the modem line DTR, by pyserial's old name."""
        self.dtr = value

    def _modem_line(self, line: int) -> bool:
        fd = self.fileno()
        with self._told('has no modem lines'):
            state = fcntl.ioctl(fd, termios.TIOCMGET, bytes(4))
            return bool(struct.unpack('I', state)[0] & line)

    def _set_modem_line(self, line: int, value: bool) -> None:
        fd = self.fileno()
        with self._told('has no modem lines'):
            how = termios.TIOCMBIS if value else termios.TIOCMBIC
            fcntl.ioctl(fd, how, struct.pack('I', line))

    @contextlib.contextmanager
    def _told(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            name = self._handler.getPortName()
            raise NotAvailableError(
                f'{name} {what} ({error.strerror}); leave that to an adapter which does it by '
                'itself, or use another port.',
                port=name,
            ) from error


def _rs485_state(state: array[int], settings: Any) -> array[int]:
    """
    Return ``struct serial_rs485`` for pyserial's settings.

    :param state: the struct as it is now.
    :param settings: pyserial's ``RS485Settings``, or None.
    """
    flags = state[0] & ~(_ENABLED | _RTS_ON_SEND | _RTS_AFTER_SEND | _RX_DURING_TX)
    state = array('i', state)
    if settings is not None:
        flags |= _ENABLED
        flags |= _RTS_ON_SEND if settings.rts_level_for_tx else 0
        flags |= _RTS_AFTER_SEND if settings.rts_level_for_rx else 0
        flags |= _RX_DURING_TX if settings.loopback else 0
        for index, delay_s in ((1, settings.delay_before_tx), (2, settings.delay_before_rx)):
            if delay_s is not None:
                state[index] = int(delay_s * 1000)
    state[0] = flags
    return state
