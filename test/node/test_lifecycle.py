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

"""The states of the node: what the port and the services do in each."""

from __future__ import annotations

import os
from pathlib import Path

from dxl_port_driver.errors import ResultCode
from lifecycle_msgs.srv import ChangeState
import pytest
from ros_support.calls import (
    available,
    batch,
    clear,
    EVERY_SERVICE,
    message,
    read_port,
    transact,
    write,
)
from ros_support.graph import eventually, RemoteDriver, TRANSITIONS

VALID = {
    'unconfigured': ('configure', 'unconfigured_shutdown'),
    'inactive': ('cleanup', 'activate', 'inactive_shutdown'),
    'active': ('deactivate', 'active_shutdown'),
    'finalized': (),
}
REFUSED = {name: int(ResultCode.NOT_AVAILABLE) for name in EVERY_SERVICE} | {'clear': False}
SERVED = {name: int(ResultCode.SUCCESS) for name in EVERY_SERVICE} | {'clear': True}


def called(driver):
    """Call every service, give what each answers."""
    return {name: call(driver) for name, call in EVERY_SERVICE.items()}


def is_open(program, device):
    """Tell whether the process has the device open."""
    for entry in Path(f'/proc/{program.pid}/fd').iterdir():
        try:
            if os.readlink(entry) == device:
                return True
        except FileNotFoundError:
            continue
    return False


def services_of(driver):
    name = driver.name.removeprefix('/')
    listed = driver.graph.node.get_service_names_and_types_by_node(name, '/')
    return {service.rpartition('/')[2] for service, _ in listed}


def test_port_and_every_service_in_every_state(start_driver, wire):
    program, driver = start_driver(port_name=wire.path)
    assert (driver.state, is_open(program, wire.device)) == ('unconfigured', False)
    assert called(driver) == REFUSED
    for transition, state, opened, answers in (
        ('configure', 'inactive', True, REFUSED),
        ('activate', 'active', True, SERVED),
        ('deactivate', 'inactive', True, REFUSED),
        ('activate', 'active', True, SERVED),
        ('deactivate', 'inactive', True, REFUSED),
        ('cleanup', 'unconfigured', False, REFUSED),
        ('configure', 'inactive', True, REFUSED),
        ('activate', 'active', True, SERVED),
    ):
        assert driver.change_state(transition), transition
        assert (driver.state, is_open(program, wire.device)) == (state, opened)
        assert called(driver) == answers
    assert set(EVERY_SERVICE) <= services_of(driver)
    assert driver.change_state('active_shutdown')
    assert (driver.state, is_open(program, wire.device)) == ('finalized', False)
    eventually(lambda: not set(EVERY_SERVICE) & services_of(driver))


def test_a_refused_service_says_what_to_do(start_driver):
    _, driver = start_driver(port_name='sim://', node_name='arm')
    for answer in (
        *(write(driver, b'x'), read_port(driver, 1), clear(driver), available(driver)),
        *(transact(driver, b'x'), *batch(driver, [message(b'x')])),
    ):
        assert '/arm is not active; configure and activate it' in answer.message
    # Which comes first: what is wrong with the request does not matter yet.
    assert transact(driver, b'', framing=77).result == ResultCode.NOT_AVAILABLE
    assert batch(driver, [])[0].result == ResultCode.NOT_AVAILABLE
    assert read_port(driver, 0).result == ResultCode.NOT_AVAILABLE


def test_a_transition_that_the_state_does_not_have_is_refused_and_changes_nothing(
    start_driver, wire
):
    program, driver = start_driver(port_name=wire.path)
    for state in ('unconfigured', 'inactive', 'active'):
        assert driver.state == state
        for transition in sorted(set(TRANSITIONS) - set(VALID[state])):
            assert not driver.change_state(transition), f'{transition} while {state}'
            assert driver.state == state
        for number in (0, 8, 10, 20, 99, 255):
            assert not change(driver, id=number), f'{number} while {state}'
            assert driver.state == state
        assert not change(driver, label='no such transition')
        assert driver.state == state
        if state != 'active':
            assert driver.change_state({'unconfigured': 'configure'}.get(state, 'activate'))
    assert called(driver) == SERVED
    assert driver.change_state('active_shutdown')
    for transition in TRANSITIONS:
        assert not driver.change_state(transition)
    assert driver.state == 'finalized'
    assert program.is_running


def change(driver, **transition):
    request = ChangeState.Request()
    for name, value in transition.items():
        setattr(request.transition, name, value)
    return driver.graph.call(ChangeState, f'{driver.name}/change_state', request).success


def test_it_can_be_shut_down_from_each_state_and_goes_on_answering(start_driver, make_wire):
    wires = {state: make_wire() for state in ('unconfigured', 'inactive', 'active')}
    started = {
        state: start_driver(port_name=wire.path, node_name=state) for state, wire in wires.items()
    }
    assert started['inactive'][1].change_state('configure')
    started['active'][1].activate()
    for state, (program, driver) in started.items():
        assert driver.state == state
        assert driver.change_state(f'{state}_shutdown')
        assert driver.state == 'finalized'
        assert not is_open(program, wires[state].device)
        assert driver.get('port_name') == wires[state].path
        assert program.stop() == 0


@pytest.mark.parametrize('kind', ['wire', 'sim'])
def test_fifty_rounds_through_the_states_leave_no_descriptor_and_no_thread(
    start_driver, wire, kind
):
    program, driver = start_driver(port_name=wire.path if kind == 'wire' else 'sim://')

    def round_trip():
        for transition in ('configure', 'activate', 'deactivate', 'activate', 'deactivate'):
            assert driver.change_state(transition)
        assert EVERY_SERVICE['get_bytes_available'](driver) == ResultCode.NOT_AVAILABLE
        assert driver.change_state('cleanup')

    def held():
        return tuple(len(os.listdir(f'/proc/{program.pid}/{what}')) for what in ('fd', 'task'))

    round_trip()
    before = held()
    for _ in range(50):
        round_trip()
    eventually(lambda: held() <= before)


def test_autostart_makes_it_active_by_itself(start_driver, wire):
    _, driver = start_driver(port_name=wire.path, autostart=True)
    eventually(lambda: driver.state == 'active')
    assert called(driver) == SERVED


def test_two_drivers_in_one_graph_have_ports_of_their_own(start_driver, make_wire):
    wires = [make_wire(), make_wire()]
    drivers: list[RemoteDriver] = [
        start_driver(port_name=wire.path, autostart=True, node_name=name)[1]
        for wire, name in zip(wires, ('left', 'right'), strict=True)
    ]
    for driver, wire in zip(drivers, wires, strict=True):
        eventually(lambda driver=driver: driver.state == 'active')
        EVERY_SERVICE['write'](driver)
        wire.wait_for(b'\x00')
        assert len(wire.heard) == 1
