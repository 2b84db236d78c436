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

"""The whole way: requests over DDS to emulated servos of both protocols."""

from __future__ import annotations

from dxl_port_driver.errors import ResultCode
from dxl_port_driver.protocol.instructions import BROADCAST_ID, Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket
import pytest
from ros_support.calls import batch, LENGTH, message, transact
from ros_support.wire import ping, read


@pytest.fixture
def servos(idle, in_state):
    assert idle.set(port_name='sim://?ids=1-6&ids1=11,12') is None
    in_state('active')
    return idle


def packet(servo, instruction, *params, protocol=Protocol.V2):
    return InstructionPacket(protocol, servo, instruction, bytes(params)).encode()


def test_a_ping_a_write_and_a_read_in_both_protocols(servos):
    for instruction in (
        ping(1),
        packet(1, Instruction.WRITE, 65, 0, 1),
        read(1, 132, 4),
        ping(11, Protocol.V1),
        packet(11, Instruction.WRITE, 25, 1, protocol=Protocol.V1),
        packet(11, Instruction.READ, 36, 2, protocol=Protocol.V1),
    ):
        result = transact(servos, instruction)
        assert (result.result, result.message) == (ResultCode.SUCCESS, '')
        assert result.data
    assert transact(servos, read(1, 65, 1)).data[9] == 1


def test_a_broadcast_ping_finds_every_servo_of_its_protocol(servos):
    result = transact(servos, ping(BROADCAST_ID), timeout=1.0)
    assert result.result == ResultCode.SUCCESS
    assert [result.data[at + 4] for at in range(0, len(result.data), 14)] == [1, 2, 3, 4, 5, 6]


def test_a_sync_read_brings_one_status_packet_a_servo(servos):
    sync = packet(BROADCAST_ID, Instruction.SYNC_READ, 132, 0, 4, 0, 1, 2, 3, 4, 5, 6)
    result = transact(servos, sync)
    assert result.result == ResultCode.SUCCESS
    assert len(result.data) == 6 * 15


def test_a_servo_that_is_not_there_is_named(servos):
    result = transact(servos, ping(77), timeout=0.0)
    assert result.result == ResultCode.RX_TIMEOUT
    assert 'servo 77' in result.message


def test_a_batch_runs_over_the_servos(servos):
    results = batch(servos, [message(ping(one), timeout=1.5) for one in range(1, 7)])
    assert [one.result for one in results] == [ResultCode.SUCCESS] * 6


def test_a_port_that_is_refused_leaves_the_old_one_as_it_was_set_up(idle, in_state):
    assert idle.set(port_name='sim://?ids=1&echo=true', tx_echo=True) is None
    in_state('inactive')
    assert idle.set(port_name='/dev/ttyNOPE') is not None
    assert idle.change_state('activate')
    result = transact(idle, ping(1), framing=LENGTH, response_length=14)
    assert result.result == ResultCode.SUCCESS
    # Not what the adapter heard of itself.
    assert result.data[7] == Instruction.STATUS
