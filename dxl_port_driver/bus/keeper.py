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
Watches over an open port: notices when the device goes, and takes it again when it is back.

A hang-up wakes the keeper's ``poll`` at once, whether anybody uses the port or not; between that
and the return of the device it looks once a period.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import select
import threading

from dxl_port_driver.bus.bus import Bus
from dxl_port_driver.errors import DxlPortError
from dxl_port_driver.port.wakeup import Wakeup

_LOOK_MS = 500
"""How often to look at a port that has no descriptor to poll."""

_GONE = select.POLLHUP | select.POLLERR | select.POLLNVAL | select.POLLRDHUP


@dataclass(frozen=True)
class Duties:
    """
    What the owner of a keeper wants of it; the callbacks run in the keeper's thread.

    :param reconnect: whether to take the device again; asked before each try.
    :param period_s: time between two tries, s; asked before each.
    :param on_lost: told once, with the reason, when the device is gone.
    :param on_back: told when the port is open again.
    :param on_given_up: told when the device is gone and not to be taken again.
    """

    reconnect: Callable[[], bool]
    period_s: Callable[[], float]
    on_lost: Callable[[str], None]
    on_back: Callable[[], None]
    on_given_up: Callable[[], None]


class Keeper:
    """
    Keeps the port of a bus, from :meth:`start` to :meth:`stop`.

    Between these two nobody else opens or closes the port, and who changes its baudrate without
    the bus does so by :meth:`set_baudrate`: the device may come and go in the middle of it.

    :param bus: whose port is open.
    :param duties: what to do.
    """

    def __init__(self, bus: Bus, duties: Duties) -> None:
        self._bus = bus
        self._port = bus.port
        self._duties = duties
        self._wakeup = Wakeup()
        self._stopping = False
        # Held for what is quick. To open may take seconds, in which a change is left as a note.
        self._lock = threading.Lock()
        self._opening = False
        self._due: int | None = None
        self._thread = threading.Thread(target=self._run, name='dxl-bus-keeper')
        bus.on_lost = self._wakeup.set

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End; the port is left as it is. Safe any number of times."""
        self._stopping = True
        if self._thread.is_alive():
            self._wakeup.set()
            self._thread.join()
        self._bus.on_lost = None
        self._wakeup.close()

    def set_baudrate(self, baudrate: int) -> None:
        """
        Change the baudrate while nobody is on the bus, whether the device is there or not.

        :param baudrate: bit/s; a device that is away gets it when it is taken again.
        :raises BaudrateError: the device is there and cannot make it; all is as it was.
        """
        with self._lock:
            if self._opening:
                self._due = baudrate
            else:
                self._port.set_baudrate(baudrate)

    def _run(self) -> None:
        while not self._stopping:
            self._watch()
            if self._bus.lost is None:
                continue
            self._bus.wait_until_free()
            with self._lock:
                self._port.close()
            self._duties.on_lost(self._bus.lost)
            if not self._take_again():
                return
            self._bus.restore()
            self._duties.on_back()

    def _watch(self) -> None:
        """Wait until the device is gone, or somebody has something to say."""
        watched = select.poll()
        watched.register(self._wakeup, select.POLLIN)
        descriptor = self._port.hangup_fd
        if descriptor is not None:
            watched.register(descriptor, select.POLLRDHUP)
        events = dict(watched.poll(None if descriptor is not None else _LOOK_MS))
        if self._wakeup.fileno() in events and not self._stopping:
            self._wakeup.clear()
        if descriptor is None or events.get(descriptor, 0) & _GONE:
            self._bus.look_for_device()
            if descriptor is not None:
                # What can be read from a port that hung up is of no use any more.
                self._bus.lose(f'{self._port.name} hung up; check that it is plugged in')

    def _take_again(self) -> bool:
        """Try until the port is open; False when that is not wanted any more."""
        pause = select.poll()
        pause.register(self._wakeup, select.POLLIN)
        while not self._stopping:
            if not self._duties.reconnect():
                self._duties.on_given_up()
                return False
            try:
                self._open()
            except DxlPortError:
                pause.poll(self._duties.period_s() * 1e3)
                if not self._stopping:
                    self._wakeup.clear()
            else:
                return True
        return False

    def _open(self) -> None:
        """Open the port, at the baudrate that it is to have by then."""
        is_over = False
        while not is_over:
            with self._lock:
                self._opening = True
            try:
                self._port.open()
            finally:
                with self._lock:
                    self._opening = False
                    due, self._due = self._due, None
                    is_over = due is None
                    if due is not None:
                        # Nobody would hear of a refusal here; to open again at it tells as for
                        # any other rate that the device turns out not to make.
                        self._port.close()
                        self._port.set_baudrate(due)
