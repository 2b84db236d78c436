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

"""``dxl_port transact``: any bytes, and what comes back."""

from __future__ import annotations

import click
from dxl_port_driver.cli.asker import status_packets
from dxl_port_driver.cli.examples import examples
from dxl_port_driver.cli.exits import ExitStatus, status_of_result
from dxl_port_driver.cli.options import RETRIES, target_options, TIMEOUT
from dxl_port_driver.cli.output import Output
from dxl_port_driver.cli.servo_errors import alarm, refusal, refused_part
from dxl_port_driver.cli.target import Target
from dxl_port_driver.cli.values import HexType
from dxl_port_driver.cli.words import in_options
from dxl_port_driver.errors import ResultCode
from dxl_port_driver.protocol.answers import expected_answers
from dxl_port_driver.protocol.instructions import Protocol
from dxl_port_driver.protocol.packets import parse_instruction, StatusPacket, V2_HEADER
from dxl_port_driver.protocol.transaction import Framing, Transaction, TransactionResult


@click.command(
    'transact',
    epilog=examples(
        'transact FF FF FD 00 01 03 00 01 19 4E --port /dev/ttyUSB0',
        'transact FFFF010201FB --port /dev/ttyUSB0     ping, Protocol 1.0',
        'transact 55 AA --length 4 --timeout 0.5 --port /dev/ttyUSB0',
    ),
)
@click.argument('data', metavar='HEX...', nargs=-1, required=True, type=HexType())
@click.option(
    '--length',
    type=click.IntRange(1, 1 << 20),
    help='Take the next so many bytes for the answer, whatever they are.',
)
@click.option(
    '--count',
    type=click.IntRange(1, 0xFFFF),
    help='Status packets to wait for.  [default: as many as the instruction asks for]',
)
@click.option('--no-answer', is_flag=True, help='Send only.')
@target_options
@TIMEOUT
@RETRIES
def command(
    data: tuple[bytes, ...],
    length: int | None,
    count: int | None,
    no_answer: bool,
    target: Target,
    output: Output,
    timeout: float,
    retries: int,
) -> ExitStatus:
    """
    Send bytes and show what comes back.

    Without --length or --no-answer they have to be one instruction packet; when its checksum or
    CRC is wrong you are told the right one.
    """
    if (length is not None) + (count is not None) + no_answer > 1:
        raise click.UsageError('--length, --count and --no-answer exclude each other')
    framing = Framing.NONE if no_answer else Framing.LENGTH if length else Framing.AUTO
    transaction = Transaction(
        b''.join(data), framing, length or 0, count or 0, timeout_s=timeout, retries=retries
    )
    with target.open() as access:
        result = access.transact(transaction)
    _tell(output, transaction, result)
    return status_of_result(result.result)


def _tell(output: Output, transaction: Transaction, result: TransactionResult) -> None:
    protocol = Protocol.V2 if transaction.data.startswith(V2_HEADER) else Protocol.V1
    framed = transaction.framing is Framing.AUTO
    packets = status_packets(protocol, result.data) if framed else []
    output.record(
        ok=result.result is ResultCode.SUCCESS,
        result=result.result.name,
        message=in_options(result.message),
        sent=transaction.data.hex(),
        data=result.data.hex(),
        packets=[
            {'id': packet.id, 'error': packet.error, 'params': packet.params.hex()}
            for packet in packets
        ],
        queued_s=round(result.queued_s, 6),
        elapsed_s=round(result.elapsed_s, 6),
        attempts=result.attempts,
    )
    if result.data:
        output.line(result.data.hex(' ').upper())
    elif result.result is ResultCode.SUCCESS:
        output.line('sent; no answer to expect')
    if packets:
        output.table(
            ('ID>', 'ERROR', 'PARAMETERS', 'MEANING'),
            [
                (
                    packet.id,
                    f'0x{packet.error:02X}',
                    packet.params.hex(' ').upper(),
                    _meaning(transaction, packet),
                )
                for packet in packets
            ],
        )
    if result.result is not ResultCode.SUCCESS:
        output.fail(in_options(result.message))
    elif result.message and not any(packet.error for packet in packets):
        output.note(in_options(result.message))


def _meaning(transaction: Transaction, packet: StatusPacket) -> str:
    """Say what the error byte of an answer means."""
    asked = parse_instruction(transaction.data)
    lengths = {answer.id: answer.length for answer in expected_answers(asked).each}
    wanted = lengths.get(packet.id)
    whole = wanted is None or len(packet.params) == wanted
    refused = refused_part(packet.protocol, packet.error, asked.instruction, whole=whole)
    words = (
        refusal(packet.protocol, refused, asked.instruction),
        alarm(packet.protocol, packet.error & ~refused),
    )
    return '; '.join(filter(None, words))
