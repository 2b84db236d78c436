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
import fnmatch
from typing import Any

from dxl_port_driver.errors import DxlPortError, PortNameError
from dxl_port_driver.node.stop_packets import check_stop_packets
from dxl_port_driver.port.open_port import make_port
from dxl_port_driver.protocol.transaction import Limits
from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.exceptions import ParameterUninitializedException
from rclpy.node import Node
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
    default: bool | int | float | str | tuple[str, ...]
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
        'reconnect',
        True,
        'After the device went away, take it again when it is back. If false, the node goes '
        'through error processing to unconfigured.',
    ),
    Declaration(
        'reconnect_period',
        0.5,
        'How often to look whether the device is back, s.',
        0.05,
        60.0,
    ),
    Declaration(
        'tx_echo',
        False,
        'The adapter hears what it sends itself: the echo is checked and dropped.',
    ),
    Declaration(
        'stop_packets',
        (),
        'Instruction packets in hex that are sent, in this order, when an active node is '
        'deactivated, shut down, interrupted or fails: what brings the motors to rest.',
    ),
    Declaration(
        'publish_traffic',
        False,
        'Publish every byte sent and received on ~/traffic.',
    ),
    Declaration(
        'allowed_ports',
        ('*',),
        'Patterns, as in /dev/ttyUSB* or sim://*, of which port_name has to match one. Fixed '
        'once the node runs.',
        at_start_only=True,
    ),
    Declaration(
        'allowed_instructions',
        ('all',),
        'Instructions that requests may send: names as in ping, read, write, sync_read, numbers '
        'as in 0x92, or all. Fixed once the node runs.',
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
    reconnect: bool
    reconnect_period: float
    tx_echo: bool
    stop_packets: tuple[str, ...]
    publish_traffic: bool
    allowed_ports: tuple[str, ...]
    allowed_instructions: tuple[str, ...]
    max_bytes: int
    max_timeout: float
    max_queue_time: float
    max_queue: int
    max_batch: int

    @classmethod
    def of(cls, node: Node) -> Settings:
        """Read them all from a node that has declared them."""
        return cls(
            **{
                declaration.name: _frozen(node.get_parameter(declaration.name).value)
                for declaration in DECLARATIONS
            }
        )

    def changed(self, parameters: list[Parameter[Any]]) -> Settings:
        """Give the settings as they will be with these parameters."""
        names = {field.name for field in fields(self)}
        return replace(
            self, **{item.name: item.value for item in parameters if item.name in names}
        )

    def limits(self) -> Limits:
        """Give what a single request is granted."""
        return Limits(self.max_bytes, self.max_timeout, self.max_queue_time, self.max_batch)


def declare(node: Node) -> None:
    """Declare every parameter of the driver."""
    for declaration in DECLARATIONS:
        name, default = declaration.name, declaration.default
        if default != ():
            value = list(default) if isinstance(default, tuple) else default
            node.declare_parameter(name, value, declaration.descriptor())
            continue
        # An empty list does not tell ROS what it is a list of.
        node.declare_parameter(name, Parameter.Type.STRING_ARRAY, declaration.descriptor())
        try:
            node.get_parameter(name)
        except ParameterUninitializedException:
            node.set_parameters([Parameter(name, Parameter.Type.STRING_ARRAY, [])])


def refusal(parameter: Parameter[Any], settings: Settings, *, active: bool) -> str | None:
    """
    Tell why a parameter may not take a value.

    :param settings: the values that are in force.
    :param active: whether the node is active.
    :return: one sentence, or None when there is nothing against it.
    """
    declaration = _BY_NAME.get(parameter.name)
    if declaration is None:
        return None
    name, value = parameter.name, _frozen(parameter.value)
    if type(value) is not type(declaration.default):
        return f'{name} is {value!r}; give {_KINDS[type(declaration.default)]}'
    if declaration.at_start_only:
        return f'{name} is fixed once the node runs; give it at start'
    if active and not declaration.while_active:
        return f'{name} cannot change while the node is active; deactivate it first'
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        lowest, highest = declaration.lowest, declaration.highest
        if not lowest <= value <= highest:  # which no NaN is
            return f'{name} is {value}; give {lowest:.10g} to {highest:.10g}'
    try:
        if name == 'port_name':
            check_port_name(str(value), settings.allowed_ports)
        elif name == 'stop_packets':
            check_stop_packets(_strings(value))
    except DxlPortError as error:
        return str(error)
    return None


def undeclared_refusal(parameter: Parameter[Any], node: Node) -> str | None:
    """
    Tell why a parameter that is not the driver's own may not take a value.

    :return: one sentence, or None when there is nothing against it.
    """
    name = parameter.name
    if not node.has_parameter(name):
        return f'there is no parameter {name[:80]!r}; "ros2 param list" tells which there are'
    descriptor = node.describe_parameter(name)
    if descriptor.read_only:
        return f'{name} is fixed once the node runs; give it at start'
    if not descriptor.dynamic_typing and parameter.type_.value != descriptor.type:
        return f'{name} is {parameter.value!r}, which is of another type than it has'
    return None


def as_meant(parameter: Parameter[Any]) -> Parameter[Any]:
    """Take an empty list, which does not tell what it is a list of, for the declared kind."""
    declaration = _BY_NAME.get(parameter.name)
    empty = parameter.type_.name.endswith('_ARRAY') and not len(parameter.value)
    if empty and declaration is not None and isinstance(declaration.default, tuple):
        return Parameter(parameter.name, Parameter.Type.STRING_ARRAY, [])
    return parameter


def check_port_name(name: str, allowed: tuple[str, ...]) -> None:
    """
    Check that a port name can be used, and may be.

    :raises PortNameError: it cannot, or none of the patterns matches it.
    """
    make_port(name)  # closed, and not opened: it only reads the name, sim:// options and all
    if not any(fnmatch.fnmatchcase(name, pattern) for pattern in allowed):
        raise PortNameError(
            f'{name} is not among allowed_ports ({", ".join(allowed)}); whoever starts the '
            'driver can allow it',
            port=name,
        )


def _strings(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, tuple) else []


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


_BY_NAME = {declaration.name: declaration for declaration in DECLARATIONS}
_KINDS = {
    bool: 'true or false',
    int: 'a whole number',
    float: 'a number with a decimal point',
    str: 'a string',
    tuple: 'a list of strings',
}
