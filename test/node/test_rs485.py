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

"""The node on RS-485 lines: direction by the kernel, adapters that hear themselves."""

from __future__ import annotations

from dxl_port_driver.node.declarations import REOPENING
from dxl_port_driver.protocol.instructions import Protocol
from dxl_port_interfaces.msg import CommResult
import pytest
from ros_support.calls import available, batch, message, read_port, transact, write
from ros_support.graph import eventually
from ros_support.wire import ping

RS485 = sorted(name for name in REOPENING if name.startswith('rs485'))
V1_SERVO = 11
ECHOING = f'sim://?ids1={V1_SERVO}&echo=on'


def test_configure_tells_that_the_device_cannot(start_driver):
    program, driver = start_driver(port_name='sim://', rs485=True)
    assert not driver.change_state('configure')
    assert driver.state == 'unconfigured'
    eventually(lambda: 'TIOCSRS485' in program.output)
    assert 'set rs485 to false' in program.output
    # The way that the message shows.
    assert driver.set(rs485=False) is None
    driver.activate()
    assert transact(driver, ping(), timeout=5.0).result == 0


def test_switched_on_while_inactive_it_is_refused_and_the_port_is_kept(idle, in_state):
    in_state('inactive')
    reason = idle.set(rs485=True)
    assert 'TIOCSRS485' in reason
    assert idle.get('rs485') is False
    assert idle.change_state('activate')
    assert transact(idle, ping(), timeout=5.0).result == 0


def test_none_of_it_changes_while_the_node_is_active(idle, in_state):
    in_state('active')
    for name in RS485:
        assert f'{name} cannot change while the node is active' in idle.set(
            **{name: idle.get(name)}
        )
    assert transact(idle, ping(), timeout=5.0).result == 0


def test_how_it_is_switched_may_be_set_before_it_is(idle, in_state):
    in_state('inactive')
    values = {
        'rs485_rts_level_for_tx': False,
        'rs485_rts_level_for_rx': True,
        'rs485_delay_before_tx': 1,
        'rs485_delay_before_rx': 100,
    }
    assert sorted({*values, 'rs485'}) == RS485
    assert idle.set(**values) is None
    assert {name: idle.get(name) for name in values} == values
    assert 'rs485_delay_before_rx' in idle.set(rs485_delay_before_rx=101)


@pytest.fixture
def echoing(idle, in_state):
    """Give the shared driver, active on an adapter that hears itself."""
    assert idle.set(port_name=ECHOING, tx_echo=True) is None
    in_state('active')
    return idle


@pytest.mark.parametrize(
    'instruction', [ping(1), ping(V1_SERVO, Protocol.V1)], ids=['Protocol 2.0', 'Protocol 1.0']
)
def test_an_echo_is_not_in_the_answer(echoing, instruction):
    result = transact(echoing, instruction, timeout=5.0)
    assert (result.result, result.message) == (0, '')
    assert instruction not in bytes(result.data)
    results = batch(echoing, [message(instruction, timeout=3.0)] * 3)
    assert [bytes(one.data) for one in results] == [bytes(result.data)] * 3


def test_an_echo_is_not_left_for_a_reader(echoing):
    assert write(echoing, ping(1)).result == 0
    answer = read_port(echoing, 14, 5.0)
    assert (answer.result, len(answer.data)) == (0, 14)
    assert bytes(answer.data) != ping(1)
    assert bytes(answer.data[4:8]) == b'\x01\x07\x00\x55'
    assert available(echoing).length == 0


def test_tx_echo_changes_while_the_node_works(echoing):
    # Nobody has this id; in Protocol 1.0 the echo of a Ping looks like an answer to it.
    nobody = ping(V1_SERVO + 1, Protocol.V1)
    assert transact(echoing, nobody, timeout=0.3).result == CommResult.RX_TIMEOUT
    assert echoing.set(tx_echo=False) is None
    assert bytes(transact(echoing, nobody, timeout=0.3).data) == nobody
    assert echoing.set(tx_echo=True) is None
    assert transact(echoing, nobody, timeout=0.3).result == CommResult.RX_TIMEOUT


def test_tx_echo_on_an_adapter_without_is_told_with_its_name(idle, in_state):
    assert idle.set(tx_echo=True) is None
    in_state('active')
    result = transact(idle, ping(1), timeout=5.0)
    assert result.result == CommResult.RX_CORRUPT
    assert 'tx_echo' in result.message
