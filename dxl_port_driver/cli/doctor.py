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
import time

import click
from dxl_port_driver.cli.access import BusAccess
from dxl_port_driver.cli.asker import Manner
from dxl_port_driver.cli.bus_checks import check_presence, check_servos
from dxl_port_driver.cli.checks import Check, State
from dxl_port_driver.cli.examples import examples
from dxl_port_driver.cli.exits import ExitStatus, status_of_error
from dxl_port_driver.cli.options import RETRIES, target_options, TIMEOUT
from dxl_port_driver.cli.output import Output, sentence
from dxl_port_driver.cli.port_checks import check_port, check_stolen
from dxl_port_driver.cli.replies import id_list
from dxl_port_driver.cli.scan import USUAL_RATES
from dxl_port_driver.cli.survey import Elsewhere, Survey
from dxl_port_driver.cli.target import Target
from dxl_port_driver.cli.values import IdsType
from dxl_port_driver.errors import DxlPortError
from dxl_port_driver.protocol.instructions import Protocol

_START_S = 2.5
"""A board that resets when its port is opened hears again after so long, s."""


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
    The bus: what answers in which protocol, and what does not; late answers, ids that two servos
    share, alarms, Status Return Level, Return Delay Time. On a port, servos are looked for at
    other baudrates as well; a driver's baudrate stays as it is.
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
            survey = Survey(access, Manner(Protocol.V2, timeout, retries), ids)
            may_reset = target.may_reset and not target.open_delay_s
            for check in _check_bus(access, survey, output, may_reset=may_reset):
                tell(check)
    except DxlPortError as error:
        tell(Check('port' if target.port else 'driver', State.FAIL, sentence(error)))
        for check in check_stolen(target):
            tell(check)
        return status_of_error(error)
    failed = any(check.state is State.FAIL for check in seen)
    return ExitStatus.FAILED if failed else ExitStatus.OK


def _check_bus(
    access: BusAccess, survey: Survey, output: Output, *, may_reset: bool
) -> Iterator[Check]:
    begun = time.monotonic()
    with output.progress(survey.steps) as step:
        present = survey.here(step)
        if may_reset and not present.servos and not present.garbled:
            # A board that resets when its port is opened was deaf until now.
            time.sleep(max(0.0, begun + _START_S - time.monotonic()))
            if survey.hears_any():
                present = survey.here(step)
                yield Check(
                    'start',
                    State.WARN,
                    'the first answer came only some time after the port was opened: the board '
                    'resets then',
                    'give --open-delay 2 here and open_delay:=2.0 to a driver; or keep DTR down, '
                    'if the board allows: --dtr off',
                )
    other = None
    if access.sets_baudrate and not access.is_driver:
        rates = [rate for rate in USUAL_RATES if rate != access.baudrate]
        with output.progress(survey.steps * len(rates)) as step:
            other = survey.elsewhere(rates, present, step)
    yield from check_presence(access, survey, present, other)
    yield from check_servos(survey, present.servos)
    yield _where(access, survey, other)


def _where(access: BusAccess, survey: Survey, other: Elsewhere | None) -> Check:
    """Say where was looked, and what was left out."""
    ids = 'all ids' if survey.ids is None else f'id {id_list(survey.ids)}'
    left_out = [] if survey.ids is None else ['other ids']
    mend = ''
    if other is not None:
        at = f', at {", ".join(map(str, sorted([access.baudrate, *other.tried])))} bit/s'
        left_out.append('other baudrates')
        if other.not_made:
            not_made = ', '.join(map(str, sorted(other.not_made)))
            left_out[-1] += f' ({not_made}: the adapter does not make them)'
    elif access.sets_baudrate:
        at = f', at {access.baudrate} bit/s'
        left_out.append("other baudrates (a driver's stays as it is)")
        mend = (
            f'dxl_port scan --driver {access.name} --baudrates '
            f'{",".join(map(str, USUAL_RATES))} looks at others, and takes the bus away from '
            'everybody meanwhile'
        )
    else:
        at = ', at the baudrate of the far end, which is not set from here'
    without = f'; left out: {", ".join(left_out)}' if left_out else ''
    return Check('looked at', State.NOTE, f'{ids}, both protocols{at}{without}', mend)
