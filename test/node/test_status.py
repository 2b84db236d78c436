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

"""``~/status``, and what becomes of two drivers that have one name."""

from __future__ import annotations

import signal
import sys
import time

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from dxl_port_driver.node.status import STATUS_QOS
from dxl_port_interfaces.msg import DriverStatus
import pytest
from ros_support.calls import transact
from ros_support.graph import eventually
from ros_support.wire import ping

STATES = {
    DriverStatus.STATE_UNCONFIGURED: 'unconfigured',
    DriverStatus.STATE_INACTIVE: 'inactive',
    DriverStatus.STATE_ACTIVE: 'active',
    DriverStatus.STATE_FINALIZED: 'finalized',
}
AS_WELL = 'another driver is called /dxl_port_driver as well'
HOLD_UP_S = 2.0


class Statuses:
    """What is published on ``/dxl_port_driver/status``."""

    def __init__(self, graph):
        self.heard = []
        graph.node.create_subscription(
            DriverStatus, '/dxl_port_driver/status', self.heard.append, STATUS_QOS
        )

    def of(self, program):
        """Give the states that a driver has told, in order."""
        return [STATES[status.state] for status in self.heard if status.pid == program.pid]

    def wait_for(self, program, state):
        eventually(lambda: self.of(program)[-1:] == [state])


@pytest.fixture
def statuses(graph):
    return Statuses(graph)


def test_it_is_told_at_each_change_and_kept_for_those_who_come_later(
    start_driver, make_wire, graph
):
    wire = make_wire()
    program, driver = start_driver(port_name=wire.path, reconnect=True)
    assert driver.state == 'unconfigured'
    statuses = Statuses(graph)
    statuses.wait_for(program, 'unconfigured')
    (first,) = statuses.heard
    assert (first.port_name, first.baudrate) == (wire.path, 1_000_000)
    assert (first.real_baudrate, first.device_present, first.message) == (0, False, '')
    assert len(first.instance_id) == 32
    assert abs(first.started.sec - time.time()) < 60
    driver.activate()
    assert driver.set(baudrate=57600) is None
    statuses.wait_for(program, 'active')
    eventually(lambda: statuses.heard[-1].baudrate == 57600)
    assert statuses.of(program) == ['unconfigured', 'inactive', 'active', 'active']
    assert statuses.heard[-1].real_baudrate == 57600
    assert statuses.heard[-1].device_present
    # No change, no message.
    assert driver.set(baudrate=57600) is None
    wire.unplug()
    eventually(lambda: not statuses.heard[-1].device_present)
    assert statuses.heard[-1].message
    assert len(statuses.heard) == 5
    assert program.stop() == 0
    statuses.wait_for(program, 'finalized')
    assert {status.instance_id for status in statuses.heard} == {first.instance_id}


@pytest.fixture
def two(start_driver, make_wire, statuses):
    """Give two active drivers of one name, on wires of their own, once they know of each other."""
    wires = [make_wire(), make_wire()]
    programs = []
    for wire in wires:
        # The second has to be the younger one.
        program, driver = start_driver(
            port_name=wire.path, autostart=True, stop_packets=[ping(9).hex()]
        )
        statuses.wait_for(program, 'active') if not programs else None
        programs.append(program)
    for program in programs:
        eventually(lambda program=program: AS_WELL in program.output)
    statuses.wait_for(programs[1], 'inactive')
    return driver, programs, wires


def test_of_two_with_one_name_the_one_that_was_started_first_serves(two, start, graph, statuses):
    driver, (elder, younger), wires = two
    told = {}

    def on_diagnostics(array):
        for status in array.status:
            told[status.hardware_id] = status

    graph.node.create_subscription(DiagnosticArray, '/diagnostics', on_diagnostics, 10)
    for number in range(1, 6):
        assert transact(driver, ping(number), retries=3).result == 0
    assert ping(5) in wires[0].heard
    # The younger one has sent nothing, not even its stop packets, as it had moved nothing.
    assert wires[1].heard == []
    assert statuses.of(elder)[-1] == 'active'
    eventually(lambda: len(told) == 2)
    assert all(status.level == DiagnosticStatus.ERROR for status in told.values())
    assert all(AS_WELL in status.message for status in told.values())
    assert f'process {elder.pid} ' in told[wires[1].path].message
    assert 'serves nobody' in told[wires[1].path].message
    # The doctor asks whichever of the two answers first.
    doctor = start(
        *(sys.executable, '-m', 'dxl_port_driver.cli.main', 'doctor', '--ids', '1'),
        *('--timeout', '0.2'),
    )
    assert doctor.wait() != 0
    assert 'fail  driver: /dxl_port_driver is ' in doctor.output
    assert AS_WELL in doctor.output
    # It stays so until somebody wants it otherwise, and is as any other when the elder has ended.
    assert elder.stop() == 0
    eventually(lambda: 'no other driver is called /dxl_port_driver now' in younger.output)
    eventually(lambda: driver.state == 'inactive')
    assert driver.change_state('activate')
    assert transact(driver, ping(7), retries=3).result == 0
    assert ping(7) in wires[1].heard


def test_a_killed_one_does_not_hold_up_its_successor(start_driver, wire, domain, statuses):
    elder, _ = start_driver(port_name=wire.path, autostart=True)
    statuses.wait_for(elder, 'active')
    successor, _ = start_driver(port_name=wire.path, autostart=True, reconnect_period=0.1)
    eventually(lambda: AS_WELL in successor.output)
    domain.poisoned = True
    elder.send(signal.SIGKILL)
    elder.wait()
    killed = time.monotonic()
    statuses.wait_for(successor, 'active')
    # Generous: a machine under load is slow at everything.
    assert time.monotonic() - killed < 3 * HOLD_UP_S
    # One that is started only now does not even hear of it.
    successor.send(signal.SIGKILL)
    successor.wait()
    third, _ = start_driver(port_name=wire.path, autostart=True)
    eventually(lambda: 'is open at' in third.output)
    assert AS_WELL not in third.output
    assert 'failed' not in third.output


def test_a_recording_that_is_played_is_not_taken_for_a_driver(start_driver, graph, statuses):
    program, driver = start_driver(port_name='sim://', autostart=True)
    statuses.wait_for(program, 'active')
    recorded = DriverStatus(instance_id='0' * 32, state=DriverStatus.STATE_ACTIVE)
    player = graph.node.create_publisher(DriverStatus, '/dxl_port_driver/status', STATUS_QOS)
    eventually(lambda: player.get_subscription_count() == 2)
    player.publish(recorded)
    eventually(lambda: recorded in statuses.heard)
    # Asked after it, answered after it.
    assert driver.set(baudrate=57600) is None
    assert driver.state == 'active'
    assert AS_WELL not in program.output
