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

"""What to tell a person when the answer to an instruction packet did not come, or came broken."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from dxl_port_driver.protocol.answers import Answers
from dxl_port_driver.protocol.framer import Frame, Framer
from dxl_port_driver.protocol.instructions import BROADCAST_ID, Instruction, Protocol
from dxl_port_driver.protocol.joint import JointParts
from dxl_port_driver.protocol.packets import V1_HEADER, V1_OVERHEAD, V2_HEADER, V2_OVERHEAD

_OTHER = {Protocol.V1: Protocol.V2, Protocol.V2: Protocol.V1}
_SUM_NAME = {Protocol.V1: 'checksum', Protocol.V2: 'CRC'}


class Explanation(NamedTuple):
    """
    What was asked, and who has not answered.

    :param protocol: packet form of the question.
    :param answers: what was to come.
    :param missing: ids of those that have not answered.
    """

    protocol: Protocol
    answers: Answers
    missing: Collection[int]

    def broken(self) -> str:
        """Tell that a packet came whose checksum or CRC is wrong."""
        return (
            f'a status packet with a wrong {_SUM_NAME[self.protocol]} came, and none from '
            f'{self._who()}; check wiring and termination, and that no two servos share the id'
        )

    def foreign(self, ids: Collection[int]) -> str:
        """
        Tell that what came answers other questions.

        :param ids: of those that it came from.
        """
        named = ', '.join(str(servo) for servo in sorted(ids))
        return (
            f'a status packet came that answers another question (from id {named}), and none from '
            f'{self._who()}; check that nobody else sends on this bus and that its timeouts are '
            'long enough'
        )

    def instructions(self, ids: Collection[int]) -> str:
        """
        Tell that instruction packets came which were not sent here, and nothing else.

        :param ids: of the servos that they are to.
        """
        named = ', '.join(str(servo) for servo in sorted(ids))
        return (
            f'an instruction packet came that this driver did not send (to id {named}), and no '
            f'status packet from {self._who()}; another program or controller sends on this bus'
        )

    def wrong_length(self, lengths: Mapping[int, int]) -> str:
        """
        Tell that servos answered with another number of bytes than was asked for.

        :param lengths: for each of them by its id how many bytes it sent.
        """
        asked = {answer.id: answer.length or 0 for answer in self.answers.each}
        sent = ', '.join(
            f'{self._name(servo)} sent {_bytes(length)} instead of {asked[servo]}'
            for servo, length in sorted(lengths.items())
        )
        silent = self._named([servo for servo in self.missing if servo not in lengths])
        rest = f', and none came from {silent}' if silent else ''
        if all(length < asked[servo] for servo, length in lengths.items()):
            advice = 'check address and length against its control table'
            if self._is_of_one_servo:
                advice += ', and that timeouts are long enough'
        else:
            advice = 'check that timeouts are long enough, and that no other program sends'
        return f'{sent}{rest}; {advice}'

    def joint(self, parts: JointParts, timeout_s: float) -> str:
        """
        Tell what is missing in the joint status packet that answers a fast read.

        :param parts: what came of it.
        :param timeout_s: how long was waited, s.
        """
        first, *behind = parts.missing
        whole = f' ({self._named(parts.right)} answered)' if parts.right else ''
        if parts.is_broken:
            return (
                f'the CRC of the joint status packet is wrong from the part of servo {first} '
                f'on{whole}; check wiring and termination, and that no two servos share an id'
            )
        if parts.instead is not None:
            return (
                f'the joint status packet has a part of servo {parts.instead} where that of servo '
                f'{first} was to come{whole}: it answers another request; check that timeouts are '
                'long enough, and that no other program sends'
            )
        ended = 'broke off within' if parts.has_begun else 'ended before'
        silent = (
            f', and in a fast read the servos behind a missing one stay silent '
            f'({self._named(behind)})'
            if behind
            else ''
        )
        return (
            f'the joint status packet {ended} the part of servo {first} '
            f'{_within(timeout_s)}{whole}{silent}; check power, wiring and id of servo {first}'
        )

    def too_few(self, came: int, total: int, timeout_s: float) -> str:
        """
        Tell that some have answered.

        :param came: status packets that came.
        :param total: status packets that were to come.
        :param timeout_s: how long was waited, s.
        """
        return (
            f'{came} of {total} status packets came {_within(timeout_s)}, none from '
            f'{self._who()}; check power, wiring and ids'
        )

    def none(self, received: bytes, sent: bytes, timeout_s: float) -> str:
        """
        Tell that no packet came.

        :param received: bytes that did come.
        :param sent: the request, which may have come back as an echo.
        :param timeout_s: how long was waited, s.
        """
        silence = f'no status packet came from {self._who()} {_within(timeout_s)}'
        if not received:
            return f'{silence}, not a single byte; {self._why_silent()}'
        if received == sent:
            return f'{silence}, only the echo of the request; {self._why_silent()}'
        other = _first_status(received, _OTHER[self.protocol])
        if other is not None:
            return (
                f'{silence}, but one of Protocol {other.protocol} from servo {other.id}; ask in '
                f'Protocol {other.protocol}'
            )
        begun = self._begun(received)
        if begun:
            return (
                f'{silence}, only {_bytes(begun)} of one that broke off; check the wiring, the '
                'power, and that the timeout is long enough'
            )
        causes = 'the baudrate, the wiring, and that the protocol version is right'
        if self._is_of_one_servo and len(received) >= self.answers.wire_length(self.protocol):
            # Who answers at such length has heard the question, so that the baudrate is right
            # with all likelihood; two that answer at once spoil each other's bytes.
            causes = 'that no two servos share the id, the wiring, and the baudrate'
        return f'{silence}, only {_bytes(len(received))} that are none; check {causes}'

    def _why_silent(self) -> str:
        """Return what to check when nothing came at all."""
        if not self.answers.is_known:
            return (
                'the instruction is not known to this driver: if it brings no answer use '
                'FRAMING_NONE, else check power, wiring, id and baudrate'
            )
        if self.answers.parts:
            return (
                f'all stay silent when servo {self.answers.parts[0].id}, the first asked, is '
                'missing; check power, wiring, ids and baudrate, and that the firmware of all '
                'knows fast reads'
            )
        return 'check power, wiring, id and baudrate'

    def _begun(self, received: bytes) -> int:
        """Return how many bytes came of an answer that broke off; 0 when that is not clear."""
        is_v2 = self.protocol is Protocol.V2
        header, length_at = (V2_HEADER, 5) if is_v2 else (V1_HEADER, 3)
        start = received.find(header)
        begun = received[start:] if start >= 0 else b''
        if len(begun) <= length_at + is_v2 or begun[length_at - 1] not in self.missing:
            return 0
        told = begun[length_at] + (begun[6] << 8 if is_v2 else 0)
        whole = told + (V2_OVERHEAD if is_v2 else V1_OVERHEAD)
        return len(begun) if len(begun) < whole <= self.answers.wire_length(self.protocol) else 0

    @property
    def _is_of_one_servo(self) -> bool:
        return len(self.answers.each) == 1 and self.answers.each[0].id < BROADCAST_ID

    def _who(self) -> str:
        if self.answers.roll_call or not self.missing:
            return 'any servo'
        if BROADCAST_ID in self.missing:
            return 'the servos asked'
        return self._named(sorted(self.missing))

    @staticmethod
    def _named(ids: Collection[int]) -> str:
        listed = ', '.join(str(servo) for servo in ids)
        return f'servos {listed}' if len(ids) > 1 else f'servo {listed}' if ids else ''

    @staticmethod
    def _name(servo: int) -> str:
        return f'servo {servo}' if servo < BROADCAST_ID else 'the joint status packet'


def _within(timeout_s: float) -> str:
    return f'within {timeout_s * 1e3:.1f} ms'


def _bytes(count: int) -> str:
    return f'{count} byte' if count == 1 else f'{count} bytes'


def _first_status(received: bytes, protocol: Protocol) -> Frame | None:
    """Return the first whole status packet of a protocol in what came."""
    for frame in Framer(protocol).feed(received):
        is_status = protocol is Protocol.V1 or frame.code == Instruction.STATUS
        if frame.intact and is_status and frame.id < BROADCAST_ID:
            return frame
    return None
