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

from collections.abc import Collection
from typing import NamedTuple

from dxl_port_driver.protocol.answers import Answers
from dxl_port_driver.protocol.instructions import BROADCAST_ID, Protocol

_SUM_NAME = {Protocol.V1: 'checksum', Protocol.V2: 'CRC'}


class Known(NamedTuple):
    """
    What is known of an exchange beside its bytes.

    :param cause: why an answer did not come and what to do, where that is known, as the rest of
        a sentence; it takes the place of general advice.
    :param sets_baudrate: whether the port sets the baudrate of the bus; the far end of a TCP
        connection does so by itself.
    """

    cause: str = ''
    sets_baudrate: bool = True

    @property
    def baudrate(self) -> str:
        """What to check where the baudrate may be wrong."""
        return 'baudrate' if self.sets_baudrate else "the gateway's serial settings"


class Explanation(NamedTuple):
    """
    What was asked, and who has not answered.

    :param protocol: packet form of the question.
    :param answers: what was to come.
    :param missing: ids of those that have not answered.
    :param known: what is known beside that.
    """

    protocol: Protocol
    answers: Answers
    missing: Collection[int]
    known: Known = Known()

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
            f'{self._who()}; '
            + (
                self.known.cause
                or 'check that nobody else sends on this bus and that its timeouts are long enough'
            )
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
            f'{self._who()}; {self.known.cause or "check power, wiring and ids"}'
        )

    def none(self, received: int, timeout_s: float) -> str:
        """
        Tell that no packet came.

        :param received: bytes that did come.
        :param timeout_s: how long was waited, s.
        """
        silence = f'no status packet came from {self._who()} {_within(timeout_s)}'
        if self.known.cause:
            return f'{silence}; {self.known.cause}'
        rate = self.known.baudrate
        if not received:
            return f'{silence}, not a single byte; check power, wiring, id and {rate}'
        rate = f'the {rate}' if self.known.sets_baudrate else rate
        causes = f'{rate}, the wiring, and that the protocol version is right'
        if self._is_of_one_servo and received >= self.answers.wire_length(self.protocol):
            # Who answers at such length has heard the question, so that the baudrate is right
            # with all likelihood; two that answer at once spoil each other's bytes.
            causes = f'that no two servos share the id, the wiring, and {rate}'
        return f'{silence}, only {received} bytes that are none; check {causes}'

    @property
    def _is_of_one_servo(self) -> bool:
        return len(self.answers.each) == 1 and self.answers.each[0].id < BROADCAST_ID

    def _who(self) -> str:
        if self.answers.roll_call or not self.missing:
            return 'any servo'
        ids = sorted(self.missing)
        if len(ids) == 1:
            return f'servo {ids[0]}' if ids[0] < BROADCAST_ID else 'the servos asked'
        return f'servos {", ".join(str(servo) for servo in ids)}'


def _within(timeout_s: float) -> str:
    return f'within {timeout_s * 1e3:.1f} ms'
