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

"""A bus without a pty, for tests that hold the clock in their own hand."""

from __future__ import annotations

from dxl_port_driver.protocol.framer import Frame, Framer
from dxl_port_driver.protocol.instructions import Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket
from dxl_port_driver.sim.bus import Bus
from dxl_port_driver.sim.options import parse_url


class Bench:
    """
    A bus without a pty: instructions in, frames out, and the time is what the test says.

    :param query: options, as behind ``sim://?``.
    """

    def __init__(self, query: str = '', protocol: Protocol = Protocol.V2) -> None:
        self.bus = Bus(parse_url(f'sim://?{query}'))
        self.protocol = protocol
        self.baudrate = 1_000_000
        self.now = 100.0

    def send(self, servo_id: int, instruction: int, params: bytes = b'') -> None:
        packet = InstructionPacket(self.protocol, servo_id, instruction, params).encode()
        self.bus.receive(packet, self.now, self.baudrate)

    def answers(self, wait_s: float = 1.0) -> bytes:
        self.now += wait_s
        return self.bus.take(self.now)

    def ask(self, servo_id: int, instruction: int, params: bytes = b'') -> list[Frame]:
        self.send(servo_id, instruction, params)
        return Framer(self.protocol).feed(self.answers())

    def place(self, address: int) -> bytes:
        return address.to_bytes(self.protocol.value, 'little')

    def read(self, servo_id: int, address: int, length: int) -> int:
        """Read an unsigned value; the status must be without error."""
        params = self.place(address) + self.place(length)
        (frame,) = self.ask(servo_id, Instruction.READ, params)
        assert self.error(frame) == 0
        return int.from_bytes(self.data(frame), 'little')

    def read_error(self, servo_id: int, address: int, length: int) -> int:
        params = self.place(address) + self.place(length)
        (frame,) = self.ask(servo_id, Instruction.READ, params)
        assert not self.data(frame)
        return self.error(frame)

    def write(self, servo_id: int, address: int, size: int, value: int) -> int:
        """Write a value; give the error."""
        data = (value & ((1 << 8 * size) - 1)).to_bytes(size, 'little')
        (frame,) = self.ask(servo_id, Instruction.WRITE, self.place(address) + data)
        return self.error(frame)

    def error(self, frame: Frame) -> int:
        return frame.code if self.protocol is Protocol.V1 else frame.params[0]

    def data(self, frame: Frame) -> bytes:
        return frame.params if self.protocol is Protocol.V1 else frame.params[1:]
