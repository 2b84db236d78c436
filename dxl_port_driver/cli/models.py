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
Model numbers, names, and where each family of models keeps what this tool looks at.

Source: e-Manual, the page of each model (Control Table; Model Number, Status Return Level, Return
Delay Time, Hardware Error Status, Shutdown; "Error Code" of the Y series).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

_X_ERRORS = {
    0x01: 'input voltage out of range',
    0x04: 'overheated',
    0x08: 'motor encoder fails',
    0x10: 'electrical shock, or too little power for the motor',
    0x20: 'overloaded',
}
_P_ERRORS = _X_ERRORS | {0x02: 'motor hall sensor fails'}
_XL_320_ERRORS = {0x01: 'overloaded', 0x02: 'overheated', 0x04: 'input voltage out of range'}
_Y_CODES = {
    1: 'voltage too high',
    2: 'voltage too low',
    3: 'inverter overheated',
    4: 'motor overheated',
    5: 'overloaded',
    7: 'inverter fails',
    9: 'battery low',
    10: 'battery empty',
    11: 'multi-turn position lost',
    12: 'multi-turn sensor fails',
    13: 'encoder fails',
    14: 'hall sensor fails',
    15: 'no calibration data',
    17: 'following error',
    18: 'bus watchdog',
    19: 'too fast',
    20: 'beyond the position limit',
}


class Registers(NamedTuple):
    """
    Where a family of models keeps what this tool looks at; each register has one byte.

    :param firmware: address of the Firmware Version.
    :param return_delay: address of the Return Delay Time.
    :param status_level: address of the Status Return Level.
    :param hardware_error: address of the Hardware Error Status; None where there is none.
    :param hardware_error_name: what the e-Manual calls that register.
    :param errors: what the bits in there mean.
    :param codes: what its values mean, where it holds a number instead.
    """

    firmware: int
    return_delay: int
    status_level: int
    hardware_error: int | None = None
    hardware_error_name: str = 'Hardware Error Status'
    errors: Mapping[int, str] = {}
    codes: Mapping[int, str] = {}

    def hardware_errors(self, value: int) -> str:
        """Say what a value of the Hardware Error Status means; empty for 0."""
        if not value:
            return ''
        if self.codes:
            return self.codes.get(value, f'error code {value}')
        known = [words for bit, words in sorted(self.errors.items()) if value & bit]
        unknown = value & ~sum(self.errors)
        return ', '.join([*known, f'bits 0x{unknown:02X}'] if unknown else known)


_AX_MX = Registers(2, 5, 16)
_XL_320 = Registers(2, 5, 17, 50, errors=_XL_320_ERRORS)
_X = Registers(6, 9, 68, 70, errors=_X_ERRORS)
_P = Registers(6, 9, 516, 518, errors=_P_ERRORS)
_PRO = Registers(6, 9, 891, 892, errors=_P_ERRORS)
_Y = Registers(6, 13, 15, 153, 'Error Code', codes=_Y_CODES)

_FAMILIES = (
    (
        _AX_MX,
        {
            10: 'RX-10',
            12: 'AX-12A',
            18: 'AX-18A',
            24: 'RX-24F',
            28: 'RX-28',
            29: 'MX-28',
            64: 'RX-64',
            107: 'EX-106+',
            113: 'DX-113',
            116: 'DX-116',
            117: 'DX-117',
            300: 'AX-12W',
            310: 'MX-64',
            320: 'MX-106',
            360: 'MX-12W',
        },
    ),
    (_XL_320, {350: 'XL-320'}),
    (
        _X,
        {
            30: 'MX-28 (2.0)',
            311: 'MX-64 (2.0)',
            321: 'MX-106 (2.0)',
            1000: 'XH430-W350',
            1001: 'XD430-T350',
            1010: 'XH430-W210',
            1011: 'XD430-T210',
            1020: 'XM430-W350',
            1030: 'XM430-W210',
            1040: 'XH430-V350',
            1050: 'XH430-V210',
            1060: 'XL430-W250',
            1070: 'XC430-W150',
            1080: 'XC430-W240',
            1090: '2XL430-W250',
            1100: 'XH540-W270',
            1101: 'XD540-T270',
            1110: 'XH540-W150',
            1111: 'XD540-T150',
            1120: 'XM540-W270',
            1130: 'XM540-W150',
            1140: 'XH540-V270',
            1150: 'XH540-V150',
            1160: '2XC430-W250',
            1170: 'XW540-T260',
            1180: 'XW540-T140',
            1190: 'XL330-M077',
            1200: 'XL330-M288',
            1210: 'XC330-T181',
            1220: 'XC330-T288',
            1230: 'XC330-M181',
            1240: 'XC330-M288',
            1270: 'XW430-T333',
            1280: 'XW430-T200',
            1310: 'XW540-H260',
            1700: 'XC335-T332',
            1710: 'XM335-T323',
        },
    ),
    (
        _P,
        {
            2000: 'PH42-020-S300',
            2010: 'PH54-100-S500',
            2020: 'PH54-200-S500',
            2100: 'PM42-010-S260',
            2110: 'PM54-040-S250',
            2120: 'PM54-060-S250',
            35074: 'RH-P12-RN(A)',
            43289: 'M42-10-S260-R(A)',
            46097: 'M54-40-S250-R(A)',
            46353: 'M54-60-S250-R(A)',
            51201: 'H42-20-S300-R(A)',
            53769: 'H54-100-S500-R(A)',
            54025: 'H54-200-S500-R(A)',
        },
    ),
    (
        _PRO,
        {
            35072: 'L42-10-S300-R',
            35073: 'RH-P12-RN',
            37896: 'L54-30-S500-R',
            37928: 'L54-30-S400-R',
            38152: 'L54-50-S500-R',
            38176: 'L54-50-S290-R',
            43288: 'M42-10-S260-R',
            46096: 'M54-40-S250-R',
            46352: 'M54-60-S250-R',
            51200: 'H42-20-S300-R',
            53768: 'H54-100-S500-R',
            54024: 'H54-200-S500-R',
        },
    ),
    (
        _Y,
        {
            4000: 'YM070-210-M001',
            4010: 'YM070-210-B001',
            4020: 'YM070-210-R051',
            4030: 'YM070-210-R099',
            4040: 'YM070-210-A051',
            4050: 'YM070-210-A099',
            4120: 'YM080-230-M001',
            4130: 'YM080-230-B001',
            4140: 'YM080-230-R051',
            4150: 'YM080-230-R099',
            4160: 'YM080-230-A051',
            4170: 'YM080-230-A099',
        },
    ),
)
_NAMES = {number: name for _, models in _FAMILIES for number, name in models.items()}
_REGISTERS = {number: registers for registers, models in _FAMILIES for number in models}


def model_name(number: int | None) -> str:
    """Return the name of a model; empty when the number is not known."""
    return '' if number is None else _NAMES.get(number, '')


def registers_of(number: int | None) -> Registers | None:
    """Return where a model keeps what this tool looks at; None when the number is not known."""
    return None if number is None else _REGISTERS.get(number)


def called(servo: int, number: int | None) -> str:
    """Return how a sentence begins about a servo: its id, and its model where that is known."""
    name = model_name(number)
    return f'servo {servo} ({name})' if name else f'servo {servo}'
