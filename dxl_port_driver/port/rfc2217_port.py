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
A serial port of another machine, served by RFC 2217 (``rfc2217://HOST:PORT``).

pyserial reads the connection in a thread of its own, so there is no descriptor to wait on: a
wait here is a row of short waits on pyserial's queue, between which a cancel is seen.
"""

from __future__ import annotations

import contextlib
import select
import threading
from time import monotonic

from dxl_port_driver.errors import (
    BaudrateError,
    PortMissingError,
    PortNameError,
    TransmitError,
)
from dxl_port_driver.port.address import parse_address, Rfc2217Url
from dxl_port_driver.port.base import Port
from dxl_port_driver.port.baudrate import checked_baudrate, DEFAULT_BAUDRATE
from dxl_port_driver.port.rfc2217_client import connect_rfc2217, Rfc2217Connection
from dxl_port_driver.port.use_errors import closed_error, receive_error, transmit_error

_SLICE_S = 0.02
# Small enough that a socket which has any room at all takes it whole.
_WRITE_CHUNK = 1024
# A server that never stops sending must not hold the caller.
_CLEAR_ROUNDS = 64
_CLEAR_BYTES = 65536


class Rfc2217Port(Port):
    """
    A serial port behind an RFC 2217 server.

    :param name: ``rfc2217://HOST:PORT``.
    :param baudrate: bit/s, for the first :meth:`open`.
    :raises PortNameError: it is no such URL.
    :raises BaudrateError: the rate is no number that can be a baudrate.
    """

    def __init__(self, name: str, *, baudrate: int = DEFAULT_BAUDRATE) -> None:
        super().__init__(name)
        if not isinstance(parse_address(name), Rfc2217Url):
            raise PortNameError(
                f'{name} is no rfc2217:// URL; give rfc2217://HOST:PORT.', port=name
            )
        self._baudrate = checked_baudrate(baudrate, name)
        self._connection: Rfc2217Connection | None = None
        self._cancelled = threading.Event()

    @property
    def is_open(self) -> bool:
        """True between a successful :meth:`open` and :meth:`close`."""
        return self._connection is not None

    @property
    def baudrate(self) -> int:
        """The baudrate asked for, bit/s."""
        return self._baudrate

    @property
    def real_baudrate(self) -> int:
        """The baudrate asked for, bit/s: a server that makes another one refuses instead."""
        return self._baudrate

    def open(self) -> None:
        """
        Connect and have the server open its port; a port that is open is opened afresh.

        :raises PortMissingError: nobody answers there, or not in RFC 2217.
        :raises BaudrateError: the server refuses the baudrate.
        """
        self.close()
        try:
            self._connection = connect_rfc2217(self.name, self._baudrate)
        except OSError as error:
            raise PortMissingError(
                f'{self.name} did not open ({error}); check the host, the port, and that an '
                'RFC 2217 server is running there.',
                port=self.name,
            ) from error
        except ValueError as error:
            raise self._refused_baudrate(self._baudrate, error) from error
        self._cancelled.clear()

    def close(self) -> None:
        """Close the connection; safe at any time, any number of times."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.close()

    def write(self, data: bytes | bytearray, deadline: float) -> int:
        """Hand all bytes to the server; see :meth:`Port.write`."""
        connection = self._require_usable()
        sent = 0
        try:
            room = select.poll()
            room.register(connection, select.POLLOUT)
            while sent < len(data):
                rest_s = deadline - monotonic()
                if room.poll(max(0.0, min(rest_s, _SLICE_S)) * 1000.0):
                    sent += connection.write(bytes(data[sent : sent + _WRITE_CHUNK])) or 0
                elif not rest_s > 0.0:
                    raise transmit_error(self.name, f'it took {sent} of {len(data)} bytes in time')
                self._require_usable()
        except TransmitError:
            raise
        except OSError as error:
            raise transmit_error(self.name, error) from error
        return len(data)

    def read(self, max_length: int, deadline: float) -> bytes:
        """Wait until there is something to read, and read what is there; see :meth:`Port.read`."""
        if max_length < 1:
            raise ValueError(f'max_length is {max_length}; it must be at least 1')
        while True:
            connection = self._require_usable()
            rest_s = deadline - monotonic()
            try:
                data = connection.read_some(max_length, max(0.0, min(rest_s, _SLICE_S)))
            except OSError as error:
                raise receive_error(self.name, error) from error
            if data or not rest_s > 0.0:
                return data

    def available(self) -> int:
        """Count the bytes in the receive buffer; see :meth:`Port.available`."""
        connection = self._require_open()
        # pyserial's mark for the end of the connection counts as a byte in its queue.
        self._require_alive(connection)
        return int(connection.in_waiting)

    def clear(self) -> None:
        """
        Throw away what was received so far.

        The server is not asked to do the same: pyserial takes 50 ms for that, and a server hands
        on what comes as it comes.
        """
        connection = self._require_open()
        try:
            for _ in range(_CLEAR_ROUNDS):
                if not connection.in_waiting:
                    break
                connection.read_some(_CLEAR_BYTES, 0.0)
        except OSError as error:
            raise receive_error(self.name, error) from error
        self._require_alive(connection)

    def set_baudrate(self, baudrate: int) -> None:
        """
        Change the baudrate of the server's port, or for the next :meth:`open`.

        :param baudrate: bit/s.
        :raises BaudrateError: the server refuses it, and has been told the old one again.
        """
        wanted = checked_baudrate(baudrate, self.name)
        if self._connection is not None:
            try:
                self._connection.baudrate = wanted
            except (OSError, ValueError) as error:
                with contextlib.suppress(OSError, ValueError):
                    self._connection.baudrate = self._baudrate
                raise self._refused_baudrate(wanted, error) from error
        self._baudrate = wanted

    def pause(self, deadline: float) -> None:
        """Let time pass and leave what comes in the receive buffer; see :meth:`Port.pause`."""
        self._require_usable()
        rest_s = deadline - monotonic()
        if rest_s > 0.0 and self._cancelled.wait(min(rest_s, threading.TIMEOUT_MAX)):
            self._require_usable()

    def cancel(self) -> None:
        """End a wait within 20 ms, from any thread; see :meth:`Port.cancel`."""
        self._cancelled.set()

    def resume(self) -> None:
        """Take back a :meth:`cancel`; see :meth:`Port.resume`."""
        self._cancelled.clear()

    def _require_open(self) -> Rfc2217Connection:
        if self._connection is None:
            raise closed_error(self.name)
        return self._connection

    def _require_usable(self) -> Rfc2217Connection:
        connection = self._require_open()
        if self._cancelled.is_set():
            raise closed_error(self.name, cancelled=True)
        return connection

    def _require_alive(self, connection: Rfc2217Connection) -> None:
        if not connection.is_alive():
            raise receive_error(self.name, 'the peer closed the connection')

    def _refused_baudrate(self, baudrate: int, error: BaseException) -> BaudrateError:
        return BaudrateError(
            f'{self.name} refuses {baudrate} bit/s ({error}); use a rate that the server makes.',
            port=self.name,
        )
