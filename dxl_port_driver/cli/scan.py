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

"""``dxl_port scan``: what is on this bus at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
from dxl_port_driver.cli.access import BusAccess
from dxl_port_driver.cli.asker import Asker, Identity, Manner
from dxl_port_driver.cli.examples import examples
from dxl_port_driver.cli.exits import ExitStatus
from dxl_port_driver.cli.models import model_name
from dxl_port_driver.cli.options import PROTOCOLS, RETRIES, target_options, TIMEOUT
from dxl_port_driver.cli.output import complain, Output, Step
from dxl_port_driver.cli.ping import identity_fields
from dxl_port_driver.cli.replies import tell_failures, tell_notes
from dxl_port_driver.cli.sweep import ids_in, sweep
from dxl_port_driver.cli.target import Target
from dxl_port_driver.cli.values import IdsType, RatesType
from dxl_port_driver.errors import BaudrateError, DxlPortError
from dxl_port_driver.protocol.instructions import Protocol

USUAL_RATES = (57_600, 1_000_000, 115_200, 2_000_000, 3_000_000, 4_000_000, 9_600)
"""The factory settings first; then what the e-Manual's control tables offer, likely ones first."""

Found = tuple[int | None, Identity]
"""A baudrate, None where there is none to set, and what answered at it."""


@click.command(
    'scan',
    epilog=examples(
        'scan --port /dev/ttyUSB0',
        'scan --port /dev/ttyUSB0 --baudrates 57600,1M --protocol 2.0',
        'scan --driver /arm/dxl_port_driver --ids 1-20 --json',
    ),
)
@click.option('--ids', type=IdsType(), help='Look for these only, such as 1-20.  [default: all]')
@click.option(
    '--protocol',
    type=click.Choice([*PROTOCOLS, 'both']),
    default='both',
    show_default=True,
    help='Protocols to ask in.',
)
@click.option(
    '--baudrates',
    type=RatesType(),
    help='Baudrates to ask at, such as 57600,1M.  [default: those usual for servos; '
    'for --baudrate and for a driver the one that is set]',
)
@click.option(
    '--each', is_flag=True, help='Ask each id in Protocol 2.0, too, instead of all at once.'
)
@target_options
@TIMEOUT
@RETRIES
def command(
    ids: tuple[int, ...] | None,
    protocol: str,
    baudrates: tuple[int, ...] | None,
    each: bool,
    target: Target,
    output: Output,
    timeout: float,
    retries: int,
) -> ExitStatus:
    """
    Look for servos at all ids, in both protocols and at many baudrates.

    A rate takes a second in Protocol 2.0; in 1.0, where each id has to be asked, a second with a
    latency timer of 1 ms and nine with one of 16 ms. On a driver only --baudrates changes the
    baudrate; everybody on the bus is without servos meanwhile, and at the end it is set back.
    """
    protocols = [Protocol.V2, Protocol.V1] if protocol == 'both' else [PROTOCOLS[protocol]]
    manners = [Manner(each_protocol, timeout, retries) for each_protocol in protocols]
    found: list[Found] = []
    with target.open() as access, rate_kept(access):
        if baudrates and not access.sets_baudrate:
            raise click.UsageError(
                f'--baudrates cannot be set on {access.name}: the far end has its own baudrate'
            )
        rates = baudrates or _default_rates(target, access)
        made: list[int] = []
        steps = len(rates) * sum(len(ids_in(manner.protocol, ids)) for manner in manners)
        try:
            with output.progress(steps) as step:
                for rate in rates:
                    if not _set_rate(access, rate, output):
                        continue
                    made.append(rate)
                    for manner in manners:
                        for answer in sweep(
                            Asker(access, manner), _at(step, rate, found), ids, each=each
                        ):
                            told = rate if access.sets_baudrate else None
                            found.append((told, answer))
                            _record(output, told, answer)
        finally:
            # What was found before Ctrl-C was found.
            show(output, found)
        sets_baudrate = access.sets_baudrate
    at = f' at {", ".join(map(str, rates))} bit/s' if sets_baudrate else ''
    if not found:
        output.fail(
            f'no servo answers on {target.port or target.driver}{at} in Protocol '
            f'{" or ".join(map(str, protocols))}; check power, wiring and the direction of the '
            'adapter' + (', or try other --baudrates' if sets_baudrate else '')
        )
    elif sets_baudrate and len(rates) == 1 and not baudrates:
        output.note(f'looked at {rates[0]} bit/s only; --baudrates asks at others as well')
    if len(made) > 1 and _same_everywhere(found, made):
        output.note(
            'the same servos answer at every baudrate: the adapter does not set the baudrate that '
            'it is asked for, or they are emulated'
        )
    return ExitStatus.OK if any(answer.reply.ok for _, answer in found) else ExitStatus.FAILED


def _same_everywhere(found: list[Found], rates: list[int]) -> bool:
    servos = [
        {
            (answer.reply.protocol, answer.reply.id)
            for rate, answer in found
            if rate == each and answer.reply.ok
        }
        for each in rates
    ]
    return bool(servos[0]) and all(each == servos[0] for each in servos)


@contextmanager
def rate_kept(access: BusAccess) -> Iterator[None]:
    """Set the baudrate back at the end of the block, however it ends."""
    before = access.baudrate
    try:
        yield
    finally:
        try:
            if access.baudrate != before:
                access.set_baudrate(before)
        except DxlPortError as error:
            complain(f'{access.name} is not at {before} bit/s again: {error}')


def _default_rates(target: Target, access: BusAccess) -> tuple[int, ...]:
    if target.port is None or target.baudrate is not None or not access.sets_baudrate:
        return (access.baudrate,)
    return USUAL_RATES


def _set_rate(access: BusAccess, rate: int, output: Output) -> bool:
    try:
        if rate != access.baudrate:
            access.set_baudrate(rate)
    except BaudrateError as error:
        output.note(f'left out {rate} bit/s: {error}')
        return False
    return True


def _at(step: Step, rate: int, found: list[Found]) -> Step:
    return lambda steps, what: step(steps, f'{rate} bit/s, {what}; {len(found)} found')


def _record(output: Output, rate: int | None, answer: Identity) -> None:
    output.record(baudrate=rate, **answer.reply.fields(), **identity_fields(answer))


def show(output: Output, found: list[Found]) -> None:
    """Print a table of the servos that were found, and who answered with shreds."""
    there = [(rate, answer) for rate, answer in found if answer.reply.ok]
    if there:
        output.table(
            ('BAUDRATE>', 'PROTOCOL', 'ID>', 'MODEL>', 'NAME', 'FIRMWARE>', 'ALARM'),
            [
                (
                    rate,
                    answer.reply.protocol,
                    answer.reply.id,
                    answer.model,
                    model_name(answer.model),
                    answer.firmware,
                    answer.reply.alarm,
                )
                for rate, answer in there
            ],
        )
    tell_notes(output, [answer for _, answer in found])
    tell_failures(output, [answer.reply for _, answer in found])
    if any(not answer.reply.ok for _, answer in found):
        output.note('where bytes come that are no answer, two servos may share the id')
