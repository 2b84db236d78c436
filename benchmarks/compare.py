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
Tells whether a run is slower than an earlier one: ``python -m benchmarks.compare OLD NEW``.

Both may be from different machines: what is compared are ratios. Ends with 1 when one got worse
by more than 15 %, or is not there any more.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
import math
from pathlib import Path
import sys

from benchmarks.figures import Figure
from benchmarks.results import Results

TOLERANCE = 0.15


@dataclass(frozen=True)
class Change:
    """
    How a figure changed.

    :param key: the figure.
    :param old: what it was.
    :param new: what it is; None when it was not measured.
    :param worse: by which part it got worse; negative when it got better.
    """

    key: str
    old: float
    new: float | None
    worse: float

    def is_regression(self, tolerance: float) -> bool:
        """Tell whether that is worse than it may be."""
        return self.new is None or self.worse > tolerance

    def __str__(self) -> str:
        if self.new is None:
            return f'{self.key}: {self.old:.3g} -> not measured'
        word = 'worse' if self.worse > 0 else 'better'
        return f'{self.key}: {self.old:.3g} -> {self.new:.3g}, {abs(self.worse):.0%} {word}'


def changes(old: Sequence[Figure], new: Sequence[Figure]) -> list[Change]:
    """Compare each figure of an earlier run with the same one of a later run."""
    found = {figure.key: figure for figure in new}
    return [_change(figure, found.get(figure.key)) for figure in old]


def _change(old: Figure, new: Figure | None) -> Change:
    if new is None:
        return Change(old.key, old.value, None, 0.0)
    before, after = (new.value, old.value) if old.at_least else (old.value, new.value)
    # Nothing at all, of missed cycles for instance, can only get worse by more than any part.
    worse = after / before - 1.0 if before > 0.0 else (math.inf if after > 0.0 else 0.0)
    return Change(old.key, old.value, new.value, worse)


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Compare two files.

    :param arguments: of the command line; None: those of this process.
    :return: 0, or 1 when something got worse, or 2 when a file is none.
    """
    parser = argparse.ArgumentParser(prog='benchmarks.compare', description=__doc__)
    parser.add_argument('old', type=Path)
    parser.add_argument('new', type=Path)
    parser.add_argument(
        '--tolerance',
        type=float,
        default=TOLERANCE,
        help='the part by which a figure may be worse (%(default)s)',
    )
    options = parser.parse_args(arguments)
    try:
        old, new = Results.load(options.old), Results.load(options.new)
    except (OSError, ValueError, KeyError) as error:
        print(f'compare: {error}', file=sys.stderr)
        return 2
    worse = 0
    for change in changes(old.figures, new.figures):
        is_worse = change.is_regression(options.tolerance)
        worse += is_worse
        print(f'{"WORSE" if is_worse else "ok   "} {change}')
    if old.quick or new.quick:
        print('a quick run is too rough to tell 15 %: measure without --quick')
    return 1 if worse else 0


if __name__ == '__main__':
    sys.exit(main())
