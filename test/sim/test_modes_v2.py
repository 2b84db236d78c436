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

"""
What an X or P series servo does when its mode, its torque or its health changes.

Each against what the e-Manual's pages say of the item.
"""

from __future__ import annotations

from dxl_port_driver.protocol.instructions import Instruction as Do
from dxl_port_driver.protocol.instructions import V2Error as Err
import pytest
from sim_support.bench import Bench

DRIVE_MODE, MODE, HOMING, STARTUP, SHUTDOWN = 10, 11, 20, 60, 63
TORQUE, ERROR_STATUS, WATCHDOG = 64, 70, 98
PWM, CURRENT, GOAL_VELOCITY = 100, 102, 104
ACCELERATION, VELOCITY_PROFILE, GOAL = 108, 112, 116
MOVING, VELOCITY, POSITION = 122, 128, 132
CURRENT_MODE, VELOCITY_MODE, POSITION_MODE, EXTENDED, CURRENT_BASED, PWM_MODE = 0, 1, 3, 4, 5, 16
MIDDLE = 2048
OVERLOAD = 0x20
COUNTS_PER_UNIT = 0.229 / 60 * 4096
"""Counts a second for one unit of velocity."""


def signed(value: int) -> int:
    return value - (1 << 32) if value >> 31 else value


def position(bench: Bench) -> int:
    return signed(bench.read(1, POSITION, 4))


def start(bench: Bench, address: int, value: int, size: int = 4) -> None:
    """Write a value, and look at the answer at once."""
    bench.send(
        1, Do.WRITE, bytes((address, 0)) + (value % (1 << 8 * size)).to_bytes(size, 'little')
    )
    bench.answers(0.001)


def test_another_operating_mode_resets_profile_gains_and_goals(bench):
    gains = {76: 1920, 78: 100, 80: 0, 82: 0, 84: 800, 88: 0, 90: 0}
    for address in gains:
        bench.write(1, address, 2, 77)
    bench.write(1, ACCELERATION, 4, 30)
    bench.write(1, VELOCITY_PROFILE, 4, 40)
    bench.write(1, PWM, 2, 100)
    bench.write(1, CURRENT, 2, 100)
    bench.write(1, GOAL_VELOCITY, 4, 100)
    assert bench.write(1, MODE, 1, CURRENT_BASED) == 0
    assert {address: bench.read(1, address, 2) for address in gains} == gains
    assert bench.read(1, ACCELERATION, 4) == bench.read(1, VELOCITY_PROFILE, 4) == 0
    assert (bench.read(1, PWM, 2), bench.read(1, CURRENT, 2)) == (885, 1193)
    assert bench.read(1, GOAL_VELOCITY, 4) == 0


def test_the_same_operating_mode_written_again_resets_nothing(bench):
    bench.write(1, VELOCITY_PROFILE, 4, 40)
    bench.write(1, 84, 2, 77)
    assert bench.write(1, MODE, 1, POSITION_MODE) == 0
    assert bench.read(1, VELOCITY_PROFILE, 4) == 40
    assert bench.read(1, 84, 2) == 77


def test_the_position_folds_into_one_turn_when_the_mode_becomes_position(bench):
    bench.write(1, MODE, 1, EXTENDED)
    bench.write(1, TORQUE, 1, 1)
    start(bench, GOAL, -4096 * 3 + 5)
    bench.answers(30)
    bench.write(1, TORQUE, 1, 0)
    assert position(bench) == -4096 * 3 + 5
    assert bench.write(1, MODE, 1, CURRENT_BASED) == 0
    assert position(bench) == -4096 * 3 + 5
    assert bench.write(1, MODE, 1, POSITION_MODE) == 0
    assert position(bench) == bench.read(1, GOAL, 4) == 5


def test_the_position_folds_into_one_turn_when_torque_goes_on_in_position_mode(bench):
    bench.bus.servos[0].poke('present_position', 5000, bench.now)
    assert position(bench) == 5000
    bench.write(1, TORQUE, 1, 1)
    assert position(bench) == bench.read(1, GOAL, 4) == 5000 - 4096
    assert not bench.read(1, MOVING, 1)


def test_it_does_not_fold_in_extended_position_mode(bench):
    bench.write(1, MODE, 1, EXTENDED)
    bench.bus.servos[0].poke('present_position', 5000, bench.now)
    bench.write(1, TORQUE, 1, 1)
    assert position(bench) == 5000


