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
Cuts a stream of bytes into packets of both protocols and what is between them.

Other than the framer of an exchange it knows no protocol beforehand, and gives every byte back:
all pieces together are what was fed.
"""

from __future__ import annotations

from typing import NamedTuple

from dxl_port_driver.protocol.checksums import checksum, crc16
from dxl_port_driver.protocol.instructions import BROADCAST_ID
from dxl_port_driver.protocol.packets import V1_HEADER, V1_OVERHEAD, V2_HEADER, V2_OVERHEAD


class Cut(NamedTuple):
    """
    Bytes that belong together.

    :param data: the bytes.
    :param is_packet: whether they are one whole packet with the right checksum.
    """

    data: bytes
    is_packet: bool


class Cutter:
    """Takes bytes, gives them back in pieces."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._noise = bytearray()

    @property
    def pending(self) -> int:
        """Bytes kept because they may be the beginning of a packet."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[Cut]:
        """Take bytes, give the pieces that are whole now."""
        self._buffer += data
        cuts: list[Cut] = []
        while self._take(cuts):
            pass
        self._give_noise(cuts)
        return cuts

    def flush(self) -> list[Cut]:
        """Give up waiting: what is there is given, with the packets that are in it."""
        cuts: list[Cut] = []
        while self._buffer:
            if not self._take(cuts) and self._buffer:
                self._skip(1)
        self._give_noise(cuts)
        return cuts

    def _skip(self, count: int) -> None:
        self._noise += self._buffer[:count]
        del self._buffer[:count]

    def _give_noise(self, cuts: list[Cut]) -> None:
        if self._noise:
            cuts.append(Cut(bytes(self._noise), is_packet=False))
            self._noise.clear()

    def _take(self, cuts: list[Cut]) -> bool:
        """Take a packet or skip what is none; False when more bytes are needed."""
        buffer = self._buffer
        start = buffer.find(V1_HEADER)
        if start < 0:
            start = len(buffer) - buffer.endswith(V1_HEADER[:1])
        self._skip(start)
        if len(buffer) < 4:
            return False
        is_v2 = buffer.startswith(V2_HEADER)
        if is_v2 and len(buffer) < V2_OVERHEAD:
            return False
        length = int.from_bytes(buffer[5:7], 'little') if is_v2 else buffer[3]
        total = length + (V2_OVERHEAD if is_v2 else V1_OVERHEAD)
        packet_id = buffer[4] if is_v2 else buffer[2]
        if packet_id > BROADCAST_ID or length < 2 + is_v2:
            self._skip(1)
            return True
        if len(buffer) < total:
            return False
        raw = bytes(buffer[:total])
        if is_v2:
            intact = crc16(raw[:-2]) == int.from_bytes(raw[-2:], 'little')
        else:
            intact = checksum(raw[2:-1]) == raw[-1]
        if not intact:
            # The length may be the very thing that is wrong.
            self._skip(1)
            return True
        self._give_noise(cuts)
        cuts.append(Cut(raw, is_packet=True))
        del buffer[:total]
        return True
