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

"""What each piece of work does with the port."""

from __future__ import annotations

from collections.abc import Callable
import itertools
import time

from dxl_port_driver.bus.transact_work import BatchWork, TransactWork
from dxl_port_driver.bus.work import AvailableWork, BaudrateWork, ClearWork, ReadWork
from dxl_port_driver.errors import BaudrateError, ReceiveError, ResultCode, TransmitError
from dxl_port_driver.protocol.exchange import make_exchange
from dxl_port_driver.protocol.instructions import Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket, StatusPacket
from dxl_port_driver.protocol.timing import byte_time_s, Link, MAX_RETURN_DELAY_S
from dxl_port_driver.protocol.transaction import (
    Framing,
    Limits,
    Transaction,
    TransactionResult,
)
import pytest

LINK = Link(10e-6, latency_s=1e-3)
PING = InstructionPacket(Protocol.V2, 1, Instruction.PING).encode()
PONG = StatusPacket(Protocol.V2, 1, 0, b'\x06\x04\x26').encode()
BROKEN = PONG[:-1] + bytes((PONG[-1] ^ 1,))
# Never waited for when all is well.
LONG_S = 10.0


def transact(
    transaction: Transaction,
    *,
    retries: int = 0,
    max_hold_s: float = LONG_S,
    link: Link = LINK,
    keep_received: bool = False,
) -> TransactWork:
    return TransactWork(
        make_exchange(transaction, link, Limits(max_timeout_s=LONG_S)),
        retries=retries,
        max_hold_s=max_hold_s,
        keep_received=keep_received,
        queue_timeout_s=LONG_S,
    )


def one_after_another(*answers: bytes) -> Callable[[bytes], bytes]:
    rest = itertools.chain(answers, itertools.repeat(b''))
    return lambda _: next(rest)


def test_a_transaction_brings_its_answer(bus, still):
    still.answer = one_after_another(PONG)
    result = bus.run(transact(Transaction(PING, timeout_s=LONG_S)))
    assert (result.result, result.message, result.data) == (ResultCode.SUCCESS, '', PONG)
    assert result.attempts == 1
    assert 0.0 <= result.elapsed_s < LONG_S
    assert 0.0 <= result.queued_s < LONG_S
    assert still.sent == [PING]


def test_what_is_in_the_receive_buffer_before_is_thrown_away(bus, still):
    still.received += b'stale'
    still.answer = one_after_another(b'abc')
    result = bus.run(transact(Transaction(b'?', Framing.LENGTH, 3, timeout_s=LONG_S)))
    assert (result.result, result.data) == (ResultCode.SUCCESS, b'abc')


@pytest.mark.parametrize('bad', [b'', BROKEN], ids=['RX_TIMEOUT', 'RX_CORRUPT'])
def test_a_try_that_brought_nothing_right_is_made_again(bus, still, bad):
    still.answer = one_after_another(bad, bad, PONG)
    result = bus.run(transact(Transaction(PING), retries=5))
    assert (result.result, result.data, result.attempts) == (ResultCode.SUCCESS, PONG, 3)
    assert result.message == ''
    assert still.sent == [PING] * 3


@pytest.mark.parametrize(
    ('bad', 'code'), [(b'', ResultCode.RX_TIMEOUT), (BROKEN, ResultCode.RX_CORRUPT)]
)
def test_it_gives_up_after_the_last_try_and_tells_how_many_there_were(bus, still, bad, code):
    still.answer = one_after_another(bad, bad, bad, PONG)
    result = bus.run(transact(Transaction(PING), retries=2))
    assert (result.result, result.data, result.attempts) == (code, bad, 3)
    assert result.message.endswith('(after 3 attempts)')
    assert len(still.sent) == 3


def test_without_retries_there_is_one_try(bus, still):
    result = bus.run(transact(Transaction(PING)))
    assert (result.result, result.attempts) == (ResultCode.RX_TIMEOUT, 1)
    assert 'attempts' not in result.message


