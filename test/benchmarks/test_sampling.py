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

"""How times become ratios, and points in time parts of a call."""

from __future__ import annotations

import pytest


def test_a_ratio_a_round_against_a_sum() -> None:
    from benchmarks.sampling import Block, ratios

    blocks = {
        'all': [Block(3.0, 8.0), Block(6.0, 8.0)],
        'one': [Block(1.0, 1.0), Block(1.0, 1.0)],
        'two': [Block(2.0, 3.0), Block(2.0, 3.0)],
    }
    assert ratios(blocks, 'all', ['one', 'two']) == [1.0, 2.0]
    assert ratios(blocks, 'all', ['one', 'two'], 'p99_s') == [2.0, 2.0]


def test_every_kind_is_called_equally_often() -> None:
    from benchmarks.sampling import alternate

    calls = {'a': 0, 'b': 0}

    def call(name: str) -> None:
        calls[name] += 1

    blocks = alternate({name: lambda name=name: call(name) for name in calls}, 3, 20)  # type: ignore[misc]
    assert calls['a'] == calls['b'] == 10 + 3 * 20
    assert [len(series) for series in blocks.values()] == [3, 3]


@pytest.mark.parametrize(('part', 'value'), [(0.0, 1.0), (0.5, 51.0), (0.99, 100.0), (1.0, 100.0)])
def test_a_percentile(part: float, value: float) -> None:
    from benchmarks.sampling import percentile

    assert percentile([float(number) for number in range(100, 0, -1)], part) == value


def test_the_parts_of_a_call_add_up_to_it() -> None:
    from benchmarks.budget.segments import CALL, segments_us

    # The receiver is woken for nothing at 1 000 ns; what counts is the wake-up that led on.
    stamps = [('woken', 1_000), ('woken', 3_000), ('taken', 4_000), ('stray', 4_500)]
    parts = [('way', CALL), ('wake-up', 'woken'), ('rest', 'taken')]
    assert segments_us(stamps, [(0, 10_000)], parts) == {'way': 3.0, 'wake-up': 1.0, 'rest': 6.0}


def test_a_call_that_went_another_way_is_left_out() -> None:
    from benchmarks.budget.segments import CALL, segments_us

    assert segments_us([('woken', 5)], [(0, 10)], [('way', CALL), ('rest', 'taken')]) == {}


def test_a_traced_function_does_what_it_did(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks.budget import tracing

    class Traced:
        def double(self, number: int) -> int:
            return 2 * number

    monkeypatch.setattr(tracing, 'STAMPS', [])
    tracing.trace(Traced, 'double', 'doubled')
    assert Traced().double(4) == 8
    assert [point for point, _ in tracing.STAMPS] == ['doubled>', '>doubled']
