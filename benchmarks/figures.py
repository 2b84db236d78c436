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

"""One measured figure, and the goal that it is held to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from benchmarks.sampling import percentile


@dataclass(frozen=True)
class Figure:
    """
    A ratio, or a figure that means the same on any machine.

    :param key: its name in results and in comparisons.
    :param what: what was measured, for people.
    :param against: the reference, for people.
    :param value: the figure.
    :param goal: what it is to reach; None: told for information.
    :param at_least: whether more is better.
    :param goal_of: the issue that sets the goal.
    :param low: the lower quartile of the rounds; with ``high`` it tells how noisy it was.
    :param high: the upper quartile.
    :param unit: empty for a ratio.
    :param details: what it was made from, with units in the names.
    :param note: what else to know about it.
    """

    key: str
    what: str
    against: str
    value: float
    goal: float | None = None
    at_least: bool = False
    goal_of: str = ''
    low: float | None = None
    high: float | None = None
    unit: str = ''
    details: Mapping[str, Any] = field(default_factory=dict)
    note: str = ''

    @property
    def is_met(self) -> bool | None:
        """Whether the goal is reached; None where there is none."""
        if self.goal is None:
            return None
        return self.value >= self.goal if self.at_least else self.value <= self.goal

    @property
    def value_text(self) -> str:
        """The figure, for people: so exact that it shows on which side of its goal it is."""
        text = f'{self.value:.3g}'
        if float(text) == self.goal != self.value:
            text = f'{self.value:.5g}'
        return f'{text}{self.unit}'

    @property
    def goal_text(self) -> str:
        """The goal, for people."""
        if self.goal is None:
            return ''
        return f'{"≥" if self.at_least else "≤"} {self.goal:g}{self.unit}'

    def as_dict(self) -> dict[str, Any]:
        """Give all of it, ready for JSON."""
        return {**asdict(self), 'met': self.is_met}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Figure:
        """Take back what :meth:`as_dict` gave."""
        return cls(**{name: value for name, value in data.items() if name != 'met'})


def over_rounds(values: Sequence[float]) -> Mapping[str, Any]:
    """Give ``value``, ``low`` and ``high`` of a :class:`Figure` from one value a round."""
    return {
        'value': median(values),
        'low': percentile(values, 0.25),
        'high': percentile(values, 0.75),
    }
