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

"""Figures as a table on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.figures import Figure
from rich.console import Console
from rich.table import Table

_MET = {True: '[green]met[/]', False: '[red]missed[/]', None: ''}


def print_table(figures: Sequence[Figure], title: str) -> None:
    """Print figures with goals and whether they are met."""
    table = Table(title=title, title_justify='left')
    for name in ('what', 'against'):
        table.add_column(name, overflow='fold')
    for name in ('figure', 'quartiles', 'goal', ''):
        table.add_column(name, justify='right', no_wrap=True)
    for figure in figures:
        table.add_row(
            figure.what,
            figure.against,
            figure.value_text,
            quartiles(figure),
            figure.goal_text,
            _MET[figure.is_met],
        )
    Console().print(table)


def quartiles(figure: Figure) -> str:
    """Give how far the rounds were apart, for people."""
    if figure.low is None or figure.high is None:
        return ''
    return f'{figure.low:.2f} - {figure.high:.2f}'