def test_a_restart_folds_it_in_every_mode():
    bench = Bench('model=2020')
    bench.write(1, MODE, 1, EXTENDED)
    bench.bus.servos[0].poke('present_position', 1_000_000, bench.now)
    bench.ask(1, Do.REBOOT)
    assert signed(bench.read(1, 580, 4)) == 1_000_000 - 1_003_846


def test_torque_and_goal_in_one_write(bench):
    for index in range(4):
        bench.write(1, 168 + 2 * index, 2, GOAL + index)
    bench.write(1, 176, 2, TORQUE)
    data = (3000).to_bytes(4, 'little') + b'\x01'
    bench.ask(1, Do.WRITE, b'\xe0\x00' + data)
    bench.answers(5)
    assert position(bench) == 3000


def test_torque_on_again_does_not_stop_a_move(bench):
    bench.write(1, TORQUE, 1, 1)
    start(bench, GOAL, 4000)
    start(bench, TORQUE, 1, 1)
    bench.answers(5)
    assert position(bench) == 4000


@pytest.mark.parametrize(
    ('mode', 'address', 'size', 'value'),
    [(POSITION_MODE, GOAL, 4, 3000), (VELOCITY_MODE, GOAL_VELOCITY, 4, 50)],
)
def test_torque_on_by_goal_update(bench, mode, address, size, value):
    bench.write(1, DRIVE_MODE, 1, 8)
    bench.write(1, MODE, 1, mode)
    bench.write(1, address, size, value)
    bench.answers(5)
    assert bench.read(1, TORQUE, 1) == 1
    assert position(bench) > MIDDLE + 500


def test_startup_torque_on(bench):
    bench.write(1, STARTUP, 1, 1)
    bench.ask(1, Do.REBOOT)
    assert bench.read(1, TORQUE, 1) == 1
    bench.write(1, GOAL, 4, 3000)
    bench.answers(5)
    assert position(bench) == 3000


# --- hardware errors ------------------------------------------------------------------------


def test_a_hardware_error_stops_the_motor_until_a_reboot(bench):
    bench.write(1, DRIVE_MODE, 1, 8)
    bench.write(1, TORQUE, 1, 1)
    start(bench, GOAL, 4000)
    bench.bus.servos[0].poke('hardware_error_status', OVERLOAD, bench.now)
    stopped = bench.bus.servos[0].peek('present_position', bench.now + 5)
    assert MIDDLE < stopped < 4000
    assert bench.error(bench.ask(1, Do.PING)[0]) == Err.ALERT
    for address, size, value in ((TORQUE, 1, 1), (GOAL, 4, 100)):
        # With Torque On by Goal Update, a goal asks for the torque as well.
        assert bench.write(1, address, size, value) == Err.ALERT
        data = bench.data(bench.ask(1, Do.READ, bytes((TORQUE, 0, 1, 0)))[0])
        assert data == b'\0'
    assert bench.bus.servos[0].peek('present_position', bench.now) == stopped
    bench.bus.servos[0].poke('hardware_error_status', 0, bench.now)
    assert bench.write(1, TORQUE, 1, 1) == 0
    assert bench.read(1, TORQUE, 1) == 0
    bench.ask(1, Do.REBOOT)
    assert bench.error(bench.ask(1, Do.PING)[0]) == 0
    bench.write(1, TORQUE, 1, 1)
    assert bench.read(1, TORQUE, 1) == 1


def test_an_error_that_shutdown_does_not_name_is_an_alert_only(bench):
    bench.write(1, SHUTDOWN, 1, 0x10)
    bench.write(1, TORQUE, 1, 1)
    bench.bus.servos[0].poke('hardware_error_status', OVERLOAD, bench.now)
    frame = bench.ask(1, Do.READ, bytes((TORQUE, 0, 1, 0)))[0]
    assert (bench.error(frame), bench.data(frame)) == (Err.ALERT, b'\x01')


# --- velocity -------------------------------------------------------------------------------


