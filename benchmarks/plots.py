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

"""The plots of ``docs/performance.md``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import Figure
import matplotlib as mpl
from matplotlib.figure import Figure as Canvas

_MET, _MISSED, _INK = '#2a9d63', '#d1495b', '#30343f'

# The same figures give the same file: no random ids, and text that a reader can search.
mpl.rcParams.update({'svg.hashsalt': 'dxl_port_driver', 'svg.fonttype': 'none', 'font.size': 9})


def plot_ratios(figures: Sequence[Figure], path: Path) -> None:
    """Draw each figure that has a goal as a part of the goal: shorter than the line is better."""
    shown = [figure for figure in figures if figure.goal][::-1]
    parts = [_part_of_goal(figure, figure.value) for figure in shown]
    canvas = Canvas(figsize=(9.0, 0.6 + 0.3 * len(shown)), layout='constrained')
    axes = canvas.subplots()
    axes.barh(
        range(len(shown)),
        parts,
        color=[_MET if figure.is_met else _MISSED for figure in shown],
        height=0.7,
    )
    for row, figure in enumerate(shown):
        if figure.low is not None and figure.high is not None:
            ends = [_part_of_goal(figure, value) for value in (figure.low, figure.high)]
            axes.plot(ends, (row, row), color=_INK, linewidth=1.0)
        label = f'  {figure.value_text} (goal {figure.goal_text})'
        axes.text(parts[row], row, label, va='center', color=_INK, fontsize=8)
    axes.axvline(1.0, color=_INK, linewidth=1.0, linestyle='--')
    axes.set_yticks(range(len(shown)), [figure.what for figure in shown])
    axes.set_xlim(0.0, 1.45 * max([*parts, 1.0]))
    axes.set_xlabel('part of what the goal allows (dashed); thin line: quartiles of the rounds')
    axes.spines[['top', 'right']].set_visible(False)
    _save(canvas, path)


def _part_of_goal(figure: Figure, value: float) -> float:
    assert figure.goal
    return figure.goal / max(value, 1e-9) if figure.at_least else value / figure.goal


def plot_budget(budgets: Sequence[Figure], path: Path) -> None:
    """Draw where the time goes, one stacked bar a figure that has ``segments``."""
    names = list(dict.fromkeys(name for one in budgets for name in one.details['segments']))
    colors = mpl.colormaps['tab20']
    canvas = Canvas(
        figsize=(9.0, 1.2 + 0.7 * len(budgets) + 0.2 * len(names)), layout='constrained'
    )
    axes = canvas.subplots()
    rows = range(len(budgets))
    left = [0.0] * len(budgets)
    for number, name in enumerate(names):
        widths = [budget.details['segments'].get(name, 0.0) for budget in budgets]
        axes.barh(rows, widths, left=left, color=colors(number % 20), label=name, height=0.6)
        left = [begin + width for begin, width in zip(left, widths, strict=True)]
    axes.set_yticks(rows, [budget.what for budget in budgets])
    axes.set_xlabel('us, typical times of a round trip')
    axes.spines[['top', 'right']].set_visible(False)
    canvas.legend(loc='outside lower center', ncols=3, fontsize=8, frameon=False)
    _save(canvas, path)


def _save(canvas: Canvas, path: Path) -> None:
    canvas.savefig(path, format='svg', metadata={'Date': None})
    # matplotlib ends lines of paths with blanks, which no linter of ours likes.
    lines = path.read_text().splitlines()
    path.write_text('\n'.join(line.rstrip() for line in lines) + '\n')
