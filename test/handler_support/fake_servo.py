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

"""A servo on a pty, which answers as told and keeps what it was asked."""

from __future__ import annotations

from collections.abc import Callable
import os
import select
import threading
import time
import tty

from dxl_port_driver.protocol.instructions import Instruction
from dxl_port_driver.protocol.packets import InstructionPacket, parse_instruction, StatusPacket

PATIENCE_S = 10.0
MODEL = 1060


class Pty:
    """A line without anything at its far end."""

    def __init__(self) -> None:
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.name = os.ttyname(self.slave)

    def unplug(self) -> None:
        """Pull it out."""
        for fd in {self.slave, self.master} - {-1}:
            os.close(fd)
        self.master = self.slave = -1


class FakeServo:
    """
    One servo, of every id.

    A read of ``n`` bytes from an address gets ``n`` times the address's low byte.

    :ivar asked: the instructions that arrived.
    :ivar delay_s: from an instruction to its answer, s.
    :ivar is_mute: whether it answers nothing.
    """

    def __init__(self) -> None:
        self.line = Pty()
        self.name = self.line.name
        self.asked: list[InstructionPacket] = []
        self.delay_s = 0.0
        self.is_mute = False
        self._stop, self._stopped = os.pipe()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        got = b''
        while True:
            ready = select.select((self.line.master, self._stop), (), ())[0]
            if self._stop in ready:
                return
            got += os.read(self.line.master, 4096)
            while True:
                start = got.find(b'\xff\xff\xfd\x00')
                length = 7 + int.from_bytes(got[start + 5 : start + 7], 'little')
                if start < 0 or len(got) < start + 7 or len(got) < start + length:
                    break
                packet, got = got[start : start + length], got[start + length :]
                self._answer(parse_instruction(packet))

    def _answer(self, asked: InstructionPacket) -> None:
        if self.delay_s:
            time.sleep(self.delay_s)
        params = b''
        if asked.instruction == Instruction.PING:
            params = MODEL.to_bytes(2, 'little') + b'\x30'
        elif asked.instruction == Instruction.READ:
            params = asked.params[:1] * int.from_bytes(asked.params[2:4], 'little')
        # First of all: whoever has the answer may look.
        self.asked.append(asked)
        if not self.is_mute and asked.id != 254:
            os.write(self.line.master, StatusPacket(asked.protocol, asked.id, 0, params).encode())

    def wait_until_asked(self, params: bytes) -> None:
        """Wait for an instruction with these parameters."""
        wait_until(lambda: any(packet.params == params for packet in self.asked))

    def close(self) -> None:
        """End it and take the line away."""
        os.write(self._stopped, b'x')
        self._thread.join(PATIENCE_S)
        self.line.unplug()
        os.close(self._stop)
        os.close(self._stopped)


class Flood:
    """
    A line whose far end sends without end.

    :param data: what it sends, again and again.
    """

    def __init__(self, data: bytes) -> None:
        self.line = Pty()
        self.name = self.line.name
        os.set_blocking(self.line.master, False)
        self._data = data * (2048 // len(data))
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()

    def _send(self) -> None:
        while not self._ends.is_set():
            if select.select((), (self.line.master,), (), 0.01)[1]:
                os.write(self.line.master, self._data)
            if select.select((self.line.master,), (), (), 0.0)[0]:
                os.read(self.line.master, 4096)

    def close(self) -> None:
        """End it and take the line away."""
        self._ends.set()
        self._thread.join(PATIENCE_S)
        self.line.unplug()


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for something that will come."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)
