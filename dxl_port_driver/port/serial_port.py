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
Serial devices.

pyserial opens, locks and sets up the device. Reading and writing go straight to its descriptor,
see :class:`~dxl_port_driver.port.fd_port.FdPort`.
"""

from __future__ import annotations

from array import array
import contextlib
import termios

from dxl_port_driver.errors import BaudrateError, DxlPortError, PortNameError, PortOpenError
from dxl_port_driver.port import exclusive as locks
from dxl_port_driver.port.address import DevicePath, parse_address
from dxl_port_driver.port.baudrate import checked_baudrate, DEFAULT_BAUDRATE, require_near
from dxl_port_driver.port.device_check import require_serial_device
from dxl_port_driver.port.drain import wait_until_sent
from dxl_port_driver.port.dtr import Dtr, lower_dtr
from dxl_port_driver.port.fd_port import FdPort
from dxl_port_driver.port.latency import is_low_latency, read_latency_timer_ms
from dxl_port_driver.port.open_errors import open_error
from dxl_port_driver.port.rs485 import is_enabled, read_rs485, Rs485, write_rs485
from dxl_port_driver.port.termios2 import get_termios2, set_raw
import serial
import serial.rs485

# All that pyserial and the kernel raise when a device fails; SerialException is an OSError.
_DEVICE_FAILS = (OSError, termios.error)


class SerialPort(FdPort):
    """
    A tty: a USB adapter, a UART, a pty.

    A subclass for an emulated adapter decides with :meth:`_device_path` which tty is opened, with
    :meth:`_require_no_holder` whether somebody else may have it, and with
    :meth:`_achieved_baudrate` what becomes of a baudrate.

    :param name: absolute path of the device.
    :param baudrate: bit/s, for the first :meth:`open`.
    :param exclusive: keep other processes out, and do not open what another one has open; see
        :mod:`~dxl_port_driver.port.exclusive`. False shares the port with those that let it.
    :param rs485: have the kernel switch the direction of the line; None leaves that as it is.
    :param dtr: what is done with DTR, with which many boards reset themselves.
    :raises BaudrateError: the rate is no number that can be a baudrate.
    """

    def __init__(
        self,
        name: str,
        *,
        baudrate: int = DEFAULT_BAUDRATE,
        exclusive: bool = True,
        rs485: Rs485 | None = None,
        dtr: Dtr = Dtr.ON,
    ) -> None:
        super().__init__(name)
        self._baudrate = checked_baudrate(baudrate, name)
        self._real_baudrate = self._baudrate
        self._exclusive = exclusive
        self._rs485 = rs485
        self._dtr = dtr
        self._rs485_before: array[int] | None = None
        self._serial: serial.Serial | None = None
        self._opened_path = ''

    @property
    def baudrate(self) -> int:
        """The baudrate asked for, bit/s."""
        return self._baudrate

    @property
    def real_baudrate(self) -> int:
        """The baudrate that the device says it makes, bit/s; the one asked for if it is mute."""
        return self._real_baudrate if self.is_open else self._baudrate

    @property
    def latency_timer_ms(self) -> float | None:
        """The adapter's latency timer, ms; None when it has none that can be read."""
        return read_latency_timer_ms(self._opened_path) if self._opened_path else None

    def _device_path(self) -> str:
        """
        Give the path of the tty to open; :meth:`open` asks each time anew.

        :raises PortOpenError: there will be no device.
        """
        address = parse_address(self.name)
        if not isinstance(address, DevicePath):
            raise PortNameError(
                f'{self.name} is no device path; give one such as /dev/ttyUSB0.', port=self.name
            )
        return address.path

    def _require_no_holder(self, path: str) -> None:
        """
        See that no other process has the tty open already.

        :raises PortHeldError: one has.
        """
        locks.require_no_holder(path, self.name)

    def _achieved_baudrate(self) -> int:
        """
        Read back which baudrate the device made of the one that it was just told.

        :return: bit/s; what it was told when the system does not tell.
        :raises OSError: the device is gone.
        """
        assert self._serial is not None
        settings = get_termios2(self._serial.fileno())
        return int(self._serial.baudrate) if settings is None else settings.ospeed

    def open(self) -> None:
        """
        Open the device at :attr:`baudrate`; a port that is open is opened afresh.

        :raises PortOpenError: it cannot be opened, or the kernel cannot switch the direction of
            its line; nothing stays half open.
        :raises BaudrateError: it cannot make the baudrate.
        """
        self.close()
        path = ''
        try:
            path = self._device_path()
            require_serial_device(path, self.name)
            if self._exclusive:
                self._require_no_holder(path)
            self._set_up(path)
        except DxlPortError:
            raise
        except _DEVICE_FAILS as error:
            raise open_error(error, path, self.name) from error
        finally:
            if not self.is_open:
                self.close()

    def _set_up(self, path: str) -> None:
        device = serial.Serial()
        device.port = path
        device.baudrate = self._baudrate
        device.timeout = 0
        # pyserial takes the flock before it touches the line settings of whoever has the port.
        device.exclusive = True if self._exclusive else None
        # On POSIX all that this setting does is to have pyserial leave DTR alone.
        device.dsrdtr = self._dtr is not Dtr.ON
        try:
            device.open()
        except ValueError as error:
            raise self._refused_baudrate(self._baudrate, error) from error
        self._serial = device
        self._opened_path = path
        if self._dtr is Dtr.OFF:
            lower_dtr(device.fileno())
        if self._rs485 is not None:
            self._have_kernel_switch(self._rs485)
        self._real_baudrate = self._apply_baudrate(self._baudrate)
        if self._exclusive:
            locks.forbid_further_opens(device.fileno())
        self._flush_input()
        self._attach(device.fileno())

    def _have_kernel_switch(self, rs485: Rs485) -> None:
        assert self._serial is not None
        fd = self._serial.fileno()
        try:
            before = read_rs485(fd)
            # The kernel keeps this beyond close(), so what was there is put back then.
            self._rs485_before = before
            self._serial.rs485_mode = serial.rs485.RS485Settings(
                rts_level_for_tx=rs485.rts_level_for_tx,
                rts_level_for_rx=rs485.rts_level_for_rx,
                # pyserial takes seconds.
                delay_before_tx=rs485.delay_before_tx_ms / 1000,
                delay_before_rx=rs485.delay_before_rx_ms / 1000,
            )
            if is_enabled(read_rs485(fd)):
                return
            reason = 'it does not take the setting'
        except (OSError, ValueError) as error:
            reason = str(error)
        raise PortOpenError(
            f'{self.name} cannot switch the direction of an RS-485 line: its driver in the kernel '
            f'has no TIOCSRS485 ({reason}); set rs485 to false, as for every adapter that '
            'switches by itself',
            port=self.name,
        )

    def close(self) -> None:
        """Give the device and the locks on it back; safe at any time, any number of times."""
        self._detach()
        device, self._serial = self._serial, None
        before, self._rs485_before = self._rs485_before, None
        self._opened_path = ''
        if device is not None:
            if before is not None:
                with contextlib.suppress(OSError):
                    write_rs485(device.fileno(), before)
            if self._exclusive:
                locks.release(device.fileno())
            with contextlib.suppress(OSError):
                device.close()

    def set_baudrate(self, baudrate: int) -> None:
        """
        Change the baudrate, of the open device or for the next :meth:`open`.

        An open device keeps its descriptor: to close and open it again, as the SDK does, would
        let go of the locks for a moment in which another program may take the port, would
        toggle DTR and RTS, and would leave no port at all when the second open fails. What is
        still on its way out leaves at the old rate; what was received stays.

        :param baudrate: bit/s.
        :raises BaudrateError: it cannot be made; the port is as it was, open and talking.
        """
        wanted = checked_baudrate(baudrate, self.name)
        if self._serial is None:
            self._baudrate = wanted
            return
        try:
            wait_until_sent(self._serial.fileno(), self._real_baudrate)
            self._real_baudrate = self._apply_baudrate(wanted)
        except BaudrateError:
            self._restore_baudrate()
            raise
        except _DEVICE_FAILS as error:
            self._restore_baudrate()
            raise self._refused_baudrate(wanted, error) from error
        self._baudrate = wanted

    def _apply_baudrate(self, baudrate: int) -> int:
        assert self._serial is not None
        try:
            self._serial.baudrate = baudrate
        except ValueError as error:
            raise self._refused_baudrate(baudrate, error) from error
        set_raw(self._serial.fileno())
        real = self._achieved_baudrate()
        require_near(baudrate, real, self.name)
        return real

    def _restore_baudrate(self) -> None:
        assert self._serial is not None
        # Whether this fails as well tells nothing new: the device is gone, and the next use of
        # the port says so.
        with contextlib.suppress(*_DEVICE_FAILS, ValueError):
            self._serial.baudrate = self._baudrate
            set_raw(self._serial.fileno())

    def _refused_baudrate(self, baudrate: int, error: BaseException) -> BaudrateError:
        return BaudrateError(
            f'{self.name} refuses {baudrate} bit/s ({error}); use another rate, or check that '
            'the adapter is still there.',
            port=self.name,
        )

    def _flush_input(self) -> None:
        assert self._serial is not None
        termios.tcflush(self._serial.fileno(), termios.TCIFLUSH)

    def set_low_latency(self, wanted: bool) -> bool:
        """
        Ask the adapter for low latency (``ASYNC_LOW_LATENCY``).

        :return: whether the adapter is in low latency mode now, as read back; False as well when
            it is gone.
        """
        device = self._serial
        if device is None:
            return False
        try:
            # pyserial's word for "this device has no such mode" is a ValueError.
            with contextlib.suppress(ValueError):
                device.set_low_latency_mode(wanted)
            return is_low_latency(device.fileno())
        except (*_DEVICE_FAILS, TypeError):
            # Another thread has just closed it, and pyserial then has None for a descriptor.
            return False
