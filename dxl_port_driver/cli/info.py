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

"""``dxl_port info``: what port, which adapter, who holds it; or which driver, in what state."""

from __future__ import annotations

from collections.abc import Iterator
import os

import click
from dxl_port_driver.cli.adapter import find_adapter, lasting_name, permissions
from dxl_port_driver.cli.examples import examples
from dxl_port_driver.cli.exits import ExitStatus, status_of_error
from dxl_port_driver.cli.options import target_options
from dxl_port_driver.cli.output import Output, sentence
from dxl_port_driver.cli.target import Target
from dxl_port_driver.errors import DxlPortError
from dxl_port_driver.port.address import DevicePath, parse_address, SimUrl
from dxl_port_driver.port.baudrate import DEFAULT_BAUDRATE
from dxl_port_driver.port.device_check import require_serial_device
from dxl_port_driver.port.holders import find_holders
from dxl_port_driver.port.latency import read_latency_timer_ms
from dxl_port_driver.port.open_errors import open_error

Facts = dict[str, object]


@click.command(
    'info',
    epilog=examples(
        'info --port /dev/ttyUSB0',
        'info --driver /arm/dxl_port_driver',
        'info --port /dev/ttyUSB0 --json',
    ),
)
@target_options
def command(target: Target, output: Output) -> ExitStatus:
    """
    Tell what there is to know about a port or a driver.

    Of a port: which adapter it is, its latency timer, who holds it, and whether it opens. Of a
    driver: its state and its parameters. The exit status is 0 only if it could be used now.
    """
    facts, problem, status = (
        _of_driver(target) if target.port is None else of_port(target, target.port)
    )
    output.record(**facts, usable=not problem, message=problem)
    output.table(
        ('WHAT', 'VALUE'),
        [(name, _shown(value)) for name, value in _flat(facts) if value not in ('', None)],
    )
    if problem:
        output.fail(problem)
    return status


def of_port(target: Target, name: str) -> tuple[Facts, str, ExitStatus]:
    """
    Find out about a port.

    :return: what there is to know; why the port cannot be used, or empty; the exit status.
    :raises PortNameError: the name names no port.
    """
    # Whoever asks about a driver needs no pyserial.
    from dxl_port_driver.cli.local_access import LocalAccess

    address = parse_address(name)
    facts: Facts = {'port': name}
    if isinstance(address, SimUrl):
        facts['adapter'] = 'the virtual bus of this process'
    try:
        if isinstance(address, DevicePath):
            facts |= _of_device(address.path, name)
        with LocalAccess(name, target.baudrate or DEFAULT_BAUDRATE, dtr=target.dtr) as access:
            if access.sets_baudrate:
                facts |= {'baudrate': access.baudrate, 'real_baudrate': access.real_baudrate}
            facts |= {
                'latency_timer_ms': access.latency_timer_ms,
                'low_latency': access.low_latency,
            }
    except DxlPortError as error:
        return facts, sentence(error), status_of_error(error)
    return facts, '', ExitStatus.OK


def _of_device(path: str, name: str) -> Facts:
    try:
        require_serial_device(path, name)
    except DxlPortError:
        raise
    except OSError as error:
        raise open_error(error, path, name) from error
    adapter = find_adapter(path)
    real = os.path.realpath(path)
    return {
        'device': real if real != path else '',
        'lasting_name': lasting_name(path),
        'adapter': adapter.product,
        'manufacturer': adapter.manufacturer,
        'usb_id': adapter.usb_id,
        'serial_number': adapter.serial_number,
        'kernel_driver': adapter.kernel_driver,
        'permissions': permissions(path),
        'held_by': [str(holder) for holder in find_holders(path)],
        'latency_timer_ms': read_latency_timer_ms(path),
    }


def _of_driver(target: Target) -> tuple[Facts, str, ExitStatus]:
    from dxl_port_driver.cli.driver_access import DriverAccess

    with DriverAccess(target.driver, target.wait_s, only_active=False) as access:
        facts: Facts = {
            'driver': access.name,
            'state': access.state,
            'parameters': access.parameters(),
        }
        if access.refusal:
            return facts, access.refusal, ExitStatus.NOT_AVAILABLE
    return facts, '', ExitStatus.OK


def _flat(facts: Facts) -> Iterator[tuple[str, object]]:
    for name, value in facts.items():
        if isinstance(value, dict):
            yield from _flat(value)
        else:
            yield name, value


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return 'yes' if value else 'no'
    if isinstance(value, list):
        return ', '.join(map(str, value)) or '-'
    return f'{value:g}' if isinstance(value, float) else str(value)
