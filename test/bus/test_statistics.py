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

"""What is counted of the transactions on a bus."""

from __future__ import annotations

import tracemalloc

from dxl_port_driver.bus.statistics import Percentiles, Statistics, WINDOW_S
from dxl_port_driver.errors import ResultCode
from dxl_port_driver.protocol.transaction import TransactionResult
import pytest


def result(
    code: ResultCode = ResultCode.SUCCESS,
    data: bytes = b'',
    *,
    queued_s: float = 0.0,
    elapsed_s: float = 0.0,
    attempts: int = 1,
) -> TransactionResult:
    return TransactionResult(code, '', data, queued_s, elapsed_s, attempts)


def counts(statistics: Statistics) -> dict[str, int]:
    return {name: value for name, value in vars(statistics).items() if isinstance(value, int)}


def test_nothing_has_happened_at_first():
    statistics = Statistics()
    assert set(counts(statistics).values()) == {0}
    lately = statistics.lately(100.0)
    assert (lately.ended, lately.failures, lately.garbled, lately.utilisation) == (0, 0, 0, 0.0)
    assert lately.waits == lately.holds == Percentiles(0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ('code', 'counter'),
    [
        (ResultCode.RX_TIMEOUT, 'timeouts'),
        (ResultCode.RX_CORRUPT, 'corrupt'),
        (ResultCode.TX_FAIL, 'device_failures'),
        (ResultCode.RX_FAIL, 'device_failures'),
    ],
)
def test_each_failure_is_counted_where_it_belongs(code, counter):
    statistics = Statistics()
    statistics.add(result(code, b'abc', attempts=3), 10, 1.0)
    expected = {'transactions': 1, 'bytes_sent': 30, 'bytes_received': 3, 'retries': 2, counter: 1}
    assert {name: value for name, value in counts(statistics).items() if value} == expected
    assert statistics.lately(1.0).failures == 1


def test_what_is_wrong_in_itself_is_no_failure_of_the_bus():
    statistics = Statistics()
    statistics.add(result(ResultCode.TX_ERROR), 10, 1.0)
    assert statistics.lately(1.0).failures == 0


@pytest.mark.parametrize(
    ('code', 'data', 'garbled'),
    [
        (ResultCode.RX_TIMEOUT, b'\x80\x1c\xe0', 1),
        (ResultCode.RX_TIMEOUT, b'', 0),
        (ResultCode.RX_TIMEOUT, b'\x00\xff\xff\xfd', 0),
        (ResultCode.RX_CORRUPT, b'\x80\x1c\xe0', 0),
        (ResultCode.SUCCESS, b'\x80\x1c\xe0', 0),
    ],
)
def test_bytes_without_a_header_are_what_a_wrong_baudrate_brings(code, data, garbled):
    statistics = Statistics()
    statistics.add(result(code, data), 10, 1.0)
    assert statistics.lately(1.0).garbled == garbled


def test_lately_is_a_window():
    statistics = Statistics()
    for second in range(30):
        statistics.add(result(ResultCode.RX_TIMEOUT, elapsed_s=0.5), 1, second + 0.5)
    lately = statistics.lately(29.9)
    assert lately.ended == lately.failures == WINDOW_S + 1
    assert lately.utilisation == pytest.approx(0.5, abs=0.01)
    assert statistics.lately(1000.0).ended == 0
    assert statistics.transactions == 30


def test_percentiles():
    statistics = Statistics()
    for number in range(100, 0, -1):
        statistics.add(result(queued_s=number / 1e3, elapsed_s=number / 1e4), 1, 1.0)
    lately = statistics.lately(1.0)
    assert lately.waits == pytest.approx((0.051, 0.095, 0.099), rel=0.04)
    assert lately.holds == pytest.approx((0.0051, 0.0095, 0.0099), rel=0.04)


@pytest.mark.parametrize('time_s', [0.0, 5e-7, 1e-6, 37e-6, 0.0123, 1.0, 999.0])
def test_a_time_is_told_within_three_parts_of_a_hundred(time_s):
    statistics = Statistics()
    statistics.add(result(queued_s=time_s, elapsed_s=time_s), 1, 1.0)
    lately = statistics.lately(1.0)
    assert lately.waits == lately.holds == pytest.approx((time_s,) * 3, rel=0.03, abs=1e-6)


def test_a_time_beyond_measure_is_counted_with_the_longest():
    statistics = Statistics()
    statistics.add(result(elapsed_s=1e9), 1, 1.0)
    assert statistics.lately(1.0).holds.p50 == pytest.approx(1000.0, rel=0.05)


def test_a_bus_is_in_use_all_of_the_time_at_most():
    statistics = Statistics()
    statistics.add(result(elapsed_s=60.0), 1, 1.0)
    assert statistics.lately(1.0).utilisation == 1.0


def test_what_it_keeps_does_not_grow():
    statistics = Statistics()
    statistics.add(result(elapsed_s=50e-6), 1, 0.0)
    tracemalloc.start()
    try:
        for number in range(50_000):
            statistics.add(result(elapsed_s=50e-6), 1, number * 1e-3)
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert grown < 5_000
    assert statistics.lately(50.0).utilisation == pytest.approx(0.05, rel=0.1)
