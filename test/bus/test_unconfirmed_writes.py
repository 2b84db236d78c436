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

"""Servos that are set not to confirm writes (Status Return Level) are learnt, and cost nothing."""

from __future__ import annotations

from collections.abc import Iterator
import itertools
import time

from dxl_port_driver.bus.bus import Bus
from dxl_port_driver.bus.confirmations import Confirmations, Kind, kind_of
from dxl_port_driver.bus.transact_work import TransactWork
from dxl_port_driver.errors import ResultCode
from dxl_port_driver.port.open_port import make_port
from dxl_port_driver.protocol.exchange import make_exchange
from dxl_port_driver.protocol.instructions import Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket, StatusPacket
from dxl_port_driver.protocol.timing import Link
from dxl_port_driver.protocol.transaction import (
    Framing,
    Limits,
    Transaction,
    TransactionResult,
)
import pytest

# Long enough for a machine that is busy.
LINK = Link(10e-6, latency_s=40e-3)
NAMES = itertools.count()
LEVEL = {Protocol.V1: 16, Protocol.V2: 68}
LED = {Protocol.V1: 25, Protocol.V2: 65}


class Asker:
    """
    Asks servo 1 on a bus.

    :param bus: the bus.
    :param protocol: in which packet form.
    """

    def __init__(self, bus: Bus, protocol: Protocol) -> None:
        self.bus = bus
        self.protocol = protocol
        self.width = 1 if protocol is Protocol.V1 else 2

    def send(
        self, instruction: int, params: bytes = b'', servo: int = 1, **more: object
    ) -> TransactionResult:
        data = InstructionPacket(self.protocol, servo, instruction, params).encode()
        question = Transaction(data, **more)  # type: ignore[arg-type]
        exchange = make_exchange(question, LINK, Limits())
        return self.bus.run(
            TransactWork(exchange, retries=question.retries, max_hold_s=20.0, queue_timeout_s=20.0)
        )

    def write(
        self, value: int, register: dict[Protocol, int] = LED, **more: object
    ) -> TransactionResult:
        address = register[self.protocol].to_bytes(self.width, 'little')
        return self.send(Instruction.WRITE, address + bytes((value,)), **more)

    def read(self, **more: object) -> TransactionResult:
        address = LED[self.protocol].to_bytes(self.width, 'little')
        length = (1).to_bytes(self.width, 'little')
        return self.send(Instruction.READ, address + length, **more)

    def ping(self, **more: object) -> TransactionResult:
        return self.send(Instruction.PING, **more)

    def value(self) -> int:
        result = self.read(timeout_s=5.0)
        assert result.result is ResultCode.SUCCESS, result
        return result.data[-2 if self.protocol is Protocol.V1 else -3]

    @property
    def silent(self) -> frozenset[int]:
        return self.bus.line.confirmations.silent

    def learn(self) -> None:
        for _ in range(2):
            assert self.write(1).result is ResultCode.RX_TIMEOUT
            self.value()
        assert self.silent == {1}


@pytest.fixture
def level_1(request: pytest.FixtureRequest) -> Iterator[Asker]:
    """Give a servo that answers Ping and Read only."""
    protocol: Protocol = request.param
    ids = 'ids=1' if protocol is Protocol.V2 else 'ids1=1&ids=9'
    with make_port(f'sim://level{next(NAMES)}?{ids}', baudrate=1_000_000) as port:
        bus = Bus(port)
        bus.line.late_s = 0.01
        bus.admit()
        asker = Asker(bus, protocol)
        asker.write(1, LEVEL)
        yield asker
        bus.shutdown('the test is over')


BOTH = pytest.mark.parametrize('level_1', list(Protocol), indirect=True)


