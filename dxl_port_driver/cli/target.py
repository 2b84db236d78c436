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

"""What the user wants to talk through: a port of this process, or a driver on the graph."""

from __future__ import annotations

from dataclasses import dataclass

from dxl_port_driver.cli.access import BusAccess
from dxl_port_driver.port.address import DevicePath, parse_address
from dxl_port_driver.port.baudrate import DEFAULT_BAUDRATE
from dxl_port_driver.port.dtr import Dtr

DEFAULT_DRIVER = '/dxl_port_driver'


@dataclass(frozen=True)
class Target:
    """
    What the user wants to talk through.

    :param port: device path or URL; None: a driver.
    :param driver: name of the driver node.
    :param baudrate: bit/s, for a port; None: the default.
    :param wait_s: longest wait for a driver to be found, s.
    :param open_delay_s: how long a board is deaf after its port was opened, s.
    :param dtr: what is done with DTR when a port is opened.
    """

    port: str | None = None
    driver: str = DEFAULT_DRIVER
    baudrate: int | None = None
    wait_s: float = 5.0
    open_delay_s: float = 0.0
    dtr: Dtr = Dtr.ON

    @property
    def may_reset(self) -> bool:
        """
        Whether there may be a board that resets when the port is opened.

        :raises PortNameError: the port name names no port.
        """
        return self.port is not None and isinstance(parse_address(self.port), DevicePath)

    def open(self) -> BusAccess:
        """
        Open the port, or find the driver.

        :raises DxlPortError: there is nothing to use.
        """
        # Each way is imported when it is taken: a port needs no ROS, a driver no pyserial.
        if self.port is not None:
            from dxl_port_driver.cli.local_access import LocalAccess

            return LocalAccess(
                self.port,
                self.baudrate or DEFAULT_BAUDRATE,
                open_delay_s=self.open_delay_s,
                dtr=self.dtr,
            )
        from dxl_port_driver.cli.driver_access import DriverAccess

        return DriverAccess(self.driver, self.wait_s)
