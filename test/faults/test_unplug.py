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

"""The adapter is pulled out, in each state and in the middle of everything, and comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import statistics
import time
from typing import Any

from dxl_port_driver.conversions import duration
from dxl_port_driver.errors import ResultCode
from dxl_port_interfaces.srv import ReadPort, StartCyclic, StopCyclic, TransactBatch, WritePort
from fault_support.adapter import Adapter
from fault_support.driver import a_driver
from fault_support.held import held
from fault_support.listeners import cycles_of, Diagnoses, ERROR, OK
import pytest
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from ros_support.calls import begin_transact, message, transact
from ros_support.graph import eventually, RemoteDriver
from ros_support.processes import Program
from ros_support.wire import ping

PERIOD_S = 0.1
GONE = {int(ResultCode.TX_FAIL), int(ResultCode.RX_FAIL)}
MUTE = 3
# What keeps the bus busy until long after the plug is pulled, and how to read off the response
# what became of it.
Activity = Callable[[RemoteDriver], tuple[Any, Callable[[Any], int]]]


@pytest.fixture(scope='module')
def pulled(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[tuple[Program, RemoteDriver, Adapter]]:
    """Give a driver on an adapter; the tests of this module share both."""
    folder = tmp_path_factory.mktemp('unplug')
    adapter = Adapter(folder / 'servos', ids='1-3', mute=MUTE)
    try:
        with a_driver(
            folder,
            port_name=adapter.link,
            reconnect_period=0.5 if request.config.getoption('--long') else PERIOD_S,
        ) as (program, driver):
            yield program, driver, adapter
    finally:
        adapter.close()


@pytest.fixture
def active(pulled: tuple[Program, RemoteDriver, Adapter]) -> RemoteDriver:
    """Bring the shared driver to active, with nothing left of the test before."""
    driver = pulled[1]
    for transition in ('configure', 'activate'):
        driver.change_state(transition)
    assert driver.state == 'active'
    assert driver.set(baudrate=1_000_000) is None
    answered(driver)
    return driver


def answered(driver: RemoteDriver) -> float:
    """Wait until a servo answers again; give the monotonic time, s."""
    eventually(
        lambda: transact(driver, ping(1), timeout=0.0, retries=1).result == ResultCode.SUCCESS
    )
    return time.monotonic()


def writing(driver: RemoteDriver) -> Any:
    # 4 096 bytes take 4.3 s at this rate.
    assert driver.set(baudrate=9600) is None
    return driver.begin(WritePort, 'write', data=bytes(4096)), lambda response: response.result


def reading(driver: RemoteDriver) -> Any:
    waiting = driver.begin(ReadPort, 'read', length=10, timeout=duration(9.0))
    return waiting, lambda response: response.result


def transacting(driver: RemoteDriver) -> Any:
    waiting = begin_transact(driver, ping(MUTE), timeout=9.0)
    return waiting, lambda response: response.result.result


def in_a_batch(driver: RemoteDriver) -> Any:
    messages = [message(ping(1), timeout=0.0), message(ping(MUTE), timeout=9.0)]
    waiting = driver.begin(TransactBatch, 'transact_batch', transactions=messages)
    return waiting, lambda response: response.results[-1].result


ACTIVITIES = (writing, reading, transacting, in_a_batch)


@pytest.mark.parametrize('activity', ACTIVITIES, ids=lambda one: one.__name__)
def test_pulled_out_in_the_middle_it_is_taken_again_and_nothing_is_left(
    pulled, active, often, figure, activity: Activity
):
    program, driver, adapter = pulled
    rounds = often(4, 100)
    told_s, back_s, waiting_told = [], [], []

    def pull() -> None:
        waiting, code = activity(driver)
        queued = begin_transact(driver, ping(1), queue_timeout=1.0)
        time.sleep(0.02)
        adapter.unplug()
        pulled_out = time.monotonic()
        result = code(driver.graph.result(waiting))
        told_s.append(time.monotonic() - pulled_out)
        assert result in GONE
        answer = driver.graph.result(queued).result
        # It may have been quicker than what was to keep the bus busy.
        if answer.result != ResultCode.SUCCESS:
            assert answer.result in GONE
            assert adapter.link in answer.message
            waiting_told.append(answer.result)
        assert transact(driver, ping(1)).result in GONE
        plugged_in = adapter.plug()
        back_s.append(answered(driver) - plugged_in)
        driver.set(baudrate=1_000_000)
        assert driver.state == 'active'

    pull()
    before = held(program.pid)
    for _ in range(rounds):
        pull()
    eventually(lambda: held(program.pid)[:2] <= before[:2])
    after = held(program.pid)
    assert after.memory_kib - before.memory_kib < 8192
    assert waiting_told
    # Who waits is told at once: far sooner than after the 9 s it would have waited.
    assert max(told_s) < 2.0
    assert max(back_s) < driver.get('reconnect_period') + 10.0
    figure('rounds', rounds)
    figure('others_who_waited_told', len(waiting_told))
    figure('told_max_s', round(max(told_s), 4))
    figure('back_median_s', round(statistics.median(back_s), 3))
    figure('back_max_s', round(max(back_s), 3))
    figure('memory_gained_kib', after.memory_kib - before.memory_kib)


def test_pulled_out_under_a_cyclic_transaction_that_goes_on_when_it_is_back(
    pulled, active, often, figure
):
    program, driver, adapter = pulled
    rounds = often(3, 100)
    answer = driver.call(
        StartCyclic,
        'start_cyclic',
        name='loop',
        rate=50.0,
        transactions=[message(ping(1), timeout=0.0)],
    )
    assert answer.result == ResultCode.SUCCESS, answer.message
    cycles = cycles_of(driver)

    def seen(codes: set[int]) -> bool:
        return any(result.result in codes for result in cycles.next().results)

    back_s = []

    def pull() -> None:
        eventually(lambda: seen({int(ResultCode.SUCCESS)}))
        adapter.unplug()
        eventually(lambda: transact(driver, ping(1)).result in GONE)
        plugged_in = adapter.plug()
        cycles.messages.clear()
        eventually(lambda: seen({int(ResultCode.SUCCESS)}))
        back_s.append(time.monotonic() - plugged_in)

    try:
        pull()
        before = held(program.pid)
        for _ in range(rounds):
            pull()
        eventually(lambda: held(program.pid)[:2] <= before[:2])
        assert max(back_s) < driver.get('reconnect_period') + 10.0
        figure('rounds', rounds)
        figure('back_median_s', round(statistics.median(back_s), 3))
        figure('back_max_s', round(max(back_s), 3))
        figure('memory_gained_kib', held(program.pid).memory_kib - before.memory_kib)
    finally:
        cycles.close()
        assert driver.call(StopCyclic, 'stop_cyclic').result == ResultCode.SUCCESS


def test_pulled_out_during_a_parameter_change_which_is_done_or_refused(
    pulled, active, often, figure
):
    program, driver, adapter = pulled
    rounds = often(3, 100)
    back_s, refused = [], 0
    before = None
    for number in range(rounds + 1):
        asked = 57600 if number % 2 else 115200
        waiting, _ = transacting(driver)
        change = driver.begin(
            SetParameters,
            'set_parameters',
            parameters=[Parameter('baudrate', value=asked).to_parameter_msg()],
        )
        old = 1_000_000
        time.sleep(0.02)
        adapter.unplug()
        (done,) = driver.graph.result(change).results
        assert driver.graph.result(waiting).result.result in GONE
        if not done.successful:
            refused += 1
            assert adapter.link in done.reason
        assert driver.get('baudrate') == (asked if done.successful else old)
        plugged_in = adapter.plug()
        back_s.append(answered(driver) - plugged_in)
        assert driver.set(baudrate=old) is None
        before = before or held(program.pid)
    eventually(lambda: held(program.pid)[:2] <= before[:2])
    assert max(back_s) < driver.get('reconnect_period') + 10.0
    figure('rounds', rounds)
    figure('changes_refused', refused)
    figure('back_median_s', round(statistics.median(back_s), 3))
    figure('back_max_s', round(max(back_s), 3))
    figure('memory_gained_kib', held(program.pid).memory_kib - before.memory_kib)


@pytest.mark.parametrize('state', ['unconfigured', 'inactive', 'active'])
def test_pulled_out_while_nobody_uses_it(pulled, active, often, figure, state):
    program, driver, adapter = pulled
    rounds = often(3, 100)
    for transition in {'unconfigured': ('deactivate', 'cleanup'), 'inactive': ('deactivate',)}.get(
        state, ()
    ):
        assert driver.change_state(transition)
    before, back_s = None, []
    for _ in range(rounds + 1):
        gone = program.output.count('is gone')
        adapter.unplug()
        if state != 'unconfigured':
            eventually(lambda gone=gone: program.output.count('is gone') == gone + 1)
        assert driver.state == state
        back = program.output.count('is back')
        plugged_in = adapter.plug()
        if state != 'unconfigured':
            eventually(lambda back=back: program.output.count('is back') == back + 1)
            back_s.append(time.monotonic() - plugged_in)
        assert driver.state == state
        before = before or held(program.pid)
    assert held(program.pid)[:2] <= before[:2]
    # What it came back to works, without configuring it again where it was configured.
    for transition in {'unconfigured': ('configure', 'activate'), 'inactive': ('activate',)}.get(
        state, ()
    ):
        assert driver.change_state(transition)
    assert transact(driver, ping(1), timeout=5.0).result == ResultCode.SUCCESS
    figure('rounds', rounds)
    if back_s:
        assert max(back_s) < driver.get('reconnect_period') + 10.0
        figure('back_median_s', round(statistics.median(back_s), 3))
        figure('back_max_s', round(max(back_s), 3))
    figure('memory_gained_kib', held(program.pid).memory_kib - before.memory_kib)


def test_it_is_told_once_in_the_log_and_diagnostics_turn_to_error_and_back(pulled, active):
    program, driver, adapter = pulled
    diagnoses = Diagnoses(driver)
    try:
        diagnoses.wait_for(OK)
        log = len(program.output)
        adapter.unplug()
        status = diagnoses.wait_for(ERROR, adapter.link)
        assert status.hardware_id == adapter.link
        # Several tries to take it again have failed by now, and questions were asked.
        for _ in range(5):
            assert transact(driver, ping(1)).result in GONE
            time.sleep(PERIOD_S)
        adapter.plug()
        diagnoses.wait_for(OK)
        told = program.output[log:]
        assert told.count('is gone') == 1
        assert told.count('is back') == 1
        assert told.count('[ERROR]') == 1
    finally:
        diagnoses.close()
