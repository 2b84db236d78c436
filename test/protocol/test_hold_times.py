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

"""The table of ``docs/sharing.md`` on how long a request holds the bus is what the code does."""

from __future__ import annotations

from pathlib import Path

from dxl_port_driver.protocol.exchange import make_exchange
from dxl_port_driver.protocol.instructions import BROADCAST_ID, Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket
from dxl_port_driver.protocol.timing import byte_time_s, Link
from dxl_port_driver.protocol.transaction import Limits, Transaction
import pytest

V1, V2 = Protocol.V1, Protocol.V2
PAGE = Path(__file__).resolve().parents[2] / 'docs' / 'sharing.md'
POSITION = b'\x84\x00\x04\x00'


def sync(code: Instruction, servos: int) -> InstructionPacket:
    data = bytes(4) if code is Instruction.SYNC_WRITE else b''
    each = b''.join(bytes((servo,)) + data for servo in range(1, servos + 1))
    return InstructionPacket(V2, BROADCAST_ID, code, POSITION + each)


REQUESTS = {
    'Ping of one servo': InstructionPacket(V2, 1, Instruction.PING),
    'Read of one servo': InstructionPacket(V2, 1, Instruction.READ, POSITION),
    'Write to one servo': InstructionPacket(V2, 1, Instruction.WRITE, bytes(6)),
    'Sync Read of 6 servos': sync(Instruction.SYNC_READ, 6),
    'Sync Read of 20 servos': sync(Instruction.SYNC_READ, 20),
    'Fast Sync Read of 20 servos': sync(Instruction.FAST_SYNC_READ, 20),
    'Sync Write to 20 servos': sync(Instruction.SYNC_WRITE, 20),
    'broadcast Ping, Protocol 2.0': InstructionPacket(V2, BROADCAST_ID, Instruction.PING),
    'broadcast Ping, Protocol 1.0': InstructionPacket(V1, BROADCAST_ID, Instruction.PING),
}


def rows() -> dict[str, list[float]]:
    section = PAGE.read_text('utf-8').partition('### What holds the bus for how long')[2]
    lines = section.partition('| --- |')[2].partition('\n\n')[0].splitlines()[1:]
    cells = [[cell.strip() for cell in line.strip('|').split('|')] for line in lines]
    return {first: [float(cell) for cell in rest] for first, *rest in cells}


def test_the_table_is_whole():
    assert list(rows()) == list(REQUESTS)


@pytest.mark.parametrize('name', REQUESTS)
def test_a_request_holds_the_bus_for_as_long_as_the_page_says(name):
    times = []
    for baudrate in (57600, 1_000_000):
        packet = REQUESTS[name]
        link = Link(byte_time_s(baudrate), latency_s=1e-3)
        exchange = make_exchange(Transaction(packet.encode()), link, Limits())
        is_broadcast_ping = packet.id == BROADCAST_ID and packet.instruction == Instruction.PING
        answered_s = exchange.timeout_s if is_broadcast_ping else exchange.expected_s
        times += [round(1e3 * seconds, 1) for seconds in (answered_s, exchange.timeout_s)]
    assert rows()[name] == times


def test_the_default_queue_time_outlasts_a_broadcast_ping_at_the_factory_baudrate():
    ping = Transaction(REQUESTS['broadcast Ping, Protocol 2.0'].encode())
    exchange = make_exchange(ping, Link(byte_time_s(57600)), Limits())
    assert exchange.timeout_s + 0.5 < Limits().max_queue_time_s
