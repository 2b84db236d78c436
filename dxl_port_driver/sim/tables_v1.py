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
Control tables of Protocol 1.0 models.

Source: e-Manual, "AX-12A", "MX-28T/R/AT/AR" and "MX-64T/R/AT/AR" (Control Table of EEPROM Area,
Control Table of RAM Area).
"""

from __future__ import annotations

from dxl_port_driver.sim.control_table import ControlTable, Register

_EEPROM_END = 24


def _basic(model: int, baud: int, positions: int, hottest: int) -> dict[str, Register]:
    """Give the items that every Protocol 1.0 model has."""
    registers = (
        Register(0, 2, 'model_number', False, model),
        Register(2, 1, 'firmware_version'),
        Register(3, 1, 'id', True, 1, 0, 253),
        Register(4, 1, 'baud_rate', True, baud, 0, 254),
        Register(5, 1, 'return_delay_time', True, 250, 0, 254),
        Register(6, 2, 'cw_angle_limit', True, 0, 0, positions),
        Register(8, 2, 'ccw_angle_limit', True, positions, 0, positions),
        Register(11, 1, 'temperature_limit', True, hottest, 0, 99),
        Register(12, 1, 'min_voltage_limit', True, 60, 50, 250),
        Register(13, 1, 'max_voltage_limit', True, 140, 50, 250),
        Register(14, 2, 'max_torque', True, 1023, 0, 1023),
        Register(16, 1, 'status_return_level', True, 2, 0, 2),
        Register(17, 1, 'alarm_led', True, 36, 0, 127),
        Register(18, 1, 'shutdown', True, 36, 0, 127),
        Register(24, 1, 'torque_enable', True, 0, 0, 1),
        Register(25, 1, 'led', True, 0, 0, 1),
        Register(30, 2, 'goal_position', True, 0, 0, positions),
        Register(32, 2, 'moving_speed', True, 0, 0, 2047),
        Register(34, 2, 'torque_limit', True, 1023, 0, 1023),
        Register(36, 2, 'present_position'),
        Register(38, 2, 'present_speed'),
        Register(40, 2, 'present_load'),
        Register(42, 1, 'present_voltage'),
        Register(43, 1, 'present_temperature'),
        Register(44, 1, 'registered_instruction'),
        Register(46, 1, 'moving'),
        Register(47, 1, 'lock', True, 0, 0, 1),
        Register(48, 2, 'punch', True, 0, 0, 1023),
    )
    return {register.name: register for register in registers}


def ax_table() -> ControlTable:
    """Give the table of the AX-12A."""
    registers = _basic(12, baud=1, positions=1023, hottest=70)
    for register in (
        Register(26, 1, 'cw_compliance_margin', True, 1, 0, 255),
        Register(27, 1, 'ccw_compliance_margin', True, 1, 0, 255),
        Register(28, 1, 'cw_compliance_slope', True, 32, 0, 255),
        Register(29, 1, 'ccw_compliance_slope', True, 32, 0, 255),
        Register(48, 2, 'punch', True, 32, 32, 1023),
    ):
        registers[register.name] = register
    return ControlTable(registers.values(), _EEPROM_END)


def mx_table(model: int) -> ControlTable:
    """Give the table of the MX-28 (29) or the MX-64 (310)."""
    registers = _basic(model, baud=34, positions=4095, hottest=80)
    for register in (
        Register(13, 1, 'max_voltage_limit', True, 160 if model == 29 else 240, 50, 250),
        Register(20, 2, 'multi_turn_offset', True, 0, -24576, 24576),
        Register(22, 1, 'resolution_divider', True, 1, 1, 4),
        Register(26, 1, 'd_gain', True, 0, 0, 254),
        Register(27, 1, 'i_gain', True, 0, 0, 254),
        Register(28, 1, 'p_gain', True, 32, 0, 254),
        Register(30, 2, 'goal_position', True, 0, -28672, 28672),
        Register(36, 2, 'present_position', minimum=-1),
        Register(50, 2, 'realtime_tick'),
        Register(73, 1, 'goal_acceleration', True, 0, 0, 254),
    ):
        registers[register.name] = register
    if model == 310:
        for register in (
            Register(68, 2, 'current', True, 2048, 0, 4095),
            Register(70, 1, 'torque_ctrl_mode_enable', True, 0, 0, 1),
            Register(71, 2, 'goal_torque', True, 0, 0, 2047),
        ):
            registers[register.name] = register
    return ControlTable(registers.values(), _EEPROM_END)
