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

"""Servos behind a pty that do what no virtual bus does: late by a fixed time, or deaf to rules."""

from __future__ import annotations

from dataclasses import dataclass, field
import heapq
import os
import select
import socket
import threading
import time
import tty

from dxl_port_driver.errors import RequestError
from dxl_port_driver.protocol.instructions import BROADCAST_ID, Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket, parse_instruction, StatusPacket


@dataclass
class FakeServo:
    """
    One servo.

    :param late_s: each answer comes so late, as on a slow link, s.
    :param error: stands in each of its answers, but for that of the first ping after a reboot.
    :param level: its Status Return Level.
    :param level_at: address of that.
    :param data: its control table.
    :param short: it answers a read without data.
    :param reboot_s: it is away so long after a reboot, s.
    :param stays: its error stays when it is rebooted.
    :param deaf: how many writes it does not get.
    """

    id: int
    protocol: Protocol = Protocol.V2
    model: int = 1020
    late_s: float = 0.0
    error: int = 0
    level: int = 2
    level_at: int = 68
    short: bool = False
    reboot_s: float = 0.0
    stays: bool = False
    deaf: int = 0
    refuses: bool = False
    data: bytearray = field(default_factory=lambda: bytearray(1024))
    asked: list[int] = field(default_factory=list)
    away_until: float = 0.0

    def __post_init__(self) -> None:
        self.data[0:2] = self.model.to_bytes(2, 'little')
        self.data[self.level_at] = self.level

    def answer(self, packet: InstructionPacket) -> StatusPacket | None:
        """Do as told; None: without a word."""
        if time.monotonic() < self.away_until:
            return None
        self.asked.append(packet.instruction)
        size = self.protocol.value
        params, at = b'', int.from_bytes(packet.params[:size], 'little')
        level = self.data[self.level_at]
        error = self.error
        if packet.instruction == Instruction.PING:
            if self.protocol is Protocol.V2:
                params = self.model.to_bytes(2, 'little') + bytes((45,))
        elif packet.instruction == Instruction.READ:
            length = int.from_bytes(packet.params[size : 2 * size], 'little')
            params = b'' if self.short else bytes(self.data[at : at + length])
            if level < 1:
                return None
        else:
            if packet.instruction == Instruction.WRITE:
                if self.deaf:
                    self.deaf -= 1
                    return None
                if not self.refuses:
                    written = packet.params[size:]
                    self.data[at : at + len(written)] = written
            elif packet.instruction == Instruction.REBOOT:
                self.away_until = time.monotonic() + self.reboot_s
                self.error = error if self.stays else 0
            if level < 2:
                return None
        return StatusPacket(self.protocol, self.id, error, params)


class FakeServos:
    """
    A port with servos on it, until :meth:`close`.

    Answers to several instructions may be under way at a time, as behind a gateway.

    :param tcp: behind a TCP connection instead of a pty.
    """

    def __init__(self, *servos: FakeServo, tcp: bool = False) -> None:
        self.servos = servos
        self._listener = socket.create_server(('127.0.0.1', 0)) if tcp else None
        if self._listener is not None:
            self.name = f'socket://127.0.0.1:{self._listener.getsockname()[1]}'
            self._near, self._far = -1, -1
        else:
            self._near, self._far = os.openpty()
            tty.setraw(self._far)
            self.name = os.ttyname(self._far)
        self._stop, self._stopper = os.pipe()
        self._due: list[tuple[float, int, bytes]] = []
        self._count = 0
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            wait_s = max(0.0, self._due[0][0] - time.monotonic()) if self._due else None
            ends = [self._near] if self._near >= 0 else [self._listener]
            ready, _, _ = select.select([*ends, self._stop], [], [], wait_s)
            if self._stop in ready:
                return
            if ready and self._near < 0:
                self._near = self._listener.accept()[0].detach()
            elif ready:
                self._hear()
            while self._due and self._due[0][0] <= time.monotonic():
                answer = heapq.heappop(self._due)[2]
                if self._near >= 0:
                    os.write(self._near, answer)

    def _hear(self) -> None:
        data = os.read(self._near, 4096)
        if data:
            self._take(data)
        else:
            os.close(self._near)  # the connection is over; the next may come
            self._near = -1

    def _take(self, data: bytes) -> None:
        try:
            packet = parse_instruction(data)
        except RequestError:
            return
        for servo in self.servos:
            if servo.protocol is packet.protocol and packet.id in (servo.id, BROADCAST_ID):
                if packet.id == BROADCAST_ID and packet.instruction != Instruction.PING:
                    servo.answer(packet)
                    continue
                status = servo.answer(packet)
                if status is not None:
                    self._count += 1
                    due = time.monotonic() + servo.late_s
                    heapq.heappush(self._due, (due, self._count, status.encode()))

    def close(self) -> None:
        """End."""
        os.write(self._stopper, b'.')
        self._thread.join()
        if self._listener is not None:
            self._listener.close()
        for fd in (self._near, self._far, self._stop, self._stopper):
            if fd >= 0:
                os.close(fd)
