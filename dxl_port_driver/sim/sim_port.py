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

"""``sim://``: a port to emulated servos in this process, through a real pty."""

from __future__ import annotations

from dxl_port_driver.errors import PortMissingError, PortNameError
from dxl_port_driver.port.baudrate import DEFAULT_BAUDRATE
from dxl_port_driver.port.serial_port import SerialPort
from dxl_port_driver.sim import running
from dxl_port_driver.sim.options import parse_url
from dxl_port_driver.sim.pty_server import PtyServer

_LOW_LATENCY_MS = 1.0


class SimPort(SerialPort):
    """
    A serial port whose adapter and servos are emulated.

    :param name: ``sim://`` URL, see ``docs/virtual_bus.md``.
    :param baudrate: bit/s.
    :param exclusive: see :class:`SerialPort`.
    :raises PortNameError: the URL has an option that is unknown or wrong.
    """

    def __init__(
        self, name: str, *, baudrate: int = DEFAULT_BAUDRATE, exclusive: bool = True
    ) -> None:
        super().__init__(name, baudrate=baudrate, exclusive=exclusive)
        try:
            self._options = parse_url(name)
        except PortNameError as error:
            raise PortNameError(error.message, port=name) from None
        self._server: PtyServer | None = None

    @property
    def server(self) -> PtyServer:
        """The virtual bus behind the port, to look into it and to pull its plug."""
        return self._server or running.find(self._options)

    def _device_path(self) -> str:
        self._server = running.acquire(self._options)
        path = self._server.path
        if path is None:
            raise PortMissingError(
                f'{self.name} is unplugged; plug the virtual adapter in again.', port=self.name
            )
        return path

    def _achieved_baudrate(self) -> int:
        assert self._server is not None
        return self._server.bus.adapter_rate(super()._achieved_baudrate())

    def close(self) -> None:
        """Close the port; the servos keep their state. Safe at any time, any number of times."""
        super().close()
        if self._server is not None:
            self._server = None
            running.release(self._options)

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
