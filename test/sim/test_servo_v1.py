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

"""What a Protocol 1.0 servo does with each instruction."""

from __future__ import annotations

from dxl_port_driver.protocol.instructions import (
    BROADCAST_ID,
    Protocol,
)
from dxl_port_driver.protocol.instructions import (
    Instruction as Do,
)
from dxl_port_driver.protocol.instructions import (
    V1Error as Err,
)
import pytest
from sim_support.bench import Bench

TORQUE, LED, GOAL, SPEED, POSITION, REGISTERED, MOVING, LOCK = 24, 25, 30, 32, 36, 44, 46, 47


@pytest.fixture
def old() -> Bench:
    """Give three MX-28."""
    return Bench('ids=1-3&protocol=1.0', Protocol.V1)


def test_ping_and_model_number(old):
    (frame,) = old.ask(1, Do.PING)
    assert (frame.id, frame.code, frame.params) == (1, 0, b'')
    assert old.read(1, 0, 2) == 29


def test_a_goal_is_reached_and_switches_the_torque_on(old):
    assert old.write(1, GOAL, 2, 3000) == 0
    old.answers(5)
    assert old.read(1, POSITION, 2) == 3000
    assert old.read(1, TORQUE, 1) == 1
    assert old.read(1, MOVING, 1) == 0


def test_ax_12_reaches_its_goal_too():
    bench = Bench('ids=1&protocol=1.0&model=12', Protocol.V1)
    assert bench.write(1, GOAL, 2, 1000) == 0
    bench.answers(5)
    assert bench.read(1, POSITION, 2) == 1000
    assert bench.write(1, GOAL, 2, 1024) == Err.RANGE


def test_wheel_mode_turns_both_ways(old):
    old.write(1, 8, 2, 0)
    old.write(1, TORQUE, 1, 1)
    assert old.write(1, SPEED, 2, 0x400 | 100) == 0
    assert old.read(1, 38, 2) == 0x400 | 100
    assert old.write(1, SPEED, 2, 100) == 0
    assert old.read(1, 38, 2) == 100


def test_goal_acceleration_is_in_units_of_8_583_degrees_a_second_squared(old):
    old.write(1, 8, 2, 0)
    old.write(1, 73, 1, 10)
    old.write(1, TORQUE, 1, 1)
    old.send(1, Do.WRITE, bytes((SPEED, 0xFF, 0x03)))
    old.answers(1.0)
    speed = old.bus.servos[0].peek('present_speed', old.now)
    assert speed == pytest.approx(14.3 / 0.114, abs=2)


def test_the_position_folds_into_one_turn_behind_wheel_mode(old):
    old.write(1, 8, 2, 0)
    old.write(1, TORQUE, 1, 1)
    old.write(1, SPEED, 2, 300)
    old.answers(10)
    old.write(1, TORQUE, 1, 0)
    before = old.read(1, POSITION, 2)
    old.write(1, 8, 2, 4095)
    assert old.read(1, POSITION, 2) == before <= 4095
    assert old.write(1, GOAL, 2, 100) == 0
    old.answers(5)
    assert old.read(1, POSITION, 2) == 100


def multi_turn(bench: Bench) -> None:
    assert bench.write(1, 6, 2, 4095) == 0
    assert bench.write(1, 8, 2, 4095) == 0


def test_offset_and_divider_count_in_multi_turn_mode_only(old):
    old.write(1, GOAL, 2, 2048)
    old.answers(1)
    old.write(1, 20, 2, 1024)
    old.write(1, 22, 1, 4)
    assert old.read(1, POSITION, 2) == 2048
    multi_turn(old)
    assert old.read(1, POSITION, 2) == 2048 // 4 + 1024
    assert old.read(1, GOAL, 2) == 2048 // 4 + 1024


def test_multi_turn_goals_are_in_units_of_the_divider(old):
    multi_turn(old)
    old.write(1, 20, 2, -100)
    old.write(1, 22, 1, 2)
    assert old.write(1, GOAL, 2, -9000) == 0
    old.answers(30)
    assert old.read(1, POSITION, 2) == 0x10000 - 9000
    assert old.bus.servos[0].peek('present_position', old.now) == -9000
    assert old.write(1, GOAL, 2, 28673) == Err.RANGE


@pytest.fixture
def mx_64() -> Bench:
    """Give an MX-64."""
    return Bench('ids=1&protocol=1.0&model=310', Protocol.V1)


CURRENT, TORQUE_MODE, GOAL_TORQUE = 68, 70, 71


