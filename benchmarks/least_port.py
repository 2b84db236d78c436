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

"""The least that a port for the SDK can be: what stands in the way of a quicker one."""

from __future__ import annotations

from collections.abc import Iterable
import os
import termios

import dynamixel_sdk

_READ_AHEAD = 8192


class LeastPort(dynamixel_sdk.PortHandler):  # type: ignore[misc]
    """
    Three system calls for an exchange, and no care for errors or time.

    :param port_name: path of the device.
    :param sleeps: wait in ``read``; False: ask for bytes again and again, as the SDK does.
    """

    def __init__(self, port_name: str, *, sleeps: bool) -> None:
        super().__init__(port_name)
        self._sleeps = sleeps
        self._fd = -1
        self._ahead = b''

    def openPort(self) -> bool:
        """Open the port with the SDK's own means."""
        opened: bool = super().openPort()
        self._fd = self.ser.fileno()
        os.set_blocking(self._fd, self._sleeps)
        if self._sleeps:
            # pyserial has a read come back at once, whether or not there is a byte.
            settings = termios.tcgetattr(self._fd)
            settings[6][termios.VMIN] = 1
            termios.tcsetattr(self._fd, termios.TCSANOW, settings)
        return opened

    def clearPort(self) -> None:
        """Throw away what was received."""
        self._ahead = b''
        termios.tcflush(self._fd, termios.TCIFLUSH)

    def writePort(self, packet: Iterable[int]) -> int:
        """Send bytes."""
        return os.write(self._fd, bytes(packet))

    def readPort(self, length: int) -> bytes:
        """Give bytes as soon as there are enough."""
        data = self._ahead
        while len(data) < length:
            try:
                data += os.read(self._fd, _READ_AHEAD)
            except BlockingIOError:
                continue
        self._ahead = data[length:]
        return data[:length]