@BOTH
def test_it_is_learnt_from_two_writes_said_and_not_paid_for_any_more(level_1):
    first = level_1.write(1)
    assert first.result is ResultCode.RX_TIMEOUT
    assert level_1.value() == 1
    second = level_1.write(0)
    assert second.result is ResultCode.RX_TIMEOUT
    assert (
        'servo 1 answers reads but not this write, which it may have carried out: its Status '
        'Return Level may be 1' in second.message
    )
    assert 'power' not in second.message
    assert not level_1.silent
    assert level_1.value() == 0
    assert level_1.silent == {1}
    timeouts = level_1.bus.statistics.timeouts
    begun = time.monotonic()
    for value in (1, 0) * 20:
        result = level_1.write(value, retries=3)
        assert (result.result, result.message, result.data) == (ResultCode.SUCCESS, '', b'')
        assert result.attempts == 1
        assert level_1.value() == value
    # The rule alone would be 80 ms for each.
    assert time.monotonic() - begun < 40 * 0.08
    assert level_1.bus.statistics.timeouts == timeouts


@BOTH
@pytest.mark.parametrize('instruction', [Instruction.REG_WRITE, Instruction.ACTION])
def test_whatever_is_answered_at_level_2_only_is_not_waited_for(level_1, instruction):
    level_1.learn()
    params = LED[level_1.protocol].to_bytes(level_1.width, 'little') + b'\x01'
    params = params if instruction is Instruction.REG_WRITE else b''
    result = level_1.send(instruction, params)
    assert (result.result, result.data) == (ResultCode.SUCCESS, b'')
    assert level_1.silent == {1}


@BOTH
def test_a_number_of_bytes_to_come_makes_no_difference(level_1):
    level_1.learn()
    result = level_1.write(1, framing=Framing.LENGTH, response_length=11)
    assert (result.result, result.data) == (ResultCode.SUCCESS, b'')


@BOTH
def test_one_confirmed_write_ends_it(level_1):
    level_1.learn()
    assert level_1.write(2, LEVEL).result is ResultCode.SUCCESS
    # On a busy machine, what confirms the next one comes when it is not waited for any more.
    assert level_1.write(1).result is ResultCode.SUCCESS
    assert level_1.value() == 1
    assert not level_1.silent
    assert level_1.write(0).data
    level_1.write(1, LEVEL)
    assert level_1.write(1).result is ResultCode.RX_TIMEOUT


@BOTH
@pytest.mark.parametrize('ask', [Asker.read, Asker.ping])
def test_silence_to_a_read_or_ping_ends_it(level_1, ask):
    level_1.learn()
    level_1.bus.port.server.bus.faults.mute = frozenset({1})
    assert ask(level_1).result is ResultCode.RX_TIMEOUT
    assert not level_1.silent
    assert level_1.write(0).result is ResultCode.RX_TIMEOUT


@BOTH
def test_level_0_is_told_where_reads_are_not_answered(level_1):
    level_1.write(0, LEVEL)
    for _ in range(2):
        message = level_1.read().message
        assert level_1.ping().result is ResultCode.SUCCESS
    assert (
        'servo 1 answers pings but not this read: its Status Return Level may be 0; set it to 1 '
        'or 2' in message
    )
    for _ in range(2):
        message = level_1.write(1).message
        assert level_1.ping().result is ResultCode.SUCCESS
    assert 'answers pings but not this write' in message
    assert 'Level may be 1 or 0' in message
    assert level_1.silent == {1}
    # It is known by now that reads tell nothing about it.
    assert level_1.read().result is ResultCode.RX_TIMEOUT
    assert level_1.write(1).result is ResultCode.SUCCESS


class Confirming:
    """
    A servo that begins to confirm writes, and is late with that.

    :param late_s: how late, s.
    :param writes: how many it does not confirm.
    :param error: of all its status packets.
    """

    def __init__(self, protocol: Protocol, late_s: float, writes: int, error: int = 0) -> None:
        self._protocol = protocol
        self._late_s = late_s
        self._left = writes
        self._error = error
        self.reads = 0

    def __call__(self, packet: InstructionPacket) -> Iterator[bytes | float]:
        if packet.instruction == Instruction.READ:
            self.reads += 1
            yield self._status(bytes((self.reads,)))
        elif packet.instruction == Instruction.PING:
            yield self._status(b'\x01\x02\x03' if self._protocol is Protocol.V2 else b'')
        elif self._left > 0:
            self._left -= 1
        else:
            yield self._late_s
            yield self._status()

    def _status(self, params: bytes = b'') -> bytes:
        return StatusPacket(self._protocol, 1, self._error, params).encode()


