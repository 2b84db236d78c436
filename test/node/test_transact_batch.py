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

"""``~/transact_batch``: one after another, each with a result of its own."""

from __future__ import annotations

from dxl_port_driver.errors import ResultCode
from dxl_port_interfaces.srv import TransactBatch
import pytest
from ros_support.calls import batch, begin_transact, LENGTH, message, NONE, result_of
from ros_support.wire import mute, ping, pong, servo_1


@pytest.fixture
def driver(driver):
    """Give the shared driver, with time for batches of patient transactions."""
    assert driver.set(max_timeout=2000.0) is None
    yield driver
    assert driver.set(max_timeout=10.0) is None


def codes(results):
    return [one.result for one in results]


def answers_but_7(data):
    return b'' if data == ping(7) else servo_1(data)


def test_each_transaction_has_its_own_answer_in_the_order_asked(driver, servos):
    results = batch(driver, [message(ping(one)) for one in (3, 1, 2)])
    assert codes(results) == [ResultCode.SUCCESS] * 3
    assert [bytes(one.data) for one in results] == [pong(3), pong(1), pong(2)]
    assert [one.attempts for one in results] == [1, 1, 1]
    assert servos.heard == [ping(3), ping(1), ping(2)]


def test_it_goes_on_after_a_failure_unless_it_is_told_to_stop(driver, servos):
    servos.answer = answers_but_7
    messages = [message(ping(1)), message(ping(7), timeout=0.2), message(ping(2))]
    on = batch(driver, messages)
    assert codes(on) == [ResultCode.SUCCESS, ResultCode.RX_TIMEOUT, ResultCode.SUCCESS]
    assert bytes(on[2].data) == pong(2)
    servos.heard.clear()
    stopped = batch(driver, messages, stop_on_error=True)
    assert codes(stopped) == [ResultCode.SUCCESS, ResultCode.RX_TIMEOUT]
    assert ping(2) not in servos.heard


def test_a_transaction_that_is_wrong_has_its_own_error_and_stops_it_like_any_other(driver, servos):
    messages = [message(ping(1)), message(b'nonsense'), message(b'', framing=9), message(ping(2))]
    results = batch(driver, messages)
    assert codes(results) == [
        ResultCode.SUCCESS,
        ResultCode.TX_ERROR,
        ResultCode.TX_ERROR,
        ResultCode.SUCCESS,
    ]
    assert 'no instruction packet' in results[1].message
    assert 'framing is 9' in results[2].message
    assert codes(batch(driver, messages, stop_on_error=True)) == [0, ResultCode.TX_ERROR]


def test_one_of_only_wrong_transactions_has_only_errors(driver, servos):
    assert codes(batch(driver, [message(b''), message(b'x')])) == [ResultCode.TX_ERROR] * 2
    assert not servos.heard


def test_framings_may_be_mixed(driver, servos):
    servos.answer = lambda data: b'1234' if data.endswith(b'?') else servo_1(data)
    results = batch(
        driver,
        [
            message(b'any', framing=NONE),
            message(b'?', framing=LENGTH, response_length=4),
            message(ping(1)),
        ],
    )
    assert codes(results) == [ResultCode.SUCCESS] * 3
    assert [bytes(one.data) for one in results] == [b'', b'1234', pong(1)]


def test_retries_are_counted_for_each(driver, servos):
    answers = iter([b'', pong(1), pong(2)])
    servos.answer = lambda data: next(answers)
    results = batch(
        driver, [message(ping(1), retries=2, timeout=0.5), message(ping(2), retries=2)]
    )
    assert [(one.result, one.attempts) for one in results] == [(0, 2), (0, 1)]


def test_an_empty_one_is_refused(driver):
    (result,) = batch(driver, [])
    assert result.result == ResultCode.TX_ERROR
    assert 'empty' in result.message


def test_one_of_too_many_transactions_is_refused_whole(driver, servos):
    most = driver.get('max_batch')
    (result,) = batch(driver, [message(ping(1))] * (most + 1))
    assert result.result == ResultCode.TX_ERROR
    assert 'max_batch' in result.message
    assert not servos.heard
    assert codes(batch(driver, [message(ping(1))] * most)) == [ResultCode.SUCCESS] * most


def test_one_that_could_hold_the_bus_too_long_is_refused_whole(driver, servos):
    assert driver.set(max_timeout=10.0) is None
    (result,) = batch(driver, [message(ping(1), timeout=4.0)] * 3)
    assert result.result == ResultCode.TX_ERROR
    assert '12 s' in result.message
    assert 'max_timeout' in result.message
    assert not servos.heard


def test_its_retries_hold_the_bus_no_longer_than_max_timeout(driver, servos):
    servos.answer = mute
    assert driver.set(max_timeout=0.5) is None
    results = batch(driver, [message(ping(7), retries=255, timeout=0.1)] * 3)
    assert codes(results) == [ResultCode.RX_TIMEOUT] * 3
    assert sum(one.attempts for one in results) < 20


def test_nobody_gets_in_between(driver, servos):
    servos.answer = lambda data: b'' if data == ping(9) else servo_1(data)
    first = begin_transact(driver, ping(9), timeout=10.0)
    servos.wait_for(ping(9))
    whole = driver.begin(TransactBatch, 'transact_batch', transactions=[message(ping(1))] * 20)
    others = [begin_transact(driver, ping(2)) for _ in range(5)]
    servos.send(pong(9))
    assert result_of(driver, first).result == ResultCode.SUCCESS
    assert codes(driver.graph.result(whole).results) == [ResultCode.SUCCESS] * 20
    assert [result_of(driver, one).result for one in others] == [ResultCode.SUCCESS] * 5
    begin = servos.heard.index(ping(1))
    assert servos.heard[begin : begin + 20] == [ping(1)] * 20


@pytest.mark.parametrize('stop_on_error', [True, False])
def test_the_longest_allowed_packet_goes_through(driver, servos, stop_on_error):
    servos.answer = mute
    messages = [message(bytes(4096), framing=NONE)] * 2
    assert codes(batch(driver, messages, stop_on_error=stop_on_error)) == [0, 0]
