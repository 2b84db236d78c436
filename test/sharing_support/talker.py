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
One of many: asks for a while in all the ways there are, and looks whether each answer is its own.

A servo belongs to it alone, and so does a byte of a servo that all of them use: there an answer
to somebody else's question looks like one to its own in everything but its value. Another byte
there is everybody's: who writes and reads it in one batch must find what it wrote.

For each line of JSON on standard input it prints a line of JSON with what came of it, until there
are no more; it prints ``ready`` first, once the driver has answered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
import json
import random
import sys
import time

from dxl_port_driver.client import PortClient, RemotePortHandler
from dxl_port_driver.errors import DxlPortError, ResultCode
from dxl_port_driver.protocol.instructions import BROADCAST_ID, Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket, StatusPacket
from dxl_port_driver.protocol.transaction import Transaction, TransactionResult
from dynamixel_sdk import PacketHandler

ID = 7
PROFILE_VELOCITY = 112
INDIRECT_DATA = 224
EVERYBODYS = INDIRECT_DATA + 27
_HIGHEST_VELOCITY = 32767


@dataclass
class Told:
    """
    What a talker is to do.

    :param number: which one it is, from 0.
    :param servo: the one that is its own.
    :param shared_servo: the one of all.
    :param seconds: for how long.
    :param ways: names of what it does, methods of :class:`Talker`; drawn at random.
    :param priority: of all its transactions.
    :param queue_timeout_s: of all its transactions.
    :param pause_s: between two of them.
    """

    number: int
    servo: int
    shared_servo: int
    seconds: float
    ways: list[str]
    priority: int = 0
    pause_s: float = 0.0
    queue_timeout_s: float = 0.0
    timeout_s: float = 5.0
    """For each answer: emulated servos are late on a machine that is busy, real ones are not."""


@dataclass
class Came:
    """What came of it."""

    number: int = 0
    asked: int = 0
    """How often it did one of its ways."""
    foreign: list[str] = field(default_factory=list)
    """Answers that were not the one to its question."""
    codes: dict[str, int] = field(default_factory=dict)
    """How many results of each code there were."""
    failures: list[str] = field(default_factory=list)
    """The first few sentences about results other than SUCCESS."""
    queued_ms: list[float] = field(default_factory=list)
    """How long each transaction waited for the bus, ms."""
    elapsed_ms: list[float] = field(default_factory=list)
    """How long each had the bus, ms."""
    trip_ms: list[float] = field(default_factory=list)
    """How long each way took, as its user sees it, ms."""


def read(servo: int, address: int, length: int) -> bytes:
    """Give the packet that reads a register."""
    params = address.to_bytes(2, 'little') + length.to_bytes(2, 'little')
    return InstructionPacket(Protocol.V2, servo, Instruction.READ, params).encode()


def write(servo: int, address: int, value: bytes) -> bytes:
    """Give the packet that writes a register."""
    params = address.to_bytes(2, 'little') + value
    return InstructionPacket(Protocol.V2, servo, Instruction.WRITE, params).encode()


def sync_write(servo: int, address: int, value: bytes) -> bytes:
    """Give a packet that writes a register and has no answer."""
    params = address.to_bytes(2, 'little') + len(value).to_bytes(2, 'little')
    params += bytes((servo,)) + value
    return InstructionPacket(Protocol.V2, BROADCAST_ID, Instruction.SYNC_WRITE, params).encode()


def answer(servo: int, params: bytes = b'') -> bytes:
    """Give the status packet of a servo that is well."""
    return StatusPacket(Protocol.V2, servo, 0, params).encode()


