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
Finds packets in a stream of bytes, whatever stands between them and however it is cut up.

The same bytes give the same frames, fed whole or one at a time. Noise before a packet is
skipped and counted. A packet whose checksum is wrong comes out as a frame that is not
``intact``, and the search goes on right behind its header, because its length may be the very
thing that is wrong. A Protocol 2.0 header inside an unfinished packet means that the packet was
cut off, since byte stuffing keeps headers out of packets.
"""

from __future__ import annotations

from typing import NamedTuple

from dxl_port_driver.protocol.checksums import checksum, crc16
from dxl_port_driver.protocol.instructions import BROADCAST_ID, Instruction, Protocol
from dxl_port_driver.protocol.packets import (
    unstuff,
    V1_HEADER,
    V1_OVERHEAD,
    V2_HEADER,
    V2_OVERHEAD,
)


class Frame(NamedTuple):
    """
    One packet as it came.

    :param protocol: which packet form.
    :param id: id in the packet.
    :param code: the instruction, or for a Protocol 1.0 status packet the error.
    :param params: what follows the code, without byte stuffing (the joint answer to a fast
        read is not stuffed); for a Protocol 2.0 status packet the error is its first byte.
    :param raw: the bytes as received.
    :param intact: whether the checksum or CRC is right.
    """

    protocol: Protocol
    id: int
    code: int
    params: bytes
    raw: bytes
    intact: bool


class Framer:
    """
    Takes bytes, gives frames.

    :param protocol: the packet form to look for.
    :param max_length: longest packet to believe in, bytes; a header that tells of a longer one
        is noise. It bounds the memory: never more than this is kept.
    """

    def __init__(self, protocol: Protocol, max_length: int = 65542) -> None:
        self._buffer = bytearray()
        self._max_length = max_length
        self._take = self._take_v2 if protocol is Protocol.V2 else self._take_v1
        self.noise = 0
        """Bytes skipped so far because they belong to no packet."""

    @property
    def pending(self) -> int:
        """Bytes kept because they may be the beginning of a packet."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[Frame]:
        """
        Take bytes as they came.

        :return: the packets that are whole now, in order.
        """
        self._buffer += data
        frames: list[Frame] = []
        while self._buffer and self._take(frames):
            pass
        return frames

    def flush(self) -> list[Frame]:
        """
        Give up waiting: a packet that is not whole yet was noise, what is behind it may not be.

        :return: the packets found behind it, in order.
        """
        frames: list[Frame] = []
        while self._buffer:
            if not self._take(frames) and self._buffer:
                self._skip(1)
        return frames

    def _skip(self, count: int) -> None:
        self.noise += count
        del self._buffer[:count]

    def _seek(self, header: bytes) -> bool:
        """Skip to the first place where the header stands or may be about to."""
        buffer = self._buffer
        if not buffer.startswith(header):
            start = buffer.find(header)
            if start < 0:
                start = len(buffer)
                for tail in range(len(header) - 1, 0, -1):
                    if buffer.endswith(header[:tail]):
                        start -= tail
                        break
            self._skip(start)
        return len(buffer) >= len(header)

    def _take_v1(self, frames: list[Frame]) -> bool:
        """Take one packet or skip one impossible header; False when more bytes are needed."""
        buffer = self._buffer
        if not self._seek(V1_HEADER) or len(buffer) < 4:
            return False
        total = buffer[3] + V1_OVERHEAD
        if buffer[2] == 0xFF or buffer[3] < 2 or total > self._max_length:
            self._skip(1)
            return True
        if len(buffer) < total:
            return False
        raw = bytes(buffer[:total])
        intact = raw[-1] == checksum(raw[2:-1])
        frames.append(Frame(Protocol.V1, raw[2], raw[4], raw[5:-1], raw, intact))
        self._drop(total, len(V1_HEADER), intact)
        return True

    def _take_v2(self, frames: list[Frame]) -> bool:
        """Take one packet or skip one impossible header; False when more bytes are needed."""
        buffer = self._buffer
        if not self._seek(V2_HEADER) or len(buffer) < V2_OVERHEAD:
            return False
        packet_id, length = buffer[4], buffer[5] | buffer[6] << 8
        total = length + V2_OVERHEAD
        if packet_id > BROADCAST_ID or length < 3 or total > self._max_length:
            self._skip(1)
            return True
        # Fast reads are answered in pieces that several servos append, each as it is: there
        # alone no stuffing keeps a header out.
        joint = packet_id == BROADCAST_ID and buffer[7:8] == bytes((Instruction.STATUS,))
        if not joint:
            inner = buffer.find(V2_HEADER, V2_OVERHEAD, total - 1)
            if inner > 0:
                self._skip(inner)
                return True
        if len(buffer) < total:
            return False
        raw = bytes(buffer[:total])
        intact = crc16(raw[:-2]) == raw[-2] | raw[-1] << 8
        body = raw[7:-2] if joint else unstuff(raw[7:-2])
        frames.append(Frame(Protocol.V2, packet_id, body[0], body[1:], raw, intact))
        self._drop(total, len(V2_HEADER), intact)
        return True

    def _drop(self, total: int, header: int, intact: bool) -> None:
        del self._buffer[: total if intact else header]


def goes_on(begun: bytes, data: bytes) -> bool:
    """
    Return whether bytes go on with a packet that is not whole yet.

    :param begun: the packet so far.
    :param data: what follows; it may end the packet, and nothing may be behind it. Where it
        begins like a packet of its own it is taken for one.
    """
    if data.startswith(V1_HEADER):
        return False
    for protocol in Protocol:
        framer = Framer(protocol)
        if framer.feed(begun) or not begun or framer.pending < len(begun):
            continue
        frames = framer.feed(data)
        is_whole = [frame.intact for frame in frames] == [True] and not framer.pending
        if not framer.noise and (is_whole or not frames):
            return True
    return False
