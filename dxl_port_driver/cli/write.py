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
from dxl_port_driver.protocol.instructions import BROADCAST_ID

_LONGEST = 8


@click.command(
    'write',
    context_settings={'ignore_unknown_options': True},
    epilog=examples(
        'write 1-6 64 1 --port /dev/ttyUSB0         torque on, X series',
        'write 1 116 2048 4 --port /dev/ttyUSB0     goal position',
        'write 1 104 -50 4 --driver /dxl_port_driver',
        'write 1 30 512 2 --protocol 1.0 --port /dev/ttyUSB0',
    ),
)
@click.argument('ids', metavar='ID', type=IdsType(broadcast=True))
@click.argument('address', type=NumberType('address', 0, 0xFFFF))
@click.argument('value', type=NumberType('value', -(1 << 63), (1 << 64) - 1))
@click.argument('length', type=NumberType('length', 1, _LONGEST), default=1)
@target_options
@asking_options
def command(
    ids: tuple[int, ...],
    address: int,
    value: int,
    length: int,
    target: Target,
    output: Output,
    manner: Manner,
) -> ExitStatus:
    """
    Write VALUE, LENGTH bytes long (1 if not given), at ADDRESS of a servo's control table.

    ID may name several, such as 1-6,9; 254 writes to all, and nobody answers. LENGTH has to be
    that of the register in the control table: a Protocol 2.0 servo refuses another one.
    """
    data = _bytes_of(value, length)
    with target.open() as access:
        asker = Asker(access, manner)
        replies = []
        for servo in ids:
            reply = asker.write(servo, address, data)
            output.record(**reply.fields(), address=address, length=length, value=value)
            replies.append(reply)
    done = [reply.id for reply in replies if reply.ok and reply.id != BROADCAST_ID]
    if done:
        output.line(f'wrote {value} ({length} bytes) at {address} of servo {id_list(done)}')
    if any(reply.ok and reply.id == BROADCAST_ID for reply in replies):
        output.line(
            f'sent {value} ({length} bytes) at {address} to all servos, who do not answer to it'
        )
    for reply in replies:
        if reply.ok and reply.alarm:
            output.note(f'servo {reply.id} tells: {reply.alarm}')
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
