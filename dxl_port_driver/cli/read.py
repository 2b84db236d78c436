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

"""``dxl_port read``: what is in a register."""

from __future__ import annotations

import click
from dxl_port_driver.cli.asker import Asker, Manner, Reply
from dxl_port_driver.cli.examples import examples
from dxl_port_driver.cli.exits import ExitStatus, worst
from dxl_port_driver.cli.lateness import explained, LateProbe
from dxl_port_driver.cli.options import asking_options, target_options
from dxl_port_driver.cli.output import Output
from dxl_port_driver.cli.replies import as_signed, as_unsigned, tell_failures
from dxl_port_driver.cli.target import Target
from dxl_port_driver.cli.values import IdsType, NumberType

_LONGEST_VALUE = 8
"""Longer reads are several registers, of which no one number makes sense."""


@click.command(
    'read',
    epilog=examples(
        'read 1 132 4 --port /dev/ttyUSB0       present position, X series',
        'read 1-6 0x92 --driver /dxl_port_driver',
        'read 1 36 2 --protocol 1.0 --port /dev/ttyUSB0',
    ),
)
@click.argument('ids', metavar='ID', type=IdsType())
@click.argument('address', type=NumberType('address', 0, 0xFFFF))
@click.argument('length', type=NumberType('length', 1, 0xFFFF), default=1)
@target_options
@asking_options
def command(
    ids: tuple[int, ...],
    address: int,
    length: int,
    target: Target,
    output: Output,
    manner: Manner,
) -> ExitStatus:
    """
    Read LENGTH bytes (1 if not given) at ADDRESS of a servo's control table.

    ID may name several, such as 1-6,9. Address and length of every register are in the control
    table on the servo's page of the e-Manual.
    """
    with target.open() as access:
        asker = Asker(access, manner)
        probe = LateProbe(asker)
        replies = []
        for servo in ids:
            reply = explained(asker, asker.read(servo, address, length), probe)
            output.record(
                **reply.fields(),
                address=address,
                length=length,
                **(value_fields(reply.params) if reply.ok else {}),
            )
            replies.append(reply)
    _show(output, [reply for reply in replies if reply.ok], address, length)
    tell_failures(output, replies)
    return worst(reply.status for reply in replies)


def value_fields(data: bytes) -> dict[str, object]:
    """Give what ``--json`` tells of bytes that were read."""
    if len(data) > _LONGEST_VALUE:
        return {'data': data.hex()}
    return {'data': data.hex(), 'value': as_unsigned(data), 'signed': as_signed(data)}


def _show(output: Output, replies: list[Reply], address: int, length: int) -> None:
    if not replies:
        return
    if length > _LONGEST_VALUE:
        for reply in replies:
            output.line(f'servo {reply.id}')
            output.table(
                ('ADDRESS>', 'BYTES'),
                [
                    (address + at, reply.params[at : at + 16].hex(' ').upper())
                    for at in range(0, len(reply.params), 16)
                ],
            )
        return
    output.table(
        ('ID>', 'ADDRESS>', 'VALUE>', 'SIGNED>', 'HEX', 'ALARM'),
        [
            (
                reply.id,
                address,
                as_unsigned(reply.params),
                as_signed(reply.params),
                f'0x{as_unsigned(reply.params):0{2 * length}X}',
                reply.alarm,
            )
            for reply in replies
        ],
    )
