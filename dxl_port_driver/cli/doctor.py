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

"""``dxl_port doctor``: what users trip over, looked at in turn, each with the way to mend it."""

from __future__ import annotations

from collections.abc import Iterator

import click
from dxl_port_driver.cli.asker import Manner
from dxl_port_driver.cli.bus_checks import check_servos, Look
from dxl_port_driver.cli.checks import Check, State
from dxl_port_driver.cli.examples import examples
from dxl_port_driver.cli.exits import ExitStatus, status_of_error
from dxl_port_driver.cli.options import RETRIES, target_options, TIMEOUT
from dxl_port_driver.cli.output import Output, sentence
from dxl_port_driver.cli.port_checks import check_port
from dxl_port_driver.cli.replies import id_list
from dxl_port_driver.cli.scan import rate_kept, USUAL_RATES
from dxl_port_driver.cli.sweep import EVERY_ID
from dxl_port_driver.cli.target import Target
from dxl_port_driver.cli.values import IdsType
from dxl_port_driver.errors import DxlPortError
from dxl_port_driver.protocol.instructions import Protocol


@click.command(
    'doctor',
    epilog=examples(
        'doctor --port /dev/ttyUSB0',
        'doctor --driver /arm/dxl_port_driver',
        'doctor --port /dev/ttyUSB0 --json',
    ),
)
@click.option('--ids', type=IdsType(), help='Look for these only, such as 1-20.  [default: all]')
@target_options
@TIMEOUT
@RETRIES
def command(
    ids: tuple[int, ...] | None, target: Target, output: Output, timeout: float, retries: int
) -> ExitStatus:
    """
    Check what users trip over, and say how to mend each.

    The port: does it open, who holds it, may this user, latency timer, baudrate asked and real.
    The bus: who answers in which protocol, ids that two servos share, Return Delay Time, alarms.
    Where nobody answers on a port, other baudrates are tried; a driver's baudrate stays as it is.
    """
    seen: list[Check] = []

    def tell(check: Check) -> None:
        seen.append(check)
        output.record(
            check=check.name, state=check.state.value, message=check.message, mend=check.mend
        )
        output.line(f'{check.state.value:>4}  {check.name}: {check.message}')
        if check.mend:
            output.line(f'      -> {check.mend}')

    try:
        with target.open() as access:
            for check in check_port(target, access):
                tell(check)
            look = Look(access, Manner(Protocol.V2, timeout, retries), ids or EVERY_ID)
            for check in _check_bus(target, look, output):
                tell(check)
    except DxlPortError as error:
        tell(Check('port' if target.port else 'driver', State.FAIL, sentence(error)))
        return status_of_error(error)
    failed = any(check.state is State.FAIL for check in seen)
    return ExitStatus.FAILED if failed else ExitStatus.OK


def _check_bus(target: Target, look: Look, output: Output) -> Iterator[Check]:
    access = look.access
    with output.progress(look.steps) as step:
        find = look.around(step)
    if find.servos or find.shreds:
        yield from check_servos(look, find)
        return
    nobody = f'nobody answers at {access.baudrate} bit/s, in neither protocol'
    if not target.port:
        yield Check(
            'servos',
            State.FAIL,
            nobody,
            'check power and wiring; "dxl_port scan --baudrates '
            f'{",".join(map(str, USUAL_RATES))}" looks at other rates, and takes the bus away '
            'from everybody meanwhile',
        )
        return
    others = [rate for rate in USUAL_RATES if rate != access.baudrate]
    with rate_kept(access), output.progress(look.steps * len(others)) as step:
        for rate in others:
            try:
                access.set_baudrate(rate)
            except DxlPortError:
                continue  # a rate that the adapter cannot make is not the one in use
            find = look.around(step)
            if find.servos:
                ids = id_list([identity.reply.id for identity in find.servos])
                yield Check(
                    'servos',
                    State.FAIL,
                    f'{nobody}, but servo {ids} at {rate} bit/s',
                    f'use --baudrate {rate}, or set the Baud Rate register of the servos',
                )
                return
    yield Check(
        'servos',
        State.FAIL,
        f'{nobody}, nor at {", ".join(map(str, others))} bit/s',
        'check the power of the servos, the wiring (data line and ground), the ids, and that the '
        'adapter switches its direction',
    )