@pytest.mark.parametrize('protocol', list(Protocol))
@pytest.mark.parametrize('error', [0, 1])
def test_a_confirmation_that_comes_late_is_not_taken_for_the_answer_to_a_read(
    wired_bus, servos, protocol, error
):
    servos.answer = confirming = Confirming(protocol, 0.2, writes=2, error=error)
    asker = Asker(wired_bus, protocol)
    asker.learn()
    wired_bus.line.late_s = 1.0
    assert asker.write(1).data == b''
    assert asker.value() == confirming.reads == 3
    assert not asker.silent


@pytest.mark.parametrize('protocol', list(Protocol))
def test_a_confirmation_that_is_there_before_the_next_request_ends_it(wired_bus, servos, protocol):
    servos.answer = Confirming(protocol, 0.2, writes=2)
    asker = Asker(wired_bus, protocol)
    asker.learn()
    assert asker.write(1).data == b''
    deadline = time.monotonic() + 10
    while not wired_bus.port.available():
        assert time.monotonic() < deadline
        time.sleep(0.001)
    assert asker.value() == 3
    assert not asker.silent


@pytest.mark.parametrize('protocol', list(Protocol))
def test_a_confirmation_that_comes_late_is_not_taken_for_the_answer_to_a_ping(
    wired_bus, servos, protocol
):
    servos.answer = Confirming(protocol, 0.2, writes=2)
    asker = Asker(wired_bus, protocol)
    asker.learn()
    wired_bus.line.late_s = 1.0
    assert asker.write(1).data == b''
    # Its own answer follows the confirmation.
    result = asker.ping(timeout_s=2.0)
    assert result.result is ResultCode.SUCCESS
    assert not asker.silent
    assert asker.value() == 3


def test_an_answer_that_is_late_speaks_against_it(wired_bus, servos):
    wired_bus.line.late_s = 0.5
    servos.answer = Confirming(Protocol.V2, 0.15, writes=0)
    asker = Asker(wired_bus, Protocol.V2)
    for number in range(1, 5):
        result = asker.write(1)
        assert result.result is ResultCode.RX_TIMEOUT
        assert 'Status Return Level' not in result.message
        assert asker.value() == number
    assert not asker.silent
    assert 'answered' in result.message


def test_one_lost_answer_among_many_is_no_reason_to_think_so():
    confirmations = Confirmations()
    for _ in range(5):
        confirmations.unanswered(1, Kind.WRITE)
        confirmations.answered(1, Kind.READ)
        confirmations.answered(1, Kind.WRITE)
    assert not confirmations.silent
    confirmations.unanswered(1, Kind.WRITE)
    confirmations.unanswered(1, Kind.WRITE)
    confirmations.unanswered(1, Kind.WRITE)
    confirmations.answered(1, Kind.READ)
    confirmations.answered(1, Kind.READ)
    assert not confirmations.silent


@pytest.mark.parametrize(
    ('servo', 'instruction', 'kind'),
    [
        (1, Instruction.PING, Kind.PING),
        (1, Instruction.READ, Kind.READ),
        (1, Instruction.WRITE, Kind.WRITE),
        (1, Instruction.REG_WRITE, Kind.WRITE),
        (1, Instruction.REBOOT, Kind.ORDER),
        (254, Instruction.PING, None),
        (254, Instruction.WRITE, None),
        (254, Instruction.SYNC_WRITE, None),
        (254, Instruction.SYNC_READ, Kind.READ),
        (1, 0x77, None),
    ],
)
def test_the_kinds_of_instructions(servo, instruction, kind):
    for protocol in Protocol:
        packet = InstructionPacket(protocol, servo, instruction, b'\x01\x02')
        assert kind_of(packet.encode()) is kind
    assert kind_of(b'something else') is None
