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
Answers as in a recording: a bus that knows nothing but what it once answered.

It can sit behind the pty of the virtual bus, see :mod:`dxl_port_driver.recording.server`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable

from dxl_port_driver.recording.cutting import Cutter
from dxl_port_driver.recording.exchanges import Exchange, exchanges
from dxl_port_driver.recording.format import Recording

_PACKET_GAP_S = 0.1


class Player:
    """
    Gives to each instruction what was answered to it; not for several threads at a time.

    Of an instruction that was recorded several times, the next one behind the last match counts,
    and after the last one the first. One that was not recorded gets no answer.

    :param recording: what to answer from.
    :param fast: answer at once instead of after the recorded time.
    :param on_unknown: is told of each instruction, or other bytes, that were not recorded.
    """

    def __init__(
        self,
        recording: Recording,
        *,
        fast: bool = False,
        on_unknown: Callable[[bytes], None] | None = None,
    ) -> None:
        self._exchanges = exchanges(recording.pieces)
        self._places: dict[bytes, list[int]] = {}
        for place, exchange in enumerate(self._exchanges):
            self._places.setdefault(exchange.request.data, []).append(place)
        # Bytes that were sent and are no packet, as with the service ~/write.
        self._bare = [data for data in self._places if not _is_packet(data)]
        self._fast = fast
        self._on_unknown = on_unknown
        self._last = -1
        self._cutter = Cutter()
        self._buffer = b''
        self._heard = 0.0
        self._under_way: deque[tuple[float, bytes]] = deque()
        self.matched = 0
        """Instructions that were recorded."""
        self.unknown = 0
        """Instructions that were not."""

    @property
    def next_due(self) -> float | None:
        """When the next bytes for the host are due, s; None when none are under way."""
        return self._under_way[0][0] if self._under_way else None

    def take(self, now: float) -> bytes:
        """Give the bytes that have reached the host by now."""
        data = b''
        while self._under_way and self._under_way[0][0] <= now:
            data += self._under_way.popleft()[1]
        return data

    def hang_up(self) -> None:
        """Forget what is under way: nobody is there to hear it."""
        self._under_way.clear()
        self._cutter = Cutter()
        self._buffer = b''

    def receive(self, data: bytes, now: float, baudrate: int) -> None:
        """
        Take what the host sent.

        :param data: bytes, cut up in any way.
        :param now: when they left the host, s.
        :param baudrate: what the host set its port to, bit/s; makes no difference.
        """
        if now - self._heard > _PACKET_GAP_S:
            self._give_up()
        self._heard = now
        if not self._bare:
            self._take_packets(data, now)
            return
        self._buffer += data
        self._take_bare(now)

    def _take_packets(self, data: bytes, now: float) -> None:
        for cut in self._cutter.feed(data):
            self._hear(cut.data, now)

    def _take_bare(self, now: float) -> None:
        """Look for whole requests at the beginning of what came, packets or not."""
        while self._buffer and not self._cutter.pending:
            known = [data for data in self._places if self._buffer.startswith(data)]
            if known:
                request = max(known, key=len)
                self._buffer = self._buffer[len(request) :]
                self._hear(request, now)
                continue
            if any(data.startswith(self._buffer) for data in self._places):
                return
            break
        data, self._buffer = self._buffer, b''
        self._take_packets(data, now)

    def _give_up(self) -> None:
        """Take what waited for its rest for what it is."""
        left, self._buffer = self._buffer, b''
        for cut in [*self._cutter.feed(left), *self._cutter.flush()]:
            self._hear(cut.data, self._heard)

    def _hear(self, request: bytes, now: float) -> None:
        exchange = self._next(request)
        if exchange is None:
            self.unknown += 1
            if self._on_unknown is not None:
                self._on_unknown(request)
            return
        self.matched += 1
        begun_us = exchange.request.at_us
        for piece in exchange.replies:
            delay_s = 0.0 if self._fast else (piece.at_us - begun_us) / 1e6
            due = now + delay_s
            if self._under_way:
                # Bytes leave in order; what was under way is not overtaken.
                due = max(due, self._under_way[-1][0])
            self._under_way.append((due, piece.data))

    def _next(self, request: bytes) -> Exchange | None:
        places = self._places.get(request)
        if not places:
            return None
        at = bisect_right(places, self._last)
        self._last = places[at if at < len(places) else 0]
        return self._exchanges[self._last]


def _is_packet(data: bytes) -> bool:
    cuts = Cutter().feed(data)
    return len(cuts) == 1 and cuts[0].is_packet
