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
``sim://``: a port to emulated servos in this process, through a real pty.

Two ports with one URL meet one bus. A bus keeps the state of its servos while no port has it
open, as servos keep their power; its pty and its thread exist only while one has.
"""

from __future__ import annotations

from collections import OrderedDict
import threading

from dxl_port_driver.errors import PortMissingError, PortNameError
from dxl_port_driver.port.baudrate import DEFAULT_BAUDRATE
from dxl_port_driver.port.dtr import Dtr
from dxl_port_driver.port.rs485 import Rs485
from dxl_port_driver.port.serial_port import SerialPort
from dxl_port_driver.sim.bus import Bus
from dxl_port_driver.sim.options import parse_url, SimOptions
from dxl_port_driver.sim.pty_server import PtyServer

_LOW_LATENCY_MS = 1.0
_MOST_IDLE = 64


class _Entry:
    """A bus, and how many ports have it open."""

    def __init__(self, options: SimOptions) -> None:
        self.server = PtyServer(Bus(options))
        self.users = 0


_entries: OrderedDict[SimOptions, _Entry] = OrderedDict()
_lock = threading.Lock()


def _acquire(options: SimOptions) -> tuple[PtyServer, bool]:
    """
    Give the bus of these options, served; each call needs one :func:`_release`.

    :return: the bus, and whether its pty was made for this call.
    :raises OSError: there is no pty to be had.
    """
    with _lock:
        entry = _entry(options)
        is_first = entry.users == 0
        if is_first:
            entry.server.start()
        entry.users += 1
        return entry.server, is_first


def _release(options: SimOptions) -> None:
    """Say that a port no longer uses the bus of these options."""
    with _lock:
        entry = _entries[options]
        entry.users -= 1
        if entry.users == 0:
            entry.server.stop()


def find_bus(options: SimOptions) -> PtyServer:
    """Give the bus of these options, whether or not a port has it open; for tests and tools."""
    with _lock:
        return _entry(options).server


def _entry(options: SimOptions) -> _Entry:
    entry = _entries.get(options)
    if entry is None:
        idle = [key for key, known in _entries.items() if not known.users]
        for key in idle[: max(0, len(idle) - _MOST_IDLE + 1)]:
            del _entries[key]
        entry = _entries[options] = _Entry(options)
    _entries.move_to_end(options)
    return entry


class SimPort(SerialPort):
    """
    A serial port whose adapter and servos are emulated.

    :param name: ``sim://`` URL, see ``docs/virtual_bus.md``.
    :param baudrate: bit/s.
    :param exclusive: see :class:`SerialPort`.
    :param rs485: see :class:`SerialPort`; the pty behind it knows no such thing.
    :param dtr: see :class:`SerialPort`; a pty has no such line.
    :raises PortNameError: the URL has an option that is unknown or wrong.
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
        super().__init__(name, baudrate=baudrate, exclusive=exclusive, rs485=rs485, dtr=dtr)
        try:
            self._options = parse_url(name)
        except PortNameError as error:
            raise PortNameError(error.message, port=name) from None
        self._server: PtyServer | None = None
        self._is_pty_new = False

    @property
    def server(self) -> PtyServer:
        """The virtual bus behind the port, to look into it and to pull its plug."""
        return self._server or find_bus(self._options)

    def _device_path(self) -> str:
        self._server, self._is_pty_new = _acquire(self._options)
        path = self._server.path
        if path is None:
            raise PortMissingError(
                f'{self.name} is unplugged; plug the virtual adapter in again.', port=self.name
            )
        return path

    def _require_no_holder(self, path: str) -> None:
        # Nobody knows of a new pty yet, and to read /proc/locks takes the kernel up to 20 ms.
        if not self._is_pty_new:
            super()._require_no_holder(path)

    def _achieved_baudrate(self) -> int:
        assert self._server is not None
        return self._server.bus.adapter_rate(super()._achieved_baudrate())

    def close(self) -> None:
        """Close the port; the servos keep their state. Safe at any time, any number of times."""
        super().close()
        if self._server is not None:
            self._server = None
            _release(self._options)

    @property
    def latency_timer_ms(self) -> float | None:
        """The latency timer of the emulated adapter, ms; None when it has none."""
        return self.server.bus.line.latency_s * 1000 or None

    def set_low_latency(self, wanted: bool) -> bool:
        """Have the emulated adapter pass on what it received after 1 ms, as FTDI's do."""
        timer_ms = self._options.latency_timer
        if not timer_ms:
            return False
        chosen_ms = min(_LOW_LATENCY_MS, timer_ms) if wanted else timer_ms
        self.server.bus.line.latency_s = chosen_ms / 1000
        return wanted