def test_velocity_mode_obeys_profile_acceleration(bench):
    bench.write(1, MODE, 1, VELOCITY_MODE)
    bench.write(1, ACCELERATION, 4, 10)
    bench.write(1, TORQUE, 1, 1)
    ramp_s = 0.064 * 200 / 10
    start(bench, GOAL_VELOCITY, 200)
    bench.answers(ramp_s / 2 - 0.001)
    servo = bench.bus.servos[0]
    assert servo.peek('present_velocity', bench.now) == pytest.approx(100, abs=1)
    bench.answers(ramp_s)
    assert servo.peek('present_velocity', bench.now) == 200
    way = 200 * COUNTS_PER_UNIT * ramp_s
    assert servo.peek('present_position', bench.now) == pytest.approx(MIDDLE + way, abs=3)
    start(bench, GOAL_VELOCITY, 0)
    assert bench.read(1, MOVING, 1) == 1
    bench.answers(ramp_s)
    assert bench.read(1, MOVING, 1) == 0
    assert position(bench) == pytest.approx(MIDDLE + 1.5 * way, abs=5)


def test_a_new_velocity_begins_with_the_one_it_has(bench):
    bench.write(1, MODE, 1, VELOCITY_MODE)
    bench.write(1, DRIVE_MODE, 1, 4)
    bench.write(1, ACCELERATION, 4, 1000)
    bench.write(1, TORQUE, 1, 1)
    start(bench, GOAL_VELOCITY, 100)
    bench.answers(2)
    start(bench, GOAL_VELOCITY, -100)
    bench.answers(0.249)
    servo = bench.bus.servos[0]
    assert servo.peek('present_velocity', bench.now) == pytest.approx(50, abs=1)
    bench.answers(0.5)
    assert servo.peek('present_velocity', bench.now) == pytest.approx(-50, abs=1)


# --- Bus Watchdog ---------------------------------------------------------------------------


@pytest.fixture
def struck(bench):
    """Give servos of which the first one turned until its Bus Watchdog struck, after 1 s."""
    bench.write(1, MODE, 1, VELOCITY_MODE)
    bench.write(1, VELOCITY_PROFILE, 4, 9)
    bench.write(1, ACCELERATION, 4, 32767)
    bench.write(1, TORQUE, 1, 1)
    start(bench, WATCHDOG, 50, 1)
    start(bench, GOAL_VELOCITY, 100)
    bench.answers(30)
    return bench


def test_the_bus_watchdog_stops_a_servo_that_gets_no_instructions(struck):
    assert struck.read(1, WATCHDOG, 1) == 0xFF
    assert position(struck) == pytest.approx(MIDDLE + 100 * COUNTS_PER_UNIT, abs=5)
    assert struck.read(1, ACCELERATION, 4) == struck.read(1, VELOCITY_PROFILE, 4) == 0


@pytest.mark.parametrize(
    ('address', 'size'), [(PWM, 2), (CURRENT, 2), (GOAL_VELOCITY, 4), (GOAL, 4)]
)
def test_goals_are_refused_until_the_watchdog_is_cleared(struck, address, size):
    assert struck.write(1, address, size, 10) == Err.DATA_RANGE
    assert struck.write(1, VELOCITY_PROFILE, 4, 10) == 0
    assert struck.write(1, WATCHDOG, 1, 0) == 0
    assert struck.write(1, address, size, 10) == 0


def test_a_move_that_the_watchdog_stopped_is_not_taken_up_again(bench):
    bench.write(1, VELOCITY_PROFILE, 4, 10)
    bench.write(1, TORQUE, 1, 1)
    start(bench, WATCHDOG, 10, 1)
    start(bench, GOAL, 4000)
    bench.answers(1)
    assert bench.write(1, WATCHDOG, 1, 0) == 0
    stopped = position(bench)
    assert MIDDLE < stopped < 4000
    assert bench.read(1, GOAL, 4) == stopped
    bench.write(1, PWM, 2, 100)
    bench.answers(5)
    assert position(bench) == stopped


def test_the_watchdog_reads_as_struck_without_an_instruction(bench):
    bench.write(1, TORQUE, 1, 1)
    start(bench, WATCHDOG, 5, 1)
    servo = bench.bus.servos[0]
    assert servo.peek('bus_watchdog', bench.now + 0.09) == 5
    assert servo.peek('bus_watchdog', bench.now + 0.11) == -1


def test_the_watchdog_does_not_strike_without_torque_or_while_the_bus_is_busy(bench):
    start(bench, WATCHDOG, 5, 1)
    bench.answers(10)
    assert bench.read(1, WATCHDOG, 1) == 5
    bench.send(1, Do.WRITE, bytes((TORQUE, 0, 1)))
    for _ in range(20):
        bench.answers(0.05)
        bench.send(2, Do.PING)
    bench.send(1, Do.READ, bytes((WATCHDOG, 0, 1, 0)))
    assert bench.bus.servos[0].peek('bus_watchdog', bench.now) == 5


