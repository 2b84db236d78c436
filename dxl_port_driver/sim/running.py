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
The virtual buses of this process, by what they are: two ports with one URL meet one bus.

A bus keeps the state of its servos while no port has it open, as servos keep their power; its
pty and its thread exist only while one has.
"""

from __future__ import annotations

from collections import OrderedDict
import threading

from dxl_port_driver.sim.bus import Bus
from dxl_port_driver.sim.options import SimOptions
from dxl_port_driver.sim.pty_server import PtyServer

_MOST_IDLE = 64


class _Entry:
    def __init__(self, options: SimOptions) -> None:
        self.server = PtyServer(Bus(options))
        self.users = 0


_entries: OrderedDict[SimOptions, _Entry] = OrderedDict()
_lock = threading.Lock()


def acquire(options: SimOptions) -> PtyServer:
    """
    Give the bus of these options, served; each call needs one :func:`release`.

    :raises OSError: there is no pty to be had.
    """
    with _lock:
        entry = _entry(options)
        if entry.users == 0:
            entry.server.start()
        entry.users += 1
        return entry.server


def release(options: SimOptions) -> None:
    """Say that a port no longer uses the bus of these options."""
    with _lock:
        entry = _entries[options]
        entry.users -= 1
        if entry.users == 0:
            entry.server.stop()


def find(options: SimOptions) -> PtyServer:
    """Give the bus of these options, whether or not a port has it open; for tests and tools."""
    with _lock:
        return _entry(options).server


def _entry(options: SimOptions) -> _Entry:
    entry = _entries.get(options)
    if entry is None:
        idle = [key for key, known in _entries.items() if not known.users]
        for key in idle[: len(idle) - _MOST_IDLE + 1]:
            del _entries[key]
        entry = _entries[options] = _Entry(options)
    _entries.move_to_end(options)
    return entry
