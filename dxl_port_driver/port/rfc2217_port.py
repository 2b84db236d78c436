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
from time import monotonic

from dxl_port_driver.errors import (
    BaudrateError,
    DxlPortError,
    PortClosedError,
    PortMissingError,
    PortNameError,
    TransmitError,
)
from dxl_port_driver.port.address import parse_address, Rfc2217Url
from dxl_port_driver.port.base import Port
from dxl_port_driver.port.baudrate import checked_baudrate, DEFAULT_BAUDRATE
from dxl_port_driver.port.fd_port import FdPort
from dxl_port_driver.port.open_device import OpenDevice, uses_device
from dxl_port_driver.port.open_errors import no_descriptors_error
from dxl_port_driver.port.rfc2217_client import connect_rfc2217, Rfc2217Connection
from dxl_port_driver.port.use_errors import receive_error, transmit_error, words_of

_END = 'the peer closed the connection'
_SLICE_S = 0.02
# Small enough that a socket which has any room at all takes it whole.
_WRITE_CHUNK = 1024
# A server that never stops sending must not hold the caller.
_CLEAR_ROUNDS = 64
_CLEAR_BYTES = 65536


class _Rfc2217Device(OpenDevice):
    """
    A connection to an RFC 2217 server.

    :param connection: pyserial's, open.
    """

    def __init__(self, connection: Rfc2217Connection) -> None:
        super().__init__(connection.fileno())
        self.connection = connection

    def _give_back(self, *, is_garbage: bool) -> None:
        with contextlib.suppress(OSError):
            if not self.is_own:
                self.connection.close_copy()
            elif is_garbage:
                self.connection.drop()
            else:
                self.connection.close()


