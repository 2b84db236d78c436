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

"""What ``/diagnostics`` says, and when it warns."""

from __future__ import annotations

import time

from dxl_port_driver.bus.bus import Bus
from dxl_port_driver.errors import ResultCode
from dxl_port_driver.node.condition import Condition
from dxl_port_driver.node.diagnostics import Diagnostics
from dxl_port_driver.port.open_port import make_port
from dxl_port_driver.protocol.transaction import TransactionResult
from fault_support.listeners import Diagnoses, ERROR, OK, WARN
import pytest
from ros_support.calls import transact
from ros_support.graph import RemoteDriver
from ros_support.wire import mute, ping

KEYS = {
    'state',
    'baudrate asked [bit/s]',
    'baudrate real [bit/s]',
    'latency timer [ms]',
    'transactions',
    'bytes sent',
    'bytes received',
    'timeouts',
    'corrupt answers',
    'late answers',
    'largest lateness [ms]',
    'servos that answer late',
    'servos that do not confirm writes',
    'device failures',
    'retries',
    'reconnects',
    'queue depth',
    'queue wait p50/p95/p99 [ms]',
    'bus time p50/p95/p99 [ms]',
    'bus utilisation [%]',
    'traffic messages dropped',
}


@pytest.fixture
def diagnoses():
    made = []

    def listen(driver):
        made.append(Diagnoses(driver))
        return made[-1]

    yield listen
    for one in made:
        one.close()


def test_they_come_once_a_second_in_every_state_and_say_what_was_done(
    start_driver, wire, diagnoses
):
    _, driver = start_driver(port_name=wire.path, baudrate=57600)
    told = diagnoses(driver)
    status = told.status()
    assert (status.level, status.message) == (OK, 'unconfigured')
    assert status.hardware_id == wire.path
    assert status.name == 'dxl_port_driver: port'
    driver.activate()
    for _ in range(3):
        assert transact(driver, ping(1), timeout=5.0).result == ResultCode.SUCCESS
    assert told.wait_for(OK, 'active').hardware_id == wire.path
    values = told.values()
    assert set(values) >= KEYS
    assert values['state'] == 'active'
    assert values['baudrate asked [bit/s]'] == values['baudrate real [bit/s]'] == '57600'
    assert values['transactions'] == '3'
    assert (values['bytes sent'], values['bytes received']) == ('30', '42')
    assert (values['timeouts'], values['retries'], values['queue depth']) == ('0', '0', '0')
    first = time.monotonic()
    for _ in range(3):
        told.status()
    assert 1.5 < time.monotonic() - first < 15.0


def test_a_servo_that_does_not_answer_is_a_warning_with_the_counts(start_driver, wire, diagnoses):
    _, driver = start_driver(port_name=wire.path)
    driver.activate()
    told = diagnoses(driver)
    wire.answer = mute
    assert transact(driver, ping(1), timeout=0.05, retries=2).result == ResultCode.RX_TIMEOUT
    status = told.wait_for(WARN)
    assert '1 of the last 1 transactions failed; check power, wiring' in status.message
    values = told.values()
    assert (values['timeouts'], values['retries']) == ('1', '2')


def test_bytes_without_a_header_look_like_a_wrong_baudrate(start_driver, wire, diagnoses):
    _, driver = start_driver(port_name=wire.path)
    driver.activate()
    told = diagnoses(driver)
    wire.answer = lambda data: b'\x80\x1c\xe0\x00' * 3
    transact(driver, ping(1), timeout=0.1)
    assert 'the baudrate looks wrong' in told.wait_for(WARN).message


def test_a_port_that_is_missing_is_an_error_with_the_reason(start_driver, diagnoses):
    _, driver = start_driver(port_name='/dev/ttyUSB_none')
    told = diagnoses(driver)
    assert not driver.change_state('configure')
    assert '/dev/ttyUSB_none' in told.wait_for(ERROR).message


class Told:
    """The diagnostics of any condition, on a real graph."""

    def __init__(self, graph):
        self.condition = Condition('active', '/dev/ttyUSB7', 1_000_000)
        self.source = Diagnostics(graph.node, lambda: self.condition)
        self.listener = Diagnoses(RemoteDriver(graph))

    def status(self, **condition):
        self.condition = Condition('active', '/dev/ttyUSB7', 1_000_000, **condition)
        # One that was made before is under way at most; the next is of this condition.
        self.listener.next()
        return self.listener.status()

    def close(self):
        self.listener.close()
        self.source.destroy()


@pytest.fixture
def told(graph):
    told = Told(graph)
    yield told
    told.close()


@pytest.mark.parametrize('latency_ms', [None, 1.0, 2.0])
def test_a_quick_adapter_is_no_reason_to_warn(told, latency_ms):
    assert told.status(latency_ms=latency_ms).level == OK


def test_a_slow_latency_timer_is_a_warning_with_the_line_that_mends_it(told):
    status = told.status(latency_ms=16.0)
    assert status.level == WARN
    assert 'is 16 ms' in status.message
    assert 'echo 1 | sudo tee /sys/bus/usb-serial/devices/ttyUSB7/latency_timer' in status.message


def used_bus(results):
    bus = Bus(make_port('/dev/ttyUSB7'))
    for result in results:
        bus.statistics.add(result, 10, time.monotonic())
    return bus


def test_a_bus_in_use_all_the_time_is_a_warning(told):
    long = TransactionResult(ResultCode.SUCCESS, elapsed_s=0.95, attempts=1)
    status = told.status(bus=used_bus([long] * 12))
    assert status.level == WARN
    assert 'the bus is in use 100 % of the time' in status.message


@pytest.mark.parametrize(('failed', 'level'), [(1, OK), (2, WARN)])
def test_one_failure_in_a_hundred_is_no_reason_to_warn(told, failed, level):
    good = TransactionResult(ResultCode.SUCCESS, elapsed_s=0.001, attempts=1)
    bad = TransactionResult(ResultCode.RX_TIMEOUT, elapsed_s=0.001, attempts=1)
    assert told.status(bus=used_bus([good] * (100 - failed) + [bad] * failed)).level == level


def test_an_error_counts_more_than_a_warning(told):
    status = told.status(latency_ms=16.0, error='the device is gone')
    assert (status.level, status.message) == (ERROR, 'the device is gone')
