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

"""The answers' way onto the wire: timed, met by their faults, garbled where two meet."""

from __future__ import annotations

from dxl_port_driver.protocol.instructions import Protocol
from dxl_port_driver.protocol.packets import StatusPacket
from dxl_port_driver.sim.faults import Faults
from dxl_port_driver.sim.options import SimOptions
from dxl_port_driver.sim.servo import Servo
from dxl_port_driver.sim.statistics import Statistics
from dxl_port_driver.sim.wire import ANSWER, LATE, Lot, OTHER, Wire

_BITS_PER_BYTE = 10
_SLOWEST = 50  # bit/s; a tty that is hung up has rate 0


class Transmitter:
    """
    Sends bytes to the host.

    :param options: pace and latency timer.
    :param faults: what answers meet.
    :param statistics: where it counts.
    """

    def __init__(self, options: SimOptions, faults: Faults, statistics: Statistics) -> None:
        self.pace = options.pace
        """Whether bytes take their time on the wire."""
        self.latency_s = options.latency_timer / 1000
        """How long the adapter keeps what it received, s."""
        self.byte_s = 0.0
        """Time of a byte on the wire, s; 0 without pace."""
        self.now = 0.0
        """End of the instruction that is being answered, s."""
        self.wire = Wire()
        self._faults = faults
        self._statistics = statistics

    def set_rate(self, baudrate: int) -> None:
        """Take the rate of the instruction that is to be answered, bit/s."""
        self.byte_s = _BITS_PER_BYTE / max(baudrate, _SLOWEST) if self.pace else 0.0

    def answer(
        self,
        servo: Servo,
        servo_id: int,
        protocol: Protocol,
        error: int,
        params: bytes,
        begin: float,
        clash: bool = False,
    ) -> float:
        """
        Send a status packet of a servo.

        :param servo_id: id in the packet.
        :param protocol: of the instruction, which may just have changed the servo's own.
        :param begin: when the servo begins, s.
        :param clash: another servo answers at the same time.
        :return: when it is over, s.
        """
        faults = self._faults
        if servo.id in faults.mute:
            return begin
        if faults.wrong_id and faults.happens(faults.wrong_id):
            servo_id = faults.other_id(servo_id)
        packet = StatusPacket(protocol, servo_id, error, params).encode()
        if clash:
            packet = faults.garble(packet)
            self._statistics.garbled += 1
        return self.send(packet, begin)

    def send(self, packet: bytes, begin: float) -> float:
        """
        Send an answer.

        :param begin: when its sender begins, s.
        :return: when it is over, s.
        """
        stats, faults = self._statistics, self._faults
        stats.answers += 1
        if not self.pace:
            begin = self.now
        if not faults.any:
            return self._put(packet, begin, ANSWER)
        shaped = faults.shape(packet)
        if not shaped.packet:
            # Lost on its way to the host: the servos behind it in a chain heard it.
            stats.dropped += 1
            return begin + len(packet) * self.byte_s
        begin += shaped.late_s
        stats.late += shaped.late_s > 0.0
        # The noise is no part of the answer: a host may send into what comes behind it.
        begin = self._put(shaped.before, begin, OTHER)
        end = self._put(shaped.packet, begin, LATE if shaped.late_s else ANSWER)
        return self._put(shaped.behind, end, OTHER)

    def _put(self, data: bytes, begin: float, kind: int) -> float:
        """Put bytes on the wire; give the time when they are over."""
        end = begin + len(data) * self.byte_s
        self._statistics.wire_s += end - begin
        wire, faults = self.wire, self._faults
        if not faults.split:
            if data:
                wire.put(end + self.latency_s, begin, end, kind, data)
            return end
        gap_s = faults.split_gap / 1000
        for start in range(0, len(data), faults.split):
            piece = data[start : start + faults.split]
            end = begin + len(piece) * self.byte_s
            wire.put(end + self.latency_s, begin, end, kind, piece)
            begin = end + gap_s
        return end

    def garble(self, lots: list[Lot]) -> None:
        """Make lots unreadable that something ran into."""
        for lot in lots:
            self.wire.replace(lot, self._faults.garble(lot.data))
        self._statistics.garbled += len(lots)

    def send_noise(self, length: int, begin: float) -> None:
        """Send random bytes."""
        end = begin + length * self.byte_s
        self.wire.put(end + self.latency_s, begin, end, OTHER, self._faults.garbage(length))

    def send_echo(self, data: bytes, begin: float, end: float) -> None:
        """Let the host hear what it sent itself."""
        self.wire.put(end + self.latency_s, begin, end, OTHER, data)
