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

"""Every parameter of the node: its type, default, range, description, and when it may change."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from dxl_port_driver.errors import DxlPortError
from dxl_port_driver.port.address import parse_address
from dxl_port_driver.protocol.transaction import Limits
from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.parameter import Parameter

MAX_BAUDRATE = 20_000_000
"""Above any rate of a serial adapter, bit/s."""


@dataclass(frozen=True)
class Declaration:
    """
    One parameter.

    :param name: as users type it.
    :param default: its value when nobody gives one; decides its type.
    :param description: what ``ros2 param describe`` says.
    :param lowest: smallest value, for numbers.
    :param highest: largest value, for numbers.
    :param while_active: whether it may change while the node is active.
    :param at_start_only: whether it is fixed once the node runs.
    """

    name: str
    default: bool | int | float | str
    description: str
    lowest: float = 0
    highest: float = 0
    while_active: bool = True
    at_start_only: bool = False

    def descriptor(self) -> ParameterDescriptor:
        """Give what ROS tells about the parameter."""
        descriptor = ParameterDescriptor(
            name=self.name, description=self.description, read_only=self.at_start_only
        )
        if isinstance(self.default, bool):
            pass
        elif isinstance(self.default, int):
            descriptor.integer_range = [
                IntegerRange(from_value=int(self.lowest), to_value=int(self.highest), step=0)
            ]
        elif isinstance(self.default, float):
            descriptor.floating_point_range = [
                FloatingPointRange(
                    from_value=float(self.lowest), to_value=float(self.highest), step=0.0
                )
            ]
        return descriptor


DECLARATIONS = (
    Declaration(
        'port_name',
        '/dev/ttyUSB0',
        'The serial port: a device path, best one under /dev/serial/by-id, or a URL: sim:// '
        '(emulated servos), socket://host:port, rfc2217://host:port. May change while the node '
        'is unconfigured or inactive.',
        while_active=False,
    ),
    Declaration(
        'baudrate',
        1_000_000,
        'Baudrate of the bus, bit/s. May change at any time; the change falls between two '
        'transactions. A rate that the device cannot make is refused and nothing changes.',
        1,
        MAX_BAUDRATE,
    ),
    Declaration(
        'latency_timer',
        0.0,
        'How long the adapter may keep received bytes to itself, ms; it counts twice in the '
        'packet timeout. 0: read it off the adapter, or 16 where it has none to read.',
        0.0,
        1000.0,
    ),
    Declaration(
        'low_latency',
        True,
        'Ask the adapter for low latency (ASYNC_LOW_LATENCY) when the port is opened or this '
        'changes.',
    ),
    Declaration(
        'exclusive',
        True,
        'Keep other processes from opening the port (flock and TIOCEXCL). May change while the '
        'node is unconfigured or inactive.',
        while_active=False,
    ),
    Declaration(
        'autostart',
        False,
        'Configure and activate the node when it starts. Fixed once it runs.',
        at_start_only=True,
    ),
    Declaration(
        'max_bytes',
        4096,
        'Longest write, read or answer of a single request, bytes.',
        16,
        1 << 20,
    ),
    Declaration(
        'max_timeout',
        10.0,
        'Longest time that a single request may hold the bus, s.',
        0.001,
        3600.0,
    ),
    Declaration(
        'max_queue_time',
        1.0,
        'Longest time that a request may wait for the bus, s; also how long one waits that does '
        'not say.',
        0.0,
        3600.0,
    ),
    Declaration(
        'max_queue',
        1000,
        'Most requests that may wait for the bus at once; a further one is refused.',
        1,
        100_000,
    ),
    Declaration(
        'max_batch',
        256,
        'Most transactions in one batch.',
        1,
        10_000,
    ),
)


@dataclass(frozen=True)
class Settings:
    """The values of all parameters at one moment; the names are those of the parameters."""

    port_name: str
    baudrate: int
    latency_timer: float
    low_latency: bool
    exclusive: bool
    autostart: bool
    max_bytes: int
    max_timeout: float
    max_queue_time: float
    max_queue: int
    max_batch: int

    def changed(self, parameters: list[Parameter[Any]]) -> Settings:
        """Give the settings as they will be with these parameters."""
        names = {field.name for field in fields(self)}
        return replace(
            self, **{item.name: item.value for item in parameters if item.name in names}
        )

    def limits(self) -> Limits:
        """Give what a single request is granted."""
        return Limits(self.max_bytes, self.max_timeout, self.max_queue_time, self.max_batch)


_BY_NAME = {declaration.name: declaration for declaration in DECLARATIONS}


def refusal(parameter: Parameter[Any], *, active: bool) -> str | None:
    """
    Tell why a parameter may not take a value.

    :param active: whether the node is active.
    :return: one sentence, or None when there is nothing against it.
    """
    declaration = _BY_NAME.get(parameter.name)
    if declaration is None:
        return None
    name, value = parameter.name, parameter.value
    if type(value) is not type(declaration.default):
        wanted = type(declaration.default).__name__
        return f'{name} is {value!r}, a {type(value).__name__}; give a {wanted}'
    if declaration.at_start_only:
        return f'{name} is fixed once the node runs; give it at start'
    if active and not declaration.while_active:
        return f'{name} cannot change while the node is active; deactivate it first'
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        lowest, highest = declaration.lowest, declaration.highest
        if not lowest <= value <= highest:  # which no NaN is
            return f'{name} is {value}; give {lowest:.10g} to {highest:.10g}'
    if name == 'port_name':
        try:
            parse_address(str(value))
        except DxlPortError as error:
            return str(error)
    return None
