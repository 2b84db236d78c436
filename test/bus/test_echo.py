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

"""Adapters that hear what they send themselves: the echo is checked and dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dxl_port_driver.bus.bus import Bus
from dxl_port_driver.bus.transact_work import BatchWork, TransactWork
from dxl_port_driver.bus.work import AvailableWork, ReadWork
from dxl_port_driver.errors import ResultCode
from dxl_port_driver.port.open_port import make_port
from dxl_port_driver.protocol.exchange import make_exchange
from dxl_port_driver.protocol.instructions import BROADCAST_ID, Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket, StatusPacket
from dxl_port_driver.protocol.timing import Link
from dxl_port_driver.protocol.transaction import Framing, Limits, Transaction
import pytest

LINK = Link(10e-6, latency_s=1e-3)
# Never waited for when all is well.
LONG_S = 10.0
PING = {
    protocol: InstructionPacket(protocol, servo, Instruction.PING).encode()
    for protocol, servo in ((Protocol.V2, 1), (Protocol.V1, 11))
}
PONG = StatusPacket(Protocol.V2, 1, 0, b'\x06\x04\x26').encode()
MakeBus = Callable[..., Bus]


def transact(data: bytes, framing: Framing = Framing.AUTO, **fields: object) -> TransactWork:
    retries = int(str(fields.pop('retries', 0)))
    return TransactWork(
        make_exchange(Transaction(data, framing, **fields), LINK, Limits(max_timeout_s=LONG_S)),
        retries=retries,
        max_hold_s=LONG_S,
        queue_timeout_s=LONG_S,
    )


def reading() -> ReadWork:
    return ReadWork(100, 0.0, queue_timeout_s=LONG_S)


@pytest.fixture
def make_bus(nothing_left: None) -> Iterator[MakeBus]:
    """Give a way to open virtual buses; none outlives the test."""
    closing: list[Callable[[], None]] = []

    def make_bus(*options: str) -> Bus:
        port = make_port('&'.join(('sim://?ids=1-3&ids1=11', *options)))
        port.open()
        closing.append(port.close)
        bus = Bus(port)
        closing.append(lambda: bus.shutdown('the test is over'))
        bus.line.hears_itself = True
        bus.admit()
        return bus

    yield make_bus
    for close in reversed(closing):
        close()


@pytest.mark.parametrize('protocol', list(Protocol))
@pytest.mark.parametrize('options', [(), ('split=1',), ('latency_timer=16',), ('pace=off',)])
def test_the_answer_comes_without_the_echo(
    make_bus: MakeBus, protocol: Protocol, options: tuple[str, ...]
):
    bus = make_bus('echo=on', *options)
    for _ in range(5):
        result = bus.run(transact(PING[protocol], timeout_s=LONG_S))
        assert (result.result, result.message, result.attempts) == (ResultCode.SUCCESS, '', 1)
        assert result.data != PING[protocol]
        assert PING[protocol] not in result.data
    assert bus.run(AvailableWork(0, LONG_S, 0.0)) == 0


def test_every_answer_of_a_batch_comes_without_its_echo(make_bus: MakeBus):
    bus = make_bus('echo=on')
    pings = [InstructionPacket(Protocol.V2, servo, Instruction.PING) for servo in (1, 2, 3)]
    parts = [transact(ping.encode(), timeout_s=LONG_S) for ping in pings]
    results = bus.run(
        BatchWork(parts, stop_on_error=False, max_hold_s=LONG_S, queue_timeout_s=LONG_S)
    )
    assert [result.result for result in results] == [ResultCode.SUCCESS] * 3
    assert [result.data[4] for result in results] == [1, 2, 3]


@pytest.mark.parametrize('framing', [Framing.NONE, Framing.AUTO])
def test_what_has_no_answer_leaves_no_echo_for_a_reader(make_bus: MakeBus, framing: Framing):
    bus = make_bus('echo=on')
    action = InstructionPacket(Protocol.V2, BROADCAST_ID, Instruction.ACTION).encode()
    result = bus.run(transact(action, framing))
    assert (result.result, result.data) == (ResultCode.SUCCESS, b'')
    assert bus.run(reading()).data == b''


def test_with_tx_echo_a_servo_that_is_not_there_does_not_answer(make_bus: MakeBus):
    # In Protocol 1.0 a Ping looks like the answer of a servo with an input voltage error.
    nobody = InstructionPacket(Protocol.V1, 12, Instruction.PING).encode()
    bus = make_bus('echo=on')
    result = bus.run(transact(nobody, timeout_s=0.3))
    assert (result.result, result.data) == (ResultCode.RX_TIMEOUT, b'')
    bus.line.hears_itself = False
    assert bus.run(transact(nobody, timeout_s=0.3)).data == nobody


def test_with_tx_echo_a_length_counts_the_answer_alone(make_bus: MakeBus):
    ping = PING[Protocol.V2]
    result = make_bus('echo=on').run(
        transact(ping, Framing.LENGTH, response_length=14, timeout_s=LONG_S)
    )
    assert (result.result, len(result.data)) == (ResultCode.SUCCESS, 14)
    assert not result.data.startswith(ping)


def test_an_adapter_that_does_not_hear_itself_is_told_with_the_parameter(make_bus: MakeBus):
    bus = make_bus('echo=off')
    action = InstructionPacket(Protocol.V2, BROADCAST_ID, Instruction.ACTION).encode()
    result = bus.run(transact(action))
    assert result.result is ResultCode.RX_TIMEOUT
    assert f'0 of {len(action)} bytes' in result.message
    assert 'tx_echo' in result.message
    result = bus.run(transact(PING[Protocol.V2], timeout_s=LONG_S))
    assert result.result is ResultCode.RX_CORRUPT
    assert 'tx_echo' in result.message


def test_an_echo_that_is_not_what_was_sent_is_corrupt_and_worth_a_retry(bus: Bus, still):
    ping = PING[Protocol.V2]
    heard = iter([bytes((ping[0] ^ 1,)) + ping[1:], ping + PONG])
    still.answer = lambda _: next(heard)
    bus.line.hears_itself = True
    result = bus.run(transact(ping, retries=1))
    assert (result.result, result.data, result.attempts) == (ResultCode.SUCCESS, PONG, 2)


def test_what_came_instead_of_the_echo_is_in_the_result(bus: Bus, still):
    still.answer = lambda data: data[::-1]
    bus.line.hears_itself = True
    result = bus.run(transact(PING[Protocol.V2]))
    assert (result.result, result.data) == (ResultCode.RX_CORRUPT, PING[Protocol.V2][::-1])
    assert 'the echo is not what was sent' in result.message


def test_half_an_echo_is_a_timeout_with_that_half(bus: Bus, still):
    still.answer = lambda data: data[:4]
    bus.line.hears_itself = True
    result = bus.run(transact(PING[Protocol.V2]))
    assert (result.result, result.data) == (ResultCode.RX_TIMEOUT, PING[Protocol.V2][:4])
    assert '4 of 10 bytes came back' in result.message


def test_an_echo_without_an_answer_is_a_timeout_without_the_echo(bus: Bus, still):
    still.answer = lambda data: data
    bus.line.hears_itself = True
    result = bus.run(transact(PING[Protocol.V2]))
    assert (result.result, result.data) == (ResultCode.RX_TIMEOUT, b'')
    assert 'tx_echo' not in result.message
