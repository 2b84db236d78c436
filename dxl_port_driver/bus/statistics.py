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

Pure: the time is handed in. One thread at a time adds; any thread may look.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from dxl_port_driver.errors import ResultCode
from dxl_port_driver.protocol.transaction import TransactionResult

WINDOW_S = 10.0
"""What "lately" means, s."""

_MOST_KEPT = 20_000
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


class _Ended(NamedTuple):
    at: float
    queued_s: float
    elapsed_s: float
    failed: bool
    garbled: bool


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
        self._recent: deque[_Ended] = deque(maxlen=_MOST_KEPT)

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
        failed = code in _FAILURES
        garbled = False
        if failed:
            if code is ResultCode.RX_TIMEOUT:
                self.timeouts += 1
                garbled = bool(result.data) and _HEADER not in result.data
            elif code is ResultCode.RX_CORRUPT:
                self.corrupt += 1
            else:
                self.device_failures += 1
        self._recent.append(_Ended(now, result.queued_s, result.elapsed_s, failed, garbled))

    def lately(self, now: float) -> Lately:
        """Sum up what ended within :data:`WINDOW_S` before ``now``."""
        recent = [ended for ended in self._recent.copy() if ended.at > now - WINDOW_S]
        # Once there are too many to keep, the window is as long as what is kept.
        window_s = WINDOW_S
        if len(recent) == _MOST_KEPT:
            window_s = max(now - recent[0].at, 1e-3)
        return Lately(
            len(recent),
            sum(ended.failed for ended in recent),
            sum(ended.garbled for ended in recent),
            _percentiles([ended.queued_s for ended in recent]),
            _percentiles([ended.elapsed_s for ended in recent]),
            min(1.0, sum(ended.elapsed_s for ended in recent) / window_s),
        )


def _percentiles(values: list[float]) -> Percentiles:
    if not values:
        return Percentiles(0.0, 0.0, 0.0)
    values.sort()
    last = len(values) - 1
    return Percentiles(*(values[round(last * share)] for share in (0.50, 0.95, 0.99)))
