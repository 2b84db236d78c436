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

"""The device goes away: every request is told so, and the node lives on."""

from __future__ import annotations

from dxl_port_driver.errors import ResultCode
import pytest
from ros_support.calls import (
    available,
    await_arrival,
    batch,
    begin_transact,
    clear,
    LENGTH,
    message,
    read_port,
    result_of,
    transact,
    write,
)
from ros_support.graph import eventually
from ros_support.wire import mute, ping

GONE = {ResultCode.TX_FAIL, ResultCode.RX_FAIL}


@pytest.fixture
def active(start_driver, wire):
    _, driver = start_driver(port_name=wire.path)
    driver.activate()
    return driver


def test_every_service_tells_that_the_device_is_gone(active, wire):
    wire.unplug()
    for answer in (
        eventually(lambda: (one := transact(active, ping(1))).result in GONE and one),
        transact(active, ping(1), retries=3),
        write(active, b'x'),
        read_port(active, 1, 0.1),
        available(active),
        batch(active, [message(ping(1), timeout=1.0)] * 3)[0],
    ):
        assert answer.result in GONE
        assert wire.path in answer.message
    cleared = clear(active)
    assert not cleared.success
    assert wire.path in cleared.message
    assert active.state == 'active'


def test_the_one_who_is_served_and_those_who_wait_are_told_at_once(active, wire):
    wire.answer = mute
    held = begin_transact(active, ping(9), timeout=10.0)
    wire.wait_for(ping(9))
    reading = begin_transact(active, b'?', framing=LENGTH, response_length=9, timeout=5.0)
    waiting = [begin_transact(active, ping(one)) for one in range(1, 4)]
    await_arrival(active)
    wire.unplug()
    for one in (held, reading, *waiting):
        result = result_of(active, one)
        assert result.result in GONE
        assert wire.path in result.message


def test_the_node_goes_through_its_states_and_takes_another_port(active, wire, make_wire):
    wire.unplug()
    eventually(lambda: transact(active, ping(1)).result in GONE)
    assert active.change_state('deactivate')
    assert active.change_state('cleanup')
    assert active.set(port_name=make_wire().path) is None
    active.activate()
    assert transact(active, ping(1)).result == ResultCode.SUCCESS


def test_parameters_can_be_asked_and_set(active, wire):
    wire.unplug()
    eventually(lambda: transact(active, ping(1)).result in GONE)
    assert active.get('max_bytes') == 4096
    assert active.set(max_bytes=100) is None
    assert active.set(low_latency=False) is None
    active.set(baudrate=57600)  # taken for the next opening, or refused with the reason
    assert active.state == 'active'


def test_pulling_the_plug_of_the_virtual_bus_is_the_same(start_driver):
    _, driver = start_driver(port_name='sim://?unplug_after=3')
    driver.activate()
    results = [transact(driver, ping(1), timeout=0.5) for _ in range(6)]
    codes = [one.result for one in results]
    assert codes[:2] == [ResultCode.SUCCESS] * 2
    assert set(codes[3:]) <= GONE
    assert all('sim://' in one.message for one in results[3:])
    assert driver.state == 'active'
