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

"""What goes wrong on the bus, by a seeded random generator: the same seed, the same faults."""

from __future__ import annotations

import random
from typing import NamedTuple

from dxl_port_driver.sim.options import SimOptions

_MS = 1e-3


class Shaped(NamedTuple):
    """
    An answer as the faults leave it.

    :param packet: its bytes; empty when it got lost.
    :param late_s: how much later than it should it comes, s.
    :param before: noise before it.
    :param behind: noise behind it.
    """

    packet: bytes
    late_s: float = 0.0
    before: bytes = b''
    behind: bytes = b''


class Faults:
    """
    The faults of one bus; each may be changed at any time, by :meth:`set`.

    :param options: what they start as.
    """

    def __init__(self, options: SimOptions) -> None:
        self._random = random.Random(options.seed)
        self.mute = frozenset(options.mute)
        self.drop = options.drop
        self.corrupt = options.corrupt
        self.wrong_id = options.wrong_id
        self.delay = options.delay
        self.delay_rate = options.delay_rate
        self.split = options.split
        self.split_gap = options.split_gap
        self.noise = options.noise
        self.noise_rate = options.noise_rate
        self._refresh()

    def _refresh(self) -> None:
        self.any = bool(self.drop or self.corrupt or self.delay or self.noise)
        """Whether :meth:`shape` may change an answer at all."""

    def set(self, name: str, value: object) -> bool:
        """
        Change a fault.

        :param name: of an option.
        :param value: as read by that option.
        :return: False when it is no fault.
        """
        if name.startswith('_') or name not in vars(self) or name == 'any':
            return False
        setattr(self, name, frozenset(value) if name == 'mute' else value)  # type: ignore[call-overload]
        self._refresh()
        return True

    def happens(self, part: float) -> bool:
        """Draw whether something that befalls this part of all answers befalls this one."""
        return part > 0.0 and self._random.random() < part

    def other_id(self, servo_id: int) -> int:
        """Give the id that an answer with a wrong id carries."""
        return (servo_id + self._random.randrange(1, 252)) % 252

    def garble(self, data: bytes) -> bytes:
        """Give what two senders at a time make of bytes: most of them are wrong."""
        return bytes(byte ^ self._random.randrange(1, 256) for byte in data)

    def garbage(self, length: int) -> bytes:
        """Give random bytes."""
        return self._random.randbytes(length)

    def shape(self, packet: bytes) -> Shaped:
        """Let an answer meet its faults."""
        if self.happens(self.drop):
            return Shaped(b'')
        if self.happens(self.corrupt):
            bit = self._random.randrange(8 * len(packet))
            changed = bytearray(packet)
            changed[bit // 8] ^= 1 << bit % 8
            packet = bytes(changed)
        before = behind = b''
        if self.noise and self.happens(self.noise_rate):
            before, behind = self.garbage(self.noise), self.garbage(self.noise)
        late = self.delay * _MS if self.delay and self.happens(self.delay_rate) else 0.0
        return Shaped(packet, late, before, behind)
