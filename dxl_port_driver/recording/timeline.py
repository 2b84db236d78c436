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

"""What a drawing of a recording shows: who talked when, who was waited for, who never answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from dxl_port_driver.errors import RequestError
from dxl_port_driver.protocol.instructions import BROADCAST_ID, Instruction
from dxl_port_driver.protocol.packets import parse_instruction, V2_HEADER
from dxl_port_driver.protocol.timing import byte_time_s, Link
from dxl_port_driver.recording.cutting import Cut, Cutter
from dxl_port_driver.recording.exchanges import Exchange, exchanges
from dxl_port_driver.recording.format import Recording
from dxl_port_driver.recording.sorting import awaited_of

OTHER = -1
"""The lane of bytes that are no packet."""


class Kind(Enum):
    """What a bar tells of."""

    REQUEST = 'request'
    ANSWER = 'answer'
    WAIT = 'waited for'
    TIMEOUT = 'no answer'
    NOISE = 'no packet'


class Bar(NamedTuple):
    """
    Something that took time.

    :param lane: id of the servo, BROADCAST_ID, or OTHER.
    :param begin_s: since the start of the recording, s.
    :param end_s: the same.
    :param label: what it was, for people; may be empty.
    """

    kind: Kind
    lane: int
    begin_s: float
    end_s: float
    label: str = ''


@dataclass(frozen=True)
class Timeline:
    """
    All that there is to draw.

    :param bars: in order of time.
    :param begin_s: where the picture begins, s.
    :param end_s: where it ends, s.
    """

    bars: tuple[Bar, ...]
    begin_s: float
    end_s: float

    def cut(self, begin_s: float = 0.0, end_s: float | None = None) -> Timeline:
        """
        Give what lies between two times, s; those stay the times since the start.

        :param end_s: None: the end.
        """
        begin_s = max(begin_s, self.begin_s)
        end_s = self.end_s if end_s is None else min(end_s, self.end_s)
        within = tuple(bar for bar in self.bars if bar.end_s >= begin_s and bar.begin_s <= end_s)
        return Timeline(within, begin_s, end_s)

    @property
    def lanes(self) -> list[int]:
        """The lanes that are needed: everybody, the servos by id, and what is no packet."""
        used = {bar.lane for bar in self.bars}
        servos = sorted(used - {BROADCAST_ID, OTHER})
        return [
            *([BROADCAST_ID] if BROADCAST_ID in used else []),
            *servos,
            *([OTHER] if OTHER in used else []),
        ]

    def count(self, kind: Kind) -> int:
        """Count the bars of a kind."""
        return sum(bar.kind is kind for bar in self.bars)

    def busy(self) -> list[tuple[float, float]]:
        """Give when bytes were on the wire: begin and end, s, in order and without overlaps."""
        spans: list[tuple[float, float]] = []
        for bar in sorted(self.bars, key=lambda bar: bar.begin_s):
            if bar.kind in (Kind.WAIT, Kind.TIMEOUT):
                continue
            if spans and bar.begin_s <= spans[-1][1]:
                spans[-1] = spans[-1][0], max(spans[-1][1], bar.end_s)
            else:
                spans.append((bar.begin_s, bar.end_s))
        return spans

    @property
    def utilisation(self) -> float:
        """Part of the time in which bytes were on the wire, 0 to 1."""
        length_s = self.end_s - self.begin_s
        return sum(end - begin for begin, end in self.busy()) / length_s if length_s else 0.0


def make_timeline(recording: Recording) -> Timeline:
    """Say what is drawn where."""
    byte_s = byte_time_s(recording.header.baudrate)
    found = exchanges(recording.pieces)
    bars: list[Bar] = []
    for number, exchange in enumerate(found):
        later = found[number + 1].request.at_us / 1e6 if number + 1 < len(found) else None
        bars += _bars(exchange, later, byte_s)
    begin_s = min((bar.begin_s for bar in bars), default=0.0)
    end_s = max((bar.end_s for bar in bars), default=0.0)
    return Timeline(tuple(bars), begin_s, end_s)


def _bars(exchange: Exchange, later_s: float | None, byte_s: float) -> Iterator[Bar]:
    request = exchange.request
    sent = request.data
    begin_s = request.at_us / 1e6
    end_s = begin_s + len(sent) * byte_s
    lane, label = _describe(sent)
    yield Bar(Kind.REQUEST, lane, begin_s, end_s, label)
    missing = awaited_of(sent)
    free_s = end_s
    for cut, there_s in _received(exchange, byte_s):
        if cut.data == sent:
            continue  # an adapter that hears itself
        answer_s = max(there_s - len(cut.data) * byte_s, free_s)
        there_s = max(there_s, answer_s)
        lane = _lane(cut.data) if cut.is_packet else OTHER
        if cut.is_packet and answer_s > free_s:
            yield Bar(Kind.WAIT, lane, free_s, answer_s)
        kind = Kind.ANSWER if cut.is_packet else Kind.NOISE
        yield Bar(kind, lane, answer_s, there_s)
        free_s = there_s
        if lane == BROADCAST_ID:
            missing.clear()  # the joint answer to a fast read
        missing.discard(lane)
    given_up_s = end_s + Link(byte_s).packet_timeout_s(len(sent))
    if later_s is not None:
        given_up_s = min(given_up_s, later_s)
    for servo in sorted(missing):
        yield Bar(Kind.TIMEOUT, servo, end_s, max(end_s, given_up_s))


def _received(exchange: Exchange, byte_s: float) -> Iterator[tuple[Cut, float]]:
    """Give what was received in packets, with the time at which each was there, s."""
    cutter = Cutter()
    there_s = exchange.request.at_us / 1e6
    for piece in exchange.replies:
        there_s = piece.at_us / 1e6
        cuts = cutter.feed(piece.data)
        behind = sum(len(cut.data) for cut in cuts) + cutter.pending
        for cut in cuts:
            behind -= len(cut.data)
            yield cut, there_s - behind * byte_s
    for cut in cutter.flush():
        yield cut, there_s


def _describe(request: bytes) -> tuple[int, str]:
    try:
        packet = parse_instruction(request)
    except RequestError:
        return OTHER, 'bytes'
    try:
        name = Instruction(packet.instruction).name.replace('_', ' ').capitalize()
    except ValueError:
        name = f'0x{packet.instruction:02X}'
    return packet.id, name


def _lane(packet: bytes) -> int:
    return packet[4] if packet.startswith(V2_HEADER) else packet[2]
