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
What a servo reports in the error byte of a status packet.

Source: e-Manual, "DYNAMIXEL Protocol 1.0" and "DYNAMIXEL Protocol 2.0", section Error.
"""

from __future__ import annotations

from typing import NamedTuple

from dxl_port_driver.protocol.framer import Frame
from dxl_port_driver.protocol.instructions import Protocol, V1Error, V2Error

_TROUBLE = V1Error.INPUT_VOLTAGE | V1Error.OVERHEATING | V1Error.OVERLOAD
_OF_WRITES = V1Error.ANGLE_LIMIT | V1Error.RANGE
"""With data in the same status packet these are not ROBOTIS' bits; Feetech has alarms there."""


class ServoError(NamedTuple):
    """
    The error byte of a servo that is not 0.

    :param protocol: packet form of its status packet.
    :param servo: its id.
    :param byte: the error byte.
    :param has_data: whether the status packet has data all the same.
    """

    protocol: Protocol
    servo: int
    byte: int
    has_data: bool = False

    @classmethod
    def of(cls, frame: Frame) -> ServoError:
        """Return what a status packet reports."""
        if frame.protocol is Protocol.V1:
            return cls(frame.protocol, frame.id, frame.code, bool(frame.params))
        return cls(frame.protocol, frame.id, frame.params[0], len(frame.params) > 1)

    @property
    def number(self) -> int:
        """The error number of Protocol 2.0 or the error bits of 1.0, without the alert bit."""
        return self.byte & ~V2Error.ALERT

    @property
    def is_alert(self) -> bool:
        """Whether the servo says that it is in trouble, beside what it was asked."""
        if self.protocol is Protocol.V2:
            return bool(self.byte & V2Error.ALERT)
        return bool(self.byte & (_TROUBLE | (_OF_WRITES if self.has_data else 0)))

    def __str__(self) -> str:
        """Return what it reports, as a part of a sentence."""
        if self.protocol is Protocol.V2:
            names = [_name(V2Error(self.number))] if self.number in _V2_NUMBERS else []
            alert = ' and a hardware alert' if self.is_alert else ''
            number = str(self.number)
        else:
            bits = self.number & ~(_OF_WRITES if self.has_data else 0)
            names = [_name(bit) for bit in V1Error if bit & bits]
            alert, number = '', f'0x{self.number:02X}'
        named = f' ({", ".join(names)})' if names else ''
        return f'servo {self.servo} reports error {number}{named}{alert}'


_V2_NUMBERS = frozenset(int(one) for one in V2Error)


def _name(error: V1Error | V2Error) -> str:
    """Return the e-Manual's name."""
    return str(error.name).replace('_', ' ').lower()
