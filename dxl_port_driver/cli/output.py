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

"""
What the tool prints: tables and sentences for people, or one JSON object a line for programs.

Results go to stdout, failures and progress to stderr. Where stdout is no terminal, tables have
neither frames nor colours and lines are as long as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
import json
import os
import sys
from typing import TextIO, TYPE_CHECKING

from dxl_port_driver.cli.words import in_options
from dxl_port_driver.errors import DxlPortError, PortHeldError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_PIPE_WIDTH = 10_000

Step = Callable[[int, str], None]
"""Takes how many steps were done, and what is being done now."""


class ReaderGoneError(Exception):
    """Nobody reads stdout any more, as in ``dxl_port ... | head``."""


class Output:
    """
    Prints.

    :param as_json: for programs.
    """

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json

    def record(self, **fields: object) -> None:
        """Print one object, for programs only."""
        if self.as_json:
            _print(json.dumps(fields))

    def line(self, text: str) -> None:
        """Print a line, for people only."""
        if not self.as_json:
            _print(text)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """
        Print a table, for people only.

        :param columns: headings; one that ends with ``>`` is a column of numbers.
        :param rows: cells; None is empty.
        """
        if not self.as_json:
            framed = sys.stdout.isatty()
            console = self.console()
            with console.capture() as capture:
                console.print(make_table(columns, rows, framed=framed))
            lines = capture.get().splitlines()
            _print('\n'.join(lines if framed else map(str.rstrip, lines)))

    def fail(self, message: str) -> None:
        """Print a sentence about what went wrong."""
        complain(message)

    def note(self, text: str) -> None:
        """Print what a person may want to know beside the result."""
        if not self.as_json:
            print(text, file=sys.stderr, flush=True)

    def console(self) -> Console:
        """Give a console on stdout, for live tables."""
        return make_console(sys.stdout)

    @contextmanager
    def progress(self, total: int) -> Iterator[Step]:
        """
        Show a bar while the block runs, if somebody looks.

        :param total: how many steps there are.
        """
        if self.as_json or not sys.stderr.isatty():
            yield lambda steps, what: None
            return
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        bar = Progress(
            TextColumn('{task.description}', markup=False),
            BarColumn(),
            TimeRemainingColumn(),
            console=make_console(sys.stderr),
            transient=True,
        )
        with bar:
            task = bar.add_task('', total=total)
            yield lambda steps, what: bar.update(task, advance=steps, description=what)


def _print(text: str) -> None:
    try:
        print(text, flush=True)
    except BrokenPipeError:
        raise ReaderGoneError from None


def complain(message: str) -> None:
    """Print a sentence about what went wrong, on stderr."""
    print(f'dxl_port: {message.rstrip(".")}', file=sys.stderr, flush=True)


def sentence(error: DxlPortError) -> str:
    """Tell what went wrong, with advice that fits somebody at a keyboard."""
    if isinstance(error, PortHeldError) and error.holder:
        return (
            f'{error.port} is held by {error.holder}; end that, or if it is a driver node, reach '
            'the bus through it: --driver instead of --port'
        )
    return in_options(error.message)


def make_console(stream: TextIO) -> Console:
    """Give a console that prints what it is given, without a look for markup in it."""
    from rich.console import Console

    width = None if stream.isatty() or 'COLUMNS' in os.environ else _PIPE_WIDTH
    return Console(file=stream, markup=False, highlight=False, emoji=False, width=width)


def make_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, framed: bool) -> Table:
    """
    Give a table.

    :param columns: headings; one that ends with ``>`` is a column of numbers.
    :param rows: cells; None is empty.
    :param framed: with lines, for a terminal.
    """
    from rich import box
    from rich.table import Table

    table = Table(
        box=box.SIMPLE_HEAD if framed else None,
        pad_edge=False,
        show_edge=False,
        header_style='bold',
    )
    for column in columns:
        table.add_column(column.rstrip('>'), justify='right' if column.endswith('>') else 'left')
    for row in rows:
        table.add_row(*('' if cell is None else str(cell) for cell in row))
    return table
