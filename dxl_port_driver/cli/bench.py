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

"""``dxl_port bench``: how many transactions a second this bus carries."""

from __future__ import annotations

from dataclasses import dataclass, field
import time

import click
from dxl_port_driver.cli.access import BusAccess
from dxl_port_driver.cli.asker import Asker, Manner, Reply, reply_of
from dxl_port_driver.cli.examples import examples
from dxl_port_driver.cli.exits import ExitStatus, worst
from dxl_port_driver.cli.lateness import explained, LateProbe
from dxl_port_driver.cli.options import asking_options, target_options
from dxl_port_driver.cli.output import Output
from dxl_port_driver.cli.replies import tell_failures
from dxl_port_driver.cli.target import Target
from dxl_port_driver.cli.values import IdsType, NumberType, RealType
from dxl_port_driver.protocol.timing import byte_time_s
from dxl_port_driver.protocol.transaction import Transaction, TransactionResult


@click.command(
    'bench',
    epilog=examples(
        'bench --port /dev/ttyUSB0 --baudrate 1M',
        'bench 1-6 --read 132 4 --batch 6 --driver /dxl_port_driver',
        'bench 1 --seconds 10 --json --port sim://',
    ),
)
@click.argument('ids', type=IdsType(), default='1')
@click.option(
    '--seconds',
    type=RealType(0.01, 3600),
    default=3.0,
    show_default=True,
    metavar='S',
    help='How long to go on.',
)
@click.option('--count', type=click.IntRange(1), help='End after so many transactions, too.')
@click.option(
    '--read',
    'register',
    nargs=2,
    type=NumberType('number', 0, 0xFFFF),
    metavar='ADDRESS LENGTH',
    help='Read a register instead of pinging.',
)
@click.option(
    '--batch',
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    help='Send so many at once, back to back (transact_batch).',
)
@target_options
@asking_options
def command(
    ids: tuple[int, ...],
    seconds: float,
    count: int | None,
    register: tuple[int, int] | None,
    batch: int,
    target: Target,
    output: Output,
    manner: Manner,
) -> ExitStatus:
    """
    Measure how many transactions a second the bus carries.

    IDS (1 if not given) are asked in turn. The wire share is the part of the time in which bits
    were on the wire: what is missing to 100 % went to servos, adapter, operating system and ROS.
    """
    tally = _Tally()
    with target.open() as access:
        asker = Asker(access, manner)
        packets = [
            asker.read_packet(servo, *register) if register else asker.ping_packet(servo)
            for servo in ids
        ]
        questions = [(packet, asker.transaction(packet)) for packet in packets]
        byte_s = byte_time_s(access.baudrate)
        begun = time.perf_counter()
        with output.progress(round(seconds * 1e3)) as step:
            while tally.seconds < seconds and (count is None or tally.asked < count):
                size = batch if count is None else min(batch, count - tally.asked)
                asked = [questions[(tally.asked + each) % len(ids)] for each in range(size)]
                before = time.perf_counter()
                results = _send(access, [transaction for _, transaction in asked])
                now = time.perf_counter()
                tally.seconds = now - begun
                tally.call_times_s.append(now - before)
                for (packet, transaction), result in zip(asked, results, strict=False):
                    reply = reply_of(packet, result)
                    tally.count(reply, len(transaction.data) + len(result.data))
                step(round((now - before) * 1e3), f'{tally.asked} transactions')
                if tally.status is ExitStatus.NOT_AVAILABLE:
                    break
        probe = LateProbe(asker)
        silent = {reply.id: reply for reply in tally.failures if reply.silent}
        explanations = {servo: explained(asker, reply, probe) for servo, reply in silent.items()}
    failures = [
        explanations.get(reply.id, reply) if reply.silent else reply for reply in tally.failures
    ]
    figures = tally.figures(byte_s, batch)
    output.record(target=access.name, **figures)
    output.table(('WHAT', 'FIGURE>'), [(name, _shown(name, figures[name])) for name in figures])
    tell_failures(output, failures)
    return tally.status


@dataclass
class _Tally:
    """A measurement under way."""

    seconds: float = 0.0
    asked: int = 0
    bytes: int = 0
    call_times_s: list[float] = field(default_factory=list)
    failures: list[Reply] = field(default_factory=list)
    status: ExitStatus = ExitStatus.OK

    def count(self, reply: Reply, length: int) -> None:
        """
        Take in one transaction.

        :param length: bytes sent and received.
        """
        self.asked += 1
        self.bytes += length
        self.status = worst((self.status, reply.status))
        if not reply.ok:
            self.failures.append(reply)

    def figures(self, byte_s: float, batch: int) -> dict[str, float]:
        """
        Give what came of it, by name.

        :param byte_s: time of one byte on the wire, s.
        :param batch: transactions in a call.
        """
        times_ms = sorted(1e3 * time_s for time_s in self.call_times_s)
        last = len(times_ms) - 1
        return {
            'transactions': self.asked,
            'failures': len(self.failures),
            'seconds': round(self.seconds, 3),
            'per_second': round(self.asked / self.seconds, 1),
            'batch': batch,
            'call_median_ms': round(times_ms[round(0.5 * last)], 3),
            'call_p99_ms': round(times_ms[round(0.99 * last)], 3),
            'call_max_ms': round(times_ms[last], 3),
            'wire_share': round(self.bytes * byte_s / self.seconds, 4),
        }


def _send(access: BusAccess, transactions: list[Transaction]) -> list[TransactionResult]:
    if len(transactions) == 1:
        return [access.transact(transactions[0])]
    return access.transact_batch(transactions)


def _shown(name: str, figure: float) -> str:
    return f'{100 * figure:.1f} %' if name == 'wire_share' else f'{figure:g}'
