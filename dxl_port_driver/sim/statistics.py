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

"""What a virtual bus saw, counted."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass, field

_KEPT = 32


@dataclass
class Statistics:
    """Counts since the bus was made, or since :meth:`clear`."""

    bytes_received: int = 0
    """From the host."""
    bytes_sent: int = 0
    """To the host."""
    noise: int = 0
    """Bytes from the host that belong to no packet."""
    instructions: int = 0
    """Whole instruction packets."""
    broken: int = 0
    """Packets with a wrong checksum or CRC."""
    unheard: int = 0
    """Instructions at a baudrate that no servo listens at."""
    answers: int = 0
    """Status packets given, before faults."""
    dropped: int = 0
    """Answers that the drop fault took."""
    late: int = 0
    """Answers that the delay fault held back."""
    violations: int = 0
    """Instructions that began before the answer to the one before was over."""
    late_overlaps: int = 0
    """Instructions that began while an answer was on its way that was late by no fault of the
    host's: held back by the delay fault, or by a machine too busy to emulate a bus in time."""
    back_to_back: int = 0
    """Instructions that came while the one before, without an answer, was still on the wire."""
    garbled: int = 0
    """Instructions and answers that a collision made unreadable."""
    unplugs: int = 0
    """Times that the adapter was pulled out."""
    wire_s: float = 0.0
    """Time that instructions and answers were on the wire, return delays not counted, s."""
    last_violations: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT))
    """The latest violations, in words."""

    def clear(self) -> None:
        """Begin counting anew."""
        fresh = Statistics()
        for name in vars(fresh):
            setattr(self, name, getattr(fresh, name))

    def as_dict(self) -> dict[str, int | float | list[str]]:
        """Give all counts, ready for JSON."""
        counts: dict[str, int | float | list[str]] = asdict(self)
        counts['last_violations'] = list(self.last_violations)
        counts['wire_s'] = round(self.wire_s, 6)
        return counts
