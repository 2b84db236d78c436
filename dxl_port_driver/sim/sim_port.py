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

import _thread
from collections import OrderedDict
import contextlib
import os
import threading

from dxl_port_driver.errors import PortMissingError, PortNameError
from dxl_port_driver.port.baudrate import DEFAULT_BAUDRATE
from dxl_port_driver.port.dtr import Dtr
from dxl_port_driver.port.rs485 import Rs485
from dxl_port_driver.port.serial_port import SerialPort, Tty
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
_lock = threading.RLock()


class _SimTty(Tty):
    """
    The pty of a served bus, which is served until this is given back.

    :param entry: the bus.
    :param path: path of its pty.
    :param is_new: the pty was made for this.
    """

    def __init__(self, entry: _Entry, path: str, *, is_new: bool) -> None:
        super().__init__(path, is_new=is_new)
        self._entry = entry

    def give_back(self, *, is_garbage: bool) -> None:
        """Say that a port no longer uses the bus; its thread ends with the last one."""
        if is_garbage:
            # The collector may run in the very thread that is to end, or inside of the lock.
            with contextlib.suppress(RuntimeError):
                _thread.start_new_thread(_release_in_thread, (self._entry,))
        else:
            _release(self._entry)


def _acquire(options: SimOptions) -> tuple[_Entry, bool]:
    """
    Give the bus of these options, served; each call needs one :func:`_release`.

    :return: the bus, and whether its pty was made for this call.
    :raises OSError: there is no pty to be had.
    """
    with _lock:
        entry = _entry(options)
        is_first = entry.users == 0
        if is_first:
            try:
                entry.server.start()
            except BaseException:
                entry.server.stop()
                raise
        entry.users += 1
        return entry, is_first


def _release_in_thread(entry: _Entry) -> None:
    # A thread of the lower level starts without a lock, but is no one to wait for others.
    threading.Thread(target=_release, args=(entry,), daemon=True).start()


def _release(entry: _Entry) -> None:
    """Say that a port no longer uses a bus."""
    with _lock:
        entry.users -= 1
        if entry.users == 0:
            entry.server.stop()


def _after_fork() -> None:
    """
    Leave the buses to the parent, which has the threads that serve them.

    An open port stays usable through the parent; one that is opened from now on meets a bus of
    this process.
    """
    global _lock
    _lock = threading.RLock()
    for entry in _entries.values():
        entry.server.leave_to_parent()
    _entries.clear()


os.register_at_fork(after_in_child=_after_fork)


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

    @property
    def server(self) -> PtyServer:
        """The virtual bus behind the port, to look into it and to pull its plug."""
        return find_bus(self._options)

    def _find_tty(self) -> Tty:
        entry, is_new = _acquire(self._options)
        path = entry.server.path
        if path is None:
            _release(entry)
            raise PortMissingError(
                f'{self.name} is unplugged; plug the virtual adapter in again.', port=self.name
            )
        # To look for holders of a new pty would take the kernel up to 20 ms, in /proc/locks.
        return _SimTty(entry, path, is_new=is_new)

    def _is_device_of(self, old: SerialPort) -> bool:
        if not isinstance(old, SimPort) or self._way_to_open() != old._way_to_open():
            return False
        path = self.server.path
        return path is not None and old._leads_to(path)

    def _way_to_open(self) -> object:
        return super()._way_to_open(), self._options

    def _achieved_baudrate(self, read_back: int) -> int:
        return self.server.bus.adapter_rate(read_back)

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
