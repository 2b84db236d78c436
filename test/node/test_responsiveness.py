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

"""While a transaction waits out a long timeout: everybody else is answered."""

from __future__ import annotations

from pathlib import Path
import time

from dxl_port_driver.errors import ResultCode
from dxl_port_interfaces.srv import TransactBatch
from lifecycle_msgs.srv import GetAvailableTransitions
import pytest
from rcl_interfaces.srv import GetParameterTypes, ListParameters
from ros_support.calls import await_arrival, begin_transact, message, result_of, transact, write
from ros_support.graph import eventually
from ros_support.wire import mute, ping

LONG_S = 10.0


@pytest.fixture
def waited_for(driver, servos):
    """Give a future of a transaction that waits for a mute servo; nobody but a state ends it."""
    servos.answer = mute
    holding = begin_transact(driver, ping(9), timeout=LONG_S)
    servos.wait_for(ping(9))
    yield holding
    if driver.state == 'active':
        assert driver.change_state('deactivate')
    driver.graph.result(holding)
    assert driver.change_state('activate')


def test_the_node_answers_whatever_does_not_need_the_bus(driver, waited_for):
    for _ in range(10):
        assert driver.state == 'active'
        assert driver.get('max_bytes') == 4096
        assert driver.describe('baudrate').description
        assert driver.call(ListParameters, 'list_parameters').result.names
        assert driver.call(GetParameterTypes, 'get_parameter_types', names=['baudrate']).types
        assert driver.call(GetAvailableTransitions, 'get_available_transitions')
        assert driver.set(max_bytes=4096) is None
        assert 'baudrate' in driver.set(baudrate=-1)
    assert not waited_for.done()


def test_wrong_requests_are_refused_at_once(driver, waited_for):
    assert transact(driver, b'').result == ResultCode.TX_ERROR
    assert write(driver, b'').result == ResultCode.TX_ERROR
    assert not waited_for.done()


def test_requests_to_use_the_bus_wait_or_are_told_that_it_is_busy(driver, waited_for):
    assert transact(driver, ping(1), queue_timeout=0.05).result == ResultCode.PORT_BUSY
    assert not waited_for.done()


def test_deactivation_answers_everybody_at_once(driver, waited_for):
    waiting = [begin_transact(driver, ping(one)) for one in range(1, 6)]
    await_arrival(driver)
    begun = time.monotonic()
    assert driver.change_state('deactivate')
    results = [result_of(driver, one) for one in (waited_for, *waiting)]
    assert time.monotonic() - begun < LONG_S / 2
    assert {one.result for one in results} == {ResultCode.NOT_AVAILABLE}
    assert all('deactivated' in one.message for one in results)
    assert driver.state == 'inactive'


def test_shutdown_answers_everybody_at_once(start_driver, wire):
    _, driver = start_driver(port_name=wire.path)
    driver.activate()
    wire.answer = mute
    held = begin_transact(driver, ping(9), timeout=LONG_S)
    wire.wait_for(ping(9))
    waiting = begin_transact(driver, ping(1))
    await_arrival(driver)
    assert driver.change_state('active_shutdown')
    for one in (held, waiting):
        assert result_of(driver, one).result == ResultCode.NOT_AVAILABLE


def test_a_batch_in_the_middle_ends_with_deactivation(driver, waited_for):
    whole = driver.begin(
        TransactBatch,
        'transact_batch',
        transactions=[message(ping(1), timeout=3.0, queue_timeout=1.0)] * 3,
    )
    assert driver.change_state('deactivate')
    results = driver.graph.result(whole).results
    assert [one.result for one in results] == [ResultCode.NOT_AVAILABLE]


def test_waiting_costs_next_to_no_processor_time(driver, waited_for):
    before = cpu_s(driver.pid)
    time.sleep(1.0)
    assert cpu_s(driver.pid) - before < 0.5
    assert not waited_for.done()


def cpu_s(pid):
    fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def test_it_is_the_same_driver_after_many_deactivations_in_the_middle(driver, servos):
    for _ in range(20):
        servos.answer = mute
        held = begin_transact(driver, ping(9), timeout=LONG_S)
        assert driver.change_state('deactivate')
        assert result_of(driver, held).result == ResultCode.NOT_AVAILABLE
        servos.reset()
        assert driver.change_state('activate')
        assert eventually(lambda: transact(driver, ping(1)).result == ResultCode.SUCCESS)