def test_torque_control_turns_as_goal_torque_says(mx_64):
    assert mx_64.read(1, CURRENT, 2) == 2048
    mx_64.write(1, TORQUE, 1, 1)
    assert mx_64.write(1, TORQUE_MODE, 1, 1) == 0
    assert mx_64.read(1, MOVING, 1) == 0
    assert mx_64.write(1, GOAL_TORQUE, 2, 200) == 0
    assert mx_64.read(1, MOVING, 1) == 1
    assert mx_64.read(1, CURRENT, 2) == 2048 + 200
    forth = mx_64.read(1, 38, 2)
    assert 0 < forth < 0x400
    mx_64.write(1, GOAL_TORQUE, 2, 0x400 | 400)
    assert mx_64.read(1, CURRENT, 2) == 2048 - 400
    assert mx_64.read(1, 38, 2) == pytest.approx(0x400 | 2 * forth, abs=1)
    mx_64.write(1, GOAL_TORQUE, 2, 0x400)
    assert mx_64.read(1, MOVING, 1) == 0


def test_goal_torque_does_not_go_over_the_torque_limit(mx_64):
    mx_64.write(1, TORQUE, 1, 1)
    mx_64.write(1, TORQUE_MODE, 1, 1)
    mx_64.write(1, GOAL_TORQUE, 2, 1000)
    mx_64.write(1, 34, 2, 100)
    assert mx_64.read(1, CURRENT, 2) == 2048 + 100


def test_torque_control_ignores_positions_and_ends_at_rest(mx_64):
    mx_64.write(1, TORQUE_MODE, 1, 1)
    assert mx_64.write(1, GOAL, 2, 100) == 0
    mx_64.answers(5)
    assert mx_64.read(1, POSITION, 2) == 2048
    mx_64.write(1, GOAL_TORQUE, 2, 300)
    mx_64.answers(30)
    mx_64.write(1, TORQUE_MODE, 1, 0)
    rest = mx_64.read(1, POSITION, 2)
    mx_64.answers(2)
    assert mx_64.read(1, POSITION, 2) == mx_64.read(1, GOAL, 2) == rest <= 4095


@pytest.mark.parametrize(
    ('address', 'size', 'value', 'error'),
    [
        (GOAL, 2, 4096, Err.ANGLE_LIMIT),
        (LED, 1, 2, Err.RANGE),
        (GOAL, 1, 1, Err.RANGE),
        (POSITION, 2, 1, Err.RANGE),
        (200, 1, 1, Err.RANGE),
    ],
)
def test_a_wrong_write_is_refused(old, address, size, value, error):
    assert old.write(1, address, size, value) == error


def test_the_lock_locks_the_eeprom_for_good(old):
    assert old.write(1, 5, 1, 0) == 0
    assert old.write(1, LOCK, 1, 1) == 0
    assert old.write(1, 5, 1, 1) == Err.RANGE
    assert old.write(1, LOCK, 1, 0) == Err.RANGE


def test_reg_write_and_action(old):
    assert old.ask(1, Do.ACTION)[0].code == Err.INSTRUCTION
    assert old.ask(1, Do.REG_WRITE, bytes((LED, 1)))[0].code == 0
    assert (old.read(1, LED, 1), old.read(1, REGISTERED, 1)) == (0, 1)
    assert old.ask(BROADCAST_ID, Do.ACTION) == []
    assert (old.read(1, LED, 1), old.read(1, REGISTERED, 1)) == (1, 0)


def test_sync_write(old):
    assert old.ask(BROADCAST_ID, Do.SYNC_WRITE, bytes((LED, 1, 1, 1, 3, 1))) == []
    assert [old.read(servo, LED, 1) for servo in (1, 2, 3)] == [1, 0, 1]


def test_bulk_read(old):
    params = bytes((0, 2, 3, 0, 1, 1, LED))
    frames = old.ask(BROADCAST_ID, Do.BULK_READ, params)
    assert [(frame.id, frame.params) for frame in frames] == [(3, b'\x1d\0'), (1, b'\0')]


def test_factory_reset_gives_the_factory_id():
    bench = Bench('ids=9&protocol=1.0', Protocol.V1)
    assert bench.ask(9, Do.FACTORY_RESET)[0].code == 0
    assert bench.ask(9, Do.PING) == []
    assert bench.read(1, 4, 1) == 34


def test_instructions_of_protocol_2_are_unknown(old):
    assert old.ask(1, Do.CLEAR, b'\x01\x44\x58\x4c\x22')[0].code == Err.INSTRUCTION
    assert old.ask(1, 0x77)[0].code == Err.INSTRUCTION


def test_a_wrong_checksum_is_told(old):
    old.bus.receive(b'\xff\xff\x01\x02\x01\x00', old.now, 1_000_000)
    assert old.answers() == b'\xff\xff\x01\x02\x10\xec'


def test_an_x_series_servo_can_be_switched_to_protocol_1(bench):
    assert bench.write(1, 13, 1, 1) == 0
    assert bench.ask(1, Do.PING) == []
    bench.protocol = Protocol.V1
    assert bench.read(1, 0, 2) == 1020
    bench.protocol = Protocol.V2
    assert bench.ask(2, Do.PING)[0].id == 2
