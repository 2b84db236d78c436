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
The bus: what the host sends goes in with the time it came, answers come out when they are due.

Timing: an instruction that comes at ``now`` is on the wire for ten bit times a byte; a servo
answers its Return Delay Time later, again with ten bit times a byte. In Sync and Bulk Read each
servo begins when the answer of the one before is over. ``pace=off`` makes all of that take no
time.

Source: e-Manual, "DYNAMIXEL Protocol 1.0" and "DYNAMIXEL Protocol 2.0".
"""

from __future__ import annotations

from collections.abc import Sequence

from dxl_port_driver.protocol.framer import Frame, Framer
from dxl_port_driver.protocol.instructions import BROADCAST_ID, Instruction, Protocol, V2Error
from dxl_port_driver.sim import groups
from dxl_port_driver.sim.faults import Faults
from dxl_port_driver.sim.options import SimOptions
from dxl_port_driver.sim.servo import Servo
from dxl_port_driver.sim.statistics import Statistics
from dxl_port_driver.sim.transmitter import Transmitter
from dxl_port_driver.sim.wire import ANSWER, LATE, OTHER

_RATE_TOLERANCE = 0.02
_PACKET_GAP_S = 0.02
_CHAIN_PATIENCE_S = 0.003
_OVERDUE_S = 0.005
_CLOSE_S = 0.00005
_RESET_ALL = b'\xff'
_GROUP_READS = frozenset(
    {
        Instruction.SYNC_READ,
        Instruction.BULK_READ,
        Instruction.FAST_SYNC_READ,
        Instruction.FAST_BULK_READ,
    }
)
_FAST_READS = frozenset({Instruction.FAST_SYNC_READ, Instruction.FAST_BULK_READ})
_GROUP_WRITES = frozenset({Instruction.SYNC_WRITE, Instruction.BULK_WRITE})


class Bus:
    """
    Servos on one wire. Not for several threads at a time.

    :param options: what is on it, and what goes wrong.
    """

    def __init__(self, options: SimOptions) -> None:
        self.options = options
        self.servos = [
            Servo(model, servo_id, options.baudrate or 57600, options.return_delay)
            for servo_id, model in options.servos()
        ]
        self.faults = Faults(options)
        self.statistics = Statistics()
        self.line = Transmitter(options, self.faults, self.statistics)
        """What brings the answers to the host."""
        self.echo = options.echo
        self.collide = options.collide
        self.chain = options.chain
        self.wrong_rate = options.wrong_rate
        self.unplug_due = False
        """True once ``unplug_after`` instructions have come; whoever serves the bus acts on it."""
        self._framers: dict[Protocol, Framer] = {}
        self._tx_free = 0.0
        self._last_byte = 0.0
        self.reindex()

    def reindex(self) -> None:
        """Learn anew which servo has which id and protocol, when one may have another."""
        if not any(servo.changed for servo in self.servos) and self._framers:
            return
        for servo in self.servos:
            servo.changed = False
        self._by_id: dict[tuple[Protocol, int], list[Servo]] = {}
        self._shadows: dict[int, list[Servo]] = {}
        for servo in self.servos:
            self._by_id.setdefault((servo.protocol, servo.id), []).append(servo)
            if servo.secondary_id <= 252:
                self._shadows.setdefault(servo.secondary_id, []).append(servo)
        wanted = {servo.protocol for servo in self.servos} or {Protocol.V2}
        if wanted != self._framers.keys():
            self._framers = {protocol: Framer(protocol) for protocol in sorted(wanted)}
        self._watched = any(servo.watchdog_s for servo in self.servos)

    # --- what the host's side sees ---------------------------------------------------------

    @property
    def next_due(self) -> float | None:
        """When the next bytes for the host are due, s; None when none are under way."""
        return self.line.wire.next_due

    def take(self, now: float) -> bytes:
        """Give the bytes that have reached the host by now."""
        data = self.line.wire.take(now)
        self.statistics.bytes_sent += len(data)
        return data

    def hang_up(self) -> None:
        """Forget what is under way: nobody is there to hear it."""
        self.line.wire.clear()
        self._tx_free = 0.0
        for framer in self._framers.values():
            framer.flush()

    def set_option(self, name: str, value: object) -> None:
        """
        Change a live option.

        :param value: as read by the option.
        """
        if not self.faults.set(name, value):
            setattr(self.line if name == 'pace' else self, name, value)

    def adapter_rate(self, baudrate: int) -> int:
        """Give the rate that the adapter makes when it is asked for one."""
        rates = self.options.rates
        return min(rates, key=lambda rate: abs(rate - baudrate)) if rates else baudrate

    def receive(self, data: bytes, now: float, baudrate: int) -> None:
        """
        Take what the host sent.

        :param data: bytes, cut up in any way.
        :param now: when they began to leave the host, s.
        :param baudrate: what the host set its port to, bit/s.
        """
        stats = self.statistics
        stats.bytes_received += len(data)
        rate = self.adapter_rate(baudrate)
        line = self.line
        line.set_rate(rate)
        byte_s = line.byte_s
        begin = max(now, self._tx_free) if line.pace else now
        stats.back_to_back += begin > now + _CLOSE_S
        if now - self._last_byte > _PACKET_GAP_S and any(
            framer.pending for framer in self._framers.values()
        ):
            # Servos do not wait for the rest of a packet for ever.
            for framer in self._framers.values():
                framer.flush()
        frames: list[Frame] = []
        pending = 0
        for framer in self._framers.values():
            pending += framer.pending
            frames += framer.feed(data)
        end = self._tx_free = begin + len(data) * byte_s
        self._last_byte = end
        stats.wire_s += len(data) * byte_s
        if self.echo:
            line.send_echo(data, begin, end)
        if len(self._framers) > 1:
            # Each protocol looks like broken packets of the other one now and then.
            frames = [frame for frame in frames if frame.intact] or frames[:1]
        used = sum(len(frame.raw) for frame in frames if frame.intact)
        if used < pending + len(data):
            pending_now = sum(framer.pending for framer in self._framers.values())
            stats.noise += max(0, pending + len(data) - used - pending_now)
        if len(frames) == 1:
            frame = frames[0]
            self._hear(frame, end - len(frame.raw) * byte_s, end, rate)
            return
        over = begin - pending * byte_s
        for frame in frames:
            start, over = over, min(end, over + len(frame.raw) * byte_s)
            self._hear(frame, start, over, rate)

    # --- instructions ----------------------------------------------------------------------

    def _hear(self, frame: Frame, begin: float, end: float, rate: int) -> None:
        stats = self.statistics
        pending = self.line.wire.pending
        if (pending[ANSWER] or pending[LATE]) and self._collides(frame, begin, end):
            return
        if not frame.intact:
            stats.broken += 1
        else:
            stats.instructions += 1
            options = self.options
            if options.unplug_after and stats.instructions == options.unplug_after:
                self.unplug_due = True
                return
        if self._watched:
            for servo in self.servos:
                servo.hear(end)
        hearing = None if self.options.baudrate is None else rate
        self.line.now = end
        self._dispatch(frame, end, hearing)

    def _collides(self, frame: Frame, begin: float, end: float) -> bool:
        """Count an instruction that comes too early; tell whether nobody could read it."""
        stats, wire = self.statistics, self.line.wire
        if wire.pending[ANSWER] and not wire.is_overdue(begin - _OVERDUE_S):
            stats.violations += 1
            stats.last_violations.append(
                f'{begin:.6f} s: {frame.raw[:32].hex(" ")} began before the answer to the '
                'instruction before it was over'
            )
        else:
            stats.late_overlaps += 1
        if not (self.collide and self.line.pace):
            return False
        hit = [lot for lot in wire.overlapping(begin, end) if lot.kind != OTHER]
        self.line.garble(hit)
        stats.garbled += bool(hit)
        return bool(hit)

    def _dispatch(self, frame: Frame, now: float, rate: int | None) -> None:
        protocol, code = frame.protocol, frame.code
        if frame.id != BROADCAST_ID:
            self._unicast(frame, now, rate)
        elif not frame.intact:
            return
        elif code in _GROUP_READS:
            requests = groups.parse_reads(protocol, code, frame.params)
            if code in _FAST_READS:
                self._read_jointly(requests, code, now, rate)
            else:
                self._read_in_turn(protocol, requests, code, now, rate)
        elif code in _GROUP_WRITES:
            for servo_id, address, data in groups.parse_writes(protocol, code, frame.params):
                for servo in self._listening(protocol, servo_id, rate):
                    servo.write(address, data, now)
            self.reindex()
        elif code == Instruction.PING:
            self._ping_all(protocol, now, rate)
        elif code != Instruction.READ:
            self._broadcast(frame, now, rate)

    def _listening(self, protocol: Protocol, servo_id: int, rate: int | None) -> Sequence[Servo]:
        servos = self._by_id.get((protocol, servo_id), ())
        if rate is None or not servos:
            return servos
        return [servo for servo in servos if _hears(servo, rate)]

    def _unicast(self, frame: Frame, now: float, rate: int | None) -> None:
        protocol, code = frame.protocol, frame.code
        servos = self._listening(protocol, frame.id, rate)
        if not servos:
            self._nobody(frame, now, rate)
            return
        # All with this id answer at the same time.
        clash = len(servos) > 1
        for servo in servos:
            begin = now + servo.return_delay_s
            answers = servo.answers(code)
            if frame.intact:
                error, params = servo.execute(code, frame.params, now)
            else:
                error, params = servo.reply(V2Error.CRC)
            if answers or servo.answers(code):
                self.line.answer(servo, frame.id, protocol, error, params, begin, clash)
        if code not in (Instruction.READ, Instruction.PING):
            self.reindex()

    def _nobody(self, frame: Frame, now: float, rate: int | None) -> None:
        if rate is not None and not any(_hears(servo, rate) for servo in self.servos):
            self.statistics.unheard += 1
            if self.wrong_rate == 'garbage':
                self.line.send_noise(len(frame.raw) // 2, now)
            return
        if frame.intact and frame.code == Instruction.WRITE and frame.id in self._shadows:
            for servo in self._shadows[frame.id]:
                if servo.protocol is frame.protocol and (rate is None or _hears(servo, rate)):
                    servo.execute(frame.code, frame.params, now)
            self.reindex()

    def _broadcast(self, frame: Frame, now: float, rate: int | None) -> None:
        if frame.code == Instruction.FACTORY_RESET and frame.params == _RESET_ALL:
            # Firmware 42 and later keep a whole bus from ending up at id 1.
            return
        for servo in self.servos:
            if servo.protocol is frame.protocol and (rate is None or _hears(servo, rate)):
                servo.execute(frame.code, frame.params, now)
        self.reindex()

    def _ping_all(self, protocol: Protocol, now: float, rate: int | None) -> None:
        at = now
        answering = [
            servo
            for servo in sorted(self.servos, key=lambda servo: servo.id)
            if servo.protocol is protocol and (rate is None or _hears(servo, rate))
        ]
        # With Protocol 1.0 nobody waits for anybody.
        clash = protocol is Protocol.V1 and len(answering) > 1
        for servo in answering:
            error, params = servo.execute(Instruction.PING, b'', now)
            begin = (now if clash else at) + servo.return_delay_s
            at = self.line.answer(servo, servo.id, protocol, error, params, begin, clash)

    def _read_in_turn(
        self,
        protocol: Protocol,
        requests: list[groups.ReadRequest],
        code: int,
        now: float,
        rate: int | None,
    ) -> None:
        at = now
        for servo_id, address, length in requests:
            talking = [
                servo
                for servo in self._listening(protocol, servo_id, rate)
                if servo.answers(code) and servo.id not in self.faults.mute
            ]
            if not talking:
                if self.chain == 'silent':
                    return
                at += _CHAIN_PATIENCE_S if self.line.pace else 0.0
                continue
            begin, clash = at, len(talking) > 1
            for servo in talking:
                error, params = servo.read(address, length, now)
                start = begin + servo.return_delay_s
                at = self.line.answer(servo, servo_id, protocol, error, params, start, clash)

    def _read_jointly(
        self,
        requests: list[groups.ReadRequest],
        code: int,
        now: float,
        rate: int | None,
    ) -> None:
        pieces: list[tuple[int, int, bytes]] = []
        delay = 0.0
        total = sum(length + groups.PIECE_OVERHEAD for _, _, length in requests)
        if total > groups.MAX_JOINT:
            return
        for servo_id, address, length in requests:
            servos = self._listening(Protocol.V2, servo_id, rate)
            if not servos or not servos[0].answers(code) or servo_id in self.faults.mute:
                # Each appends to what the one before sent: without it, the packet ends here.
                break
            if not pieces:
                delay = servos[0].return_delay_s
            reply = servos[0].read(address, length, now)
            pieces.append((reply.error, servo_id, reply.params.ljust(length, b'\0')))
        if pieces:
            self.line.send(groups.joint_packet(pieces, total), now + delay)


def _hears(servo: Servo, rate: int) -> bool:
    return abs(servo.baudrate - rate) <= _RATE_TOLERANCE * servo.baudrate
