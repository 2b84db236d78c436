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
The reading, writing and waiting of every port that is a file descriptor.

This is the driver's hot path. A wait is one ``poll`` on two descriptors, the device and a
:class:`~dxl_port_driver.port.wakeup.Wakeup` that :meth:`FdPort.cancel` rings. A poll object is
for one call at a time: a second reader, be it a thread or a signal handler, gets its own.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
import fcntl
import os
import select
import struct
import termios
import time
from time import monotonic
from typing import Generic

from dxl_port_driver.errors import DxlPortError, PortClosedError
from dxl_port_driver.port.base import Port
from dxl_port_driver.port.open_device import Device, OpenDevice, uses_device
from dxl_port_driver.port.use_errors import closed_error, receive_error, transmit_error

_LONGEST_POLL_MS = 3_600_000
_FAILED = select.POLLERR | select.POLLHUP | select.POLLNVAL
_FD_SETSIZE = 1024


class FdPort(Port, Generic[Device]):
    """
    A port that is a non-blocking file descriptor; how it is opened is the subclass's business.

    A subclass calls :meth:`_attach` last in its ``open``. Any thread, signal handler and forked
    child may call any method at any time, see :mod:`~dxl_port_driver.port.open_device`.
    """

    # Why nothing can be sent after an end of file either; None: writing will tell.
    _LOST: str | None = None

    def __init__(self, name: str) -> None:
        super().__init__(name)
        # Stays when it has ended, so that to close is not more than to end it.
        self._device: Device | None = None

    @property
    def is_open(self) -> bool:
        """True between a successful ``open`` and ``close``."""
        device = self._device
        return device is not None and not device.is_ended

    @property
    def opened_at(self) -> float:
        """When the device was opened; see :attr:`Port.opened_at`."""
        device = self._device
        return 0.0 if device is None or device.is_ended else device.opened_at

    @property
    def hangup_fd(self) -> int | None:
        """The device's own descriptor; None while it is closed."""
        device = self._device
        return None if device is None or device.is_ended else device.fd

    @abstractmethod
    def _flush_input(self, device: Device) -> None:
        """Throw away what was received; an OSError or termios.error means that it failed."""

    def _attach(self, device: Device) -> None:
        device.belong_to(self)
        before, self._device = self._device, device
        if before is not None:
            before.end()

    def _detach(self) -> Device | None:
        """Part with the device, which stays as it is."""
        device, self._device = self._device, None
        return device

    def close(self) -> None:
        """Give the device and the locks on it back; safe at any time, any number of times."""
        device = self._device
        if device is not None:
            device.end()

    def cancel(self) -> None:
        """End a wait at once, from any thread; see :meth:`Port.cancel`."""
        self._ring(OpenDevice.cancel)

    def resume(self) -> None:
        """Take back a :meth:`cancel`; see :meth:`Port.resume`."""
        self._ring(OpenDevice.resume)

    def _ring(self, how: Callable[[OpenDevice], None]) -> None:
        device = self._device
        if device is not None:
            how(device)

    @uses_device
    def pause(self, device: Device, deadline: float) -> None:
        """Let time pass and leave what comes in the receive buffer; see :meth:`Port.pause`."""
        cancelled = select.poll()
        cancelled.register(device.wakeup, select.POLLIN)
        while device.usable:
            rest_s = deadline - monotonic()
            if not rest_s > 0.0:
                return
            if rest_s >= 0.001:
                if cancelled.poll(min(int(rest_s * 1000.0), _LONGEST_POLL_MS)):
                    break
            else:
                time.sleep(rest_s)
        raise self._unusable(device)

    @uses_device
    def read(self, device: Device, max_length: int, deadline: float) -> bytes:
        """Wait until there is something to read, and read what is there; see :meth:`Port.read`."""
        if max_length < 1:
            raise ValueError(f'max_length is {max_length}; it must be at least 1')
        readable = device.reader()
        try:
            while device.usable:
                rest_ms = (deadline - monotonic()) * 1000.0
                if rest_ms >= 1.0:
                    events = readable.poll(min(int(rest_ms), _LONGEST_POLL_MS))
                elif rest_ms > 0.0:
                    events = _poll_briefly(device, readable, rest_ms)
                else:
                    events = readable.poll(0)
                if not device.usable:
                    break
                if events:
                    try:
                        data = os.read(device.fd, max_length)
                    except BlockingIOError:
                        self._explain(device, events, receive_error)
                    except OSError as error:
                        raise receive_error(self.name, error) from error
                    else:
                        if data:
                            return data
                        device.lost = self._LOST
                        raise receive_error(self.name, self._LOST or 'end of file')
                if not rest_ms > 0.0:
                    return b''
        finally:
            device.idle_readers.append(readable)
        raise self._unusable(device)

    @uses_device
    def write(self, device: Device, data: bytes | bytearray, deadline: float) -> int:
        """Hand all bytes to the device; see :meth:`Port.write`."""
        if not device.usable:
            raise self._unusable(device)
        if device.lost is not None:
            raise transmit_error(self.name, device.lost)
        try:
            sent = os.write(device.fd, data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            raise transmit_error(self.name, error) from error
        if sent < len(data):
            self._write_rest(device, data, sent, deadline)
        return len(data)

    def _write_rest(
        self, device: Device, data: bytes | bytearray, sent: int, deadline: float
    ) -> None:
        writable = device.writer()
        with memoryview(data) as view:
            while sent < len(view):
                rest_ms = (deadline - monotonic()) * 1000.0
                if not rest_ms > 0.0:
                    raise transmit_error(self.name, f'it took {sent} of {len(view)} bytes in time')
                # Rounded up: the last millisecond of a write that is stuck is not worth a spin.
                events = writable.poll(min(int(rest_ms) + 1, _LONGEST_POLL_MS))
                if not device.usable:
                    raise self._unusable(device)
                if not events:
                    continue
                try:
                    sent += os.write(device.fd, view[sent:])
                except BlockingIOError:
                    self._explain(device, events, transmit_error)
                except OSError as error:
                    raise transmit_error(self.name, error) from error

    def _explain(
        self,
        device: Device,
        events: list[tuple[int, int]],
        device_error: Callable[[str, object], DxlPortError],
    ) -> None:
        """
        Find the reason why ``poll`` returned and the device then was not ready.

        None is fine: another process that shares the port was faster, or it was spurious.
        """
        for fd, event in events:
            if fd != device.fd:
                raise self._unusable(device) from None
            if event & _FAILED:
                raise device_error(self.name, 'the device reports an error') from None

    @uses_device
    def available(self, device: Device) -> int:
        """Count the bytes in the receive buffer; see :meth:`Port.available`."""
        try:
            return self._count_input(device)
        except OSError as error:
            raise receive_error(self.name, error) from error

    def _count_input(self, device: Device) -> int:
        """Count the bytes in the receive buffer; an OSError means that it failed."""
        return int(struct.unpack('i', fcntl.ioctl(device.fd, termios.FIONREAD, bytes(4)))[0])

    @uses_device
    def clear(self, device: Device) -> None:
        """Throw away what is in the receive buffer; see :meth:`Port.clear`."""
        try:
            self._flush_input(device)
        except (OSError, termios.error) as error:
            raise receive_error(self.name, error) from error

    def _unusable(self, device: Device) -> PortClosedError:
        return closed_error(self.name, cancelled=not device.is_ended)

    def _closed(self) -> PortClosedError:
        return closed_error(self.name)


def _poll_briefly(
    device: OpenDevice, readable: select.poll, rest_ms: float
) -> list[tuple[int, int]]:
    """Wait for less than the millisecond that is the finest that ``poll`` counts in."""
    wakeup = device.wakeup.fileno()
    if max(device.fd, wakeup) >= _FD_SETSIZE:
        return readable.poll(1)
    ready = select.select((device.fd, wakeup), (), (), rest_ms / 1000.0)[0]
    return [(device.fd, select.POLLIN)] if device.fd in ready else []
