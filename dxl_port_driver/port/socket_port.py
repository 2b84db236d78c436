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
A TCP connection whose far end is a serial line (``socket://HOST:PORT``).

Not through pyserial's ``socket://``, which keeps the descriptor when the peer has gone, sleeps
0.3 s in ``close`` and lets Nagle's algorithm hold small packets back.
"""

from __future__ import annotations

import contextlib
import select
import socket

from dxl_port_driver.errors import (
    NotASerialPortError,
    PortMissingError,
    PortNameError,
)
from dxl_port_driver.port.address import parse_address, SocketUrl
from dxl_port_driver.port.baudrate import checked_baudrate, DEFAULT_BAUDRATE
from dxl_port_driver.port.fd_port import FdPort
from dxl_port_driver.port.use_errors import receive_error

CONNECT_TIMEOUT_S = 5.0
_END = 'the peer closed the connection'
_IAC = 0xFF
_NEGOTIATION = range(0xFB, 0xFF)
"""WILL, WONT, DO and DONT of telnet (RFC 854)."""
_GREETING_S = 0.2
"""How long after connecting a telnet server is given to begin its negotiation, s."""
_FLUSH_ROUNDS = 64
_FLUSH_BYTES = 65536
# A peer that vanishes without a word (cable, power) is noticed after about ten seconds.
_KEEPALIVE = (
    ('TCP_KEEPIDLE', 4),
    ('TCP_KEEPINTVL', 2),
    ('TCP_KEEPCNT', 3),
    ('TCP_USER_TIMEOUT', 10_000),
)


class SocketPort(FdPort):
    """
    A serial line behind a TCP connection.

    The line's baudrate is set at the far end; the one given here only times packets.

    :param name: ``socket://HOST:PORT``.
    :param baudrate: bit/s that the far end's line runs at.
    :raises PortNameError: it is no such URL.
    :raises BaudrateError: the rate is no number that can be a baudrate.
    """

    def __init__(self, name: str, *, baudrate: int = DEFAULT_BAUDRATE) -> None:
        super().__init__(name)
        address = parse_address(name)
        if not isinstance(address, SocketUrl):
            raise PortNameError(f'{name} is no socket:// URL; give socket://HOST:PORT.', port=name)
        self._address = address
        self._baudrate = checked_baudrate(baudrate, name)
        self._socket: socket.socket | None = None

    @property
    def baudrate(self) -> int:
        """The baudrate told, bit/s."""
        return self._baudrate

    @property
    def real_baudrate(self) -> int:
        """The baudrate told, bit/s: a TCP connection does not say."""
        return self._baudrate

    def open(self) -> None:
        """
        Connect; a port that is open is opened afresh.

        :raises PortMissingError: nothing answers there.
        :raises NotASerialPortError: what answers there speaks telnet.
        """
        self.close()
        where = (self._address.host, self._address.port)
        try:
            self._socket = socket.create_connection(where, CONNECT_TIMEOUT_S)
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._keep_alive(self._socket)
            self._require_no_telnet(self._socket)
            self._attach(self._socket.fileno())
        except NotASerialPortError:
            raise
        except OSError as error:
            raise PortMissingError(
                f'{self.name} did not open ({error.strerror or error}); check the host, the '
                'port, and that the server there is running.',
                port=self.name,
            ) from error
        finally:
            if not self.is_open:
                self.close()

    def _keep_alive(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEEPALIVE:
            if hasattr(socket, option):
                connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)

    def close(self) -> None:
        """Close the connection; safe at any time, any number of times."""
        self._detach()
        connection, self._socket = self._socket, None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.close()

    def set_baudrate(self, baudrate: int) -> None:
        """
        Take note of the rate that the far end's line runs at.

        :param baudrate: bit/s.
        :raises BaudrateError: it is no number that can be a baudrate.
        """
        self._baudrate = checked_baudrate(baudrate, self.name)

    def available(self) -> int:
        """Count the bytes in the receive buffer; see :meth:`Port.available`."""
        count = super().available()
        if count == 0 and self._socket is not None:
            # A connection that the peer has closed counts 0 bytes as well.
            try:
                peeked = self._socket.recv(1, socket.MSG_PEEK)
            except BlockingIOError:
                return 0
            except OSError as error:
                raise receive_error(self.name, error) from error
            if not peeked:
                raise receive_error(self.name, _END)
            return super().available()
        return count

    def _flush_input(self) -> None:
        assert self._socket is not None
        # Bounded: a peer that never stops sending must not hold the caller.
        with contextlib.suppress(BlockingIOError):
            for _ in range(_FLUSH_ROUNDS):
                if not self._socket.recv(_FLUSH_BYTES):
                    raise ConnectionResetError(_END)

    def _require_no_telnet(self, connection: socket.socket) -> None:
        """Look at what comes first: no status packet looks like it, those begin FF FF."""
        greeting = select.poll()
        greeting.register(connection, select.POLLIN)
        if not greeting.poll(_GREETING_S * 1e3):
            return
        received = connection.recv(3, socket.MSG_PEEK)
        if len(received) == 3 and received[0] == _IAC and received[1] in _NEGOTIATION:
            where = self.name.partition('://')[2]
            raise NotASerialPortError(
                f'{self.name} speaks telnet, which doubles every byte FF and so breaks packets; '
                f'use rfc2217://{where} if the gateway offers RFC 2217, or set it to raw TCP.',
                port=self.name,
            )
