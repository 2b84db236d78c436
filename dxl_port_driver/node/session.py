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

"""An open port with all that belongs to it, from configure to cleanup."""

from __future__ import annotations

from dataclasses import replace
import threading

from dxl_port_driver.bus.bus import Bus
from dxl_port_driver.bus.keeper import Duties, Keeper
from dxl_port_driver.bus.tap import Listener, TappedPort
from dxl_port_driver.errors import DxlPortError
from dxl_port_driver.node.parameters import check_port_name, Settings
from dxl_port_driver.port.base import Port
from dxl_port_driver.port.dtr import Dtr
from dxl_port_driver.port.open_port import make_port
from dxl_port_driver.protocol.timing import byte_time_s, DEFAULT_LATENCY_TIMER_MS, Link
from rclpy.impl.rcutils_logger import RcutilsLogger


class Session:
    """
    A port, its bus, and its keeper.

    The methods are for one thread, that of the executor; the keeper takes the port again in its
    own, and sets it up by the latest settings before it says so.

    :param settings: which port, and how.
    :param duties: what is done when the device goes.
    :param logger: is told of an adapter that refuses low latency.
    :raises DxlPortError: the port does not open.
    """

    def __init__(self, settings: Settings, duties: Duties, logger: RcutilsLogger) -> None:
        self._settings = settings
        self._on_back = duties.on_back
        self._duties = replace(duties, on_back=self._taken_again)
        self._logger = logger
        # Held for the moment in which an open port is set up.
        self._lock = threading.Lock()
        self.port = _opened(settings)
        self.low_latency: bool | None = None
        """Whether the adapter is in low latency mode; None until it was asked for."""
        self.low_latency_refused = False
        """Whether it was asked for low latency and is not in that mode."""
        self.link = link(settings, self.port)
        """What the port needs for a byte."""
        self.bus = self._new_bus(settings)
        self._keeper = Keeper(self.bus, self._duties)
        self._keeper.start()

    def set_baudrate(self, baudrate: int) -> None:
        """
        Change the baudrate, while nobody is admitted.

        :param baudrate: bit/s.
        :raises BaudrateError: it cannot be made; all is as it was.
        """
        self._keeper.set_baudrate(baudrate)

    def reopen(self, settings: Settings) -> None:
        """
        Take a port with other settings, while nobody is admitted.

        :raises DxlPortError: it does not open; the old one is kept.
        """
        self._keeper.stop()
        was_open = self.port.is_open
        self.port.close()
        try:
            self.port = _opened(settings)
        except DxlPortError:
            if was_open:
                self.port.open()
            raise
        finally:
            self.low_latency, self.low_latency_refused = None, False
            self.bus.shutdown('the driver takes another port')
            self.bus = self._new_bus(settings)
            self._keeper = Keeper(self.bus, self._duties)
            self._keeper.start()

    def close(self, reason: str) -> None:
        """
        Send everybody away and close the port; safe any number of times.

        :param reason: one sentence for those who are sent away.
        """
        self._keeper.stop()
        self.bus.shutdown(reason)
        self.port.close()

    def apply(self, settings: Settings, listener: Listener | None) -> None:
        """
        Bring what may change at any time in line with the settings.

        :param listener: is told of the traffic; None: nobody is.
        """
        self._settings = settings
        self.bus.max_waiting = settings.max_queue
        self.bus.line.hears_itself = settings.tx_echo
        self.bus.line.late_s = settings.late_answer_time
        self.bus.line.open_delay_s = settings.open_delay
        self.bus.port = self.port if listener is None else TappedPort(self.port, listener)
        self._set_up()

    def _new_bus(self, settings: Settings) -> Bus:
        bus = Bus(self.port, settings.max_queue)
        bus.line.open_delay_s = settings.open_delay
        bus.line.opened()
        return bus

    def _taken_again(self) -> None:
        """Go on with a device that is back; runs in the keeper's thread."""
        self._set_up()
        self._on_back()

    def _set_up(self) -> None:
        # Who comes second has the latest settings before its eyes, whichever thread that is.
        with self._lock:
            settings, port = self._settings, self.port
            if port.is_open:  # else the adapter is away, and is asked when it is back
                was_refused = self.low_latency_refused
                self.low_latency = port.set_low_latency(settings.low_latency)
                self.low_latency_refused = settings.low_latency and not self.low_latency
                if self.low_latency_refused and not was_refused:
                    tell_low_latency_refused(self._logger, port)
            self.link = self.bus.line.link = link(settings, port)


def tell_low_latency_refused(logger: RcutilsLogger, port: Port) -> None:
    """Tell in the log that an adapter did not go into low latency mode when asked to."""
    timer_ms = port.latency_timer_ms
    if timer_ms is None:
        # A pty, a UART, a CDC adapter: it keeps nothing back, so nothing is lost.
        logger.debug(f'{port.name} has no low latency mode and no latency timer')
    else:
        logger.info(
            f'{port.name} did not take low_latency, its latency timer is at '
            f'{timer_ms:g} ms; udev/99-dynamixel.rules sets it, see docs/adapters.md'
        )


def link(settings: Settings, port: Port | None) -> Link:
    """Give what a port needs for a byte; None for a port that is not there yet."""
    measured_ms = port.latency_timer_ms if port is not None and port.is_open else None
    latency_ms = settings.latency_timer or measured_ms or DEFAULT_LATENCY_TIMER_MS
    # The port is ahead of the settings for the moment in which a change is made.
    baudrate = settings.baudrate if port is None else port.baudrate
    return Link(byte_time_s(baudrate), latency_ms / 1e3)


def _opened(settings: Settings) -> Port:
    check_port_name(settings.port_name, settings.allowed_ports)
    port = make_port(
        settings.port_name,
        baudrate=settings.baudrate,
        exclusive=settings.exclusive,
        rs485=settings.direction(),
        dtr=Dtr(settings.dtr),
    )
    port.open()
    return port
