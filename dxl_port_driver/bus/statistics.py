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
What has become of the transactions on a bus, in all and lately.

Pure: the time is handed in. One thread at a time adds; any thread may look. What is kept has the
same size from the beginning, and to look costs the same, however much goes over the bus: times are
not kept one by one, but counted in steps of 4.7 %.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable
import itertools
import math
from typing import NamedTuple

from dxl_port_driver.errors import ResultCode
from dxl_port_driver.protocol.transaction import TransactionResult

WINDOW_S = 10
"""What "lately" means, s: so long, and what has passed of the present second."""

_SHARES = (0.50, 0.95, 0.99)
_FINEST_S = 1e-6
_STEPS_PER_DECADE = 50
_STEPS = 1 + 9 * _STEPS_PER_DECADE  # up to 1000 s
_NONE = array('L', [0] * _STEPS)
_FAILURES = frozenset(
    {ResultCode.RX_TIMEOUT, ResultCode.RX_CORRUPT, ResultCode.TX_FAIL, ResultCode.RX_FAIL}
)
_HEADER = b'\xff\xff'


class Percentiles(NamedTuple):
    """Times that 50, 95 and 99 of 100 did not exceed, s."""

    p50: float
    p95: float
    p99: float


class Lately(NamedTuple):
    """
    The transactions of the last :data:`WINDOW_S`.

    :param ended: how many ended.
    :param failures: how many of them did not succeed.
    :param garbled: how many brought bytes without a header in them, as a wrong baudrate does.
    :param waits: how long they waited for the bus.
    :param holds: how long they held it.
    :param utilisation: share of the time in which the bus was held, 0 to 1.
    """

    ended: int
    failures: int
    garbled: int
    waits: Percentiles
    holds: Percentiles
    utilisation: float


class _Second:
    """What ended within one second."""

    def __init__(self) -> None:
        self.waits = _NONE[:]
        self.holds = _NONE[:]
        self.begin(-1)

    def begin(self, second: int) -> None:
        """Count from nothing, for another second."""
        self.second = second
        self.ended = self.failures = self.garbled = 0
        self.held_s = 0.0
        self.waits[:] = self.holds[:] = _NONE


class Statistics:
    """Counts since the driver opened its port, and what they were made of lately."""

    def __init__(self) -> None:
        self.transactions = 0
        self.bytes_sent = 0
        self.bytes_received = 0
        self.timeouts = 0
        self.corrupt = 0
        self.device_failures = 0
        self.retries = 0
        self.reconnects = 0
        self.late_answers = 0
        self.largest_lateness_s = 0.0
        self._seconds = [_Second() for _ in range(WINDOW_S + 1)]

    def add(self, result: TransactionResult, sent: int, now: float) -> None:
        """
        Count a transaction.

        :param sent: bytes of one attempt.
        :param now: when it ended, s.
        """
        code = result.result
        self.transactions += 1
        self.bytes_sent += sent * result.attempts
        self.bytes_received += len(result.data)
        self.retries += result.attempts - 1
        second = self._seconds[int(now) % len(self._seconds)]
        if second.second != int(now):
            second.begin(int(now))
        second.ended += 1
        second.held_s += result.elapsed_s
        second.waits[_step(result.queued_s)] += 1
        second.holds[_step(result.elapsed_s)] += 1
        if code in _FAILURES:
            second.failures += 1
            if code is ResultCode.RX_TIMEOUT:
                self.timeouts += 1
                second.garbled += bool(result.data) and _HEADER not in result.data
            elif code is ResultCode.RX_CORRUPT:
                self.corrupt += 1
            else:
                self.device_failures += 1

    def lately(self, now: float) -> Lately:
        """Sum up what ended within :data:`WINDOW_S` before ``now``."""
        first = int(now) - WINDOW_S
        recent = [one for one in self._seconds if first <= one.second <= now]
        return Lately(
            sum(one.ended for one in recent),
            sum(one.failures for one in recent),
            sum(one.garbled for one in recent),
            _percentiles([one.waits for one in recent]),
            _percentiles([one.holds for one in recent]),
            min(1.0, sum(one.held_s for one in recent) / (now - first)),
        )


def _step(time_s: float) -> int:
    """Give the step that a time is counted in; the first one is from 0 on."""
    if time_s < _FINEST_S:
        return 0
    return min(int(math.log10(time_s / _FINEST_S) * _STEPS_PER_DECADE) + 1, _STEPS - 1)


def _percentiles(counts: Iterable[array[int]]) -> Percentiles:
    # Summed up once: somebody may be adding.
    steps = [sum(column) for column in zip(*counts, strict=True)]
    last = sum(steps) - 1
    if last < 0:
        return Percentiles(0.0, 0.0, 0.0)
    so_far = list(itertools.accumulate(steps))
    return Percentiles(*(_middle(bisect_right(so_far, last * share)) for share in _SHARES))


def _middle(step: int) -> float:
    """Give the time that stands for a step, s."""
    return _FINEST_S * 10 ** ((step - 0.5) / _STEPS_PER_DECADE) if step else 0.0
