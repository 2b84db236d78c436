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

"""The values of the parameters: all at one moment, and why one is refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
import fnmatch
from typing import Any

from dxl_port_driver.errors import DxlPortError, PortNameError, RequestError
from dxl_port_driver.node.declarations import Declaration, DECLARATIONS
from dxl_port_driver.node.stop_packets import check_stop_packets
from dxl_port_driver.port.open_port import make_port
from dxl_port_driver.port.rs485 import Rs485
from dxl_port_driver.protocol.permission import Permission
from dxl_port_driver.protocol.transaction import Limits
from rclpy.exceptions import ParameterUninitializedException
from rclpy.node import Node
from rclpy.parameter import Parameter


@dataclass(frozen=True)
class Settings:
    """The values of all parameters at one moment; the names are those of the parameters."""

    port_name: str
    baudrate: int
    latency_timer: float
    late_answer_time: float
    low_latency: bool
    exclusive: bool
    autostart: bool
    stop_with_parent: bool
    reconnect: bool
    reconnect_period: float
    tx_echo: bool
    rs485: bool
    rs485_rts_level_for_tx: bool
    rs485_rts_level_for_rx: bool
    rs485_delay_before_tx: int
    rs485_delay_before_rx: int
    open_delay: float
    dtr: str
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

    def direction(self) -> Rs485 | None:
        """Give how the kernel is to switch the direction of the line; None: not at all."""
        if not self.rs485:
            return None
        return Rs485(
            self.rs485_rts_level_for_tx,
            self.rs485_rts_level_for_rx,
            self.rs485_delay_before_tx,
            self.rs485_delay_before_rx,
        )


def declare(node: Node) -> None:
    """
    Declare every parameter of the driver.

    :raises RequestError: one was given a value that is none of its choices.
    """
    for declaration in DECLARATIONS:
        name, default = declaration.name, declaration.default
        if default != ():
            value = list(default) if isinstance(default, tuple) else default
            given = node.declare_parameter(name, value, declaration.descriptor())
            if declaration.choices:
                meant = as_meant(given)
                if meant.value not in declaration.choices:
                    raise RequestError(_no_choice(declaration, meant.value))
                node.set_parameters([meant])
            continue
        # An empty list does not tell ROS what it is a list of.
        node.declare_parameter(name, Parameter.Type.STRING_ARRAY, declaration.descriptor())
        try:
            node.get_parameter(name)
        except ParameterUninitializedException:
            node.set_parameters([Parameter(name, Parameter.Type.STRING_ARRAY, [])])


def check_given(node: Node) -> None:
    """
    Check that what was given to a node at its start are parameters that it has.

    ROS drops all others without a word, and a driver would run without its stop packets.

    :raises RequestError: some are not; names those that were probably meant.
    """
    # Of rclpy's insides: there is no other way to what was given and is not declared.
    given: Iterable[str] = node._parameter_overrides
    unknown = [
        name
        for name in given
        # rclpy declares a qos_overrides only for topics that allow it, and passes over the rest.
        if not node.has_parameter(name) and not name.startswith('qos_overrides.')
    ]
    if unknown:
        raise RequestError(
            f'{node.get_fully_qualified_name()} was given what is no parameter of the driver: '
            + ', '.join(map(unknown_parameter, unknown))
        )


def unknown_parameter(name: str) -> str:
    """Give the name of a parameter that does not exist, and of the one that was meant."""
    # Not earlier: a start that is right has no use for it.
    import difflib

    meant = difflib.get_close_matches(name.rpartition('.')[2], _BY_NAME, n=1)
    return f'{name} (did you mean {meant[0]}?)' if meant else name


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
    if declaration.choices and value not in declaration.choices:
        return _no_choice(declaration, value)
    try:
        if name == 'port_name':
            check_port_name(str(value), settings.allowed_ports)
        elif name == 'stop_packets':
            # Else they would be a way around it for who may set parameters.
            check_stop_packets(_strings(value), Permission(settings.allowed_instructions))
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
        return (
            f'there is no parameter {unknown_parameter(name[:80])}; "ros2 param list" tells which '
            'there are'
        )
    descriptor = node.describe_parameter(name)
    if descriptor.read_only:
        return f'{name} is fixed once the node runs; give it at start'
    if not descriptor.dynamic_typing and parameter.type_.value != descriptor.type:
        return f'{name} is {parameter.value!r}, which is of another type than it has'
    return None


def as_meant(parameter: Parameter[Any]) -> Parameter[Any]:
    """
    Take a value for one of the declared kind where YAML has left that open.

    An empty list does not tell what it is a list of; a bare ``on`` or ``off`` is a bool.
    """
    declaration = _BY_NAME.get(parameter.name)
    if isinstance(parameter.value, bool) and declaration is not None and declaration.choices:
        return Parameter(parameter.name, Parameter.Type.STRING, 'on' if parameter.value else 'off')
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


def _no_choice(declaration: Declaration, value: object) -> str:
    *others, last = declaration.choices
    return f'{declaration.name} is {value!r}; give {", ".join(others)} or {last}'


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
