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

"""What the launch allows to whoever reaches the graph: ports and instructions."""

from __future__ import annotations

from dxl_port_driver.errors import ResultCode
from dxl_port_driver.protocol.instructions import Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket
from dxl_port_interfaces.srv import StartCyclic
import pytest
from ros_support.calls import AUTO, batch, LENGTH, message, NONE, transact, write
from ros_support.wire import ping, read

RESET = InstructionPacket(Protocol.V2, 1, Instruction.FACTORY_RESET, b'\xff').encode()


def test_only_ports_that_match_can_be_named(start_driver, wire):
    _, driver = start_driver(port_name='sim://', allowed_ports=str(['sim://*', wire.path]))
    for name in ('/dev/ttyUSB0', 'socket://10.0.0.1:4000', '/etc/passwd', '/dev/ptsx'):
        reason = driver.set(port_name=name)
        assert reason is not None
        assert 'allowed_ports' in reason or 'port name' in reason
        assert driver.get('port_name') == 'sim://'
    assert driver.set(port_name=wire.path) is None
    driver.activate()
    assert transact(driver, ping(1)).result == ResultCode.SUCCESS


def test_a_port_that_does_not_match_is_not_opened_at_start_either(start_driver):
    program, _ = start_driver(port_name='sim://', allowed_ports="['/dev/ttyUSB*']")
    assert program.wait() == 1
    assert 'allowed_ports' in program.output


@pytest.mark.parametrize('name', ['allowed_ports', 'allowed_instructions'])
def test_who_reaches_the_graph_cannot_allow_more(start_driver, name):
    _, driver = start_driver(
        port_name='sim://', **{name: "['sim://*']" if 'p' in name[8:9] else "['ping']"}
    )
    before = driver.get(name)
    assert driver.set(**{name: ['*', 'all']}) is not None
    assert driver.get(name) == before
    assert driver.describe(name).read_only


@pytest.fixture
def narrow(start_driver, wire):
    _, driver = start_driver(port_name=wire.path, allowed_instructions="['ping', 'read']")
    driver.activate()
    return driver, wire


def test_what_is_not_allowed_is_refused_by_name_on_every_way_and_not_sent(narrow):
    driver, wire = narrow
    for framing in (AUTO, LENGTH, NONE):
        result = transact(driver, RESET, framing=framing, response_length=11)
        assert result.result == ResultCode.TX_ERROR
        assert 'factory_reset is not among allowed_instructions' in result.message
    assert write(driver, RESET).result == ResultCode.TX_ERROR
    first, second = batch(driver, [message(ping(1)), message(RESET)])
    assert (first.result, second.result) == (ResultCode.SUCCESS, ResultCode.TX_ERROR)
    answer = driver.call(
        StartCyclic, 'start_cyclic', name='x', rate=1.0, transactions=[message(RESET)]
    )
    assert answer.result == ResultCode.TX_ERROR
    assert RESET not in b''.join(wire.heard)


@pytest.mark.parametrize(
    'data',
    [
        RESET[:-3],
        ping(1) + RESET,
        RESET + ping(1),
        ping(1) + RESET[:5],
        b'\x00' + ping(1),
        b'\xff\xff' + RESET,
        InstructionPacket(Protocol.V1, 1, Instruction.FACTORY_RESET).encode() + ping(1),
    ],
)
def test_nothing_is_smuggled_past(narrow, data):
    driver, wire = narrow
    assert write(driver, data).result == ResultCode.TX_ERROR
    assert transact(driver, data, framing=NONE).result == ResultCode.TX_ERROR
    assert wire.heard == []


def test_what_is_allowed_goes_through(narrow):
    driver, _ = narrow
    assert transact(driver, ping(1)).result == ResultCode.SUCCESS
    assert transact(driver, read(1, 132, 4)).result == ResultCode.SUCCESS
    assert transact(driver, ping(1, Protocol.V1)).result == ResultCode.SUCCESS
    assert write(driver, ping(1) + ping(2)).result == ResultCode.SUCCESS


def test_a_halved_packet_cannot_be_put_together_by_two_writes(narrow):
    driver, wire = narrow
    for half in (RESET[:6], RESET[6:]):
        assert write(driver, half).result == ResultCode.TX_ERROR
    assert wire.heard == []


def test_a_name_that_no_instruction_has_ends_the_start(start_driver):
    program, _ = start_driver(port_name='sim://', allowed_instructions="['pong']")
    assert program.wait() == 1
    assert "'pong' is no instruction" in program.output
