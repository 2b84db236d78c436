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

"""``dxl_port ping``: who is there, and what is it."""

from __future__ import annotations

import click
from dxl_port_driver.cli.asker import Asker, Identity, Manner
from dxl_port_driver.cli.examples import examples
from dxl_port_driver.cli.exits import ExitStatus, worst
from dxl_port_driver.cli.lateness import LateProbe, PATIENCE_S
from dxl_port_driver.cli.models import model_name
from dxl_port_driver.cli.options import asking_options, target_options
from dxl_port_driver.cli.output import Output
from dxl_port_driver.cli.replies import id_list, tell_failures, tell_notes
from dxl_port_driver.cli.sweep import every_id, sweep
from dxl_port_driver.cli.target import Target
from dxl_port_driver.cli.values import IdsType


@click.command(
    'ping',
    epilog=examples(
        'ping 1-6 --port /dev/ttyUSB0 --baudrate 57600',
        'ping --driver /arm/dxl_port_driver',
        'ping 1 --protocol 1.0 --port sim://?protocol=1.0 --json',
    ),
)
@click.argument('ids', type=IdsType(), required=False)
@target_options
@asking_options
def command(
    ids: tuple[int, ...] | None, target: Target, output: Output, manner: Manner
) -> ExitStatus:
    """
    Ask servos whether they are there, and what they are.

    IDS are such as 1-6,9. Without them every id is asked: in Protocol 2.0 with one broadcast
    Ping, in 1.0 one after another.
    """
    with target.open() as access:
        asker = Asker(access, manner)
        if ids is None:
            return _everyone(asker, output, access.name)
        probe = LateProbe(asker)
        answers = [_told(output, _found(asker, servo, probe)) for servo in ids]
        _show(output, answers)
        tell_failures(output, [answer.reply for answer in answers])
        if probe.left_out:
            output.note(
                f'servo {id_list(probe.left_out)} may be there and answer late; --timeout '
                f'{PATIENCE_S:g} asks them with more time'
            )
        return worst(answer.reply.status for answer in answers)


def _found(asker: Asker, servo: int, probe: LateProbe) -> Identity:
    """Ask a servo, with more time if it is silent: it may be there all the same."""
    answer = asker.ping(servo)
    late = probe.ask(answer.reply)
    if late is None:
        return answer
    sentence = late.sentence(asker.access)
    if asker.manner.timeout_s:
        # Later than the user wants to wait is as good as no answer.
        return answer._replace(reply=answer.reply._replace(message=sentence, late=True))
    return late.identity._replace(note=sentence)


def _everyone(asker: Asker, output: Output, name: str) -> ExitStatus:
    with output.progress(len(every_id(asker.manner.protocol))) as step:
        found = [_told(output, answer) for answer in sweep(asker, step)]
    _show(output, found, timed=False)
    tell_failures(output, [answer.reply for answer in found])
    if not found:
        output.fail(
            f'no servo answers on {name} in Protocol {asker.manner.protocol}; check power and '
            'wiring, and try "dxl_port scan", which asks at other baudrates and in the other '
            'protocol'
        )
        return ExitStatus.FAILED
    return worst(answer.reply.status for answer in found)


def _told(output: Output, answer: Identity) -> Identity:
    output.record(**answer.reply.fields(), **identity_fields(answer))
    return answer


def identity_fields(answer: Identity) -> dict[str, object]:
    """Give what ``--json`` tells of a servo that said who it is."""
    return {
        'model': answer.model,
        'model_name': model_name(answer.model),
        'firmware': answer.firmware,
        'note': answer.note,
    }


def _show(output: Output, answers: list[Identity], *, timed: bool = True) -> None:
    there = [answer for answer in answers if answer.reply.ok]
    if not there:
        return
    time_column = ('TIME MS>',) if timed else ()
    output.table(
        ('ID>', 'MODEL>', 'NAME', 'FIRMWARE>', *time_column, 'ALARM'),
        [
            (
                answer.reply.id,
                answer.model,
                model_name(answer.model),
                answer.firmware,
                *([f'{answer.reply.elapsed_s * 1e3:.2f}'] if timed else []),
                answer.reply.alarm,
            )
            for answer in there
        ],
    )
    tell_notes(output, there)