# --- Drive Mode and Homing Offset -----------------------------------------------------------


def test_reverse_mirrors_positions_and_keeps_signs(bench):
    bench.write(1, HOMING, 4, 100)
    bench.bus.servos[0].poke('present_position', 1100, bench.now)
    assert bench.write(1, DRIVE_MODE, 1, 1) == 0
    # The sign of the Homing Offset is not reversed.
    assert position(bench) == 4096 - 1000 + 100
    bench.write(1, TORQUE, 1, 1)
    bench.write(1, GOAL, 4, 4000)
    bench.answers(5)
    assert position(bench) == 4000
    bench.write(1, TORQUE, 1, 0)
    assert bench.write(1, DRIVE_MODE, 1, 0) == 0
    assert position(bench) == 4096 - 3900 + 100


def test_reverse_lasts_over_a_reboot_and_ends_with_a_factory_reset(bench):
    bench.bus.servos[0].poke('present_position', 1000, bench.now)
    bench.write(1, DRIVE_MODE, 1, 1)
    bench.ask(1, Do.REBOOT)
    assert position(bench) == 3096
    bench.ask(1, Do.FACTORY_RESET, b'\x02')
    assert position(bench) == 1000


@pytest.mark.parametrize(
    ('model', 'value', 'error'),
    [
        ('XM430-W350', 13, 0),
        ('XM430-W350', 14, Err.DATA_RANGE),
        ('XL330-M288', 5, 0),
        ('XL330-M288', 6, Err.DATA_RANGE),
        ('PH54-200-S500', 13, 0),
    ],
)
def test_drive_mode_takes_the_range_of_the_model(model, value, error):
    assert Bench(f'model={model}').write(1, DRIVE_MODE, 1, value) == error


@pytest.mark.parametrize(
    ('mode', 'offset', 'shift'),
    [
        (POSITION_MODE, 1024, 1024),
        (POSITION_MODE, -1024, -1024),
        (POSITION_MODE, 1025, 0),
        (POSITION_MODE, -1_000_000, 0),
        (EXTENDED, 1025, 1025),
        (VELOCITY_MODE, -1_000_000, -1_000_000),
    ],
)
def test_a_homing_offset_of_more_than_a_quarter_turn_is_ignored_in_position_mode(
    bench, mode, offset, shift
):
    bench.write(1, MODE, 1, mode)
    assert bench.write(1, HOMING, 4, offset) == 0
    assert position(bench) == MIDDLE + shift
    bench.ask(1, Do.REBOOT)
    assert position(bench) == MIDDLE + shift


def test_an_ignored_homing_offset_counts_again_in_another_mode(bench):
    bench.write(1, HOMING, 4, 2000)
    assert position(bench) == MIDDLE
    bench.write(1, MODE, 1, EXTENDED)
    assert position(bench) == MIDDLE + 2000
    bench.write(1, MODE, 1, POSITION_MODE)
    assert position(bench) == MIDDLE


def test_clear_and_an_offset(bench):
    bench.write(1, MODE, 1, EXTENDED)
    bench.write(1, HOMING, 4, 100)
    bench.bus.servos[0].poke('present_position', 3 * 4096 + 105, bench.now)
    bench.ask(1, Do.CLEAR, b'\x01\x44\x58\x4c\x22')
    assert position(bench) == bench.read(1, GOAL, 4) == 105


# --- what the motor cannot do ---------------------------------------------------------------


def test_a_profile_that_is_shorter_than_the_motor_is_fast(bench):
    bench.write(1, DRIVE_MODE, 1, 4)
    bench.write(1, VELOCITY_PROFILE, 4, 1)
    bench.write(1, TORQUE, 1, 1)
    start(bench, GOAL, 4095)
    assert bench.read(1, VELOCITY, 4) == round(46 / 0.229)
    bench.answers(5)
    assert position(bench) == 4095


def test_a_limit_below_the_goal(bench):
    bench.write(1, MODE, 1, CURRENT_MODE)
    bench.write(1, CURRENT, 2, 1000)
    bench.write(1, 38, 2, 1)
    bench.write(1, TORQUE, 1, 1)
    assert bench.read(1, VELOCITY, 4) == round(46 / 0.229)
