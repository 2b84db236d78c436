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

"""What the driver tells of servos that answer late, and of those that do not confirm writes."""

from __future__ import annotations

import re
import sys

from dxl_port_driver.errors import ResultCode
from dxl_port_driver.protocol.instructions import Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket
from fault_support.listeners import Diagnoses, WARN
import pytest
from ros_support.calls import transact
from ros_support.graph import eventually, RemoteDriver
from ros_support.wire import ping, read

SUCCESS, TIMEOUT = ResultCode.SUCCESS, ResultCode.RX_TIMEOUT


@pytest.fixture
def running(start, graph):
    """Start a driver on emulated servos; give it active, what it tells, and what it logs."""
    listening = []

    def run(url: str, **parameters: object):
        given = {'port_name': url, **parameters}
        program = start(
            *(sys.executable, '-m', 'dxl_port_driver.node.main', '--ros-args'),
            *(part for name, value in given.items() for part in ('-p', f'{name}:={value}')),
        )
        driver = RemoteDriver(graph)
        driver.activate()
        listening.append(Diagnoses(driver))
        return driver, listening[-1], program

    yield run
    for one in listening:
        one.close()


def test_late_answers_are_a_warning_with_a_value_that_helps(running):
    driver, told, _ = running(
        'sim://told?ids=1&latency_timer=60', low_latency=False, latency_timer=4.0
    )
    assert told.values()['late answers'] == '0'
    for _ in range(2):
        result = transact(driver, ping(1), timeout=0.0)
        assert result.result == TIMEOUT
    assert 'servo 1 answered ' in result.message
    status = told.wait_for(WARN, 'after its time was over; raise latency_timer to ')
    assert 'check power' not in status.message
    values = told.values()
    assert (values['late answers'], values['servos that answer late']) == ('1', '1')
    assert float(values['largest lateness [ms]']) > 30.0
    assert values['bytes received'] == '14'
    advised = re.search(r'raise latency_timer to (\d+) ms', status.message)
    assert advised is not None
    assert advised.group(0) in result.message
    assert driver.set(latency_timer=float(advised.group(1))) is None
    assert transact(driver, ping(1), timeout=0.0).result == SUCCESS
    assert eventually(lambda: told.values()['servos that answer late'] == 'none')


def write(address: int, value: int) -> bytes:
    params = address.to_bytes(2, 'little') + bytes((value,))
    return InstructionPacket(Protocol.V2, 1, Instruction.WRITE, params).encode()


def test_servos_that_do_not_confirm_writes_are_told_once_until_they_do(running):
    driver, told, program = running('sim://told?ids=1')
    transact(driver, write(68, 1), timeout=0.1)
    for _ in range(2):
        assert transact(driver, write(65, 1), timeout=0.1).result == TIMEOUT
        assert transact(driver, read(1, 65, 1)).data[9] == 1
    assert eventually(lambda: told.values()['servos that do not confirm writes'] == '1')
    for value in (0, 1, 0):
        result = transact(driver, write(65, value))
        assert (result.result, result.message, list(result.data)) == (SUCCESS, '', [])
        assert transact(driver, read(1, 65, 1)).data[9] == value
    transact(driver, write(68, 2), timeout=0.1)
    transact(driver, write(65, 1), timeout=0.1)
    assert transact(driver, read(1, 65, 1)).data[9] == 1
    assert list(transact(driver, write(65, 0)).data)
    assert eventually(lambda: told.values()['servos that do not confirm writes'] == 'none')
    assert program.output.count('servo 1 does not confirm writes') == 1