class Rfc2217Port(FdPort[_Rfc2217Device]):
    """
    A serial port behind an RFC 2217 server.

    A forked child cannot use it: the thread that reads is in its parent.

    :param name: ``rfc2217://HOST:PORT``.
    :param baudrate: bit/s, for the first :meth:`open`.
    :raises PortNameError: it is no such URL.
    :raises BaudrateError: the rate is no number that can be a baudrate.
    """

    def __init__(self, name: str, *, baudrate: int = DEFAULT_BAUDRATE) -> None:
        super().__init__(name)
        address = parse_address(name)
        if not isinstance(address, Rfc2217Url):
            raise PortNameError(
                f'{name} is no rfc2217:// URL; give rfc2217://HOST:PORT.', port=name
            )
        self._address = address
        self._baudrate = checked_baudrate(baudrate, name)

    @property
    def baudrate(self) -> int:
        """The baudrate asked for, bit/s."""
        return self._baudrate

    @property
    def real_baudrate(self) -> int:
        """The baudrate asked for, bit/s: a server that makes another one refuses instead."""
        return self._baudrate

    @property
    def hangup_fd(self) -> int | None:
        """None: pyserial reads the connection, and takes no notice of a hang-up by itself."""
        return None

    def open(self) -> None:
        """
        Connect and have the server open its port; a port that is open is opened afresh.

        :raises PortMissingError: nobody answers there, or not in RFC 2217.
        :raises BaudrateError: the server refuses the baudrate.
        """
        self.close()
        connection = None
        device = None
        try:
            connection = connect_rfc2217(self.name, self._baudrate)
            device = _Rfc2217Device(connection)
        except OSError as error:
            raise no_descriptors_error(error, self.name) or PortMissingError(
                f'{self.name} did not open ({error}); check the host, the port, and that an '
                'RFC 2217 server is running there.',
                port=self.name,
            ) from error
        except ValueError as error:
            raise self._refused_baudrate(self._baudrate, error) from error
        finally:
            if device is None and connection is not None:
                connection.close()
        self._attach(device)

    def open_instead_of(self, old: Port) -> None:
        """Open in place of another port; a connection that stands to the same peer is kept."""
        if isinstance(old, Rfc2217Port) and old._is_connected_to(self):
            old.set_baudrate(self._baudrate)
            device = old._detach()
            if device is not None:
                self._attach(device)
                return
        super().open_instead_of(old)

    def _is_connected_to(self, other: Rfc2217Port) -> bool:
        try:
            self.available()
        except DxlPortError:
            return False
        return other._address == self._address

    @uses_device
    def write(self, device: _Rfc2217Device, data: bytes | bytearray, deadline: float) -> int:
        """Hand all bytes to the server; see :meth:`Port.write`."""
        self._require_own(device)
        sent = 0
        try:
            if not device.connection.is_alive():
                raise transmit_error(self.name, _END)
            room = select.poll()
            room.register(device.fd, select.POLLOUT)
            while device.usable:
                if sent == len(data):
                    return sent
                rest_s = deadline - monotonic()
                if room.poll(max(0.0, min(rest_s, _SLICE_S)) * 1000.0):
                    chunk = bytes(data[sent : sent + _WRITE_CHUNK])
                    sent += device.connection.write(chunk) or 0
                elif not rest_s > 0.0:
                    raise transmit_error(self.name, f'it took {sent} of {len(data)} bytes in time')
        except TransmitError:
            raise
        except OSError as error:
            raise transmit_error(self.name, error) from error
        raise self._unusable(device)

    @uses_device
    def read(self, device: _Rfc2217Device, max_length: int, deadline: float) -> bytes:
        """Wait until there is something to read, and read what is there; see :meth:`Port.read`."""
        if max_length < 1:
            raise ValueError(f'max_length is {max_length}; it must be at least 1')
        self._require_own(device)
        while device.usable:
            rest_s = deadline - monotonic()
            wait_s = max(0.0, min(rest_s, _SLICE_S))
            try:
                data = device.connection.read_some(max_length, wait_s)
            except OSError as error:
                raise receive_error(self.name, error) from error
            if data or not rest_s > 0.0:
                return data
        raise self._unusable(device)

    def _count_input(self, device: _Rfc2217Device) -> int:
        self._require_own(device)
        # pyserial's mark for the end of the connection counts as a byte in its queue.
        self._require_alive(device)
        return int(device.connection.in_waiting)

    def _flush_input(self, device: _Rfc2217Device) -> None:
        """
        Throw away what was received so far.

        The server is not asked to do the same: pyserial takes 50 ms for that, and a server hands
        on what comes as it comes.
        """
        self._require_own(device)
        for _ in range(_CLEAR_ROUNDS):
            if not device.connection.in_waiting:
                break
            device.connection.read_some(_CLEAR_BYTES, 0.0)
        self._require_alive(device)

    def set_baudrate(self, baudrate: int) -> None:
        """
        Change the baudrate of the server's port, or for the next :meth:`open`.

        :param baudrate: bit/s.
        :raises BaudrateError: the server refuses it, and has been told the old one again.
        :raises PortClosedError: it was closed meanwhile.
        """
        wanted = checked_baudrate(baudrate, self.name)
        if self.is_open:
            self._change_baudrate(wanted)
        else:
            self._baudrate = wanted

    @uses_device
    def _change_baudrate(self, device: _Rfc2217Device, wanted: int) -> None:
        self._require_own(device)
        with device.settings_lock:
            try:
                device.connection.baudrate = wanted
            except (OSError, ValueError) as error:
                if not device.connection.is_alive():
                    raise BaudrateError(
                        f'{self.name} cannot be set to {wanted} bit/s ({_END}); check the far '
                        'end, then open the port again.',
                        port=self.name,
                    ) from error
                with contextlib.suppress(OSError, ValueError):
                    device.connection.baudrate = self._baudrate
                raise self._refused_baudrate(wanted, error) from error
            self._baudrate = wanted

    def _require_own(self, device: _Rfc2217Device) -> None:
        if not device.is_own:
            raise PortClosedError(
                f'{self.name} is open in the process that this one was forked from, and can be '
                'read there alone; open it in this process.',
                port=self.name,
            )

    def _require_alive(self, device: _Rfc2217Device) -> None:
        if not device.connection.is_alive():
            raise ConnectionResetError(_END)

    def _refused_baudrate(self, baudrate: int, error: BaseException) -> BaudrateError:
        return BaudrateError(
            f'{self.name} refuses {baudrate} bit/s ({words_of(error)}); use a rate that the '
            'server makes.',
            port=self.name,
        )
