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
How the bus is shared out, measured: ``PYTHONPATH=test python -m sharing_support.shares``.

Give it a machine that has nothing else to do, and a core for the driver, one for the servos.
"""

from __future__ import annotations

import os
from pathlib import Path
from statistics import median
import sys
import tempfile
from typing import NamedTuple

from sharing_support.crowd import crowd, everyone
from sharing_support.talker import Came

_CLIENTS = 8
_SECONDS = 10.0


class PriorityFigures(NamedTuple):
    """What the first of several clients got out of its priority."""

    transactions: int
    p99_ms: float
    """99th percentile of its waits, ms."""
    two_transactions_ms: float
    """Twice the median time that a transaction of the others has the bus, ms."""
    too_late: int
    """How many of its waits were longer than that."""
    others_p99_ms: float
    """99th percentile of the time that a transaction of the others has the bus, ms."""


def priority_figures(came: list[Came]) -> PriorityFigures:
    """Give the figures of a crowd whose first member had priority."""
    waits = sorted(came[0].queued_ms)
    times = sorted(time for one in came[1:] for time in one.elapsed_ms)
    two_ms = 2 * median(times)
    late = sum(wait >= two_ms for wait in waits)
    p99_ms, others_p99_ms = (some[len(some) * 99 // 100] for some in (waits, times))
    return PriorityFigures(len(waits), p99_ms, two_ms, late, others_p99_ms)


def main() -> int:
    """Measure and print."""
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    with tempfile.TemporaryDirectory() as folder, crowd(Path(folder)) as many:
        equal = many.talk(everyone(_CLIENTS, _SECONDS, ['read_only']))
        told = everyone(_CLIENTS, _SECONDS, ['read_only'])
        told[0].priority = 200
        told[0].pause_s = 0.005
        unequal = many.talk(told)
    shares = [one.asked for one in equal]
    print(f'{_CLIENTS} equal clients: {sum(shares) / _SECONDS:.0f} transactions a second')
    print(f'slowest to fastest: {min(shares) / max(shares):.2f} of {sorted(shares)}')
    print(f'median wait: {median(wait for one in equal for wait in one.queued_ms):.2f} ms')
    print(priority_figures(unequal))
    return 0


if __name__ == '__main__':
    sys.exit(main())
