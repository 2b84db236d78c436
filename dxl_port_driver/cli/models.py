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
Model numbers and names.

Source: e-Manual, the page of each model (Control Table, Model Number).
"""

from __future__ import annotations

_NAMES = {
    10: 'RX-10',
    12: 'AX-12A',
    18: 'AX-18A',
    24: 'RX-24F',
    28: 'RX-28',
    29: 'MX-28',
    30: 'MX-28 (2.0)',
    64: 'RX-64',
    107: 'EX-106+',
    300: 'AX-12W',
    310: 'MX-64',
    311: 'MX-64 (2.0)',
    320: 'MX-106',
    321: 'MX-106 (2.0)',
    350: 'XL-320',
    360: 'MX-12W',
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
    2000: 'PH42-020-S300',
    2010: 'PH54-100-S500',
    2020: 'PH54-200-S500',
    2100: 'PM42-010-S260',
    2110: 'PM54-040-S250',
    2120: 'PM54-060-S250',
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
    35074: 'RH-P12-RN',
    43289: 'M42-10-S260-R(A)',
    46097: 'M54-40-S250-R(A)',
    46353: 'M54-60-S250-R(A)',
    51201: 'H42-20-S300-R(A)',
    53769: 'H54-100-S500-R(A)',
    54025: 'H54-200-S500-R(A)',
}


def model_name(number: int) -> str:
    """Give the name of a model; empty when the number is not known."""
    return _NAMES.get(number, '')
