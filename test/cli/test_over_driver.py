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

"""The tool on a driver node."""

from __future__ import annotations

import os
import signal

import pytest
from ros_support.graph import eventually
from sim_support.fake_servos import FakeServo


@pytest.fixture
def driver(start_driver, domain, monkeypatch):
    """Give an active driver that the tool finds."""
    _, driver = start_driver(port_name='sim://', autostart=True)
    eventually(lambda: driver.state == 'active')
    monkeypatch.setenv('ROS_DOMAIN_ID', str(domain.id))
    return driver


def test_the_commands_work_through_a_driver(driver, dxl_port):
    assert [r['id'] for r in dxl_port('ping', '1-3', '--json').records] == [1, 2, 3]
    assert dxl_port('write', '2', '104', '-7', '4').status == 0
    assert dxl_port('read', '2', '104', '4', '--json').records[0]['signed'] == -7
    done = dxl_port('read', '1,40', '132', '4', '--driver', 'dxl_port_driver')
    assert done.status == 1
    assert 'servo 40' in done.err
    done = dxl_port('transact', 'FF FF FD 00 01 03 00 01 19 4E', '--json')
    assert done.records[0]['packets'][0]['params'] == 'fc0330'
    done = dxl_port('watch', '1', '132', '4', '--count', '2', '--rate', '20')
    assert len(done.rows) == 2
    done = dxl_port('bench', '1-3', '--batch', '5', '--count', '20', '--json')
    assert (done.records[0]['transactions'], done.records[0]['failures']) == (20, 0)


def test_the_doctor_looks_at_a_driver_and_its_servos(driver, dxl_port):
    done = dxl_port('doctor', '--ids', '1-2', '--timeout', '0.1', '--json')
    assert done.status == 0
    found = {record['check']: record['message'] for record in done.records}
    assert found['driver'] == '/dxl_port_driver is active at 1000000 bit/s'
    assert found['servos'] == 'servo 1-2 at 1000000 bit/s'
    assert "a driver's stays as it is" in found['looked at']
    done = dxl_port('doctor', '--ids', '1,40', '--timeout', '0.1', '--json')
    assert done.status == 1
    found = {record['check']: record['message'] for record in done.records}
    assert found['missing'].startswith('servo 40 does not answer at 1000000 bit/s')


def test_servos_that_are_late_or_answer_no_writes_are_told_through_a_driver(
    start_driver, domain, monkeypatch, dxl_port_as_is, fake
):
    port = fake(FakeServo(1, late_s=0.07), FakeServo(2, level=1))
    _, driver = start_driver(port_name=port, autostart=True)
    eventually(lambda: driver.state == 'active')
    monkeypatch.setenv('ROS_DOMAIN_ID', str(domain.id))
    done = dxl_port_as_is('ping', '1')
    assert done.status == 0
    assert 'servo 1 is there, but answers late: after ' in done.err
    assert "raise the driver's latency_timer: ros2 param set /dxl_port_driver" in done.err
    for _ in range(4):
        # However much the driver has learnt by then.
        done = dxl_port_as_is('write', '2', '65', '1', '--retries', '2')
        assert done.status == 0
        assert done.out == 'wrote 1 (1 byte) at 65 of servo 2\n'
        assert 'does not answer writes (Status Return Level 1); read back, the value' in done.err
    assert 'ros2' not in done.err


def test_info_tells_state_and_parameters(driver, dxl_port):
    (facts,) = dxl_port('info', '--json').records
    assert facts['state'] == 'active'
    assert facts['parameters']['baudrate'] == 1_000_000
    assert facts['usable'] is True


def test_scan_changes_the_baudrate_only_if_asked_and_sets_it_back(driver, dxl_port):
    done = dxl_port('scan', '--ids', '1-2', '--json')
    assert {r['baudrate'] for r in done.records} == {1_000_000}
    done = dxl_port('scan', '--ids', '1', '--protocol', '2.0', '--baudrates', '57600', '--json')
    assert {r['baudrate'] for r in done.records} == {57_600}
    assert driver.get('baudrate') == 1_000_000


def test_ctrl_c_in_a_scan_sets_the_baudrate_back(driver, begin_dxl_port):
    process = begin_dxl_port('scan', '--protocol', '1.0', '--baudrates', '9600')
    eventually(lambda: driver.get('baudrate') == 9600)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert not errors
    assert driver.get('baudrate') == 1_000_000


def test_a_driver_that_is_not_active_is_status_3_and_says_how_to_bring_it_up(driver, dxl_port):
    assert driver.change_state('deactivate')
    done = dxl_port('ping', '1-3')
    assert done.status == 3
    assert 'is inactive and serves nobody' in done.err
    assert '"ros2 lifecycle set /dxl_port_driver activate"' in done.err
    done = dxl_port('info')
    assert done.status == 3
    assert ['state', 'inactive'] in done.rows


def test_a_driver_that_is_not_there_is_status_3(domain, dxl_port, monkeypatch):
    monkeypatch.setenv('ROS_DOMAIN_ID', str(domain.id))
    done = dxl_port('ping', '--driver', '/arm/none', '--wait', '0.5')
    assert done.status == 3
    assert '/arm/none' in done.err
    assert done.err.count('\n') == 1
    assert os.environ['ROS_DOMAIN_ID'] == str(domain.id)
