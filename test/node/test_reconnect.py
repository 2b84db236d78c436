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

"""A device that goes away and comes back, or is not there yet."""

from __future__ import annotations

from dxl_port_driver.errors import ResultCode
from fault_support.adapter import Adapter
from fault_support.held import holds
from fault_support.listeners import Diagnoses, OK
import pytest
from ros_support.calls import available, clear, read_port, transact, write
from ros_support.graph import eventually
from ros_support.wire import ping

GONE = {int(ResultCode.TX_FAIL), int(ResultCode.RX_FAIL)}
SOON_S = 0.1


@pytest.fixture
def adapter(tmp_path):
    adapter = Adapter(tmp_path / 'servos', ids='1-2')
    yield adapter
    adapter.close()


def is_answered(driver):
    return transact(driver, ping(1), timeout=1.0).result == ResultCode.SUCCESS


def test_every_service_says_that_the_device_is_gone_and_works_when_it_is_back(
    start_driver, adapter
):
    program, driver = start_driver(port_name=adapter.link, reconnect_period=SOON_S)
    driver.activate()
    first = adapter.path
    adapter.unplug()
    eventually(lambda: 'is gone' in program.output)
    for answer in (
        transact(driver, ping(1)),
        write(driver, b'x'),
        read_port(driver, 1),
        available(driver),
    ):
        assert answer.result in GONE
        assert 'check that' in answer.message
    assert not clear(driver).success
    assert driver.state == 'active'
    adapter.plug()
    eventually(lambda: is_answered(driver))
    assert driver.state == 'active'
    # The same name leads to another device now, as /dev/serial/by-id does after a replug.
    assert adapter.path != first or not holds(program.pid, f'{first} (deleted)')
    assert holds(program.pid, adapter.path)
    assert write(driver, b'x').result == ResultCode.SUCCESS


def test_the_settings_are_the_same_when_it_is_back(start_driver, adapter):
    program, driver = start_driver(port_name=adapter.link, baudrate=57600, reconnect_period=SOON_S)
    driver.activate()
    assert driver.set(baudrate=115200) is None
    adapter.unplug()
    eventually(lambda: 'is gone' in program.output)
    adapter.plug()
    eventually(lambda: is_answered(driver))
    assert driver.get('baudrate') == 115200


@pytest.mark.parametrize('state', ['inactive', 'active'])
def test_without_reconnect_it_goes_through_error_processing_to_unconfigured(
    start_driver, adapter, state
):
    program, driver = start_driver(port_name=adapter.link, reconnect=False)
    assert driver.change_state('configure')
    if state == 'active':
        assert driver.change_state('activate')
    adapter.unplug()
    eventually(lambda: driver.state == 'unconfigured')
    assert 'giving it up' in program.output
    assert transact(driver, ping(1)).result == ResultCode.NOT_AVAILABLE
    assert not driver.change_state('configure')
    adapter.plug()
    driver.activate()
    assert is_answered(driver)


def test_reconnect_taken_back_while_it_waits_ends_the_wait(start_driver, adapter):
    program, driver = start_driver(port_name=adapter.link, reconnect_period=SOON_S)
    driver.activate()
    adapter.unplug()
    eventually(lambda: 'waiting for it' in program.output)
    assert driver.set(reconnect=False) is None
    eventually(lambda: driver.state == 'unconfigured')


def test_transitions_while_the_device_is_gone(start_driver, adapter):
    program, driver = start_driver(port_name=adapter.link, reconnect_period=SOON_S)
    driver.activate()
    adapter.unplug()
    eventually(lambda: 'is gone' in program.output)
    assert driver.change_state('deactivate')
    assert not driver.change_state('activate')
    assert driver.state == 'inactive'
    adapter.plug()
    eventually(lambda: 'is back' in program.output)
    assert driver.change_state('activate')
    assert is_answered(driver)
    adapter.unplug()
    eventually(lambda: program.output.count('is gone') == 2)
    assert driver.change_state('deactivate')
    assert driver.change_state('cleanup')
    assert driver.state == 'unconfigured'
    adapter.plug()
    driver.activate()
    assert is_answered(driver)


def test_another_port_can_be_taken_while_the_device_is_gone(start_driver, adapter, tmp_path):
    program, driver = start_driver(port_name=adapter.link, reconnect_period=SOON_S)
    assert driver.change_state('configure')
    adapter.unplug()
    eventually(lambda: 'is gone' in program.output)
    assert driver.set(port_name='sim://') is None
    diagnoses = Diagnoses(driver)
    try:
        status = diagnoses.status()
        assert (status.level, status.hardware_id) == (OK, 'sim://'), status.message
    finally:
        diagnoses.close()
    assert driver.change_state('activate')
    assert is_answered(driver)


def test_it_can_be_shut_down_while_the_device_is_gone(start_driver, adapter):
    program, driver = start_driver(port_name=adapter.link)
    driver.activate()
    adapter.unplug()
    eventually(lambda: 'is gone' in program.output)
    assert program.stop() == 0


def test_autostart_waits_for_a_port_that_is_not_there_yet(start_driver, tmp_path):
    link = tmp_path / 'later'
    program, driver = start_driver(port_name=str(link), autostart=True, reconnect_period=SOON_S)
    eventually(lambda: 'waiting for' in program.output)
    assert driver.state == 'unconfigured'
    adapter = Adapter(link, ids='1')
    try:
        eventually(lambda: driver.state == 'active')
        assert is_answered(driver)
        # Told once, not at each try.
        assert program.output.count('[ERROR]') == 1
    finally:
        program.stop()
        adapter.close()


def test_autostart_without_reconnect_tries_once(start_driver, tmp_path):
    link = tmp_path / 'later'
    program, driver = start_driver(port_name=str(link), autostart=True, reconnect=False)
    eventually(lambda: 'on_configure failed' in program.output)
    assert 'waiting for' not in program.output
    assert driver.state == 'unconfigured'


def test_who_configures_by_hand_ends_the_wait_of_autostart(start_driver, tmp_path):
    program, driver = start_driver(
        port_name=str(tmp_path / 'never'), autostart=True, reconnect_period=SOON_S
    )
    eventually(lambda: 'waiting for' in program.output)
    assert driver.set(port_name='sim://') is None
    eventually(lambda: driver.state in ('inactive', 'active') or driver.change_state('configure'))
    eventually(lambda: driver.state == 'active' or driver.change_state('activate'))
    assert is_answered(driver)
