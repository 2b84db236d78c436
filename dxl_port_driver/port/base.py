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
What every kind of port can do; the device behind it is the subclass's business.

All waits take an absolute deadline on the monotonic clock (``time.monotonic()``), so that a
deadline is handed down unchanged however many steps it takes to keep it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType


class Port(ABC):
    """
    One half-duplex serial port, open or closed.

    Meant for one user at a time. Threads, signal handlers and forked children that use it beside
    each other, or close it meanwhile, do no harm: each call returns what it promises, or raises
    one of its errors.

    :param name: device path or URL, as the user wrote it.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    @abstractmethod
    def is_open(self) -> bool:
        """True between a successful :meth:`open` and :meth:`close`."""

    @property
    def opened_at(self) -> float:
        """When the device was opened, monotonic time, s; 0.0 while it is closed."""
        return 0.0

    @property
    @abstractmethod
    def baudrate(self) -> int:
        """The baudrate asked for, bit/s."""

    @property
    @abstractmethod
    def real_baudrate(self) -> int:
        """The baudrate that the device says it makes, bit/s; the one asked for if it is mute."""

    @abstractmethod
    def open(self) -> None:
        """
        Open the device at :attr:`baudrate` with an empty receive buffer.

        :raises PortOpenError: it cannot be opened; nothing stays half open.
        :raises BaudrateError: it cannot make the baudrate.
        """

    def open_instead_of(self, old: Port) -> None:
        """
        Open in place of another port, which is closed then.

        So a port gets another rate or name, or its device again after that was away, with no
        risk to end with none at all. Where both names lead to one device, and it is still there,
        its descriptor changes hands: its locks are not let go of, and DTR and RTS do not toggle.

        :param old: the other port, open or closed; still as it was when this raises.
        :raises PortOpenError: as :meth:`open`.
        :raises BaudrateError: as :meth:`open`.
        """
        self.open()
        if old is not self:
            old.close()

    @abstractmethod
    def close(self) -> None:
        """Close the device; safe at any time, any number of times."""

    @abstractmethod
    def write(self, data: bytes | bytearray, deadline: float) -> int:
        """
        Hand all bytes to the device.

        :param deadline: monotonic time, s, after which sending is given up.
        :return: number of bytes, always ``len(data)``.
        :raises TransmitError: the device failed or did not take the bytes in time.
        :raises PortClosedError: it is not open, or :meth:`cancel` was called.
        """

    @abstractmethod
    def read(self, max_length: int, deadline: float) -> bytes:
        """
        Wait until there is something to read, and read what is there.

        :param max_length: most bytes to return, at least 1.
        :param deadline: monotonic time, s; one in the past looks without waiting.
        :return: 1 to ``max_length`` bytes; none when the deadline passed first.
        :raises ReceiveError: the device failed, or is gone.
        :raises PortClosedError: it is not open, or :meth:`cancel` was called.
        """

    @abstractmethod
    def available(self) -> int:
        """
        Count the bytes in the receive buffer.

        :raises ReceiveError: the device failed, or is gone.
        :raises PortClosedError: it is not open.
        """

    @abstractmethod
    def clear(self) -> None:
        """
        Throw away what is in the receive buffer.

        :raises ReceiveError: the device failed, or is gone.
        :raises PortClosedError: it is not open.
        """

    @abstractmethod
    def set_baudrate(self, baudrate: int) -> None:
        """
        Change the baudrate, of the open device or for the next :meth:`open`.

        :param baudrate: bit/s.
        :raises BaudrateError: it cannot be made; the port is as it was, open and talking.
        """

    @abstractmethod
    def pause(self, deadline: float) -> None:
        """
        Let time pass and leave what comes in the receive buffer.

        :param deadline: monotonic time, s.
        :raises PortClosedError: it is not open, or :meth:`cancel` was called.
        """

    @abstractmethod
    def cancel(self) -> None:
        """
        End a wait in :meth:`read`, :meth:`write` or :meth:`pause` at once, from any thread.

        The interrupted call, and every later one until :meth:`resume` or the next :meth:`open`,
        raises :class:`~dxl_port_driver.errors.PortClosedError`.
        """

    @abstractmethod
    def resume(self) -> None:
        """Take back a :meth:`cancel`; harmless where there was none."""

    @property
    def hangup_fd(self) -> int | None:
        """A descriptor that ``poll`` tells of when the device is gone; None when there is none."""
        return None

    sets_baudrate = True
    """Whether it sets the baudrate of the bus; else that is somebody else's business."""

    @property
    def latency_timer_ms(self) -> float | None:
        """The adapter's latency timer, ms; None when it has none that can be read."""
        return None

    def set_low_latency(self, wanted: bool) -> bool:
        """
        Ask the adapter for low latency (``ASYNC_LOW_LATENCY``).

        :return: whether the adapter is in low latency mode now.
        """
        return False

    def __enter__(self) -> Port:
        """Open the port for a ``with`` block."""
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the port at the end of the block."""
        self.close()
