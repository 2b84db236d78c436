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
:class:`~dxl_port_driver.port.wakeup.Wakeup` that :meth:`FdPort.cancel` rings; the poll objects
are made once, when the port opens.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
import fcntl
import os
import select
import struct
import termios
import threading
import time
from time import monotonic

from dxl_port_driver.errors import DxlPortError, PortClosedError
from dxl_port_driver.port.base import Port
from dxl_port_driver.port.use_errors import closed_error, receive_error, transmit_error
from dxl_port_driver.port.wakeup import Wakeup

_LONGEST_POLL_MS = 3_600_000
_FAILED = select.POLLERR | select.POLLHUP | select.POLLNVAL
_FD_SETSIZE = 1024


class FdPort(Port):
    """
    A port that is a non-blocking file descriptor; how it is opened is the subclass's business.

    A subclass calls :meth:`_attach` last in its ``open`` and :meth:`_detach` first in its
    ``close``; the descriptor stays the subclass's own.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._fd = -1
        # False while closed and once cancelled: the one thing that the hot path looks at.
        self._usable = False
        self._wakeup: Wakeup | None = None
        self._readable = select.poll()
        self._writable = select.poll()
        self._cancelled = select.poll()
        # Only keeps cancel() from ringing a descriptor that close() has just given back.
        self._wakeup_lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        """True between a successful ``open`` and ``close``."""
        return self._fd >= 0

    @property
    def hangup_fd(self) -> int | None:
        """The device's own descriptor; None while it is closed."""
        return self._fd if self._fd >= 0 else None

    @abstractmethod
    def _flush_input(self) -> None:
        """Throw away what was received; an OSError or termios.error means that it failed."""

    def _attach(self, fd: int) -> None:
        wakeup = Wakeup()
        self._readable = select.poll()
        self._readable.register(fd, select.POLLIN)
        self._readable.register(wakeup, select.POLLIN)
        self._writable = select.poll()
        self._writable.register(fd, select.POLLOUT)
        self._writable.register(wakeup, select.POLLIN)
        self._cancelled = select.poll()
        self._cancelled.register(wakeup, select.POLLIN)
        with self._wakeup_lock:
            self._wakeup = wakeup
            self._fd = fd
            self._usable = True

    def _detach(self) -> None:
        with self._wakeup_lock:
            self._usable = False
            self._fd = -1
            if self._wakeup is not None:
                # Closing descriptors ends no poll on them.
                self._wakeup.set()
                self._wakeup.close()
                self._wakeup = None

    def cancel(self) -> None:
        """End a wait at once, from any thread; see :meth:`Port.cancel`."""
        with self._wakeup_lock:
            if self._wakeup is not None and self._usable:
                self._usable = False
                self._wakeup.set()

    def resume(self) -> None:
        """Take back a :meth:`cancel`; see :meth:`Port.resume`."""
        with self._wakeup_lock:
            if self._wakeup is not None:
                self._wakeup.clear()
                self._usable = True

    def pause(self, deadline: float) -> None:
        """Let time pass and leave what comes in the receive buffer; see :meth:`Port.pause`."""
        while self._usable:
            rest_s = deadline - monotonic()
            if not rest_s > 0.0:
                return
            if rest_s >= 0.001:
                if self._cancelled.poll(min(int(rest_s * 1000.0), _LONGEST_POLL_MS)):
                    break
            else:
                time.sleep(rest_s)
        raise self._unusable()

    def read(self, max_length: int, deadline: float) -> bytes:
        """Wait until there is something to read, and read what is there; see :meth:`Port.read`."""
        if max_length < 1:
            raise ValueError(f'max_length is {max_length}; it must be at least 1')
        while self._usable:
            rest_ms = (deadline - monotonic()) * 1000.0
            if rest_ms >= 1.0:
                events = self._readable.poll(min(int(rest_ms), _LONGEST_POLL_MS))
            elif rest_ms > 0.0:
                events = self._poll_briefly(rest_ms)
            else:
                events = self._readable.poll(0)
            if not self._usable:
                break
            if events:
                try:
                    data = os.read(self._fd, max_length)
                except BlockingIOError:
                    self._explain(events, receive_error)
                except OSError as error:
                    raise receive_error(self.name, error) from error
                else:
                    if data:
                        return data
                    raise receive_error(self.name, 'end of file')
            if not rest_ms > 0.0:
                return b''
        raise self._unusable()

    def _poll_briefly(self, rest_ms: float) -> list[tuple[int, int]]:
        """Wait for less than the millisecond that is the finest that ``poll`` counts in."""
        wakeup = self._wakeup
        if wakeup is None or max(self._fd, wakeup.fileno()) >= _FD_SETSIZE:
            return self._readable.poll(1)
        ready = select.select((self._fd, wakeup.fileno()), (), (), rest_ms / 1000.0)[0]
        return [(self._fd, select.POLLIN)] if self._fd in ready else []

    def write(self, data: bytes | bytearray, deadline: float) -> int:
        """Hand all bytes to the device; see :meth:`Port.write`."""
        if not self._usable:
            raise self._unusable()
        try:
            sent = os.write(self._fd, data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            raise transmit_error(self.name, error) from error
        if sent < len(data):
            self._write_rest(data, sent, deadline)
        return len(data)

    def _write_rest(self, data: bytes | bytearray, sent: int, deadline: float) -> None:
        with memoryview(data) as view:
            while sent < len(view):
                rest_ms = (deadline - monotonic()) * 1000.0
                if not rest_ms > 0.0:
                    raise transmit_error(self.name, f'it took {sent} of {len(view)} bytes in time')
                # Rounded up: the last millisecond of a write that is stuck is not worth a spin.
                events = self._writable.poll(min(int(rest_ms) + 1, _LONGEST_POLL_MS))
                if not self._usable:
                    raise self._unusable()
                if not events:
                    continue
                try:
                    sent += os.write(self._fd, view[sent:])
                except BlockingIOError:
                    self._explain(events, transmit_error)
                except OSError as error:
                    raise transmit_error(self.name, error) from error

    def _explain(
        self, events: list[tuple[int, int]], device_error: Callable[[str, object], DxlPortError]
    ) -> None:
        """
        Find the reason why ``poll`` returned and the device then was not ready.

        None is fine: another process that shares the port was faster, or it was spurious.
        """
        for fd, event in events:
            if fd != self._fd:
                raise self._unusable() from None
            if event & _FAILED:
                raise device_error(self.name, 'the device reports an error') from None

    def available(self) -> int:
        """Count the bytes in the receive buffer; see :meth:`Port.available`."""
        fd = self._fd  # another thread may close the port just now, which is told as any failure
        if fd < 0:
            raise self._unusable()
        try:
            answer = fcntl.ioctl(fd, termios.FIONREAD, b'\0\0\0\0')
        except OSError as error:
            raise receive_error(self.name, error) from error
        return int(struct.unpack('i', answer)[0])

    def clear(self) -> None:
        """Throw away what is in the receive buffer; see :meth:`Port.clear`."""
        if self._fd < 0:
            raise self._unusable()
        try:
            self._flush_input()
        except (OSError, termios.error) as error:
            raise receive_error(self.name, error) from error

    def _unusable(self) -> PortClosedError:
        return closed_error(self.name, cancelled=self._fd >= 0)
