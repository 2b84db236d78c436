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

"""What a Protocol 2.0 servo does with each instruction."""

from __future__ import annotations

from dxl_port_driver.protocol.framer import Framer
from dxl_port_driver.protocol.instructions import (
    BROADCAST_ID,
    Protocol,
)
from dxl_port_driver.protocol.instructions import (
    Instruction as Do,
)
from dxl_port_driver.protocol.instructions import (
    V2Error as Err,
)
from hypothesis import given
from hypothesis import strategies as st
import pytest
from sim_support.bench import Bench

TORQUE, LED, LEVEL, REGISTERED, WATCHDOG = 64, 65, 68, 69, 98
GOAL, MOVING, POSITION, VELOCITY = 116, 122, 132, 128
MIDDLE = 2048


def signed(value, size=4):
    return int.from_bytes(value.to_bytes(size, 'little'), 'little', signed=True)


def test_ping_tells_model_and_firmware(bench):
    (frame,) = bench.ask(1, Do.PING)
    assert (frame.id, bench.error(frame), bench.data(frame)) == (1, 0, b'\xfc\x03\x30')


def test_nobody_answers_for_a_servo_that_is_not_there(bench):
    assert bench.ask(77, Do.PING) == []


def test_a_goal_is_reached_in_the_time_that_the_profile_allows(bench):
    assert bench.write(1, 112, 4, 100) == 0  # profile velocity, 0.229 rev/min
    assert bench.write(1, TORQUE, 1, 1) == 0
    bench.send(1, Do.WRITE, bytes((GOAL, 0)) + (3048).to_bytes(4, 'little'))
    bench.answers(0.1)
    bench.send(1, Do.READ, bytes((MOVING, 0, 14, 0)))
    (frame,) = Framer(Protocol.V2).feed(bench.answers(0.1))
    assert bench.data(frame)[0] == 1
    counts_per_s = 100 * 0.229 / 60 * 4096
    position = int.from_bytes(bench.data(frame)[10:14], 'little')
    assert position == pytest.approx(MIDDLE + 0.1 * counts_per_s, abs=3)
    bench.answers(1000 / counts_per_s)
    assert bench.read(1, POSITION, 4) == 3048
    assert bench.read(1, MOVING, 1) == 0


@pytest.mark.parametrize(('velocity', 'is_slower'), [(200, True), (0, False)])
def test_acceleration_makes_it_take_longer_in_a_profile_only(velocity, is_slower):
    ways = []
    for acceleration in (0, 2):
        bench = Bench()
        bench.write(1, 108, 4, acceleration)
        bench.write(1, 112, 4, velocity)
        bench.write(1, TORQUE, 1, 1)
        bench.send(1, Do.WRITE, bytes((GOAL, 0)) + (4000).to_bytes(4, 'little'))
        bench.answers(0.5)
        ways.append(bench.read(1, POSITION, 4))
    assert (ways[1] < ways[0]) is is_slower


def test_without_torque_it_stays(bench):
    assert bench.write(1, GOAL, 4, 3000) == 0
    bench.answers(5)
    assert bench.read(1, POSITION, 4) == MIDDLE


def test_torque_off_stops_it(bench):
    bench.write(1, TORQUE, 1, 1)
    bench.send(1, Do.WRITE, bytes((GOAL, 0)) + (4095).to_bytes(4, 'little'))
    bench.answers(0.2)
    bench.write(1, TORQUE, 1, 0)
    first = bench.read(1, POSITION, 4)
    bench.answers(5)
    assert MIDDLE < first == bench.read(1, POSITION, 4) < 4095


def test_velocity_mode_turns_on_and_on(bench):
    assert bench.write(1, 11, 1, 1) == 0
    bench.write(1, TORQUE, 1, 1)
    assert bench.write(1, 104, 4, -100) == 0
    bench.answers(20)
    assert signed(bench.read(1, POSITION, 4)) < 0
    assert signed(bench.read(1, VELOCITY, 4)) == -100
    assert bench.write(1, 104, 4, -300) == Err.DATA_LIMIT