def test_no_try_begins_that_could_hold_the_bus_too_long(bus, still):
    work = transact(Transaction(PING, timeout_s=0.05), retries=255, max_hold_s=0.12)
    result = bus.run(work)
    assert result.result is ResultCode.RX_TIMEOUT
    assert 1 <= result.attempts <= 2


@pytest.mark.parametrize(
    ('call', 'error', 'code'),
    [
        ('write', TransmitError('it broke'), ResultCode.TX_FAIL),
        ('read', ReceiveError('it broke', partial=b'ab'), ResultCode.RX_FAIL),
        # Nothing was sent, and who asked can tell by the code.
        ('clear', ReceiveError('it broke'), ResultCode.TX_FAIL),
    ],
)
def test_a_device_that_fails_is_a_result_and_no_reason_to_try_again(bus, still, call, error, code):
    still.failure[call] = error
    result = bus.run(transact(Transaction(PING), retries=3))
    assert (result.result, result.message, result.data) == (code, 'it broke', error.partial)
    assert result.attempts == 1


def test_a_transaction_without_answer_leaves_what_comes_to_a_reader(bus, still):
    still.answer = one_after_another(b'for the reader')
    result = bus.run(transact(Transaction(b'?', Framing.NONE)))
    assert (result.result, result.data) == (ResultCode.SUCCESS, b'')
    assert bus.run(ReadWork(100, 0.0, queue_timeout_s=LONG_S)).data == b'for the reader'


def test_a_transaction_without_answer_holds_the_bus_for_its_time_on_the_wire(bus):
    slow = Link(10e-3)
    result = bus.run(transact(Transaction(bytes(5), Framing.NONE), link=slow))
    assert result.elapsed_s >= 0.05


def test_endless_noise_does_not_outlast_the_timeout(bus, still):
    still.babble = b'\x00' * 10
    result = bus.run(transact(Transaction(PING, timeout_s=0.05)))
    assert result.result is ResultCode.RX_TIMEOUT
    assert len(result.data) <= Limits().max_bytes
    still.babble = b''


def test_a_late_answer_is_not_taken_for_that_to_the_next_question(wired_bus, servos):
    link = Link(10e-6, latency_s=0.2)
    answers = itertools.count()

    def answer(packet):
        number = next(answers)
        if number == 0:
            yield 0.1
        yield StatusPacket(Protocol.V2, packet.id, 0, bytes((number, 0, 0))).encode()

    servos.answer = answer
    first = wired_bus.run(transact(Transaction(PING, timeout_s=0.01), link=link))
    assert first.result is ResultCode.RX_TIMEOUT
    second = wired_bus.run(transact(Transaction(PING, timeout_s=LONG_S), link=link))
    assert second.result is ResultCode.SUCCESS
    assert second.data[9] == 1


def test_an_answered_question_does_not_hold_up_the_next(wired_bus, servos):
    # The packet timeout rule of this link says ten minutes.
    link = Link(10e-6, latency_s=300.0)
    servos.answer = lambda packet: iter([PONG])
    for _ in range(3):
        result = wired_bus.run(transact(Transaction(PING, timeout_s=LONG_S), link=link))
        assert result.result is ResultCode.SUCCESS


@pytest.mark.parametrize('given', [b'abc', b'abcde', b'abcdefg'])
def test_reading_without_a_timeout_gives_what_is_there(bus, still, given):
    still.give(given)
    result = bus.run(ReadWork(5, 0.0, queue_timeout_s=LONG_S))
    assert (result.result, result.message, result.data) == (ResultCode.SUCCESS, '', given[:5])
    assert bytes(still.received) == given[5:]


def test_reading_nothing_without_a_timeout_is_no_error(bus):
    result = bus.run(ReadWork(5, 0.0, queue_timeout_s=LONG_S))
    assert (result.result, result.data) == (ResultCode.SUCCESS, b'')


def test_reading_waits_until_there_is_enough(bus, still):
    reading = bus.submit(ReadWork(5, LONG_S, queue_timeout_s=LONG_S))
    for part in (b'ab', b'c', b'defg'):
        still.give(part)
    result = reading.result(LONG_S)
    assert (result.result, result.data) == (ResultCode.SUCCESS, b'abcde')
    assert bytes(still.received) == b'fg'


