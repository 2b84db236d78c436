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

"""What a byte costs in a long packet, against one in a short packet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.caller import Caller
from benchmarks.domains import ros_domain
from benchmarks.figures import Figure, over_rounds
from benchmarks.programs import Driver, VirtualBus
from benchmarks.sampling import alternate, ratios, Rounds, summary_us
from benchmarks.setting import Setting
from builtin_interfaces.msg import Duration
from dxl_port_driver import PortHandler
from dxl_port_driver.conversions import octets
from dxl_port_interfaces.srv import ReadPort, WritePort

LONG, SHORT = 4096, 11
_TIMEOUT_MS = 1000.0


def measure(setting: Setting) -> list[Figure]:
    """Write bytes and read them back off an adapter that hears itself."""
    return [
        _figure(
            'long_packets',
            f'{LONG}-byte ~/write and ~/read',
            _through_the_driver(setting),
        ),
        _figure(
            'long_packets_in_process',
            f'{LONG}-byte writePort and readPort in process',
            _in_process(setting),
        ),
    ]


def _figure(key: str, what: str, blocks: Rounds) -> Figure:
    return Figure(
        key,
        f'{what}, per byte',
        f'{SHORT}-byte ones, per byte',
        **over_rounds([ratio * SHORT / LONG for ratio in ratios(blocks, 'long', ['short'])]),
        goal=0.2,
        goal_of='5',
        details=summary_us(blocks),
    )


def _through_the_driver(setting: Setting) -> Rounds:
    with (
        ros_domain() as domain,
        VirtualBus(echo='on') as bus,
        Driver(domain, bus.path) as driver,
        Caller(domain, driver.name) as caller,
    ):

        def there_and_back(length: int) -> Callable[[], None]:
            data = octets(bytes(length))
            write = caller.call(WritePort, 'write', WritePort.Request(data=data))
            request: Any = ReadPort.Request(length=length, timeout=Duration(sec=1))
            read = caller.call(ReadPort, 'read', request)
            caller.call(ReadPort, 'read', ReadPort.Request(length=LONG))()

            def once() -> None:
                write()
                if read().data != data:
                    raise RuntimeError(f'of {length} bytes others came back')

            return once

        return alternate(
            {'long': there_and_back(LONG), 'short': there_and_back(SHORT)},
            setting.pick(20, 3),
            setting.pick(20, 10),
        )


def _in_process(setting: Setting) -> Rounds:
    with VirtualBus(echo='on', pace='off') as bus:
        port = PortHandler(bus.path)
        port.openPort()

        def there_and_back(length: int) -> Callable[[], None]:
            data = bytes(length)

            def once() -> None:
                port.setPacketTimeoutMillis(_TIMEOUT_MS)
                port.writePort(data)
                if port.readPort(length) != data:
                    raise RuntimeError(f'of {length} bytes others came back')

            return once

        try:
            return alternate(
                {'long': there_and_back(LONG), 'short': there_and_back(SHORT)},
                setting.pick(40, 4),
                setting.pick(200, 50),
            )
        finally:
            port.closePort()
