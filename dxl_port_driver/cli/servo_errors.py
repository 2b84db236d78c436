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

from dxl_port_driver.protocol.instructions import Instruction, Protocol, V1Error, V2Error

_V1_REFUSALS = {
    V1Error.ANGLE_LIMIT: 'the goal position is outside its angle limits',
    V1Error.RANGE: 'the value or the address is out of its range',
    V1Error.CHECKSUM: 'the packet reached it with a wrong checksum; check the wiring',
    V1Error.INSTRUCTION: 'it does not know the instruction, or Action came without Reg Write',
}
# Feetech's servos speak Protocol 1.0 and set some of these bits for other reasons.
_V1_ALARMS = {
    V1Error.INPUT_VOLTAGE: 'supply voltage out of range',
    V1Error.ANGLE_LIMIT: 'angle limit error (Feetech: position sensor)',
    V1Error.OVERHEATING: 'overheated',
    V1Error.RANGE: 'range error (Feetech: overcurrent)',
    V1Error.CHECKSUM: 'checksum error',
    V1Error.OVERLOAD: 'overloaded',
    V1Error.INSTRUCTION: 'instruction error',
}
_V2_REFUSALS = {
    V2Error.RESULT_FAIL: 'it could not carry the instruction out',
    V2Error.INSTRUCTION: 'it does not know the instruction, or Action came without Reg Write',
    V2Error.CRC: 'the packet reached it with a wrong CRC; check the wiring',
    V2Error.DATA_RANGE: 'the value does not fit the register, or there is none at the address',
    V2Error.DATA_LENGTH: 'the length is not that of the register; give the one in its table',
    V2Error.DATA_LIMIT: 'the value is beyond the limit that the servo is set to',
    V2Error.ACCESS: (
        'the register is read-only, is not defined, or is one of the EEPROM area, which is locked '
        'while torque is on'
    ),
}
_V2_READ_REFUSALS = _V2_REFUSALS | {
    V2Error.DATA_RANGE: 'there is no register at the address, or not so long a one',
    V2Error.ACCESS: 'there is no register at the address, or not so long a one, or it is '
    'write-only',
}


def refused_part(protocol: Protocol, error: int, instruction: int, *, whole: bool) -> int:
    """
    Return the part of an error byte that says that the servo did not do as it was told.

    The rest of it says what is wrong with the servo itself. In Protocol 1.0 a servo in trouble
    sets its bits in every answer. One that gives all the data asked for has not refused.

    :param error: error byte of the status packet.
    :param instruction: what was asked.
    :param whole: whether the answer has all the data that was asked for.
    """
    if protocol is Protocol.V2:
        return error & ~V2Error.ALERT
    if whole and instruction in (Instruction.PING, Instruction.READ):
        return 0
    return error & sum(_V1_REFUSALS)


def refusal(protocol: Protocol, refused: int, instruction: int) -> str:
    """
    Say why the servo did not do as it was told.

    :param refused: what :func:`refused_part` returned.
    :param instruction: what was asked.
    :return: empty when it did.
    """
    if protocol is Protocol.V1:
        return ', '.join(words for bit, words in _V1_REFUSALS.items() if refused & bit)
    if refused == V2Error.NONE:
        return ''
    words = _V2_READ_REFUSALS if instruction == Instruction.READ else _V2_REFUSALS
    known = {int(number): word for number, word in words.items()}
    return known.get(refused, f'it gives the error number {refused}, which the protocol has not')


def alarm(protocol: Protocol, trouble: int) -> str:
    """
    Say what is wrong with the servo itself.

    :param trouble: error byte of its status packet, without :func:`refused_part`.
    :return: empty when nothing is.
    """
    if protocol is Protocol.V1:
        return ', '.join(words for bit, words in _V1_ALARMS.items() if trouble & bit)
    return 'hardware alert' if trouble & V2Error.ALERT else ''


def v1_remedies(trouble: int) -> str:
    """Say what to do about the alarm bits of a servo that has no Hardware Error Status."""
    return '; '.join(words for bit, words in _V1_REMEDIES.items() if trouble & bit)


_V1_REMEDIES = {
    V1Error.INPUT_VOLTAGE: 'check its supply: the voltage is outside its Min/Max Voltage Limit',
    V1Error.OVERHEATING: 'let it cool down: it is hotter than its Temperature Limit',
    V1Error.OVERLOAD: 'take the load off: it is more than the servo may hold',
}
