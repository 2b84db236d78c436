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
Times of calls, measured alternately.

A machine that does other things as well is slower at one moment than at the next. So what is
compared is measured in short blocks, A B C A B C, and each block is compared with its
neighbours only; of the ratios, one a round, the median counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter

Call = Callable[[], object]


def percentile(values: Sequence[float], part: float) -> float:
    """
    Give the value that a part of all values does not exceed.

    :param part: 0 to 1.
    """
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def time_calls(call: Call, count: int) -> list[float]:
    """Give how long each of some calls took, s."""
    times = []
    for _ in range(count):
        begun = perf_counter()
        call()
        times.append(perf_counter() - begun)
    return times


@dataclass(frozen=True)
class Block:
    """
    What one block of calls took.

    :param median_s: median time of a call, s.
    :param p99_s: 99th percentile, s.
    """

    median_s: float
    p99_s: float

    @classmethod
    def of(cls, times: Sequence[float]) -> Block:
        """Sum up the times of calls."""
        return cls(median(times), percentile(times, 0.99))


Rounds = Mapping[str, list[Block]]


def alternate(calls: Mapping[str, Call], rounds: int, count: int) -> Rounds:
    """
    Time calls of several kinds alternately.

    :param rounds: how many blocks of each kind.
    :param count: calls in a block.
    :return: the blocks of each kind; those with the same index are neighbours in time.
    """
    for call in calls.values():
        time_calls(call, max(10, count // 10))
    blocks: dict[str, list[Block]] = {name: [] for name in calls}
    names = list(calls)
    for number in range(rounds):
        # Whoever comes after the same one each time would bear what that one leaves behind.
        for name in names if number % 2 == 0 else reversed(names):
            blocks[name].append(Block.of(time_calls(calls[name], count)))
    return blocks


def ratios(
    blocks: Rounds, measured: str, against: Sequence[str], field: str = 'median_s'
) -> list[float]:
    """
    Give one ratio a round.

    :param against: kinds of calls whose times add up to the reference.
    :param field: ``median_s`` or ``p99_s``.
    """
    return [
        getattr(blocks[measured][number], field)
        / sum(getattr(blocks[name][number], field) for name in against)
        for number in range(len(blocks[measured]))
    ]


def summary_us(blocks: Rounds) -> dict[str, float]:
    """Give the typical median and 99th percentile of each kind, us."""
    figures = {}
    for name, series in blocks.items():
        figures[f'{name}, median'] = round(median(block.median_s for block in series) * 1e6, 1)
        figures[f'{name}, p99'] = round(median(block.p99_s for block in series) * 1e6, 1)
    return figures
