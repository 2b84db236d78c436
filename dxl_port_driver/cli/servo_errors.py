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
What the error byte of a status packet means, in words.

Source: e-Manual, "DYNAMIXEL Protocol 1.0" and "DYNAMIXEL Protocol 2.0", section Error.
"""

from __future__ import annotations

from dxl_port_driver.protocol.instructions import Protocol, V1Error, V2Error

_V1_REFUSALS = {
    V1Error.ANGLE_LIMIT: 'the goal position is outside its angle limits',
    V1Error.RANGE: 'the value or the address is out of its range',
    V1Error.CHECKSUM: 'the packet reached it with a wrong checksum; check the wiring',
    V1Error.INSTRUCTION: 'it does not know the instruction, or Action came without Reg Write',
}
_V1_ALARMS = {
    V1Error.INPUT_VOLTAGE: 'supply voltage out of range',
    V1Error.OVERHEATING: 'overheated',
    V1Error.OVERLOAD: 'overloaded',
}
_V2_REFUSALS = {
    V2Error.RESULT_FAIL: 'it could not carry the instruction out',
    V2Error.INSTRUCTION: 'it does not know the instruction, or Action came without Reg Write',
    V2Error.CRC: 'the packet reached it with a wrong CRC; check the wiring',
    V2Error.DATA_RANGE: 'the value does not fit the register, or there is none at the address',
    V2Error.DATA_LENGTH: 'the length is not that of the register; give the one in its table',
    V2Error.DATA_LIMIT: 'the value is beyond the limit that the servo is set to',
    V2Error.ACCESS: (
        'the register is read-only, or one of the EEPROM area, which is locked while torque is on'
    ),
}


def refusal(protocol: Protocol, error: int) -> str:
    """
    Say why the servo did not do as it was told.

    :param error: error byte of its status packet.
    :return: empty when it did.
    """
    if protocol is Protocol.V1:
        return ', '.join(words for bit, words in _V1_REFUSALS.items() if error & bit)
    number = error & ~V2Error.ALERT
    if number == V2Error.NONE:
        return ''
    known = {int(name): words for name, words in _V2_REFUSALS.items()}
    return known.get(number, f'it gives the error number {number}, which the protocol has not')


def alarm(protocol: Protocol, error: int) -> str:
    """
    Say what is wrong with the servo itself.

    :param error: error byte of its status packet.
    :return: empty when nothing is.
    """
    if protocol is Protocol.V1:
        return ', '.join(words for bit, words in _V1_ALARMS.items() if error & bit)
    return 'hardware alert' if error & V2Error.ALERT else ''
