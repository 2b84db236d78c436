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

"""Draws a timeline; the one module that needs matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dxl_port_driver.protocol.instructions import BROADCAST_ID
from dxl_port_driver.recording.format import Header
from dxl_port_driver.recording.timeline import Bar, Kind, OTHER, Timeline
import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

_INK, _PALE = '#30343f', '#d9dce3'
_COLOURS = {
    Kind.WAIT: '#b9c3d6',
    Kind.TIMEOUT: '#f7d4d7',
    Kind.REQUEST: '#3565b0',
    Kind.ANSWER: '#2a9d63',
    Kind.NOISE: '#e08a1e',
}
_RED = '#c8313f'
_IDLE = 'bus idle'
_THIN = 0.12
_HEIGHTS = {Kind.WAIT: _THIN, Kind.TIMEOUT: 0.5}
_HEIGHT = 0.62
_MOST_LABELS = 40
_LABEL_PART = 0.012
# The same recording gives the same file, and text in it can be searched.
_STYLE = {'svg.hashsalt': 'dxl_port_driver', 'svg.fonttype': 'none', 'font.size': 9}


def draw(timeline: Timeline, header: Header, path: Path) -> None:
    """
    Draw.

    :param header: of the recording, for the title.
    :param path: of the picture; its suffix says what kind.
    :raises OSError: it cannot be written.
    """
    lanes = timeline.lanes
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(12.0, 1.9 + 0.42 * (len(lanes) + 1)), layout='constrained')
        axes = figure.subplots()
        _draw_bus(axes, timeline)
        for row, lane in enumerate(lanes, 1):
            _draw_lane(axes, row, [bar for bar in timeline.bars if bar.lane == lane])
        _label(axes, timeline, lanes)
        _frame(axes, timeline, lanes)
        axes.set_title(_title(timeline, header), loc='left', fontsize=10, color=_INK)
        figure.legend(
            handles=_legend(timeline), loc='outside lower center', ncols=6, frameon=False
        )
        figure.savefig(path, dpi=130, metadata={'Date': None} if _is_svg(path) else None)


def _is_svg(path: Path) -> bool:
    return path.suffix.lower() == '.svg'


def _draw_bus(axes: Axes, timeline: Timeline) -> None:
    """Draw the line on top: when there were bytes on the wire, and when none."""
    whole = (timeline.begin_s * 1e3, (timeline.end_s - timeline.begin_s) * 1e3)
    axes.broken_barh([whole], (-0.2, 0.4), facecolor=_PALE)
    busy = [(begin * 1e3, (end - begin) * 1e3) for begin, end in timeline.busy()]
    axes.broken_barh(busy, (-0.2, 0.4), facecolor=_INK, edgecolor=_INK, linewidth=0.2)


def _draw_lane(axes: Axes, row: int, bars: Sequence[Bar]) -> None:
    axes.axhline(row, color=_PALE, linewidth=0.6, zorder=0)
    for kind, colour in _COLOURS.items():
        spans = [
            (bar.begin_s * 1e3, (bar.end_s - bar.begin_s) * 1e3)
            for bar in bars
            if bar.kind is kind
        ]
        if not spans:
            continue
        height = _HEIGHTS.get(kind, _HEIGHT)
        is_timeout = kind is Kind.TIMEOUT
        axes.broken_barh(
            spans,
            (row - height / 2, height),
            facecolor=colour,
            # In a picture of much, an edge keeps what is short from vanishing.
            edgecolor=_RED if is_timeout else colour,
            linewidth=0.5,
            hatch='////' if is_timeout else None,
            zorder=2 if kind in _HEIGHTS else 3,
        )
    ends = [bar.end_s * 1e3 for bar in bars if bar.kind is Kind.TIMEOUT]
    axes.plot(ends, [row] * len(ends), 'x', color=_RED, markersize=6, markeredgewidth=1.6)


def _label(axes: Axes, timeline: Timeline, lanes: list[int]) -> None:
    """Name the instructions, as far as there is room for names."""
    requests = [bar for bar in timeline.bars if bar.kind is Kind.REQUEST]
    if len(requests) > _MOST_LABELS:
        return
    apart_s = _LABEL_PART * (timeline.end_s - timeline.begin_s)
    taken: dict[int, float] = {}
    for bar in requests:
        width_s = apart_s * (0.6 * len(bar.label) + 1)
        if bar.begin_s < taken.get(bar.lane, -1.0):
            continue
        taken[bar.lane] = bar.begin_s + width_s
        row = 1 + lanes.index(bar.lane)
        place = (bar.begin_s * 1e3, row - _HEIGHT / 2)
        axes.annotate(
            bar.label,
            place,
            (0, 1),
            textcoords='offset points',
            fontsize=7,
            color=_INK,
            va='bottom',
        )


def _frame(axes: Axes, timeline: Timeline, lanes: list[int]) -> None:
    names = {BROADCAST_ID: 'all (254)', OTHER: 'no packet'}
    labels = ['bus', *(names.get(lane, f'servo {lane}') for lane in lanes)]
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(lanes) + 0.6, -0.6)
    margin = 0.01 * (timeline.end_s - timeline.begin_s) or 1e-3
    axes.set_xlim((timeline.begin_s - margin) * 1e3, (timeline.end_s + margin) * 1e3)
    axes.set_xlabel('ms since the start of the recording')
    axes.ticklabel_format(axis='x', style='plain', useOffset=False)
    axes.grid(axis='x', color=_PALE, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.tick_params(axis='y', length=0)
    axes.spines[['top', 'right', 'left']].set_visible(False)


def _title(timeline: Timeline, header: Header) -> str:
    instructions, answers, timeouts = (
        timeline.count(kind) for kind in (Kind.REQUEST, Kind.ANSWER, Kind.TIMEOUT)
    )
    # A dollar sign would begin a formula.
    port = header.port.replace('$', r'\$')
    return (
        f'{port}, {header.baudrate} bit/s, {header.start:%Y-%m-%d %H:%M:%S} UTC\n'
        f'{instructions} instructions, {answers} answers, {timeouts} without an answer; '
        f'bus in use {100 * timeline.utilisation:.1f} %'
    )


def _legend(timeline: Timeline) -> list[Patch]:
    shown = [kind for kind in Kind if timeline.count(kind)]
    patches = [
        Patch(
            facecolor=_COLOURS[kind],
            edgecolor=_RED if kind is Kind.TIMEOUT else _COLOURS[kind],
            hatch='////' if kind is Kind.TIMEOUT else None,
            label=kind.value,
        )
        for kind in shown
    ]
    return [*patches, Patch(facecolor=_PALE, label=_IDLE)]
