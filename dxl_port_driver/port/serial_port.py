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
import errno
import os
import termios

from dxl_port_driver.errors import (
    BaudrateError,
    DxlPortError,
    PortClosedError,
    PortNameError,
    PortOpenError,
)
from dxl_port_driver.port import exclusive as locks
from dxl_port_driver.port.address import DevicePath, parse_address
from dxl_port_driver.port.base import Port
from dxl_port_driver.port.baudrate import checked_baudrate, DEFAULT_BAUDRATE, require_near
from dxl_port_driver.port.device_check import is_pty, is_same_device, require_serial_device
from dxl_port_driver.port.drain import wait_until_sent
from dxl_port_driver.port.dtr import Dtr, lower_dtr
from dxl_port_driver.port.fd_port import FdPort
from dxl_port_driver.port.latency import is_low_latency, read_latency_timer_ms
from dxl_port_driver.port.open_device import OpenDevice, uses_device
from dxl_port_driver.port.open_errors import errno_of, open_error
from dxl_port_driver.port.rs485 import is_enabled, read_rs485, Rs485, write_rs485
from dxl_port_driver.port.termios2 import get_termios2, set_raw
from dxl_port_driver.port.use_errors import words_of
import serial
import serial.rs485

# All that pyserial and the kernel raise when a device fails; SerialException is an OSError.
_DEVICE_FAILS = (OSError, termios.error)
_GONE = (errno.EIO, errno.ENXIO, errno.ENODEV, errno.ENOENT)


class Tty:
    """
    A tty that :meth:`SerialPort.open` found, and what has to be kept up for it.

    :param path: its path.
    :param is_new: no other program can know of it yet.
    """

    def __init__(self, path: str, *, is_new: bool = False) -> None:
        self.path = path
        self.is_new = is_new

    def give_back(self, *, is_garbage: bool) -> None:
        """
        Give back what was kept up; nothing unless overridden.

        :param is_garbage: the garbage collector does this: no lock may be waited for.
        """


class SerialDevice(OpenDevice):
    """
    An open tty.

    :param device: pyserial's, open.
    :param tty: which one it is.
    :param exclusive: whether there are locks to take back.
    """

    def __init__(self, device: serial.Serial, tty: Tty, *, exclusive: bool) -> None:
        super().__init__(device.fileno())
        self.serial = device
        self.tty = tty
        self.real_baudrate = 0
        self.rs485_before: array[int] | None = None
        self._exclusive = exclusive

    def lock(self) -> None:
        """
        Keep other programs out; pyserial has taken the flock already.

        :raises OSError: the device is gone.
        """
        if self._exclusive and not is_pty(os.fstat(self.fd)):
            locks.forbid_further_opens(self.fd)

    def unlock(self) -> None:
        """Let other programs have the tty."""
        if self._exclusive:
            locks.release(self.fd)

    def leads_to(self, path: str) -> bool:
        """Tell whether a path leads to this device, and the device is still there."""
        try:
            termios.tcgetattr(self.fd)
            return is_same_device(os.stat(path), os.fstat(self.fd))
        except _DEVICE_FAILS:
            return False

    def _restore(self) -> None:
        if self.rs485_before is not None:
            with contextlib.suppress(OSError):
                write_rs485(self.fd, self.rs485_before)

    def _give_back(self, *, is_garbage: bool) -> None:
        try:
            with contextlib.suppress(OSError):
                self.serial.close()
        finally:
            self.tty.give_back(is_garbage=is_garbage)


