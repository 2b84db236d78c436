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
The numbers of both protocols.

Source: e-Manual, "DYNAMIXEL Protocol 1.0" and "DYNAMIXEL Protocol 2.0", sections Packet ID,
Instruction, and Error.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

MAX_ID = 0xFC
"""Highest id of a servo in Protocol 2.0; Protocol 1.0 allows 0xFD as well."""

BROADCAST_ID = 0xFE
"""The id that addresses every servo."""


class Protocol(IntEnum):
    """Which of the two packet forms."""

    V1 = 1
    V2 = 2

    def __str__(self) -> str:
        """Give the name that users know: ``1.0`` or ``2.0``."""
        return f'{int(self)}.0'


class Instruction(IntEnum):
    """Every instruction that the protocol pages list, and STATUS, which marks an answer in 2.0."""

    PING = 0x01
    READ = 0x02
    WRITE = 0x03
    REG_WRITE = 0x04
    ACTION = 0x05
    FACTORY_RESET = 0x06
    REBOOT = 0x08
    CLEAR = 0x10
    CONTROL_TABLE_BACKUP = 0x20
    STATUS = 0x55
    SYNC_READ = 0x82
    SYNC_WRITE = 0x83
    FAST_SYNC_READ = 0x8A
    BULK_READ = 0x92
    BULK_WRITE = 0x93
    FAST_BULK_READ = 0x9A


V1_INSTRUCTIONS = frozenset(
    {
        Instruction.PING,
        Instruction.READ,
        Instruction.WRITE,
        Instruction.REG_WRITE,
        Instruction.ACTION,
        Instruction.FACTORY_RESET,
        Instruction.REBOOT,
        Instruction.SYNC_WRITE,
        Instruction.BULK_READ,
    }
)
"""The instructions of Protocol 1.0."""


class V1Error(IntFlag):
    """Error bits in a status packet of Protocol 1.0."""

    INPUT_VOLTAGE = 0x01
    ANGLE_LIMIT = 0x02
    OVERHEATING = 0x04
    RANGE = 0x08
    CHECKSUM = 0x10
    OVERLOAD = 0x20
    INSTRUCTION = 0x40


class V2Error(IntEnum):
    """Error numbers in a status packet of Protocol 2.0; ALERT is a bit on top of them."""

    NONE = 0x00
    RESULT_FAIL = 0x01
    INSTRUCTION = 0x02
    CRC = 0x03
    DATA_RANGE = 0x04
    DATA_LENGTH = 0x05
    DATA_LIMIT = 0x06
    ACCESS = 0x07
    ALERT = 0x80
