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

"""pyserial's client for RFC 2217."""

from __future__ import annotations

import contextlib
import socket
import threading

import serial
import serial.rfc2217

# For bytes that are in pyserial's queue already; it takes a zero for "one byte".
_QUEUED_S = 0.1


class Rfc2217Connection(serial.rfc2217.Serial):
    """A connection that can be polled and that gives its socket back."""

    _socket: socket.socket | None
    _thread: threading.Thread | None
    _timeout: float

    def fileno(self) -> int:
        """Give the descriptor of the TCP connection, to poll for room before a write."""
        if self._socket is None:
            raise serial.PortNotOpenError
        return self._socket.fileno()

    def read_some(self, max_length: int, timeout_s: float) -> bytes:
        """
        Wait until there is something to read, and read what is there.

        :param max_length: most bytes to return, at least 1.
        :param timeout_s: longest wait, s.
        :raises OSError: the connection is gone.
        """
        # Past the public setter, which negotiates every setting anew with the server.
        self._timeout = timeout_s
        data = self.read(1)
        more = min(self.in_waiting, max_length - 1)
        if data and more > 0:
            self._timeout = _QUEUED_S
            data += self.read(more)
        return bytes(data)

    def is_alive(self) -> bool:
        """Tell whether the connection is still being read."""
        thread = self._thread
        return thread is not None and thread.is_alive()

    def close(self) -> None:
        """Close the connection; pyserial's own way leaves the socket when the peer is gone."""
        connection = self._socket
        super().close()
        if connection is not None:
            connection.close()

    def drop(self) -> None:
        """Close the connection without waiting; its thread ends by itself."""
        connection = self._socket
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.close_copy()

    def close_copy(self) -> None:
        """Close the descriptor alone, which leaves the connection to other processes with one."""
        self.is_open = False
        if self._socket is not None:
            self._socket.close()


def connect_rfc2217(url: str, baudrate: int) -> Rfc2217Connection:
    """
    Connect to an RFC 2217 server and have it open its port.

    :param url: ``rfc2217://HOST:PORT``, without options.
    :param baudrate: bit/s.
    :raises OSError: no connection, or no RFC 2217 server at the other end.
    :raises ValueError: the server refuses a setting.
    """
    connection = Rfc2217Connection()
    connection.port = url
    connection.baudrate = baudrate
    connection.timeout = 0
    connection.open()
    return connection