def test_reading_too_little_is_rx_timeout_with_what_came(bus, still):
    still.give(b'abc')
    result = bus.run(ReadWork(5, 0.02, queue_timeout_s=LONG_S))
    assert (result.result, result.data) == (ResultCode.RX_TIMEOUT, b'abc')
    assert '3 of 5 bytes' in result.message


def test_reading_from_a_device_that_fails_is_rx_fail_with_what_came(bus, still):
    reading = bus.submit(ReadWork(5, LONG_S, queue_timeout_s=LONG_S))
    still.give(b'abc')
    while still.received:
        time.sleep(0.001)
    still.fail('read', ReceiveError('it broke'))
    result = reading.result(LONG_S)
    assert (result.result, result.message, result.data) == (ResultCode.RX_FAIL, 'it broke', b'abc')


def test_clearing_throws_away_and_counting_counts(bus, still):
    still.give(b'abc')
    assert bus.run(AvailableWork(0, LONG_S, 0.0)) == 3
    bus.run(ClearWork(0, LONG_S, 0.0))
    assert bus.run(AvailableWork(0, LONG_S, 0.0)) == 0


def test_a_refused_baudrate_reaches_who_asked_and_the_bus_goes_on(bus, still):
    still.failure['set_baudrate'] = BaudrateError('no such rate', closest=9600)
    with pytest.raises(BaudrateError, match='no such rate') as refused:
        bus.run(BaudrateWork(9601, queue_timeout_s=LONG_S))
    assert refused.value.closest == 9600
    still.failure.clear()
    bus.run(BaudrateWork(57600, queue_timeout_s=LONG_S))
    assert still.baudrate == 57600


def queued_behind_a_change(bus, still, baudrate, *questions, max_hold_s=LONG_S):
    """Ask at 1 Mbit/s while the bus is busy, and have the baudrate changed before the turn."""
    bus.line.link = Link(byte_time_s(1_000_000), latency_s=1e-3)
    held = bus.submit(ReadWork(1, LONG_S, queue_timeout_s=LONG_S))
    waiting = [
        bus.submit(
            TransactWork(
                make_exchange(question, bus.line.link, Limits()),
                max_hold_s=max_hold_s,
                queue_timeout_s=LONG_S,
            )
        )
        for question in questions
    ]
    changed = bus.submit(BaudrateWork(baudrate, queue_timeout_s=LONG_S))
    still.give(b'x')
    held.result(LONG_S)
    changed.result(LONG_S)
    return [one.result(LONG_S) for one in waiting]


LONG_READ = InstructionPacket(Protocol.V2, 1, Instruction.READ, b'\x00\x00\xc8\x00').encode()


def test_who_waited_while_the_baudrate_changed_gets_the_time_of_the_new_one(bus, still):
    auto, length, sent, asked = queued_behind_a_change(
        bus,
        still,
        9600,
        Transaction(LONG_READ),
        Transaction(b'?', Framing.LENGTH, response_length=200),
        Transaction(bytes(200), Framing.NONE),
        Transaction(PING, timeout_s=0.01),
    )
    assert (auto.result, length.result) == (ResultCode.RX_TIMEOUT,) * 2
    # 200 bytes take 0.208 s now, and took 2 ms before.
    assert min(auto.elapsed_s, length.elapsed_s, sent.elapsed_s) > 0.2
    assert 'within 10.0 ms' in asked.message
    assert bus.line.link == Link(byte_time_s(9600), latency_s=1e-3)


def test_who_would_hold_the_bus_for_too_long_at_the_new_baudrate_is_told(bus, still):
    (result,) = queued_behind_a_change(bus, still, 9600, Transaction(LONG_READ), max_hold_s=0.1)
    assert result.result is ResultCode.TX_ERROR
    assert 'it may take 0.2' in result.message
    assert 'was set while it waited, and max_timeout allows 0.1 s; ask for less' in result.message
    assert LONG_READ not in still.sent


