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

"""The baudrate and the port, changed by parameter, at rest and at work."""

from __future__ import annotations

import os

from dxl_port_driver.errors import ResultCode
import pytest
from rcl_interfaces.srv import SetParameters, SetParametersAtomically
from rclpy.parameter import Parameter
from ros_support.calls import await_arrival, begin_transact, result_of, transact
from ros_support.graph import eventually
from ros_support.wire import ping, pong, read, servo_1

RATE = 1_000_000


def set_several(driver, *values, atomically=False):
    messages = [Parameter(name, value=value).to_parameter_msg() for name, value in values]
    if atomically:
        return driver.begin(
            SetParametersAtomically, 'set_parameters_atomically', parameters=messages
        )
    return driver.begin(SetParameters, 'set_parameters', parameters=messages)


def test_it_is_taken_in_every_state(start_driver, wire):
    _, driver = start_driver(port_name=wire.path)
    assert driver.set(baudrate=57600) is None
    assert driver.change_state('configure')
    assert wire.rate == 57600
    assert driver.set(baudrate=4_500_000) is None
    assert wire.rate == 4_500_000
    assert driver.change_state('activate')
    assert driver.set(baudrate=10_500_000) is None
    assert wire.rate == 10_500_000
    assert transact(driver, ping(1)).result == ResultCode.SUCCESS
    assert driver.change_state('deactivate')
    assert driver.set(baudrate=9600) is None
    assert wire.rate == driver.get('baudrate') == 9600
    assert driver.change_state('cleanup')
    assert driver.set(baudrate=RATE) is None
    assert driver.change_state('configure')
    assert wire.rate == RATE


@pytest.mark.parametrize('atomically', [False, True])
def test_a_rate_that_the_device_cannot_make_is_refused_and_nothing_changes(
    idle, in_state, atomically
):
    assert idle.set(port_name='sim://?rates=57600,1000000') is None
    for state in ('inactive', 'active'):
        if state == 'inactive':
            in_state(state)
        else:
            assert idle.change_state('activate')
        answer = idle.graph.result(
            set_several(idle, ('baudrate', 2_000_000), atomically=atomically)
        )
        result = answer.result if atomically else answer.results[0]
        assert not result.successful
        assert '2000000' in result.reason
        assert '1000000' in result.reason
        assert idle.get('baudrate') == RATE
    assert transact(idle, ping(1)).result == ResultCode.SUCCESS
    assert idle.set(baudrate=57600) is None
    assert transact(idle, ping(1)).result == ResultCode.SUCCESS


@pytest.fixture
def busy(driver, servos):
    """Give a future of a transaction that holds the bus until servo 9 answers."""
    for atomically in (False, True):  # a service that is met for the first time takes a while
        driver.graph.result(set_several(driver, ('max_bytes', 4096), atomically=atomically))
    servos.answer = lambda data: b'' if data == ping(9) else servo_1(data)
    holding = begin_transact(driver, ping(9), timeout=10.0)
    servos.wait_for(ping(9))
    yield holding
    if not holding.done():
        servos.send(pong(9))
        driver.graph.result(holding)
    assert driver.set(baudrate=RATE, max_bytes=4096) is None


@pytest.mark.parametrize('atomically', [False, True])
def test_it_waits_for_the_transaction_on_the_bus_and_goes_before_those_who_wait(
    driver, servos, busy, atomically
):
    rates = []
    others = servos.answer
    servos.answer = lambda data: rates.append(servos.rate) or others(data)
    waiting = begin_transact(driver, ping(1), priority=255)
    await_arrival(driver)
    changing = set_several(driver, ('baudrate', 57600), atomically=atomically)
    for _ in range(10):  # by then the driver has taken up the change as well
        assert driver.state == 'active'
        assert driver.get('baudrate') == RATE
    assert not changing.done()
    assert not busy.done()
    servos.send(pong(9))
    assert bytes(result_of(driver, busy).data) == pong(9)
    driver.graph.result(changing)
    assert result_of(driver, waiting).result == ResultCode.SUCCESS
    assert driver.get('baudrate') == 57600
    assert rates == [57600]


