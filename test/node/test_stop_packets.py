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

"""What is sent to bring the motors to rest, and when."""

from __future__ import annotations

import signal
import time

from dxl_port_driver.errors import ResultCode
from dxl_port_driver.protocol.instructions import Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket
from fault_support.adapter import Adapter
import pytest
from ros_support.calls import transact
from ros_support.graph import eventually
from ros_support.wire import mute, ping


def torque_off(servo):
    return InstructionPacket(Protocol.V2, servo, Instruction.WRITE, b'\x40\x00\x00').encode()


EVERYBODY, ONE = torque_off(254), torque_off(1)
PACKETS = str([EVERYBODY.hex(' ').upper(), ONE.hex()])


@pytest.fixture
def stopping(start_driver, wire):
    program, driver = start_driver(port_name=wire.path, stop_packets=PACKETS)
    driver.activate()
    assert transact(driver, ping(1)).result == ResultCode.SUCCESS
    wire.heard.clear()
    return program, driver, wire


def was_sent(wire):
    eventually(lambda: b''.join(wire.heard) == EVERYBODY + ONE)


def test_when_it_is_deactivated(stopping):
    program, driver, wire = stopping
    assert driver.change_state('deactivate')
    was_sent(wire)
    # On a busy machine the wire may answer late, or hear both in one.
    eventually(lambda: ' of 2 stop packets succeeded' in program.output)
    # They are not sent again by what does not stop anything.
    wire.heard.clear()
    assert driver.change_state('cleanup')
    assert driver.change_state('configure')
    assert wire.heard == []
    assert driver.change_state('activate')
    assert driver.change_state('deactivate')
    was_sent(wire)


def test_when_it_is_shut_down(stopping):
    _, driver, wire = stopping
    assert driver.change_state('active_shutdown')
    was_sent(wire)


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_when_it_is_interrupted(stopping, number):
    program, _, wire = stopping
    assert program.stop(number) == 0
    was_sent(wire)
    assert ' of 2 stop packets succeeded' in program.output


def test_after_the_one_who_is_served_was_sent_away(stopping):
    from ros_support.calls import begin_transact, result_of

    _, driver, wire = stopping
    wire.answer = lambda data: mute(data) if data == ping(9) else b''
    waiting = begin_transact(driver, ping(9), timeout=9.0)
    wire.wait_for(ping(9))
    assert driver.change_state('deactivate')
    assert result_of(driver, waiting).result == ResultCode.NOT_AVAILABLE
    eventually(lambda: b''.join(wire.heard) == ping(9) + EVERYBODY + ONE)


def test_servos_that_do_not_answer_delay_the_stop_by_little_and_are_told(stopping):
    program, driver, wire = stopping
    wire.answer = mute
    begun = time.monotonic()
    assert driver.change_state('deactivate')
    assert time.monotonic() - begun < 10.0
    was_sent(wire)
    eventually(lambda: '1 of 2 stop packets succeeded' in program.output)
    assert f'the stop packet {ONE.hex()} failed: no status packet came from servo 1' in (
        program.output
    )


def test_a_stop_packet_that_a_servo_refuses_is_an_error_that_names_both(start_driver):
    # A goal out of range, which the servo answers, and does not take.
    refused = InstructionPacket(
        Protocol.V2, 1, Instruction.WRITE, b'\x74\x00' + (9999).to_bytes(4, 'little')
    ).encode()
    program, driver = start_driver(
        port_name='sim://?ids=1', stop_packets=str([EVERYBODY.hex(), refused.hex()])
    )
    driver.activate()
    assert driver.change_state('deactivate')
    eventually(lambda: '1 of 2 stop packets succeeded' in program.output)
    assert f'the stop packet {refused.hex()} failed: servo 1 reports error' in program.output


def test_without_any_nothing_is_sent(start_driver, wire):
    program, driver = start_driver(port_name=wire.path)
    driver.activate()
    assert driver.change_state('deactivate')
    assert program.stop() == 0
    assert wire.heard == []
    assert 'stop packet' not in program.output


def test_with_the_device_gone_it_is_told_that_they_were_not_sent(start_driver, tmp_path):
    adapter = Adapter(tmp_path / 'servos', ids='1')
    try:
        program, driver = start_driver(
            port_name=adapter.link, stop_packets=PACKETS, reconnect=False
        )
        driver.activate()
        adapter.unplug()
        eventually(lambda: driver.state == 'unconfigured')
        assert 'the stop packets were not sent: the device is gone' in program.output
    finally:
        program.stop()
        adapter.close()


@pytest.mark.parametrize(
    ('packets', 'said'),
    [
        (['zz'], 'give pairs of hex digits'),
        (['ff'], 'is no instruction packet'),
        ([EVERYBODY[:-1].hex() + '00'], 'CRC'),
        ([EVERYBODY.hex()] * 33, 'at most 32'),
        ([''], 'is no instruction packet'),
    ],
)
def test_a_list_that_makes_no_sense_is_refused_and_nothing_changes(stopping, packets, said):
    _, driver, wire = stopping
    reason = driver.set(stop_packets=packets)
    assert reason is not None
    assert said in reason
    assert driver.change_state('deactivate')
    was_sent(wire)


def test_another_list_holds_at_once_and_none_is_a_list_too(stopping):
    _, driver, wire = stopping
    assert driver.set(stop_packets=[ONE.hex()]) is None
    assert driver.change_state('deactivate')
    eventually(lambda: b''.join(wire.heard) == ONE)
    assert driver.set(stop_packets=[]) is None
    assert driver.change_state('activate')
    assert driver.change_state('deactivate')
    assert b''.join(wire.heard) == ONE
