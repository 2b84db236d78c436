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
The parts of the joint status packet that answers a fast read.

::

    FF FF FD 00 FE length_l length_h 55   error id data crc_l crc_h   error id data crc_l crc_h ...

The first servo that is asked sends the header and its part, and each one behind it adds its part
to what it hears from the one before. Each CRC is over all that stands before it, from the header
on. When a servo is missing, those behind it stay silent, so the packet ends there.

Source: e-Manual, "DYNAMIXEL Protocol 2.0", Fast Sync Read and Fast Bulk Read.
"""

from __future__ import annotations

from collections.abc import Sequence
import operator
from typing import NamedTuple

from dxl_port_driver.protocol.answers import Answer, JOINT_OVERHEAD
from dxl_port_driver.protocol.checksums import crc16
from dxl_port_driver.protocol.instructions import BROADCAST_ID, Instruction
from dxl_port_driver.protocol.packets import V2_HEADER, V2_OVERHEAD

_PARTS_AT = 8
_STATUS = bytes((Instruction.STATUS,))


class JointParts(NamedTuple):
    """
    What has come of a joint status packet.

    :param data: the packet so far, without noise before it.
    :param right: ids of the servos whose parts are whole and have a right CRC, in order.
    :param missing: ids of the servos asked whose parts did not come, or are not right, in order.
    :param is_broken: whether the first missing part came whole and its CRC is wrong.
    :param has_begun: whether some bytes of the first missing part came.
    :param instead: id of the servo whose part stands where the first missing one was to.
    """

    data: bytes
    right: tuple[int, ...]
    missing: tuple[int, ...]
    is_broken: bool
    has_begun: bool
    instead: int | None = None


class JointIds:
    """
    Tells whose parts a joint status packet has, and what errors they report.

    :param asked: id and data length of each servo, in the order in which they were asked.
    """

    def __init__(self, asked: Sequence[Answer]) -> None:
        lengths = [JOINT_OVERHEAD + (length or 0) for _, length in asked]
        places = [_PARTS_AT + 1 + sum(lengths[:number]) for number in range(len(asked))]
        # The first one twice: of a single place it would not give a tuple.
        self._get = operator.itemgetter(places[0], *places)
        errors = [place - 1 for place in places]
        self._get_errors = operator.itemgetter(errors[0], *errors)
        self._length = _PARTS_AT + sum(lengths)
        self._ids = (asked[0].id, *(servo for servo, _ in asked))

    def are_in(self, packet: bytes) -> bool:
        """Return whether a whole packet has the parts of all, in order."""
        return len(packet) == self._length and bool(self._get(packet) == self._ids)

    def errors(self, packet: bytes) -> list[tuple[int, int]]:
        """Return id and error byte of the servos that report something, in order."""
        errors = self._get_errors(packet)
        if not any(errors):
            return []
        each = zip(self._ids[1:], errors[1:], strict=True)
        return [(servo, error) for servo, error in each if error]


def joint_parts(received: bytes, asked: Sequence[Answer]) -> JointParts | None:
    """
    Find the parts of a joint status packet in what came.

    :param received: any bytes.
    :param asked: id and data length of each servo, in the order in which they were asked.
    :return: None when no joint status packet of that length begins in there.
    """
    begin = V2_HEADER + bytes((BROADCAST_ID,))
    start = received.find(begin)
    # The request begins like that as well, on an adapter that hears itself.
    while start >= 0 and received[start + 7 : start + 8] not in (b'', _STATUS):
        start = received.find(begin, start + 1)
    if start < 0 or len(received) < start + _PARTS_AT:
        return None
    data = received[start:]
    whole = _PARTS_AT + sum(JOINT_OVERHEAD + (length or 0) for _, length in asked)
    told = int.from_bytes(data[5:7], 'little') + V2_OVERHEAD
    if told != whole:
        return None
    ids = tuple(answer.id for answer in asked)
    at = _PARTS_AT
    for number, (servo, length) in enumerate(asked):
        crc_at = at + 2 + (length or 0)
        if len(data) < crc_at + 2:
            return JointParts(data, ids[:number], ids[number:], False, len(data) > at)
        crc = int.from_bytes(data[crc_at : crc_at + 2], 'little')
        if crc16(data[:crc_at]) != crc:
            return JointParts(data, ids[:number], ids[number:], True, True)
        if data[at + 1] != servo:
            return JointParts(data, ids[:number], ids[number:], False, True, data[at + 1])
        at = crc_at + 2
    return JointParts(data, ids, (), False, False)
