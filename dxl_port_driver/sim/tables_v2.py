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
Control tables of Protocol 2.0 models.

Source: e-Manual, "XM430-W350", "XL430-W250", "XL330-M288-T" and "PH54-200-S500-R" (Control Table
of EEPROM Area, Control Table of RAM Area).
"""

from __future__ import annotations

from dxl_port_driver.sim.control_table import ControlTable, IndirectBlock, Register

_WORD = 0x7FFFFFFF
_SIGNED = -_WORD - 1
_TURNS = 1_048_575

_X_REGISTERS = (
    Register(0, 2, 'model_number'),
    Register(2, 4, 'model_information'),
    Register(6, 1, 'firmware_version'),
    Register(7, 1, 'id', True, 1, 0, 252),
    Register(8, 1, 'baud_rate', True, 1, 0, 7),
    Register(9, 1, 'return_delay_time', True, 250, 0, 254),
    Register(10, 1, 'drive_mode', True, 0, 0, 13),
    Register(11, 1, 'operating_mode', True, 3, 0, 16),
    Register(12, 1, 'secondary_id', True, 255, 0, 255),
    Register(13, 1, 'protocol_type', True, 2, 1, 2),
    Register(20, 4, 'homing_offset', True, 0, -1_044_479, 1_044_479),
    Register(24, 4, 'moving_threshold', True, 10, 0, 1023),
    Register(31, 1, 'temperature_limit', True, 80, 0, 100),
    Register(32, 2, 'max_voltage_limit', True, 160, 95, 160),
    Register(34, 2, 'min_voltage_limit', True, 95, 95, 160),
    Register(36, 2, 'pwm_limit', True, 885, 0, 885),
    Register(38, 2, 'current_limit', True, 1193, 0, 1193),
    Register(44, 4, 'velocity_limit', True, 200, 0, 1023),
    Register(48, 4, 'max_position_limit', True, 4095, 0, 4095),
    Register(52, 4, 'min_position_limit', True, 0, 0, 4095),
    Register(60, 1, 'startup_configuration', True, 0, 0, 3),
    Register(63, 1, 'shutdown', True, 52, 0, 63),
    Register(64, 1, 'torque_enable', True, 0, 0, 1),
    Register(65, 1, 'led', True, 0, 0, 1),
    Register(68, 1, 'status_return_level', True, 2, 0, 2),
    Register(69, 1, 'registered_instruction'),
    Register(70, 1, 'hardware_error_status'),
    Register(76, 2, 'velocity_i_gain', True, 1920, 0, 16383),
    Register(78, 2, 'velocity_p_gain', True, 100, 0, 16383),
    Register(80, 2, 'position_d_gain', True, 0, 0, 16383),
    Register(82, 2, 'position_i_gain', True, 0, 0, 16383),
    Register(84, 2, 'position_p_gain', True, 800, 0, 16383),
    Register(88, 2, 'feedforward_2nd_gain', True, 0, 0, 16383),
    Register(90, 2, 'feedforward_1st_gain', True, 0, 0, 16383),
    # Signed: a watchdog that has struck reads as -1.
    Register(98, 1, 'bus_watchdog', True, 0, -1, 127),
    Register(100, 2, 'goal_pwm', True, 885, -885, 885),
    Register(102, 2, 'goal_current', True, 1193, -1193, 1193),
    Register(104, 4, 'goal_velocity', True, 0, -1023, 1023),
    Register(108, 4, 'profile_acceleration', True, 0, 0, 32767),
    Register(112, 4, 'profile_velocity', True, 0, 0, 32767),
    Register(116, 4, 'goal_position', True, 0, -_TURNS, _TURNS),
    Register(120, 2, 'realtime_tick'),
    Register(122, 1, 'moving'),
    Register(123, 1, 'moving_status'),
    Register(124, 2, 'present_pwm', minimum=-1),
    Register(126, 2, 'present_current', minimum=-1),
    Register(128, 4, 'present_velocity', minimum=-1),
    Register(132, 4, 'present_position', minimum=-1),
    Register(136, 4, 'velocity_trajectory', minimum=-1),
    Register(140, 4, 'position_trajectory', minimum=-1),
    Register(144, 2, 'present_input_voltage'),
    Register(146, 1, 'present_temperature'),
    Register(147, 1, 'backup_ready'),
)

_X_OTHERS: dict[int, tuple[Register, ...]] = {
    1020: (),
    1060: (
        Register(31, 1, 'temperature_limit', True, 72, 0, 100),
        Register(32, 2, 'max_voltage_limit', True, 140, 60, 140),
        Register(34, 2, 'min_voltage_limit', True, 60, 60, 140),
        Register(44, 4, 'velocity_limit', True, 265, 0, 1023),
        Register(76, 2, 'velocity_i_gain', True, 1000, 0, 16383),
        Register(80, 2, 'position_d_gain', True, 4000, 0, 16383),
        Register(84, 2, 'position_p_gain', True, 640, 0, 16383),
        Register(126, 2, 'present_load', minimum=-1),
    ),
    1200: (
        Register(8, 1, 'baud_rate', True, 1, 0, 6),
        Register(10, 1, 'drive_mode', True, 0, 0, 5),
        Register(13, 1, 'protocol_type', True, 2, 2, 22),
        Register(31, 1, 'temperature_limit', True, 70, 0, 100),
        Register(32, 2, 'max_voltage_limit', True, 70, 31, 70),
        Register(34, 2, 'min_voltage_limit', True, 35, 31, 70),
        Register(38, 2, 'current_limit', True, 1750, 0, 1750),
        Register(44, 4, 'velocity_limit', True, 445, 0, 2047),
        Register(62, 1, 'pwm_slope', True, 140, 1, 255),
        Register(63, 1, 'shutdown', True, 53, 0, 63),
        Register(76, 2, 'velocity_i_gain', True, 1600, 0, 16383),
        Register(78, 2, 'velocity_p_gain', True, 180, 0, 16383),
        Register(84, 2, 'position_p_gain', True, 400, 0, 16383),
        Register(102, 2, 'goal_current', True, 1750, -1750, 1750),
        Register(104, 4, 'goal_velocity', True, 0, -2047, 2047),
    ),
}
_X_ABSENT = {1020: (), 1060: ('current_limit', 'goal_current', 'present_current'), 1200: ()}
_X_INDIRECT = {
    1020: (IndirectBlock(168, 224, 28), IndirectBlock(578, 634, 28)),
    1060: (IndirectBlock(168, 224, 28), IndirectBlock(578, 634, 28)),
    1200: (IndirectBlock(168, 208, 20),),
}

_P_REGISTERS = (
    Register(0, 2, 'model_number'),
    Register(2, 4, 'model_information'),
    Register(6, 1, 'firmware_version'),
    Register(7, 1, 'id', True, 1, 0, 252),
    Register(8, 1, 'baud_rate', True, 1, 0, 9),
    Register(9, 1, 'return_delay_time', True, 250, 0, 254),
    Register(10, 1, 'drive_mode', True, 0, 0, 13),
    Register(11, 1, 'operating_mode', True, 3, 0, 16),
    Register(12, 1, 'secondary_id', True, 255, 0, 255),
    Register(13, 1, 'protocol_type', True, 2, 2, 10),
    Register(20, 4, 'homing_offset', True, 0, _SIGNED, _WORD),
    Register(24, 4, 'moving_threshold', True, 20, 0, 2900),
    Register(31, 1, 'temperature_limit', True, 80, 0, 100),
    Register(32, 2, 'max_voltage_limit', True, 350, 150, 350),
    Register(34, 2, 'min_voltage_limit', True, 150, 150, 350),
    Register(36, 2, 'pwm_limit', True, 2009, 0, 2009),
    Register(38, 2, 'current_limit', True, 22740, 0, 22740),
    Register(40, 4, 'acceleration_limit', True, 3_992_644, 0, 3_992_644),
    Register(44, 4, 'velocity_limit', True, 2900, 0, 2900),
    Register(48, 4, 'max_position_limit', True, 501_433, -501_923, 501_923),
    Register(52, 4, 'min_position_limit', True, -501_433, -501_923, 501_923),
    Register(56, 1, 'external_port_mode_1', True, 3, 0, 3),
    Register(57, 1, 'external_port_mode_2', True, 3, 0, 3),
    Register(58, 1, 'external_port_mode_3', True, 3, 0, 3),
    Register(59, 1, 'external_port_mode_4', True, 3, 0, 3),
    Register(60, 1, 'startup_configuration', True, 0, 0, 3),
    Register(63, 1, 'shutdown', True, 52, 0, 63),
    Register(512, 1, 'torque_enable', True, 0, 0, 1),
    Register(513, 1, 'led_red', True, 0, 0, 255),
    Register(514, 1, 'led_green', True, 0, 0, 255),
    Register(515, 1, 'led_blue', True, 0, 0, 255),
    Register(516, 1, 'status_return_level', True, 2, 0, 2),
    Register(517, 1, 'registered_instruction'),
    Register(518, 1, 'hardware_error_status'),
    Register(524, 2, 'velocity_i_gain', True, 2209, 0, 32767),
    Register(526, 2, 'velocity_p_gain', True, 6153, 0, 32767),
    Register(528, 2, 'position_d_gain', True, 0, 0, 32767),
    Register(530, 2, 'position_i_gain', True, 0, 0, 32767),
    Register(532, 2, 'position_p_gain', True, 314, 0, 32767),
    Register(536, 2, 'feedforward_2nd_gain', True, 0, 0, 32767),
    Register(538, 2, 'feedforward_1st_gain', True, 0, 0, 32767),
    Register(546, 1, 'bus_watchdog', True, 0, -1, 127),
    Register(548, 2, 'goal_pwm', True, 2009, -2009, 2009),
    Register(550, 2, 'goal_current', True, 22740, -22740, 22740),
    Register(552, 4, 'goal_velocity', True, 2900, -2900, 2900),
    Register(556, 4, 'profile_acceleration', True, 0, 0, 3_992_644),
    Register(560, 4, 'profile_velocity', True, 0, 0, 2900),
    Register(564, 4, 'goal_position', True, 0, _SIGNED, _WORD),
    Register(568, 2, 'realtime_tick'),
    Register(570, 1, 'moving'),
    Register(571, 1, 'moving_status'),
    Register(572, 2, 'present_pwm', minimum=-1),
    Register(574, 2, 'present_current', minimum=-1),
    Register(576, 4, 'present_velocity', minimum=-1),
    Register(580, 4, 'present_position', minimum=-1),
    Register(584, 4, 'velocity_trajectory', minimum=-1),
    Register(588, 4, 'position_trajectory', minimum=-1),
    Register(592, 2, 'present_input_voltage'),
    Register(594, 1, 'present_temperature'),
    Register(600, 2, 'external_port_data_1', True, 0, 0, 4095),
    Register(602, 2, 'external_port_data_2', True, 0, 0, 4095),
    Register(604, 2, 'external_port_data_3', True, 0, 0, 4095),
    Register(606, 2, 'external_port_data_4', True, 0, 0, 4095),
    Register(878, 1, 'backup_ready'),
)
_P_INDIRECT = (IndirectBlock(168, 634, 128),)


def x_table(model: int) -> ControlTable:
    """Give the table of an X-series model: 1020, 1060 or 1200."""
    registers = {register.name: register for register in _X_REGISTERS}
    for name in _X_ABSENT[model]:
        del registers[name]
    registers.update({register.name: register for register in _X_OTHERS[model]})
    registers['model_number'] = Register(0, 2, 'model_number', False, model)
    indirect = _X_INDIRECT[model]
    last = indirect[0].data + indirect[0].length - 1
    reach = (64, 661 if len(indirect) > 1 else last)
    return _with_indirect(registers, 64, indirect, reach)


def p_table() -> ControlTable:
    """Give the table of the PH54-200-S500-R."""
    registers = {register.name: register for register in _P_REGISTERS}
    registers['model_number'] = Register(0, 2, 'model_number', False, 2020)
    return _with_indirect(registers, 512, _P_INDIRECT, (512, 1023))


def _with_indirect(
    registers: dict[str, Register],
    eeprom_end: int,
    blocks: tuple[IndirectBlock, ...],
    reach: tuple[int, int],
) -> ControlTable:
    """Add the items of indirect addressing, which start as a map of each data onto itself."""
    number = 0
    for block in blocks:
        for index in range(block.length):
            number += 1
            name, place = f'indirect_address_{number}', block.addresses + 2 * index
            registers[name] = Register(place, 2, name, True, block.data + index, *reach)
            name, place = f'indirect_data_{number}', block.data + index
            registers[name] = Register(place, 1, name, True, 0, 0, 255)
    return ControlTable(registers.values(), eeprom_end, blocks)
