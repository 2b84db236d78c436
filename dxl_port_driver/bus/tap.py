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

"""A port that tells a listener of every byte that passes through it."""

from __future__ import annotations

from collections.abc import Callable

from dxl_port_driver.port.base import Port

Listener = Callable[[bool, bytes], None]
"""Is told whether bytes were sent (else they were received), and the bytes; must be quick."""


class TappedPort(Port):
    """
    Passes everything on to another port.

    :param port: the port that does the work.
    :param listener: is told of the bytes, in the thread that moves them.
    """

    def __init__(self, port: Port, listener: Listener) -> None:
        super().__init__(port.name)
        self.port = port
        self.sets_baudrate = port.sets_baudrate
        self._listener = listener

    def write(self, data: bytes | bytearray, deadline: float) -> int:
        """Hand all bytes to the device, and tell of them."""
        sent = self.port.write(data, deadline)
        self._listener(True, bytes(data))
        return sent

    def read(self, max_length: int, deadline: float) -> bytes:
        """Wait for bytes, and tell of them."""
        received = self.port.read(max_length, deadline)
        if received:
            self._listener(False, received)
        return received

    @property
    def is_open(self) -> bool:
        """Whether the port is open."""
        return self.port.is_open

    @property
    def baudrate(self) -> int:
        """The baudrate asked for, bit/s."""
        return self.port.baudrate

    @property
    def real_baudrate(self) -> int:
        """The baudrate that the device makes, bit/s."""
        return self.port.real_baudrate

    @property
    def hangup_fd(self) -> int | None:
        """The descriptor that tells of a hang-up."""
        return self.port.hangup_fd

    @property
    def latency_timer_ms(self) -> float | None:
        """The adapter's latency timer, ms."""
        return self.port.latency_timer_ms

    def open(self) -> None:
        """Open the port."""
        self.port.open()

    def close(self) -> None:
        """Close the port."""
        self.port.close()

    def available(self) -> int:
        """Count the bytes in the receive buffer."""
        return self.port.available()

    def clear(self) -> None:
        """Throw away what is in the receive buffer."""
        self.port.clear()

    def set_baudrate(self, baudrate: int) -> None:
        """Change the baudrate."""
        self.port.set_baudrate(baudrate)

    def pause(self, deadline: float) -> None:
        """Let time pass."""
        self.port.pause(deadline)

    def cancel(self) -> None:
        """End a wait at once."""
        self.port.cancel()

    def resume(self) -> None:
        """Take back a cancel."""
        self.port.resume()

    def set_low_latency(self, wanted: bool) -> bool:
        """Ask the adapter for low latency."""
        return self.port.set_low_latency(wanted)
