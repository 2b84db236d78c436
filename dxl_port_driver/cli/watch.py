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

"""``dxl_port watch``: a register of several servos, as it changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
import sys
import time

import click
from dxl_port_driver.cli.asker import Asker, Manner, Reply
from dxl_port_driver.cli.examples import examples
from dxl_port_driver.cli.exits import ExitStatus, worst
from dxl_port_driver.cli.lateness import explained, LateProbe
from dxl_port_driver.cli.options import asking_options, target_options
from dxl_port_driver.cli.output import make_table, Output
from dxl_port_driver.cli.read import value_fields
from dxl_port_driver.cli.replies import as_signed, as_unsigned, tell_failures
from dxl_port_driver.cli.target import Target
from dxl_port_driver.cli.values import IdsType, NumberType, RealType
from rich.live import Live


@dataclass
class _Row:
    """What is known of one servo so far."""

    reply: Reply
    value: int = 0
    lowest: int = 0
    highest: int = 0
    answers: int = 0
    failures: int = 0


@click.command(
    'watch',
    epilog=examples(
        'watch 1-6 132 4 --port /dev/ttyUSB0',
        'watch 1-6 0x92 --rate 1 --driver /arm/dxl_port_driver',
        'watch 1,2 132 4 --count 100 --json --port sim:// > positions.jsonl',
    ),
)
@click.argument('ids', type=IdsType())
@click.argument('address', type=NumberType('address', 0, 0xFFFF))
@click.argument('length', type=NumberType('length', 1, 8), default=1)
@click.option(
    '--rate',
    type=RealType(0.01, 1000),
    default=5.0,
    show_default=True,
    metavar='HZ',
    help='Sweeps over all servos a second, if the bus carries them.',
)
@click.option('--count', type=click.IntRange(1), help='End after so many sweeps.')
@click.option('--unsigned', is_flag=True, help='Show values that cannot be negative.')
@target_options
@asking_options
def command(
    ids: tuple[int, ...],
    address: int,
    length: int,
    rate: float,
    count: int | None,
    unsigned: bool,
    target: Target,
    output: Output,
    manner: Manner,
) -> ExitStatus:
    """
    Show a register of several servos, live, until Ctrl-C.

    On a terminal a table is kept up to date. Into a file or a pipe goes one line a sweep: the
    time in s, then a value for each servo, or a dash where none came.
    """
    rows: dict[int, _Row] = {}
    with target.open() as access:
        asker = Asker(access, manner)
        show = _display(output, ids)
        with show:
            for number, at_s in _sweeps(rate, count):
                for servo in ids:
                    reply = asker.read(servo, address, length)
                    _note(rows, reply, unsigned)
                    output.record(
                        sweep=number,
                        time_s=round(at_s, 6),
                        **reply.fields(),
                        **(value_fields(reply.params) if reply.ok else {}),
                    )
                show.update(at_s, rows)
                # A driver may take its port again; a port that went away from us is gone.
                if target.port and _gone(rows):
                    break
        gone = _gone(rows)
        probe = LateProbe(asker)
        replies = [
            explained(asker, row.reply, probe) for row in rows.values() if gone or not row.answers
        ]
    tell_failures(output, replies)
    return worst(reply.status for reply in replies)


def _sweeps(rate: float, count: int | None) -> Iterator[tuple[int, float]]:
    """Give number and time of each sweep when it is due; one that is late shifts the rest."""
    begun = due = time.monotonic()
    number = 0
    while count is None or number < count:
        number += 1
        yield number, time.monotonic() - begun
        due = max(due + 1 / rate, time.monotonic())
        if number != count:
            time.sleep(max(0.0, due - time.monotonic()))


def _gone(rows: dict[int, _Row]) -> bool:
    return any(row.reply.status is ExitStatus.NOT_AVAILABLE for row in rows.values())


def _note(rows: dict[int, _Row], reply: Reply, unsigned: bool) -> None:
    row = rows.setdefault(reply.id, _Row(reply))
    row.reply = reply
    if not reply.ok:
        row.failures += 1
        return
    row.value = as_unsigned(reply.params) if unsigned else as_signed(reply.params)
    row.lowest = min(row.lowest, row.value) if row.answers else row.value
    row.highest = max(row.highest, row.value) if row.answers else row.value
    row.answers += 1


class _Display:
    """Shows nothing: what ``--json`` prints is printed as it comes."""

    def __enter__(self) -> _Display:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def update(self, at_s: float, rows: dict[int, _Row]) -> None:
        """Take note of a sweep."""


class _Lines(_Display):
    """One line a sweep."""

    def __init__(self, output: Output, ids: tuple[int, ...]) -> None:
        self._output = output
        output.line(' '.join([f'{"TIME":>10}', *(f'{f"ID {servo}":>10}' for servo in ids)]))

    def update(self, at_s: float, rows: dict[int, _Row]) -> None:
        """Print it."""
        values = (str(row.value) if row.reply.ok else '-' for row in rows.values())
        self._output.line(' '.join([f'{at_s:10.3f}', *(f'{value:>10}' for value in values)]))


class _LiveTable(_Display):
    """A table that is kept up to date."""

    def __init__(self, output: Output) -> None:
        self._live = Live(console=output.console(), auto_refresh=False)

    def __enter__(self) -> _Display:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def update(self, at_s: float, rows: dict[int, _Row]) -> None:
        """Draw it anew."""
        table = make_table(
            ('ID>', 'VALUE>', 'LOWEST>', 'HIGHEST>', 'FAILED>', 'STATE'),
            [
                (
                    servo,
                    row.value if row.reply.ok else '-',
                    row.lowest if row.answers else '-',
                    row.highest if row.answers else '-',
                    row.failures,
                    row.reply.alarm or ('' if row.reply.ok else row.reply.result.name),
                )
                for servo, row in rows.items()
            ],
            framed=True,
        )
        self._live.update(table, refresh=True)


def _display(output: Output, ids: tuple[int, ...]) -> _Display:
    if output.as_json:
        return _Display()
    return _LiveTable(output) if sys.stdout.isatty() else _Lines(output, ids)
