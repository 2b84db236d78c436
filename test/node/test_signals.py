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

"""Every signal that can: the port is closed, and the exit status is 0, whatever is going on."""

from __future__ import annotations

import fcntl
import os
import signal
import time

from dxl_port_driver.errors import ResultCode
import pytest
from ros_support.calls import await_arrival, begin_transact, EVERY_SERVICE, result_of
from ros_support.graph import eventually, PATIENCE_S
from ros_support.wire import mute, ping

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
SELDOM = {
    'SIGQUIT': signal.SIGQUIT,
    'SIGUSR1': signal.SIGUSR1,
    'SIGALRM': signal.SIGALRM,
    'SIGPWR': signal.SIGPWR,
    'SIGXCPU': signal.SIGXCPU,
    'SIGRTMIN': signal.SIGRTMIN,
    'SIGRTMIN+3': signal.SIGRTMIN + 3,
}


def assert_free(path):
    """Take the port as another driver would."""
    device = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        fcntl.flock(device, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(device)


def assert_clean(program, wire):
    assert 'Traceback' not in program.output
    assert 'ERROR' not in program.output
    assert_free(wire.path)


@pytest.mark.parametrize('number', SIGNALS, ids=lambda one: one.name)
def test_in_each_state(start_driver, make_wire, number):
    wires = {state: make_wire() for state in ('unconfigured', 'inactive', 'active', 'finalized')}
    started = {
        state: start_driver(port_name=wire.path, node_name=state) for state, wire in wires.items()
    }
    for _, driver in started.values():
        assert driver.state == 'unconfigured'
    assert started['inactive'][1].change_state('configure')
    started['active'][1].activate()
    assert started['finalized'][1].change_state('unconfigured_shutdown')
    for state, (program, _) in started.items():
        assert program.stop(number) == 0, state
        assert_clean(program, wires[state])


@pytest.mark.parametrize('name', SELDOM)
def test_those_that_come_seldom(start_driver, wire, name):
    program, driver = start_driver(
        port_name=wire.path, autostart=True, stop_packets=[ping(9).hex()]
    )
    eventually(lambda: driver.state == 'active')
    assert program.stop(SELDOM[name]) == 0
    assert_clean(program, wire)
    assert wire.heard == [ping(9)]
    assert f'it ends because of {name}\n' in program.output


@pytest.mark.parametrize('number', SIGNALS, ids=lambda one: one.name)
def test_in_the_middle_of_a_transaction_that_is_answered_first(start_driver, wire, number):
    program, driver = start_driver(port_name=wire.path, autostart=True)
    wire.answer = mute
    eventually(lambda: driver.state == 'active')
    held = begin_transact(driver, ping(9), timeout=10.0)
    wire.wait_for(ping(9))
    waiting = begin_transact(driver, ping(1))
    await_arrival(driver)
    assert program.stop(number) == 0
    assert_clean(program, wire)
    for one in (held, waiting):
        assert result_of(driver, one).result == ResultCode.NOT_AVAILABLE


def test_twice_in_a_row(start_driver, wire):
    program, driver = start_driver(port_name=wire.path, autostart=True)
    eventually(lambda: driver.state == 'active')
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        program.send(number)
    assert program.wait() == 0
    assert_clean(program, wire)


@pytest.mark.parametrize('number', SIGNALS, ids=lambda one: one.name)
def test_again_and_again_until_it_has_ended(start_driver, wire, number):
    program, driver = start_driver(port_name=wire.path)
    driver.activate()
    until = time.monotonic() + PATIENCE_S
    while program.is_running and time.monotonic() < until:
        program.send(number)
        time.sleep(0.002)
    assert program.wait() == 0
    assert_clean(program, wire)


def test_at_work(start_driver, wire):
    program, driver = start_driver(port_name=wire.path, autostart=True)
    eventually(lambda: driver.state == 'active')
    asked = [begin_transact(driver, ping(1)) for _ in range(9)]
    assert program.stop() == 0
    assert_clean(program, wire)
    del asked


def test_a_killed_driver_leaves_its_port_to_the_next(start_driver, wire, domain):
    program, driver = start_driver(port_name=wire.path, node_name='first', autostart=True)
    eventually(lambda: driver.state == 'active')
    domain.poisoned = True
    program.send(signal.SIGKILL)
    assert program.wait() == -signal.SIGKILL
    assert_free(wire.path)
    _, driver = start_driver(port_name=wire.path, node_name='second')
    assert driver.change_state('configure')
    assert driver.change_state('activate')
    assert EVERY_SERVICE['write'](driver) == ResultCode.SUCCESS