@pytest.mark.parametrize(
    ('address', 'size', 'value', 'error'),
    [
        (GOAL, 4, 4096, Err.DATA_LIMIT),
        (GOAL, 4, 2_000_000, Err.DATA_RANGE),
        (GOAL, 2, 100, Err.DATA_LENGTH),
        (GOAL + 1, 1, 1, Err.DATA_LENGTH),
        (LED, 1, 2, Err.DATA_RANGE),
        (LED, 2, 1, Err.ACCESS),
        (POSITION, 4, 1, Err.ACCESS),
        (0, 2, 1, Err.ACCESS),
        (14, 1, 1, Err.ACCESS),
        (60000, 1, 1, Err.ACCESS),
        (7, 1, 253, Err.DATA_RANGE),
        (11, 1, 2, Err.DATA_RANGE),
        (WATCHDOG, 1, 255, Err.DATA_RANGE),
    ],
)
def test_a_wrong_write_is_refused_and_changes_nothing(bench, address, size, value, error):
    before = bytes(bench.bus.servos[0]._memory.data)
    assert bench.write(1, address, size, value) == error
    assert bytes(bench.bus.servos[0]._memory.data) == before


def test_a_write_over_several_items_is_all_or_nothing(bench):
    both = (200).to_bytes(4, 'little') + (9999).to_bytes(4, 'little')
    (frame,) = bench.ask(1, Do.WRITE, b'\x70\x00' + both)
    assert bench.error(frame) == Err.DATA_LIMIT
    assert bench.read(1, 112, 4) == 0


def test_reads_over_gaps_and_out_of_the_table(bench):
    (frame,) = bench.ask(1, Do.READ, (0).to_bytes(2, 'little') + (147).to_bytes(2, 'little'))
    assert len(bench.data(frame)) == 147
    assert bench.data(frame)[:2] == b'\xfc\x03'
    assert bench.read_error(1, 14, 2) == Err.ACCESS
    assert bench.read_error(1, 660, 10) == Err.ACCESS
    assert bench.read_error(1, 0, 0) == Err.ACCESS
    assert bench.read_error(1, 0, 65535) == Err.ACCESS


def test_the_eeprom_area_is_locked_while_torque_is_on(bench):
    bench.write(1, TORQUE, 1, 1)
    assert bench.write(1, 9, 1, 0) == Err.ACCESS
    bench.write(1, TORQUE, 1, 0)
    assert bench.write(1, 9, 1, 0) == 0


def test_a_new_id_takes_effect_and_the_old_one_is_silent(bench):
    assert bench.write(1, 7, 1, 42) == 0
    assert bench.ask(1, Do.PING) == []
    assert bench.ask(42, Do.PING)[0].id == 42


def test_the_secondary_id_hears_writes_and_never_answers(bench):
    for servo in (1, 2):
        bench.write(servo, 12, 1, 50)
    assert bench.ask(50, Do.WRITE, bytes((LED, 0, 1))) == []
    assert bench.ask(50, Do.READ, bytes((LED, 0, 1, 0))) == []
    assert [bench.read(servo, LED, 1) for servo in (1, 2, 3)] == [1, 1, 0]


@pytest.mark.parametrize(('level', 'answering'), [(0, 'p'), (1, 'pr'), (2, 'prw')])
def test_status_return_levels(bench, level, answering):
    bench.send(1, Do.WRITE, bytes((LEVEL, 0, level)))
    bench.answers()
    got = ''
    got += 'p' * len(bench.ask(1, Do.PING))
    got += 'r' * len(bench.ask(1, Do.READ, bytes((LED, 0, 1, 0))))
    got += 'w' * len(bench.ask(1, Do.WRITE, bytes((LED, 0, 1))))
    assert got == answering
    bench.send(1, Do.WRITE, bytes((LEVEL, 0, 2)))
    bench.answers()
    assert bench.read(1, LED, 1) == 1