class SerialPort(FdPort[SerialDevice]):
    """
    A tty: a USB adapter, a UART, a pty.

    A subclass for an emulated adapter decides with :meth:`_find_tty` which tty is opened, and
    with :meth:`_achieved_baudrate` what becomes of a baudrate.

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
        self._exclusive = exclusive
        self._rs485 = rs485
        self._dtr = dtr

    @property
    def baudrate(self) -> int:
        """The baudrate asked for, bit/s."""
        return self._baudrate

    @property
    def real_baudrate(self) -> int:
        """The baudrate that the device says it makes, bit/s; the one asked for if it is mute."""
        device = self._device
        return self._baudrate if device is None or device.is_ended else device.real_baudrate

    @property
    def latency_timer_ms(self) -> float | None:
        """The adapter's latency timer, ms; None when it has none that can be read."""
        device = self._device
        if device is None or device.is_ended:
            return None
        return read_latency_timer_ms(device.tty.path)

    def _find_tty(self) -> Tty:
        """
        Find the tty to open; :meth:`open` asks each time anew.

        :raises PortOpenError: there will be no device.
        """
        address = parse_address(self.name)
        if not isinstance(address, DevicePath):
            raise PortNameError(
                f'{self.name} is no device path; give one such as /dev/ttyUSB0.', port=self.name
            )
        return Tty(address.path)

    def _achieved_baudrate(self, read_back: int) -> int:
        """
        Tell what the adapter makes of a baudrate.

        :param read_back: bit/s that the line settings have.
        """
        return read_back

    def open(self) -> None:
        """
        Open the device at :attr:`baudrate`; a port that is open is opened afresh.

        :raises PortOpenError: it cannot be opened, or the kernel cannot switch the direction of
            its line; nothing stays half open.
        :raises BaudrateError: it cannot make the baudrate.
        """
        self.close()
        path = self.name
        try:
            tty = self._find_tty()
            path = tty.path
            self._open_tty(tty)
        except DxlPortError:
            raise
        except _DEVICE_FAILS as error:
            raise open_error(error, path, self.name) from error

    def _open_tty(self, tty: Tty) -> None:
        device: SerialDevice | None = None
        is_ready = False
        line = serial.Serial()
        try:
            require_serial_device(tty.path, self.name)
            if self._exclusive and not tty.is_new:
                locks.require_no_holder(tty.path, self.name)
            self._open_line(line, tty.path)
            device = SerialDevice(line, tty, exclusive=self._exclusive)
            if self._dtr is Dtr.OFF:
                lower_dtr(device.fd)
            if self._rs485 is not None:
                self._have_kernel_switch(device, self._rs485)
            device.real_baudrate = self._apply_baudrate(device, self._baudrate)
            device.lock()
            self._flush_input(device)
            self._attach(device)
            is_ready = True
        finally:
            if device is None:
                line.close()
                tty.give_back(is_garbage=False)
            elif not is_ready:
                device.end()

    def _open_line(self, line: serial.Serial, path: str) -> None:
        line.port = path
        line.baudrate = self._baudrate
        line.timeout = 0
        # pyserial takes the flock before it touches the line settings of whoever has the port.
        line.exclusive = True if self._exclusive else None
        # On POSIX all that this setting does is to have pyserial leave DTR alone.
        line.dsrdtr = self._dtr is not Dtr.ON
        try:
            line.open()
            # Else each change of the rate would take the lock again, even when it was given back.
            line.exclusive = None
        except ValueError as error:
            raise self._refused_baudrate(self._baudrate, error) from error
        except termios.error as error:
            # The device opened, and does not take what it was told.
            if errno_of(error) != errno.EINVAL:
                raise
            raise self._refused_baudrate(self._baudrate, error) from error

    def _have_kernel_switch(self, device: SerialDevice, rs485: Rs485) -> None:
        try:
            # The kernel keeps this beyond close(), so what was there is put back then.
            device.rs485_before = read_rs485(device.fd)
            device.serial.rs485_mode = serial.rs485.RS485Settings(
                rts_level_for_tx=rs485.rts_level_for_tx,
                rts_level_for_rx=rs485.rts_level_for_rx,
                # pyserial takes seconds.
                delay_before_tx=rs485.delay_before_tx_ms / 1000,
                delay_before_rx=rs485.delay_before_rx_ms / 1000,
            )
            if is_enabled(read_rs485(device.fd)):
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

    def open_instead_of(self, old: Port) -> None:
        """Open in place of another port; see :meth:`Port.open_instead_of`."""
        if isinstance(old, SerialPort) and old.is_open:
            if self._is_device_of(old):
                old.set_baudrate(self._baudrate)
                device = old._detach()
                if device is not None:
                    self._attach(device)
                    return
            elif not old._is_there():
                # Where the file of a device outlives it, so do the locks on the file.
                old._unlock()
        super().open_instead_of(old)

    def _is_device_of(self, old: SerialPort) -> bool:
        """Tell whether this port's name leads to the device that another one has open."""
        address = parse_address(self.name)
        return (
            isinstance(address, DevicePath)
            and self._way_to_open() == old._way_to_open()
            and old._leads_to(address.path)
        )

    def _way_to_open(self) -> object:
        """Return what an open device was opened with, beside its baudrate."""
        return self._exclusive, self._rs485, self._dtr

    @uses_device
    def _leads_to(self, device: SerialDevice, path: str) -> bool:
        return device.leads_to(path)

    @uses_device
    def _is_there(self, device: SerialDevice) -> bool:
        return device.leads_to(f'/proc/self/fd/{device.fd}')

    @uses_device
    def _unlock(self, device: SerialDevice) -> None:
        if device.is_own:
            device.unlock()

    def set_baudrate(self, baudrate: int) -> None:
        """
        Change the baudrate, of the open device or for the next :meth:`open`.

        An open device keeps its descriptor: to close and open it again, as the SDK does, would
        let go of the locks for a moment in which another program may take the port, would
        toggle DTR and RTS, and would leave no port at all when the second open fails. What is
        still on its way out leaves at the old rate; what was received stays. See
        :meth:`open_instead_of` for a device that has been away.

        :param baudrate: bit/s.
        :raises BaudrateError: it cannot be made; the port is as it was, open and talking.
        :raises PortClosedError: it was closed meanwhile.
        """
        wanted = checked_baudrate(baudrate, self.name)
        if self.is_open:
            self._change_baudrate(wanted)
        else:
            self._baudrate = wanted

    @uses_device
    def _change_baudrate(self, device: SerialDevice, wanted: int) -> None:
        with device.settings_lock:
            try:
                wait_until_sent(device.fd, device.real_baudrate)
                device.real_baudrate = self._apply_baudrate(device, wanted)
            except BaudrateError:
                self._restore_baudrate(device)
                raise
            except _DEVICE_FAILS as error:
                self._restore_baudrate(device)
                raise self._refused_baudrate(wanted, error) from error
            self._baudrate = wanted

    def _apply_baudrate(self, device: SerialDevice, baudrate: int) -> int:
        try:
            device.serial.baudrate = baudrate
        except ValueError as error:
            raise self._refused_baudrate(baudrate, error) from error
        set_raw(device.fd)
        settings = get_termios2(device.fd)
        real = self._achieved_baudrate(baudrate if settings is None else settings.ospeed)
        require_near(baudrate, real, self.name)
        return real

    def _restore_baudrate(self, device: SerialDevice) -> None:
        # Whether this fails as well tells nothing new: the device is gone, and the next use of
        # the port says so.
        with contextlib.suppress(*_DEVICE_FAILS, ValueError):
            device.serial.baudrate = self._baudrate
            set_raw(device.fd)

    def _refused_baudrate(self, baudrate: int, error: BaseException) -> BaudrateError:
        if errno_of(error) in _GONE:
            return BaudrateError(
                f'{self.name} cannot be set to {baudrate} bit/s, as the device is gone '
                f'({words_of(error)}); check that the adapter is plugged in and powered, then '
                'open the port again.',
                port=self.name,
            )
        return BaudrateError(
            f'{self.name} refuses the line settings of {baudrate} bit/s ({words_of(error)}); use '
            'another rate, or an adapter that can.',
            port=self.name,
        )

    def _flush_input(self, device: SerialDevice) -> None:
        termios.tcflush(device.fd, termios.TCIFLUSH)

    def set_low_latency(self, wanted: bool) -> bool:
        """
        Ask the adapter for low latency (``ASYNC_LOW_LATENCY``).

        :return: whether the adapter is in low latency mode now, as read back; False as well when
            it is gone, or closed.
        """
        try:
            return self._set_low_latency(wanted)
        except PortClosedError:
            return False

    @uses_device
    def _set_low_latency(self, device: SerialDevice, wanted: bool) -> bool:
        # pyserial's word for "this device has no such mode" is a ValueError.
        with contextlib.suppress(ValueError, *_DEVICE_FAILS):
            device.serial.set_low_latency_mode(wanted)
        return is_low_latency(device.fd)
