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

"""``~/traffic``: every byte that goes over the bus, for whoever looks on."""

from __future__ import annotations

from dxl_port_driver.errors import ResultCode
from dxl_port_interfaces.msg import Traffic
from fault_support.held import held
from fault_support.listeners import traffic_of
import pytest
from ros_support.calls import transact, write
from ros_support.graph import eventually
from ros_support.wire import ping, pong


@pytest.fixture
def traffic():
    made = []

    def listen(driver):
        made.append(traffic_of(driver))
        return made[-1]

    yield listen
    for one in made:
        one.close()


def joined(messages, direction):
    return b''.join(one.data.tobytes() for one in messages if one.direction == direction)


def test_all_that_is_sent_and_received_is_told_in_order_with_stamps(start_driver, wire, traffic):
    _, driver = start_driver(port_name=wire.path, publish_traffic=True)
    driver.activate()
    heard = traffic(driver)
    servos = [1, 2, 3] * 20
    for servo in servos:
        assert transact(driver, ping(servo)).result == ResultCode.SUCCESS
    assert write(driver, b'raw').result == ResultCode.SUCCESS
    sent = b''.join(ping(servo) for servo in servos) + b'raw'
    answered = b''.join(pong(servo) for servo in servos)
    eventually(lambda: joined(heard.messages, Traffic.TX) == sent)
    eventually(lambda: joined(heard.messages, Traffic.RX) == answered)
    # A question is told before its answer, the answer before the next question.
    stream = b''.join(one.data.tobytes() for one in heard.messages)
    assert stream == b''.join(ping(servo) + pong(servo) for servo in servos) + b'raw'
    stamps = [(one.stamp.sec, one.stamp.nanosec) for one in heard.messages]
    assert stamps == sorted(stamps)


def test_it_can_be_switched_on_and_off_at_work_and_leaves_no_thread(start_driver, wire, traffic):
    program, driver = start_driver(port_name=wire.path)
    driver.activate()
    heard = traffic(driver)
    assert transact(driver, ping(1)).result == ResultCode.SUCCESS
    threads = held(program.pid).threads
    for _ in range(3):
        count = len(heard.messages)
        assert driver.set(publish_traffic=True) is None
        assert transact(driver, ping(2)).result == ResultCode.SUCCESS
        eventually(lambda count=count: joined(heard.messages[count:], Traffic.RX) == pong(2))
        assert driver.set(publish_traffic=False) is None
        count = len(heard.messages)
        assert transact(driver, ping(1)).result == ResultCode.SUCCESS
        eventually(lambda: held(program.pid).threads <= threads)
        assert len(heard.messages) == count


def test_it_goes_on_after_the_states_have_changed(start_driver, wire, traffic):
    _, driver = start_driver(port_name=wire.path, publish_traffic=True)
    driver.activate()
    heard = traffic(driver)
    for transition in ('deactivate', 'cleanup', 'configure', 'activate'):
        assert driver.change_state(transition)
    assert transact(driver, ping(1)).result == ResultCode.SUCCESS
    eventually(lambda: joined(heard.messages, Traffic.RX) == pong(1))