def test_reg_write_waits_for_action(bench):
    (frame,) = bench.ask(1, Do.ACTION)
    assert bench.error(frame) == Err.INSTRUCTION
    assert bench.ask(1, Do.REG_WRITE, bytes((LED, 0, 1)))[0].params == b'\0'
    assert (bench.read(1, LED, 1), bench.read(1, REGISTERED, 1)) == (0, 1)
    assert bench.error(bench.ask(1, Do.ACTION)[0]) == 0
    assert (bench.read(1, LED, 1), bench.read(1, REGISTERED, 1)) == (1, 0)
    assert bench.error(bench.ask(1, Do.REG_WRITE, bytes((LED, 0, 9)))[0]) == Err.DATA_RANGE


def test_action_for_all_starts_them_together(bench):
    for servo in (1, 2, 3):
        bench.ask(servo, Do.REG_WRITE, bytes((LED, 0, 1)))
    assert bench.ask(BROADCAST_ID, Do.ACTION) == []
    assert [bench.read(servo, LED, 1) for servo in (1, 2, 3, 4)] == [1, 1, 1, 0]


def test_reboot_loses_the_ram_area_only(bench):
    bench.write(1, 9, 1, 10)
    bench.write(1, LED, 1, 1)
    bench.write(1, TORQUE, 1, 1)
    assert bench.error(bench.ask(1, Do.REBOOT)[0]) == 0
    assert [bench.read(1, address, 1) for address in (9, LED, TORQUE)] == [10, 0, 0]


@pytest.mark.parametrize(
    ('option', 'servo_id', 'rate'), [(0xFF, 1, 1), (0x01, 5, 1), (0x02, 5, 3)]
)
def test_factory_reset_keeps_what_its_option_says(option, servo_id, rate):
    bench = Bench('ids=5')
    bench.write(5, 8, 1, 3)
    bench.write(5, 9, 1, 0)
    assert bench.error(bench.ask(5, Do.FACTORY_RESET, bytes((option,)))[0]) == 0
    assert bench.read(servo_id, 8, 1) == rate
    assert bench.read(servo_id, 9, 1) == 250


def test_factory_reset_of_all_servos_to_one_id_is_not_done(bench):
    assert bench.ask(BROADCAST_ID, Do.FACTORY_RESET, b'\xff') == []
    assert bench.ask(3, Do.PING)
    bench.write(3, 9, 1, 7)
    bench.ask(BROADCAST_ID, Do.FACTORY_RESET, b'\x01')
    assert bench.read(3, 9, 1) == 250


def test_factory_reset_wants_an_option(bench):
    assert bench.error(bench.ask(1, Do.FACTORY_RESET)[0]) == Err.DATA_LENGTH
    assert bench.error(bench.ask(1, Do.FACTORY_RESET, b'\x07')[0]) == Err.DATA_RANGE


def test_clear_takes_the_turns_off_a_servo_at_rest(bench):
    bench.write(1, 11, 1, 4)
    bench.write(1, TORQUE, 1, 1)
    bench.send(1, Do.WRITE, bytes((GOAL, 0)) + (4096 * 3 + 5).to_bytes(4, 'little'))
    bench.answers(0.5)
    magic = b'\x01\x44\x58\x4c\x22'
    assert bench.error(bench.ask(1, Do.CLEAR, magic)[0]) == Err.RESULT_FAIL
    bench.answers(30)
    assert bench.read(1, POSITION, 4) == 4096 * 3 + 5
    assert bench.error(bench.ask(1, Do.CLEAR, magic)[0]) == 0
    assert bench.read(1, POSITION, 4) == 5
    assert bench.error(bench.ask(1, Do.CLEAR, b'\x01abcd')[0]) == Err.DATA_RANGE
    assert bench.error(bench.ask(1, Do.CLEAR)[0]) == Err.DATA_LENGTH


