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

"""What is made of figures: files, comparisons, the page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from benchmarks.figures import Figure
    from benchmarks.results import Results


def _figure(key: str = 'speed', value: float = 0.5, **about: object) -> Figure:
    from benchmarks.figures import Figure

    fields = {'what': f'the {key}', 'against': 'another', 'goal': 1.0, **about}
    return Figure(key, value=value, **fields)  # type: ignore[arg-type]


def _results(*figures: Figure) -> Results:
    from benchmarks.machine import tell_machine
    from benchmarks.results import Results

    return Results(tell_machine(), figures=list(figures), loads={'all': 0.5})


def _compare(tmp_path: Path, old: Results, new: Results) -> int:
    from benchmarks.compare import main

    old.save(tmp_path / 'old.json')
    new.save(tmp_path / 'new.json')
    return main([str(tmp_path / 'old.json'), str(tmp_path / 'new.json')])


def test_a_file_gives_back_what_was_saved(tmp_path: Path) -> None:
    from benchmarks.results import Results

    saved = _results(_figure(low=0.4, high=0.6, details={'a, us': 1.5}), _figure('b', goal=None))
    saved.save(tmp_path / 'results.json')
    assert Results.load(tmp_path / 'results.json') == saved


@pytest.mark.parametrize(
    ('value', 'at_least', 'met'),
    [(0.9, False, True), (1.1, False, False), (1.1, True, True), (0.9, True, False)],
)
def test_a_goal_is_met_from_its_own_side(value: float, at_least: bool, met: bool) -> None:
    assert _figure(value=value, at_least=at_least).is_met is met


@pytest.mark.parametrize(
    ('old', 'new', 'at_least', 'status'),
    [
        (1.0, 1.14, False, 0),
        (1.0, 1.16, False, 1),
        (1.0, 0.5, False, 0),
        (1.0, 0.88, True, 0),
        (1.0, 0.86, True, 1),
        (1.0, 2.0, True, 0),
        (0.0, 0.0, False, 0),
        (0.0, 0.1, False, 1),
    ],
)
def test_a_figure_that_got_worse_by_more_than_15_percent_fails(
    tmp_path: Path, old: float, new: float, at_least: bool, status: int
) -> None:
    def run(value: float) -> Results:
        return _results(_figure(value=value, at_least=at_least))

    assert _compare(tmp_path, run(old), run(new)) == status


def test_a_figure_that_is_missing_fails(tmp_path: Path) -> None:
    assert _compare(tmp_path, _results(_figure(), _figure('b')), _results(_figure())) == 1


def test_a_new_figure_passes(tmp_path: Path) -> None:
    assert _compare(tmp_path, _results(_figure()), _results(_figure(), _figure('b'))) == 0


@pytest.mark.parametrize('content', ['{}', '[]', 'no json', '{"form": 0}'])
def test_a_file_of_something_else_is_refused(
    tmp_path: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from benchmarks.compare import main

    path = tmp_path / 'other.json'
    path.write_text(content)
    assert main([str(path), str(path)]) == 2
    assert capsys.readouterr().err.startswith('compare: ')


def test_the_page_shows_every_figure(tmp_path: Path) -> None:
    pytest.importorskip('matplotlib', reason='matplotlib is not installed; make bench does')
    from benchmarks.page import write_page

    parts = {'here': 3.0, 'there': 7.0}
    results = _results(
        _figure(low=0.4, high=0.6),
        _figure('share', 0.8, at_least=True),
        _figure('budget', 10.0, goal=None, unit=' us', details={'segments': parts}),
    )
    page = write_page(results, tmp_path)
    text = page.read_text()
    for figure in results.figures:
        assert figure.what in text
    assert '| there | 7.0 | 70% |' in text
    assert '<!--' not in text
    for plot in ('ratios.svg', 'budget.svg'):
        assert (tmp_path / 'performance' / plot).read_text().startswith('<?xml')


def test_the_same_figures_draw_the_same_plot(tmp_path: Path) -> None:
    pytest.importorskip('matplotlib', reason='matplotlib is not installed; make bench does')
    from benchmarks.plots import plot_ratios

    for name in ('a.svg', 'b.svg'):
        plot_ratios([_figure()], tmp_path / name)
    assert (tmp_path / 'a.svg').read_text() == (tmp_path / 'b.svg').read_text()


@pytest.mark.parametrize(
    ('value', 'goal', 'text'),
    [(1.0008, 1.0, '1.0008'), (1.0, 1.0, '1'), (0.9996, 1.0, '0.9996'), (1.0008, None, '1')],
)
def test_a_figure_shows_on_which_side_of_its_goal_it_is(
    value: float, goal: float | None, text: str
) -> None:
    assert _figure(value=value, goal=goal).value_text == text
