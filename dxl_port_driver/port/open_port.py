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

"""From a port name to the port of the right kind."""

from __future__ import annotations

from dxl_port_driver.errors import PortOpenError
from dxl_port_driver.port.address import parse_address, Rfc2217Url, SimUrl, SocketUrl
from dxl_port_driver.port.base import Port
from dxl_port_driver.port.baudrate import DEFAULT_BAUDRATE
from dxl_port_driver.port.dtr import Dtr
from dxl_port_driver.port.rs485 import Rs485


def make_port(
    name: str,
    *,
    baudrate: int = DEFAULT_BAUDRATE,
    exclusive: bool = True,
    rs485: Rs485 | None = None,
    dtr: Dtr = Dtr.ON,
) -> Port:
    """
    Make the port that a name names, closed.

    :param name: device path, or URL of an allowed scheme.
    :param baudrate: bit/s.
    :param exclusive: keep other processes out; no matter for ``socket://`` and ``rfc2217://``.
    :param rs485: have the kernel switch the direction of the line; None leaves that as it is.
    :param dtr: what is done with DTR when a device of this machine is opened and closed.
    :raises PortNameError: it names no port that this driver opens.
    :raises PortOpenError: the direction or DTR of a line at the far end of a network is to be set.
    :raises BaudrateError: the rate is no number that can be a baudrate.
    """
    # Each kind is imported when it is asked for: who only talks to a running driver needs no
    # pyserial, and nobody but a user of sim:// the virtual bus.
    address = parse_address(name)
    if isinstance(address, SimUrl):
        from dxl_port_driver.sim.sim_port import SimPort

        return SimPort(name, baudrate=baudrate, exclusive=exclusive, rs485=rs485, dtr=dtr)
    if isinstance(address, (SocketUrl, Rfc2217Url)):
        _require_no_lines(name, rs485, dtr)
    if isinstance(address, SocketUrl):
        from dxl_port_driver.port.socket_port import SocketPort

        return SocketPort(name, baudrate=baudrate)
    if isinstance(address, Rfc2217Url):
        from dxl_port_driver.port.rfc2217_port import Rfc2217Port

        return Rfc2217Port(name, baudrate=baudrate)
    from dxl_port_driver.port.serial_port import SerialPort

    return SerialPort(name, baudrate=baudrate, exclusive=exclusive, rs485=rs485, dtr=dtr)


def _require_no_lines(name: str, rs485: Rs485 | None, dtr: Dtr) -> None:
    """See that nothing is asked of a network port that only the device's own computer can do."""
    if rs485 is not None:
        raise PortOpenError(
            f'{name} is no serial device of this machine, so that the kernel cannot switch the '
            'direction of its line; set rs485 to false, and set it up where the device is',
            port=name,
        )
    if dtr is not Dtr.ON:
        raise PortOpenError(
            f'{name} is no serial device of this machine, so that dtr cannot be {dtr.value}; set '
            'dtr to on, and set it up where the device is',
            port=name,
        )