def test_control_table_backup(bench):
    assert bench.error(bench.ask(1, Do.CONTROL_TABLE_BACKUP, b'\x02CTRL')[0]) == Err.RESULT_FAIL
    bench.write(1, 9, 1, 12)
    assert bench.error(bench.ask(1, Do.CONTROL_TABLE_BACKUP, b'\x01CTRL')[0]) == 0
    assert bench.read(1, 147, 1) == 1
    bench.write(1, 9, 1, 99)
    assert bench.error(bench.ask(1, Do.CONTROL_TABLE_BACKUP, b'\x02CTRL')[0]) == 0
    assert bench.read(1, 9, 1) == 12
    bench.write(1, TORQUE, 1, 1)
    assert bench.error(bench.ask(1, Do.CONTROL_TABLE_BACKUP, b'\x01CTRL')[0]) == Err.RESULT_FAIL
    assert bench.error(bench.ask(1, Do.CONTROL_TABLE_BACKUP, b'\x01XXXX')[0]) == Err.DATA_RANGE


def test_ram_comes_back_after_reboot_when_asked_for(bench):
    bench.write(1, 112, 4, 77)
    bench.write(1, 60, 1, 2)
    bench.ask(1, Do.CONTROL_TABLE_BACKUP, b'\x01CTRL')
    bench.ask(1, Do.REBOOT)
    assert bench.read(1, 112, 4) == 77


def test_indirect_data_stands_for_other_items(bench):
    for index in range(4):
        assert bench.write(1, 168 + 2 * index, 2, POSITION + index) == 0
    assert bench.write(1, 176, 2, LED) == 0
    assert bench.read(1, 224, 4) == MIDDLE
    assert bench.write(1, 228, 1, 1) == 0
    assert bench.read(1, LED, 1) == 1
    assert bench.write(1, 224, 1, 1) == Err.ACCESS
    assert bench.write(1, 168, 2, 5) == Err.DATA_RANGE


def test_an_unknown_instruction_is_told(bench):
    assert bench.error(bench.ask(1, 0x77)[0]) == Err.INSTRUCTION
    assert bench.error(bench.ask(1, Do.SYNC_READ, b'\0\0\1\0\1')[0]) == Err.INSTRUCTION


def test_the_time_based_profile_takes_its_time(bench):
    bench.write(1, 10, 1, 4)
    bench.write(1, 112, 4, 4000)
    bench.write(1, TORQUE, 1, 1)
    bench.send(1, Do.WRITE, bytes((GOAL, 0)) + (3048).to_bytes(4, 'little'))
    bench.answers(2)
    assert bench.read(1, POSITION, 4) == pytest.approx(2548, abs=3)
    bench.answers(5)
    assert bench.read(1, POSITION, 4) == 3048


@pytest.mark.parametrize(('model', 'goal'), [(1060, 100), (1200, 4000)])
def test_other_models_reach_their_goals(model, goal):
    bench = Bench(f'model={model}')
    bench.write(1, TORQUE, 1, 1)
    assert bench.write(1, GOAL, 4, goal) == 0
    bench.answers(5)
    assert bench.read(1, POSITION, 4) == goal


def test_a_p_series_servo_reaches_a_negative_goal():
    bench = Bench('model=2020')
    assert signed(bench.read(1, 580, 4)) == 0
    bench.write(1, 512, 1, 1)
    assert bench.write(1, 564, 4, -250_000) == 0
    bench.answers(5)
    assert signed(bench.read(1, 580, 4)) == -250_000
    assert bench.write(1, 564, 4, 600_000) == Err.DATA_LIMIT


@given(
    st.lists(
        st.tuples(st.sampled_from([*Do, 0x77]), st.integers(0, 7), st.binary(max_size=24)),
        max_size=20,
    )
)
def test_whatever_is_asked_the_bus_survives_it(asked):
    bench = Bench()
    for instruction, servo_id, params in asked:
        if instruction != Do.STATUS:
            bench.ask(BROADCAST_ID if servo_id == 7 else servo_id, instruction, params)
    assert bench.answers() == b''