class Talker:
    """
    Does what it is told.

    :param told: what that is.
    :param client: the way to the driver.
    """

    def __init__(self, told: Told, client: PortClient) -> None:
        self._told = told
        self._random = random.Random(told.number)
        self._client = client
        self._sdk_port = RemotePortHandler(
            client, priority=told.priority, timeout_s=told.timeout_s
        )
        self._sdk = PacketHandler(2.0)
        self._codes: Counter[str] = Counter()
        self._value = told.number * 2000
        self.came = Came(told.number)

    def talk(self) -> Came:
        """Go on until the time is over."""
        ways: list[Callable[[], None]] = [getattr(self, way) for way in self._told.ways]
        until = time.monotonic() + self._told.seconds
        while (begun := time.monotonic()) < until:
            self._random.choice(ways)()
            self.came.asked += 1
            self.came.trip_ms.append((time.monotonic() - begun) * 1e3)
            if self._told.pause_s:
                time.sleep(self._told.pause_s)
        self.came.codes = dict(self._codes)
        return self.came

    def read_only(self) -> None:
        """Read what nobody changes."""
        servo = self._told.servo
        self._one(read(servo, ID, 1), answer(servo, bytes((servo,))))

    def transact(self) -> None:
        """Write to the own servo and read it, in two transactions."""
        value = self._next().to_bytes(4, 'little')
        servo = self._told.servo
        written = self._one(write(servo, PROFILE_VELOCITY, value), answer(servo))
        if written:
            self._one(read(servo, PROFILE_VELOCITY, 4), answer(servo, value))

    def transact_shared(self) -> None:
        """Write the own byte of the servo that all of them use, and read it."""
        address = INDIRECT_DATA + self._told.number
        value = self._own_byte()
        servo = self._told.shared_servo
        if self._one(write(servo, address, value), answer(servo)):
            self._one(read(servo, address, 1), answer(servo, value))

    def batch(self) -> None:
        """Write and read what is everybody's; in a batch nobody gets between."""
        value = self._own_byte()
        servo, own = self._told.shared_servo, self._told.servo
        asked = [
            (write(servo, EVERYBODYS, value), answer(servo)),
            (read(servo, EVERYBODYS, 1), answer(servo, value)),
            (read(own, ID, 1), answer(own, bytes((own,)))),
        ]
        results = self._client.transact_batch([self._transaction(data) for data, _ in asked])
        if len(results) != len(asked):
            self._note(results[0].result, results[0].message)
            return
        for (_, expected), result in zip(asked, results, strict=True):
            self._result(result, expected)

    def sdk(self) -> None:
        """Do the same as an unmodified SDK program."""
        value, servo, port = self._next(), self._told.servo, self._sdk_port
        code, error = self._sdk.write4ByteTxRx(port, servo, PROFILE_VELOCITY, value)
        self._note(code, str(port.last_error))
        if code == ResultCode.SUCCESS:
            got, code, error = self._sdk.read4ByteTxRx(port, servo, PROFILE_VELOCITY)
            self._note(code, str(port.last_error))
            if code == ResultCode.SUCCESS and (got, error) != (value, 0):
                self.came.foreign.append(f'SDK: {got} with error {error} instead of {value}')

    def raw_write(self) -> None:
        """Write raw bytes that have no answer, and look whether the servo understood them."""
        value = self._next().to_bytes(4, 'little')
        servo = self._told.servo
        if self._raw(lambda: self._client.write(sync_write(servo, PROFILE_VELOCITY, value))):
            self._one(read(servo, PROFILE_VELOCITY, 4), answer(servo, value))

    def raw_read(self) -> None:
        """Read raw bytes; there are none, as each transaction takes its answer along."""
        got: list[bytes | int] = []
        if self._raw(lambda: got.append(self._client.read(64))) and got[0]:
            self.came.foreign.append(f'{got[0]!r} is in the receive buffer')
        if self._raw(lambda: got.append(self._client.get_bytes_available())) and got[-1]:
            self.came.foreign.append(f'{got[-1]!r} bytes are in the receive buffer')

    def _raw(self, ask: Callable[[], object]) -> bool:
        try:
            ask()
        except DxlPortError as error:
            self._note(error.code, str(error))
            return False
        self._note(ResultCode.SUCCESS, '')
        return True

    def _transaction(self, data: bytes) -> Transaction:
        return Transaction(
            data,
            timeout_s=self._told.timeout_s,
            queue_timeout_s=self._told.queue_timeout_s,
            priority=self._told.priority,
        )

    def _one(self, data: bytes, expected: bytes) -> bool:
        return self._result(self._client.transact(self._transaction(data)), expected)

    def _result(self, result: TransactionResult, expected: bytes) -> bool:
        self._note(result.result, result.message)
        if result.result is not ResultCode.SUCCESS:
            return False
        self.came.queued_ms.append(round(result.queued_s * 1e3, 4))
        self.came.elapsed_ms.append(round(result.elapsed_s * 1e3, 4))
        if result.data != expected:
            self.came.foreign.append(f'{result.data.hex(" ")} instead of {expected.hex(" ")}')
        return True

    def _note(self, code: int, message: str) -> None:
        self._codes[ResultCode(code).name] += 1
        if code != ResultCode.SUCCESS and len(self.came.failures) < 5:
            self.came.failures.append(f'{ResultCode(code).name}: {message}')

    def _next(self) -> int:
        """Give a value that neither the one before nor anybody else's is."""
        first = self._told.number * 2000
        self._value = first + (self._value - first + 1) % 2000
        assert self._value <= _HIGHEST_VELOCITY
        return self._value

    def _own_byte(self) -> bytes:
        return bytes((self._told.number * 15 + self._next() % 15,))


def main() -> None:
    """Run as a program; its argument is the name of the driver."""
    with PortClient.in_background(sys.argv[1], wait_for_driver_s=20.0) as client:
        for _ in range(10):
            # A DDS response to a newcomer may be lost.
            if client.transact(read(1, ID, 1), timeout_s=5.0).attempts:
                break
        else:
            raise SystemExit(f'{sys.argv[1]} does not answer')
        print('ready', flush=True)
        for line in sys.stdin:
            came = Talker(Told(**json.loads(line)), client).talk()
            print(json.dumps(asdict(came)), flush=True)


if __name__ == '__main__':
    main()