def test_the_packet_timeout_of_who_waits_is_that_of_the_new_baudrate(driver, servos, busy):
    others, question = servos.answer, read(1, 0, 200)
    servos.answer = lambda data: b'' if data == question else others(data)
    waiting = begin_transact(driver, question, timeout=0.0)
    await_arrival(driver)
    changing = set_several(driver, ('baudrate', 9600))
    for _ in range(10):
        assert driver.get('baudrate') == RATE
    servos.send(pong(9))
    assert driver.graph.result(changing).results[0].successful
    result = result_of(driver, waiting)
    # 200 bytes take 0.21 s at 9600 bit/s, and 2 ms at the rate that it was asked at.
    assert (result.result, result.elapsed.sec) == (ResultCode.RX_TIMEOUT, 0)
    assert result.elapsed.nanosec > 0.2e9


def test_a_wrong_value_beside_it_freezes_nothing(driver, servos, busy):
    changing = set_several(driver, ('baudrate', 57600), ('max_bytes', -1), ('nonsense', 1))
    assert driver.state == 'active'
    assert not busy.done()
    servos.send(pong(9))
    results = driver.graph.result(changing).results
    assert [one.successful for one in results] == [True, False, False]
    assert driver.get('baudrate') == 57600


@pytest.mark.parametrize('wrong', [('no_such', 1), ('use_sim_time', 'x'), ('autostart', True)])
def test_a_wrong_value_set_with_it_at_once_leaves_the_port_as_it_was(driver, servos, wrong):
    changing = set_several(driver, ('baudrate', 57600), wrong, atomically=True)
    result = driver.graph.result(changing).result
    assert not result.successful
    assert wrong[0] in result.reason
    assert driver.get('baudrate') == RATE
    assert servos.rate == RATE


def test_changes_that_wait_for_each_other_are_made_in_their_order(driver, servos, busy):
    others = [set_several(driver, ('max_bytes', size)) for size in (100, 200)]
    changes = [set_several(driver, ('baudrate', rate)) for rate in (9600, 57600, 115200)]
    others += [set_several(driver, ('max_bytes', size)) for size in (400, 300)]
    for _ in range(10):
        assert driver.state == 'active'
    assert not busy.done()
    servos.send(pong(9))
    for one in (*changes, *others):
        assert driver.graph.result(one).results[0].successful
    assert (driver.get('baudrate'), driver.get('max_bytes')) == (115200, 300)


def test_it_is_changed_even_if_the_node_is_deactivated_before_its_turn(driver, servos, busy):
    changing = set_several(driver, ('baudrate', 57600))
    assert driver.change_state('deactivate')
    assert driver.graph.result(changing).results[0].successful
    assert driver.get('baudrate') == 57600
    assert driver.change_state('activate')


def test_no_transaction_is_torn_by_changes_while_clients_are_at_work(driver, servos):
    rates = (57600, 115200, 2_000_000, RATE)
    for turn in range(20):
        asked = [begin_transact(driver, ping(one)) for one in range(1, 6)]
        changing = set_several(driver, ('baudrate', rates[turn % len(rates)]))
        asked += [begin_transact(driver, ping(one)) for one in range(6, 9)]
        for one, future in enumerate(asked, 1):
            result = result_of(driver, future)
            assert (result.result, bytes(result.data)) == (ResultCode.SUCCESS, pong(one))
        assert driver.graph.result(changing).results[0].successful
    assert driver.get('baudrate') == RATE


def test_a_port_name_set_while_inactive_is_taken_at_once_or_the_old_one_is_kept(
    start_driver, make_wire
):
    first, second = make_wire(), make_wire()
    _, driver = start_driver(port_name=first.path)
    assert driver.change_state('configure')
    for name in ('/dev/no_such_port', '/dev/null'):
        assert name in driver.set(port_name=name)
        assert driver.get('port_name') == first.path
    assert driver.change_state('activate')
    assert transact(driver, ping(1)).result == ResultCode.SUCCESS
    assert len(first.heard) == 1
    assert driver.change_state('deactivate')
    assert driver.set(port_name=second.path) is None
    assert driver.set(exclusive=False) is None
    assert driver.change_state('activate')
    assert transact(driver, ping(1)).result == ResultCode.SUCCESS
    assert (len(first.heard), len(second.heard)) == (1, 1)
    device = os.open(first.path, os.O_RDWR | os.O_NOCTTY)  # it has let go of the old one
    os.close(device)


def test_a_port_that_went_away_can_be_replaced_by_another_while_inactive(start_driver, make_wire):
    first, second = make_wire(), make_wire()
    _, driver = start_driver(port_name=first.path)
    assert driver.change_state('configure')
    first.unplug()
    assert eventually(lambda: driver.set(port_name=second.path) is None)
    assert driver.change_state('activate')
    assert transact(driver, ping(1)).result == ResultCode.SUCCESS
