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

"""A wire that the test holds the other end of: a pty, and what answers on it."""

from __future__ import annotations

from collections.abc import Callable
import contextlib
import os
import select
import tempfile
import threading
import tty

from dxl_port_driver.errors import RequestError
from dxl_port_driver.port.termios2 import get_termios2
from dxl_port_driver.protocol.instructions import BROADCAST_ID, Instruction, Protocol
from dxl_port_driver.protocol.packets import (
    InstructionPacket,
    parse_instruction,
    StatusPacket,
    V1_HEADER,
)

from ros_support.graph import eventually

_LOOK_S = 0.01


def ping(servo: int = 1, protocol: Protocol = Protocol.V2) -> bytes:
    """Give the instruction packet of a Ping."""
    return InstructionPacket(protocol, servo, Instruction.PING).encode()


def read(servo: int, address: int, length: int) -> bytes:
    """Give the instruction packet of a Protocol 2.0 Read."""
    params = address.to_bytes(2, 'little') + length.to_bytes(2, 'little')
    return InstructionPacket(Protocol.V2, servo, Instruction.READ, params).encode()


def pong(servo: int = 1, protocol: Protocol = Protocol.V2) -> bytes:
    """Give the status packet that answers a Ping."""
    params = b'\xfc\x03\x2f' if protocol is Protocol.V2 else b''
    return StatusPacket(protocol, servo, 0, params).encode()


def servo_1(data: bytes) -> bytes:
    """Answer as servo 1, or as any servo that is asked by itself, would."""
    with contextlib.suppress(RequestError):
        # A packet without answer that went before it may have come with it.
        packet = parse_instruction(data[max(0, data.find(V1_HEADER)) :])
        if packet.id == BROADCAST_ID:
            return b''
        if packet.instruction == Instruction.PING:
            return pong(packet.id, packet.protocol)
        if packet.instruction == Instruction.READ:
            length = int.from_bytes(packet.params[2:4], 'little')
            return StatusPacket(packet.protocol, packet.id, 0, bytes(length)).encode()
        return StatusPacket(packet.protocol, packet.id, 0).encode()
    return b''


def mute(data: bytes) -> bytes:
    """Answer nothing."""
    return b''


class Wire:
    """
    A serial device at :attr:`path`; what is sent to it goes to ``answer``.

    :param answer: gives the bytes that come back.
    """

    def __init__(self, answer: Callable[[bytes], bytes] = servo_1) -> None:
        self.answer = answer
        self.heard: list[bytes] = []
        """What came, one entry a write."""
        self._master, slave = os.openpty()
        tty.setraw(slave)
        self.device = os.ttyname(slave)
        os.close(slave)
        # A name of its own: the system soon gives the number of a pty that is gone to another,
        # which a driver that waits for its device to come back would then take.
        self._folder = tempfile.TemporaryDirectory(prefix='wire_')
        self.path = f'{self._folder.name}/tty'
        os.symlink(self.device, self.path)
        os.set_blocking(self._master, False)
        self._stopping = threading.Event()
        self.is_read = threading.Event()
        """Clear it, and the wire takes nothing any more."""
        self.is_read.set()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopping.is_set():
            if not self.is_read.wait(_LOOK_S):
                continue
            ready, _, _ = select.select([self._master], [], [], _LOOK_S)
            if not ready:
                continue
            try:
                data = os.read(self._master, 65536)
            except OSError:  # nobody has the device open
                self._stopping.wait(_LOOK_S)
                continue
            answer = self.answer(data)
            self.heard.append(data)
            self.send(answer)

    @property
    def rate(self) -> int:
        """The rate that the device is set to, bit/s."""
        settings = get_termios2(self._master)
        assert settings is not None
        return settings.ospeed

    def send(self, data: bytes) -> None:
        """Let bytes come from the device."""
        if data:
            os.write(self._master, data)

    def wait_for(self, data: bytes) -> None:
        """Wait until something has been sent to the device."""
        eventually(lambda: data in b''.join(self.heard))

    def reset(self) -> None:
        """Answer as at first, and forget what came."""
        self.answer = servo_1
        self.is_read.set()
        self.heard.clear()

    def unplug(self) -> None:
        """Take the device away."""
        self._stopping.set()
        self._thread.join()
        if self._master >= 0:
            self._folder.cleanup()
            os.close(self._master)
            self._master = -1
