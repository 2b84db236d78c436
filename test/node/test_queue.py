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

"""Several requests at once: who waits, for how long, and who is next."""

from __future__ import annotations

import re

from dxl_port_driver.errors import ResultCode
from dxl_port_driver.protocol.instructions import BROADCAST_ID
from dxl_port_interfaces.srv import GetBytesAvailable, ReadPort, Transact, WritePort
import pytest
from rclpy.qos import QoSProfile
from ros_support.calls import (
    await_arrival,
    begin_transact,
    LENGTH,
    message,
    NONE,
    result_of,
    transact,
)
from ros_support.graph import eventually, PATIENCE_S
from ros_support.wire import mute, ping, pong, servo_1
from std_srvs.srv import Trigger


@pytest.fixture
def busy(driver, servos):
    """Give a future of a transaction that holds the bus until servo 9 answers."""
    servos.answer = lambda data: b'' if data == ping(9) else servo_1(data)
    holding = begin_transact(driver, ping(9), timeout=10.0)
    servos.wait_for(ping(9))
    yield holding
    if not holding.done():
        servos.send(pong(9))
        driver.graph.result(holding)


def waited_s(result):
    """Give the time waited that a message tells of."""
    return float(re.search(r'was busy for all of the (\S+) s', result.message)[1])


def test_who_waits_too_long_is_told_so_with_the_time_waited(driver, busy, servos):
    result = transact(driver, ping(1), queue_timeout=0.2)
    assert (result.result, result.attempts) == (ResultCode.PORT_BUSY, 0)
    assert 0.2 <= waited_s(result) < 5.0
    assert not busy.done()
    assert ping(1) not in servos.heard


def test_who_does_not_say_waits_for_max_queue_time(driver, busy):
    assert driver.set(max_queue_time=0.1) is None
    try:
        assert 0.1 <= waited_s(transact(driver, ping(1))) < 5.0
    finally:
        assert driver.set(max_queue_time=2.0) is None


def test_who_does_not_wait_at_all_is_served_when_the_bus_is_free(driver, servos):
    long_answer = bytes(1000)
    servos.answer = lambda data: long_answer
    assert driver.set(max_queue_time=0.0) is None
    try:
        results = [
            transact(driver, b'?', framing=LENGTH, response_length=1000, timeout=5.0).result
            for _ in range(50)
        ]
    finally:
        assert driver.set(max_queue_time=2.0) is None
    assert results == [ResultCode.SUCCESS] * 50


def test_every_service_waits_its_turn_and_then_succeeds(driver, busy, servos):
    waiting = [
        driver.begin(WritePort, 'write', data=b'x'),
        driver.begin(ReadPort, 'read', length=1),
        driver.begin(Trigger, 'clear'),
        driver.begin(GetBytesAvailable, 'get_bytes_available'),
    ]
    transacting = begin_transact(driver, ping(2))
    await_arrival(driver)
    assert not any(one.done() for one in [*waiting, transacting])
    servos.send(pong(9))
    written, read, cleared, counted = (driver.graph.result(one) for one in waiting)
    assert written.result == read.result == counted.result == ResultCode.SUCCESS
    assert cleared.success
    assert bytes(result_of(driver, transacting).data) == pong(2)


def test_every_service_gives_up_waiting_after_max_queue_time(driver, busy):
    assert driver.set(max_queue_time=0.1) is None
    try:
        written = driver.call(WritePort, 'write', data=b'x')
        read = driver.call(ReadPort, 'read', length=1)
        cleared = driver.call(Trigger, 'clear')
        counted = driver.call(GetBytesAvailable, 'get_bytes_available')
    finally:
        assert driver.set(max_queue_time=2.0) is None
    assert written.result == read.result == counted.result == ResultCode.PORT_BUSY
    assert not cleared.success
    assert all('busy' in one.message for one in (written, read, cleared, counted))


def test_higher_priority_goes_first_and_equals_in_order_of_arrival(driver, busy, servos):
    asked = [(1, 0), (2, 5), (3, 255), (4, 5), (5, 0)]
    waiting = [begin_transact(driver, ping(one), priority=order) for one, order in asked]
    await_arrival(driver)
    servos.send(pong(9))
    for one in waiting:
        assert result_of(driver, one).result == ResultCode.SUCCESS
    order = [packet for packet in servos.heard if packet != ping(9)]
    assert order == [ping(one) for one in (3, 2, 4, 1, 5)]


def test_the_time_waited_is_told_apart_from_the_time_on_the_bus(driver, busy, servos):
    waiting = begin_transact(driver, ping(1))
    assert result_of(driver, begin_transact(driver, ping(2), queue_timeout=0.2)).result == (
        ResultCode.PORT_BUSY
    )
    servos.send(pong(9))
    result = result_of(driver, waiting)
    assert result.result == ResultCode.SUCCESS
    assert result.queued.nanosec >= 0.15e9


def test_more_waiting_requests_than_max_queue_are_refused_at_once(driver, busy, servos):
    assert driver.set(max_queue=2) is None
    try:
        waiting = [begin_transact(driver, ping(1)) for _ in range(2)]
        refused = transact(driver, ping(2))
        assert not any(one.done() for one in waiting)
    finally:
        assert driver.set(max_queue=1000) is None
    assert refused.result == ResultCode.PORT_BUSY
    assert 'max_queue' in refused.message
    servos.send(pong(9))
    assert [result_of(driver, one).result for one in waiting] == [ResultCode.SUCCESS] * 2


def test_a_hundred_requests_at_once_are_all_served_with_their_own_answers(driver, servos):
    # Deep enough that DDS drops none of them on the way.
    client = driver.graph.node.create_client(
        Transact, f'{driver.name}/transact', qos_profile=QoSProfile(depth=200)
    )
    assert client.wait_for_service(PATIENCE_S)
    waiting = [
        client.call_async(Transact.Request(transaction=message(ping(one), timeout=5.0)))
        for one in range(1, 101)
    ]
    for one, future in enumerate(waiting, 1):
        result = result_of(driver, future)
        assert (result.result, bytes(result.data)) == (ResultCode.SUCCESS, pong(one))


def test_a_late_answer_is_not_given_to_the_next_question(driver, servos):
    servos.answer = mute
    assert transact(driver, ping(1), timeout=0.01).result == ResultCode.RX_TIMEOUT
    late = begin_transact(driver, ping(1), timeout=0.3)
    servos.send(pong(1))
    assert result_of(driver, late).result == ResultCode.RX_TIMEOUT
    servos.answer = servo_1
    assert transact(driver, b'x', framing=NONE).result == ResultCode.SUCCESS
    assert eventually(lambda: transact(driver, ping(1)).result == ResultCode.SUCCESS)


def test_whoever_pings_all_at_the_factory_baudrate_starves_nobody(driver, servos):
    everybody = ping(BROADCAST_ID)
    servos.answer = lambda data: b'' if data == everybody else servo_1(data)
    assert driver.set(baudrate=57600) is None
    try:
        for _ in range(2):
            servos.heard.clear()
            pinging = begin_transact(driver, everybody, timeout=0.0)
            servos.wait_for(everybody)
            result = transact(driver, ping(1))
            assert (result.result, bytes(result.data)) == (ResultCode.SUCCESS, pong(1))
            # It waited for longer than the second that was the longest wait once.
            assert result.queued.sec >= 1
            assert result_of(driver, pinging).result == ResultCode.RX_TIMEOUT
    finally:
        assert driver.set(baudrate=1_000_000) is None
