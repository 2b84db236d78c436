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

"""The options that every command has, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable
import functools
from typing import Any

import click
from dxl_port_driver.cli.asker import Manner
from dxl_port_driver.cli.output import Output
from dxl_port_driver.cli.target import DEFAULT_DRIVER, Target
from dxl_port_driver.cli.values import NodeNameType, RateType, RealType
from dxl_port_driver.port.baudrate import DEFAULT_BAUDRATE
from dxl_port_driver.port.dtr import Dtr, MAX_OPEN_DELAY_S
from dxl_port_driver.protocol.instructions import Protocol

PROTOCOLS = {'1.0': Protocol.V1, '2.0': Protocol.V2}


def target_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say where the bus is; the command gets ``target`` and ``output``."""

    @functools.wraps(command)
    def with_target(
        *,
        driver: str | None,
        port: str | None,
        baudrate: int | None,
        open_delay: float,
        dtr: str,
        wait: float,
        as_json: bool,
        **others: Any,
    ) -> Any:
        if driver is not None and port is not None:
            raise click.UsageError('give --driver or --port, not both')
        if baudrate is not None and port is None:
            raise click.UsageError(
                '--baudrate goes with --port; that of a driver is its parameter: '
                f'ros2 param set {driver or DEFAULT_DRIVER} baudrate {baudrate}'
            )
        if port is None and (open_delay or dtr != Dtr.ON.value):
            raise click.UsageError(
                '--open-delay and --dtr go with --port; those of a driver are its parameters '
                'open_delay and dtr'
            )
        target = Target(
            port, driver or DEFAULT_DRIVER, baudrate, wait, open_delay_s=open_delay, dtr=Dtr(dtr)
        )
        return command(target=target, output=Output(as_json), **others)

    for option in reversed(_TARGET_OPTIONS):
        with_target = option(with_target)
    return with_target


def asking_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how to ask servos; the command gets ``manner``."""

    @functools.wraps(command)
    def with_manner(*, protocol: str, timeout: float, retries: int, **others: Any) -> Any:
        return command(manner=Manner(PROTOCOLS[protocol], timeout, retries), **others)

    for option in reversed((_PROTOCOL, TIMEOUT, RETRIES)):
        with_manner = option(with_manner)
    return with_manner


_TARGET_OPTIONS = (
    click.option(
        '--driver',
        type=NodeNameType(),
        metavar='NAME',
        help=f'Use the bus through this driver node.  [default: {DEFAULT_DRIVER}]',
    ),
    click.option(
        '--port',
        metavar='NAME',
        help='Use this port, without ROS: a device path, sim://, socket://HOST:PORT or '
        'rfc2217://HOST:PORT.',
    ),
    click.option(
        '--baudrate',
        type=RateType(),
        help=f'Baudrate of the port, such as 57600 or 4.5M.  [default: {DEFAULT_BAUDRATE}]',
    ),
    click.option(
        '--open-delay',
        type=RealType(0, MAX_OPEN_DELAY_S),
        default=0.0,
        metavar='S',
        help='Wait so long after opening the port, for a board that resets then.',
    ),
    click.option(
        '--dtr',
        type=click.Choice([one.value for one in Dtr]),
        default=Dtr.ON.value,
        help='What to do with DTR when the port is opened.  [default: on]',
    ),
    click.option(
        '--wait',
        type=RealType(0.1, 3600),
        default=5.0,
        metavar='S',
        show_default=True,
        help='Longest wait for the driver to be found.',
    ),
    click.option('--json', 'as_json', is_flag=True, help='Print one JSON object a line.'),
)
_PROTOCOL = click.option(
    '--protocol',
    type=click.Choice(list(PROTOCOLS)),
    default='2.0',
    show_default=True,
    help='Protocol of the servos.',
)
TIMEOUT = click.option(
    '--timeout',
    type=RealType(0, 3600),
    default=0.0,
    metavar='S',
    help="Longest wait for an answer.  [default: what the SDK's rule gives, 4 to 36 ms]",
)
RETRIES = click.option(
    '--retries',
    type=click.IntRange(0, 255),
    default=0,
    show_default=True,
    help='More tries when no answer comes, or a broken one.',
)
