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

"""Answers for which nobody waits, and which an adapter keeps back for its latency timer."""

from __future__ import annotations

from collections.abc import Iterator

from dxl_port_driver.bus.bus import Bus
from dxl_port_driver.bus.transact_work import TransactWork
from dxl_port_driver.bus.work import ReadWork
from dxl_port_driver.errors import ResultCode
from dxl_port_driver.port.open_port import make_port
from dxl_port_driver.protocol.exchange import make_exchange
from dxl_port_driver.protocol.instructions import Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket, StatusPacket
from dxl_port_driver.protocol.timing import byte_time_s, Link
from dxl_port_driver.protocol.transaction import Framing, Limits, Transaction, TransactionResult
import pytest

_LATENCY_MS = 16
LINK = Link(byte_time_s(1_000_000), _LATENCY_MS / 1e3)
ID, LED, STATUS_RETURN_LEVEL = 7, 65, 68


@pytest.fixture
def slow_bus() -> Iterator[Bus]:
    with make_port(f'sim://?ids=1&latency_timer={_LATENCY_MS}') as port:
        bus = Bus(port)
        bus.line.link = LINK
        bus.admit()
        carry_out(bus, read(ID))  # from here on the virtual bus is at work
        yield bus
        bus.shutdown('the test is over')


def read(address: int) -> bytes:
    params = bytes((address, 0, 1, 0))
    return InstructionPacket(Protocol.V2, 1, Instruction.READ, params).encode()


def write(address: int, value: int) -> bytes:
    params = bytes((address, 0, value))
    return InstructionPacket(Protocol.V2, 1, Instruction.WRITE, params).encode()


def carry_out(
    bus: Bus, data: bytes, framing: Framing = Framing.AUTO, *, raw: bool = False
) -> TransactionResult:
    exchange = make_exchange(Transaction(data=data, framing=framing), LINK, Limits())
    work = TransactWork(exchange, max_hold_s=10.0, keep_received=raw, queue_timeout_s=5.0)
    return bus.run(work)


@pytest.mark.parametrize('raw', [True, False])
def test_what_was_read_without_waiting_for_it_is_no_answer_to_the_next_read(slow_bus, raw):
    for _ in range(3):
        carry_out(slow_bus, read(ID), Framing.NONE, raw=raw)
        answer = carry_out(slow_bus, read(STATUS_RETURN_LEVEL))
        if answer.result is ResultCode.SUCCESS:  # else the two met on the wire, on a busy machine
            assert answer.data == StatusPacket(Protocol.V2, 1, 0, b'\2').encode()


@pytest.mark.parametrize('raw', [True, False])
def test_the_confirmation_of_a_write_that_waits_for_none_is_not_the_next_one_s(slow_bus, raw):
    for _ in range(3):
        carry_out(slow_bus, write(LED, 0), Framing.NONE, raw=raw)
        answer = carry_out(slow_bus, write(LED, 9))
        if answer.result is ResultCode.SUCCESS:  # else the two met on the wire, on a busy machine
            assert answer.error == 4, 'it is out of range'


def test_a_confirmation_that_a_raw_read_took_is_not_waited_for(slow_bus):
    packet = write(LED, 0)
    carry_out(slow_bus, packet, Framing.NONE, raw=True)
    assert slow_bus.line.late.is_awaited
    confirmation = StatusPacket(Protocol.V2, 1, 0).encode()
    assert slow_bus.run(ReadWork(len(confirmation), 5.0, queue_timeout_s=5.0)).data == confirmation
    assert not slow_bus.line.late.is_awaited
