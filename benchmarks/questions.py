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

"""What is asked on the bus, and who asks in process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import math
from typing import Any

from dxl_port_driver.bus.bus import Bus
from dxl_port_driver.bus.transact_work import TransactWork
from dxl_port_driver.errors import ResultCode
from dxl_port_driver.port.open_port import make_port
from dxl_port_driver.protocol.exchange import make_exchange
from dxl_port_driver.protocol.instructions import BROADCAST_ID, Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket, V2_STATUS_LENGTH
from dxl_port_driver.protocol.timing import byte_time_s, Link
from dxl_port_driver.protocol.transaction import Limits, Transaction, TransactionResult

PRESENT_POSITION, POSITION_LENGTH = 132, 4
_ADDRESS = PRESENT_POSITION.to_bytes(2, 'little') + POSITION_LENGTH.to_bytes(2, 'little')

READ = InstructionPacket(Protocol.V2, 1, Instruction.READ, _ADDRESS).encode()
"""Read the 4-byte present position of servo 1."""

MAX_TIMEOUT_S = 300.0
"""What drivers and buses that are measured grant, so that a batch may have a long timeout."""

FACTORY_RETURN_DELAY_S = 500e-6
"""What a servo waits before it answers, as it comes from the factory, s."""


def patient(data: bytes) -> Transaction:
    """
    Give a transaction that waits long enough for an answer on a machine that others keep busy.

    How long an answer takes is measured; that it is given up is not.
    """
    return Transaction(data, timeout_s=1.0)


def sync_read(servos: int) -> bytes:
    """Give a Sync Read of the present position of servos 1 to ``servos``."""
    ids = bytes(range(1, servos + 1))
    return InstructionPacket(
        Protocol.V2, BROADCAST_ID, Instruction.SYNC_READ, _ADDRESS + ids
    ).encode()


def ideal_s(data: bytes, baudrate: int, return_delay_s: float, servos: int = 1) -> float:
    """Give how long an ideal host and bus take for a read of positions, s."""
    answers = servos * (V2_STATUS_LENGTH + POSITION_LENGTH)
    return (len(data) + answers) * byte_time_s(baudrate) + servos * return_delay_s


@contextmanager
def bus_on(path: str, baudrate: int = 1_000_000) -> Iterator[Callable[[], TransactionResult]]:
    """
    Own a port in this process as the driver does in its own.

    :return: a function that has one 4-byte read done, the way a request of the node goes.
    """
    limits, link = Limits(max_timeout_s=MAX_TIMEOUT_S), Link(byte_time_s(baudrate))
    with make_port(path, baudrate=baudrate) as port:
        bus = Bus(port)
        bus.admit()

        def exchange() -> TransactionResult:
            work = TransactWork(
                make_exchange(patient(READ), link, limits),
                max_hold_s=limits.max_timeout_s,
                queue_timeout_s=limits.max_queue_time_s,
            )
            return succeeded(bus.submit(work, math.inf).result())

        try:
            yield exchange
        finally:
            bus.shutdown('the measurement is over')


class _Successes:
    """
    Sees to it that what is measured is what is meant.

    On a machine that others keep very busy an answer of the virtual bus is too late now and then:
    that is counted, and told with the figures.
    """

    _FEW, _PART = 20, 0.02

    def __init__(self) -> None:
        self.count = 0
        self.failed = 0

    def __call__(self, result: Any) -> Any:
        """
        Give a result that is a success.

        :raises RuntimeError: too many are none.
        """
        self.count += 1
        if result.result != ResultCode.SUCCESS:
            self.failed += 1
            if self.failed > max(self._FEW, self._PART * self.count):
                raise RuntimeError(
                    f'{self.failed} of {self.count} transactions failed: {result.message}'
                )
        return result


succeeded = _Successes()
