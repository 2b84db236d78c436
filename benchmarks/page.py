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

"""Writes ``docs/performance.md`` and its plots from the figures of a run."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.plots import plot_budget, plot_ratios
from benchmarks.results import Results
from benchmarks.table import quartiles

_PLOTS = 'performance'
_EXPLAINED = Path(__file__).with_name('page.md')


def write_page(results: Results, docs: Path) -> Path:
    """
    Write the page and its plots.

    :param docs: folder of the page; the plots go into one inside.
    :return: the page.
    """
    plots = docs / _PLOTS
    plots.mkdir(parents=True, exist_ok=True)
    plot_ratios(results.figures, plots / 'ratios.svg')
    budgets = [figure for figure in results.figures if 'segments' in figure.details]
    if budgets:
        plot_budget(budgets, plots / 'budget.svg')
    page = docs / 'performance.md'
    text = _EXPLAINED.read_text()
    for mark, lines in (
        ('<!-- machine -->', _machine(results)),
        ('<!-- goals -->', _table(figure for figure in results.figures if figure.goal)),
        ('<!-- others -->', _table(figure for figure in results.figures if not figure.goal)),
        ('<!-- budget -->', _budget(budgets)),
        ('<!-- details -->', _details(results.figures)),
    ):
        text = text.replace(mark, '\n'.join(lines))
    page.write_text(text)
    return page


def _machine(results: Results) -> list[str]:
    machine = results.machine
    packages = ', '.join(f'{name} {version}' for name, version in machine['packages'].items())
    loads = results.loads.values()
    return [
        f'{"Roughly measured, with `--quick`," if results.quick else "Measured"} '
        f'{machine["date"]} at commit `{machine["commit"]}`, on {machine["cores"]} cores '
        f'of {machine["processor"]}, {machine["system"]}, Python {machine["python"]}; {packages}. '
        f'Load average before each measurement: {min(loads):g} to {max(loads):g}.'
    ]


def _table(figures: Iterable[Figure]) -> list[str]:
    lines = [
        '| what | against | figure | quartiles | goal | issue |',
        '| --- | --- | ---: | ---: | ---: | --- |',
    ]
    marks = {True: ' ✓', False: ' **missed**', None: ''}
    for figure in figures:
        value = f'{figure.value_text}{marks[figure.is_met]}'
        cells = (figure.what, figure.against, value, quartiles(figure), figure.goal_text)
        lines.append('| ' + ' | '.join((*cells, figure.goal_of)) + ' |')
    return lines


def _budget(budgets: list[Figure]) -> list[str]:
    lines: list[str] = []
    for figure in budgets:
        lines += [
            '',
            f'{figure.what}: {figure.value:.0f} us',
            '',
            '| where | us | part |',
            '| --- | ---: | ---: |',
        ]
        segments: dict[str, float] = figure.details['segments']
        total = sum(segments.values())
        lines += [
            f'| {name} | {time_us:.1f} | {time_us / total:.0%} |'
            for name, time_us in segments.items()
        ]
    return lines


def _details(figures: list[Figure]) -> list[str]:
    lines: list[str] = []
    for figure in figures:
        shown = '; '.join(
            f'{name} {value:g}'
            for name, value in figure.details.items()
            if isinstance(value, int | float)
        )
        if shown or figure.note:
            lines.append(f'- **{figure.what}**: {". ".join(filter(None, (shown, figure.note)))}')
    return lines