def test_a_faster_baudrate_shortens_the_time_again(bus, still):
    exchange = make_exchange(
        Transaction(LONG_READ), Link(byte_time_s(9600), latency_s=1e-3), Limits()
    )
    fast = Link(byte_time_s(1_000_000), latency_s=1e-3)
    assert exchange.adapt(fast)
    assert not exchange.adapt(fast)
    same = make_exchange(Transaction(LONG_READ), fast, Limits())
    for name in ('wire_s', 'expected_s', 'rule_s', 'timeout_s'):
        assert getattr(exchange, name) == getattr(same, name)


def batch(*parts: TransactWork | TransactionResult, stop_on_error: bool = False) -> BatchWork:
    return BatchWork(
        list(parts), stop_on_error=stop_on_error, max_hold_s=LONG_S, queue_timeout_s=LONG_S
    )


def questions(count: int) -> list[TransactWork]:
    return [
        transact(Transaction(bytes((number,)), Framing.LENGTH, 1, timeout_s=LONG_S))
        for number in range(count)
    ]


def test_a_batch_brings_one_result_a_transaction_in_order(bus, still):
    still.answer = lambda data: data
    results = bus.run(batch(*questions(5)))
    assert [result.data for result in results] == [bytes((number,)) for number in range(5)]
    assert {result.result for result in results} == {ResultCode.SUCCESS}


WRONG = TransactionResult(ResultCode.TX_ERROR, 'wrong in itself')


def test_a_batch_goes_on_after_an_error_unless_told_to_stop(bus, still):
    still.answer = lambda data: data
    one, two, three = questions(3)
    results = bus.run(batch(one, WRONG, two))
    assert [result.result for result in results] == [
        ResultCode.SUCCESS,
        ResultCode.TX_ERROR,
        ResultCode.SUCCESS,
    ]
    sent = len(still.sent)
    results = bus.run(batch(one, WRONG, three, stop_on_error=True))
    assert [result.result for result in results] == [ResultCode.SUCCESS, ResultCode.TX_ERROR]
    assert len(still.sent) == sent + 1


def test_a_batch_has_the_priority_of_its_most_urgent_transaction():
    exchange = make_exchange(Transaction(b'?', Framing.NONE), LINK, Limits())
    works = [
        TransactWork(exchange, max_hold_s=1.0, priority=priority, queue_timeout_s=1.0)
        for priority in (3, 7, 0)
    ]
    assert batch(*works).priority == 7
    assert batch().priority == 0


def test_a_question_behind_one_whose_answer_nobody_awaits_waits_for_the_wire(bus, still):
    """At 10 us a byte: 15 bytes of answer and the longest return delay."""
    asked_at = []
    still.answer = lambda data: (
        asked_at.append(time.monotonic()) or (PONG if data == PING else b'')
    )
    read = InstructionPacket(Protocol.V2, 1, Instruction.READ, bytes((132, 0, 4, 0))).encode()
    assert bus.run(transact(Transaction(read, Framing.NONE))).result is ResultCode.SUCCESS
    assert bus.run(transact(Transaction(PING))).result is ResultCode.SUCCESS
    quiet_s = asked_at[1] - asked_at[0] - LINK.byte_time_s * len(read)
    assert quiet_s >= LINK.byte_time_s * 15 + MAX_RETURN_DELAY_S


def test_bytes_that_have_no_answer_hold_up_nobody_behind_them(bus, still):
    still.answer = lambda data: b''
    write = InstructionPacket(Protocol.V2, 254, Instruction.WRITE, bytes((64, 0, 1))).encode()
    bus.run(transact(Transaction(write, Framing.NONE)))
    assert bus.line.quiet_from <= time.monotonic()


def test_a_raw_write_leaves_what_was_received(bus, still):
    still.cleared = 0
    clear = still.clear

    def counted() -> None:
        still.cleared += 1
        clear()

    still.clear = counted
    bus.run(transact(Transaction(PING, Framing.NONE), keep_received=True))
    assert still.cleared == 0
    bus.run(transact(Transaction(PING, Framing.NONE)))
    assert still.cleared == 1
