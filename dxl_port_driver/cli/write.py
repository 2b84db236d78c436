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

"""``dxl_port write``: put a value into a register."""

from __future__ import annotations

import click
from dxl_port_driver.cli.asker import Asker, Manner
from dxl_port_driver.cli.examples import examples
from dxl_port_driver.cli.exits import ExitStatus, worst
from dxl_port_driver.cli.options import asking_options, target_options
from dxl_port_driver.cli.output import Output
from dxl_port_driver.cli.replies import id_list, tell_failures
from dxl_port_driver.cli.target import Target
from dxl_port_driver.cli.values import IdsType, NumberType
from dxl_port_driver.cli.writing import write_register, Written
from dxl_port_driver.protocol.instructions import BROADCAST_ID

_LONGEST = 8


@click.command(
    'write',
    context_settings={'ignore_unknown_options': True},
    epilog=examples(
        'write 1-6 64 1 --port /dev/ttyUSB0         torque on, X series',
        'write 1 116 2048 4 --port /dev/ttyUSB0     goal position',
        'write 1 104 -50 4 --driver /dxl_port_driver',
        'write 1-6 68 1 --no-answer --port /dev/ttyUSB0',
        'write 1 30 512 2 --protocol 1.0 --port /dev/ttyUSB0',
    ),
)
@click.argument('ids', metavar='ID', type=IdsType(broadcast=True))
@click.argument('address', type=NumberType('address', 0, 0xFFFF))
@click.argument('value', type=NumberType('value', -(1 << 63), (1 << 64) - 1))
@click.argument('length', type=NumberType('length', 1, _LONGEST), default=1)
@click.option('--no-answer', is_flag=True, help='Send only, and await no answer.')
@target_options
@asking_options
def command(
    ids: tuple[int, ...],
    address: int,
    value: int,
    length: int,
    no_answer: bool,
    target: Target,
    output: Output,
    manner: Manner,
) -> ExitStatus:
    """
    Write VALUE, LENGTH bytes long (1 if not given), at ADDRESS of a servo's control table.

    ID may name several, such as 1-6,9; 254 writes to all, and none answers. LENGTH has to be
    that of the register in the control table: a Protocol 2.0 servo refuses another one. Servos
    that are set not to answer writes (Status Return Level 1 or 0) are told from silent ones, and
    the value is read back; --retries does not repeat a write that was obeyed.
    """
    if no_answer and manner.retries:
        raise click.UsageError('--no-answer and --retries exclude each other')
    data = _bytes_of(value, length)
    written: list[Written] = []
    with target.open() as access:
        asker = Asker(access, manner)
        for servo in ids:
            if no_answer:
                each = Written(asker.write_only(servo, address, data), sure=False)
            else:
                each = write_register(asker, servo, address, data)
            output.record(
                **each.reply.fields(), address=address, length=length, value=value, note=each.note
            )
            written.append(each)
    what = f'{value} ({length} byte{"s" if length > 1 else ""}) at {address}'
    done = [each for each in written if each.reply.ok and each.reply.id != BROADCAST_ID]
    for sure, way in ((True, f'wrote {what} of servo'), (False, f'sent {what} to servo')):
        ids_alike = [each.reply.id for each in done if each.sure is sure]
        if ids_alike:
            output.line(f'{way} {id_list(ids_alike)}')
    if any(each.reply.ok and each.reply.id == BROADCAST_ID for each in written):
        output.line(f'sent {what} to all servos, who do not answer to it')
    for each in written:
        if each.note:
            output.note(each.note)
        if each.reply.ok and each.reply.alarm:
            output.note(f'servo {each.reply.id} tells: {each.reply.alarm}')
    replies = [each.reply for each in written]
    tell_failures(output, replies)
    return worst(reply.status for reply in replies)


def _bytes_of(value: int, length: int) -> bytes:
    try:
        return value.to_bytes(length, 'little', signed=value < 0)
    except OverflowError:
        needed = next(
            size for size in (2, 4, _LONGEST) if -(1 << 8 * size - 1) <= value < 1 << 8 * size
        )
        raise click.BadParameter(
            f'{value} does not fit into {length} byte{"s" if length > 1 else ""}; give the '
            f'length of the register behind it: {value} {needed}',
            param_hint="'VALUE'",
        ) from None
