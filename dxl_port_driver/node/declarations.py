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

from dataclasses import dataclass

from dxl_port_driver.bus.late_answers import LATE_S
from dxl_port_driver.port.dtr import Dtr, MAX_OPEN_DELAY_S
from dxl_port_driver.port.rs485 import MAX_DELAY_MS
from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor

MAX_BAUDRATE = 20_000_000
"""Above any rate of a serial adapter, bit/s."""


@dataclass(frozen=True)
class Declaration:
    """
    One parameter.

    :param name: as users type it.
    :param default: its value when nobody gives one; decides its type.
    :param description: what ``ros2 param describe`` says.
    :param choices: the only values, for strings; empty: any.
    :param lowest: smallest value, for numbers.
    :param highest: largest value, for numbers.
    :param while_active: whether it may change while the node is active. If not, the port is
        opened anew for it.
    :param at_start_only: whether it is fixed once the node runs.
    """

    name: str
    default: bool | int | float | str | tuple[str, ...]
    description: str
    lowest: float = 0
    highest: float = 0
    while_active: bool = True
    at_start_only: bool = False
    choices: tuple[str, ...] = ()

    def descriptor(self) -> ParameterDescriptor:
        """Give what ROS tells about the parameter."""
        descriptor = ParameterDescriptor(
            name=self.name,
            description=self.description,
            read_only=self.at_start_only,
            # Where a choice is called on or off, YAML makes a bool of it: see parameters.as_meant.
            dynamic_typing=bool(self.choices),
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
        'late_answer_time',
        LATE_S,
        'How much later than its packet timeout an answer may come and still not be taken for '
        'the answer to a later question to the same servo, s. A lost answer delays the next '
        'question to that servo by as long.',
        0.0,
        10.0,
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
        'stop_with_parent',
        False,
        'End in order, stop packets sent, when the process that started the driver has ended: for '
        'launch files, whose driver would go on without them. Only for the executable '
        'port_driver. Fixed once it runs.',
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
        'rs485',
        False,
        'Have the kernel switch the direction of an RS-485 line with RTS (TIOCSRS485), for a UART '
        'whose transceiver does not do so by itself. May change while the node is unconfigured '
        'or inactive, as all that begin with rs485.',
        while_active=False,
    ),
    Declaration(
        'rs485_rts_level_for_tx',
        True,
        'Level of RTS while sending, with rs485.',
        while_active=False,
    ),
    Declaration(
        'rs485_rts_level_for_rx',
        False,
        'Level of RTS while receiving, with rs485.',
        while_active=False,
    ),
    Declaration(
        'rs485_delay_before_tx',
        0,
        'From switching to the first bit sent, with rs485; whole ms, as the kernel counts.',
        0,
        MAX_DELAY_MS,
        while_active=False,
    ),
    Declaration(
        'rs485_delay_before_rx',
        0,
        'From the last bit sent to switching back, with rs485; whole ms, as the kernel counts. A '
        'servo answers after its Return Delay Time, 0.5 ms unless told otherwise.',
        0,
        MAX_DELAY_MS,
        while_active=False,
    ),
    Declaration(
        'open_delay',
        0.0,
        'How long a board is deaf after its port was opened, s, as those that reset then '
        '(Arduino, ESP32): requests wait for so long after every opening, also after a reconnect.',
        0.0,
        MAX_OPEN_DELAY_S,
    ),
    Declaration(
        'dtr',
        Dtr.ON.value,
        'What is done with DTR, with which many boards reset themselves, when the port is opened: '
        'on raises it, leave leaves it as the kernel made it, off lowers it and RTS. May change '
        'while the node is unconfigured or inactive.',
        while_active=False,
        choices=tuple(one.value for one in Dtr),
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
        2.0,
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

REOPENING = frozenset(one.name for one in DECLARATIONS if not one.while_active)
"""Those for which an open port is opened anew."""
