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

"""A late answer is never given to a later question."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
import itertools
import time

from dxl_port_driver.bus.bus import Bus
from dxl_port_driver.bus.late_answers import LATE_S, LateAnswers
from dxl_port_driver.bus.lateness import Request
from dxl_port_driver.bus.transact_work import TransactWork
from dxl_port_driver.errors import ResultCode
from dxl_port_driver.protocol.answers import ANYONE
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

# Answers that are not to be late have 50 ms: machines that run tests are busy.
LINK = Link(10e-6, latency_s=24e-3)
ONE = frozenset({1})


def status(servo: int, params: bytes = b'', protocol: Protocol = Protocol.V2) -> bytes:
    return StatusPacket(protocol, servo, 0, params).encode()


def expect(late: LateAnswers, owing: Set[int], until: float, received: bytes = b'') -> None:
    """Note a question that may be answered until a time, as one that was sent before."""
    late.expect(owing, Request(until - 0.5, 0.5, 0.5), 0.0, received)


def test_a_question_waits_only_for_those_who_owe_and_until_they_can_answer_no_more():
    late = LateAnswers()
    assert late.awaited_until(ONE, 10.0) == 10.0
    expect(late, ONE, 10.5, b'')
    assert late.awaited_until(ONE, 10.0) == 10.5
    assert late.awaited_until(frozenset({1, 2}), 10.0) == 10.5
    assert late.awaited_until(ANYONE, 10.0) == 10.5
    assert late.awaited_until(frozenset({2}), 10.0) == 10.0
    assert late.awaited_until(frozenset(), 10.0) == 10.0
    late.settle(ONE, 10.5)
    assert late.awaited_until(ONE, 10.5) == 10.5


def test_whoever_may_owe_is_waited_for_by_all():
    late = LateAnswers()
    expect(late, ANYONE, 10.5, b'')
    assert late.awaited_until(ONE, 10.0) == 10.5


def test_who_asks_anyone_waits_and_is_waited_for_also_among_the_silent():
    for owing, asked in ((ONE, ANYONE), (ANYONE, ONE), (ANYONE, ANYONE)):
        late = LateAnswers()
        for start in range(10, 20):
            expect(late, owing, start + 0.5, b'')
            assert late.awaited_until(asked, start) == start + 0.5
            late.settle(asked, start + 0.5)


@pytest.mark.parametrize('protocol', list(Protocol))
@pytest.mark.parametrize('cut', [0, 1, 5])
def test_the_wait_ends_when_the_answer_has_come_also_when_cut_in_two(protocol, cut):
    answer = status(1, b'\x01\x02', protocol)
    late = LateAnswers()
    expect(late, ONE, 10.5, b'\x00noise' + answer[:cut])
    late.take(answer[cut:-1], None, 10.0)
    assert late.awaited_until(ONE, 10.0) == 10.5
    late.take(answer[-1:], None, 10.0)
    assert late.awaited_until(ONE, 10.0) == 10.0


def test_as_many_answers_are_waited_for_as_are_owed():
    late = LateAnswers()
    for _ in range(3):
        expect(late, ONE, 10.5, b'')
    late.take(status(1) + status(2) + status(1)[:-1] + b'\x00' + status(1), None, 10.0)
    assert late.awaited_until(ONE, 10.0) == 10.5
    late.take(status(1), None, 10.0)
    assert late.awaited_until(ONE, 10.0) == 10.0


def test_a_servo_that_stays_silent_is_not_waited_for_but_not_believed_at_once_either():
    late = LateAnswers()
    for start in (10.0, 20.0, 30.0):
        expect(late, ONE, start + 0.5, b'')
        assert late.awaited_until(ONE, start) == start + 0.5
        late.settle(ONE, start + 0.5)
    expect(late, ONE, 40.5, b'')
    assert late.awaited_until(ONE, 40.0) == 40.0
    late.settle(ONE, 40.0)
    assert late.is_doubtful(ONE, 40.4)
    assert not late.is_doubtful(frozenset({2}), 40.4)
    assert not late.is_doubtful(ONE, 40.5)
    late.heard(ONE)
    assert late.awaited_until(ONE, 40.4) == 40.5


def test_a_servo_that_is_late_is_not_taken_for_silent():
    late = LateAnswers()
    for start in range(10, 20):
        expect(late, ONE, start + 0.5, b'')
        assert late.awaited_until(ONE, start) == start + 0.5
        late.take(b'something', None, start)
        late.settle(ONE, start + 0.5)


def test_as_long_as_no_servo_answered_in_time_all_get_longer():
    late = LateAnswers()
    request = Request(10.0, 0.03, 0.03)
    late.expect(ONE, request, 0.05, b'')
    assert late.awaited_until(ONE, 10.04) == pytest.approx(10.23)
    late.heard(frozenset({2}))
    late.expect(frozenset({2}), request, 0.05, b'')
    assert late.awaited_until(frozenset({2}), 10.04) == pytest.approx(10.08)
    # A servo that is off among others that are not costs no more.
    late.expect(frozenset({4}), request, 0.05, b'')
    assert late.awaited_until(frozenset({4}), 10.04) == pytest.approx(10.08)
    # Whose answer may be anybody's is waited for by all.
    late.expect(ANYONE, request, 0.05, b'')
    assert late.awaited_until(frozenset({3}), 10.04) == pytest.approx(10.08)


def test_where_all_are_silent_they_do_not_get_longer_for_ever():
    late = LateAnswers()
    waits = []
    for servo in range(1, 6):
        late.expect(frozenset({servo}), Request(10.0, 0.03, 0.03), 0.05, b'')
        waits.append(late.awaited_until(frozenset({servo}), 10.0))
        late.settle(frozenset({servo}), waits[-1])
    assert waits == pytest.approx([10.23, 10.23, 10.23, 10.08, 10.08])


def test_once_answers_were_late_all_get_longer_within_a_bound():
    late = LateAnswers()
    two = frozenset({2})
    late.heard(two)
    request = Request(10.0, 0.03, 0.03)
    late.expect(ONE, request, 0.05, b'')
    assert late.take(status(1), 10.13, 10.13)[0].late_s == pytest.approx(0.1)
    late.expect(two, request, 0.05, b'')
    assert late.awaited_until(two, 10.04) == pytest.approx(10.23)
    late.expect(ONE, request, 0.05, b'')
    late.take(status(1), 13.0, 13.0)
    late.expect(two, request, 0.05, b'')
    assert late.awaited_until(two, 10.04) == pytest.approx(11.03)


def test_a_packet_that_was_set_aside_pays_as_well():
    late = LateAnswers()
    expect(late, ONE, 10.5)
    two = frozenset({2})
    assert late.set_aside(two, frozenset({3}), 10.0, 10.1) == []
    # From a servo that was asked it may as well be a wrong answer.
    assert late.set_aside(ONE, ONE, 10.0, 10.1) == []
    assert late.awaited_until(ONE, 10.1) == 10.5
    assert [came.servo for came in late.set_aside(ONE, two, 10.0, 10.1)] == [1]
    assert late.awaited_until(ONE, 10.1) == 10.1


def test_a_timeout_longer_than_the_rule_is_waited_for_and_then_some():
    late = LateAnswers()
    late.heard(ONE)
    late.expect(ONE, Request(10.0, 0.03, 0.3), 0.05, b'')
    assert late.awaited_until(ONE, 10.3) == pytest.approx(10.35)


def test_what_came_in_time_is_not_late():
    late = LateAnswers()
    late.expect(ONE, Request(10.0, 0.03, 0.03), 0.05, status(1))
    assert late.lateness.report(10.1) is None
    assert late.awaited_until(ONE, 10.04) == 10.04


class Counting:
    """
    A servo that counts the questions and answers each with its number.

    :param delays: how late it answers each, s; None: not at all.
    """

    def __init__(self, *delays: float | None) -> None:
        self._delays = itertools.chain(delays, itertools.repeat(0.0))
        self._numbers = itertools.count(1)

    def __call__(self, packet: InstructionPacket) -> Iterator[bytes | float]:
        number, delay = next(self._numbers), next(self._delays)
        if delay is not None:
            if delay:
                yield delay
            yield status(packet.id, number.to_bytes(2, 'little'))


def carry_out(bus: Bus, question: Transaction) -> TransactionResult:
    exchange = make_exchange(question, LINK, Limits())
    return bus.run(
        TransactWork(exchange, retries=question.retries, max_hold_s=20.0, queue_timeout_s=20.0)
    )


def ask(
    bus: Bus,
    servo: int = 1,
    *,
    retries: int = 0,
    framing: Framing = Framing.AUTO,
    length: int = 13,
    timeout_s: float = 0.0,
) -> TransactionResult:
    read = InstructionPacket(Protocol.V2, servo, Instruction.READ, b'\x84\x00\x02\x00')
    question = Transaction(read.encode(), framing, length, timeout_s=timeout_s, retries=retries)
    return carry_out(bus, question)


def number(result: TransactionResult) -> int:
    return int.from_bytes(result.data[9:11], 'little')


@pytest.mark.parametrize('late_s', [0.06, 0.08, 0.12])
def test_each_answer_belongs_to_its_question_however_many_are_late(wired_bus, servos, late_s):
    delays = [0.0, late_s, 0.0, late_s, late_s, None, late_s, 0.0, None, None, late_s, 0.0]
    servos.answer = Counting(*delays)
    # A machine that is busy makes further answers late; a longer bound covers those as well.
    wired_bus.line.late_s = 0.5
    for asked in range(1, len(delays) + 1):
        result = ask(wired_bus)
        if result.result is ResultCode.SUCCESS:
            assert number(result) == asked
        else:
            assert result.result is ResultCode.RX_TIMEOUT


def test_when_all_answers_are_late_none_is_taken_for_another(wired_bus, servos):
    servos.answer = Counting(*[0.08] * 10)
    wired_bus.line.late_s = 0.5
    for _ in range(10):
        assert ask(wired_bus).result is ResultCode.RX_TIMEOUT
    result = ask(wired_bus)
    assert (result.result, number(result)) == (ResultCode.SUCCESS, 11)


def test_answers_later_than_the_bound_are_told_apart_where_none_was_in_time(wired_bus, servos):
    servos.answer = Counting(*[0.35] * 4)
    wired_bus.line.late_s = 0.2
    for _ in range(4):
        assert ask(wired_bus).result is ResultCode.RX_TIMEOUT
    result = ask(wired_bus)
    assert (result.result, number(result)) == (ResultCode.SUCCESS, 5)


def test_a_retry_gets_its_own_answer(wired_bus, servos):
    servos.answer = Counting(0.08, 0.0)
    wired_bus.line.late_s = 0.5
    result = ask(wired_bus, retries=1)
    assert (result.result, result.attempts, number(result)) == (ResultCode.SUCCESS, 2, 2)


AUTO, LENGTH = Framing.AUTO, Framing.LENGTH


@pytest.mark.parametrize(
    ('first', 'then'), [(AUTO, AUTO), (AUTO, LENGTH), (LENGTH, AUTO), (LENGTH, LENGTH)]
)
@pytest.mark.parametrize('away', [False, True])
def test_the_framing_makes_no_difference_to_whose_answer_it_is(
    wired_bus, servos, first, then, away
):
    servos.answer = Counting(0.2)
    wired_bus.line.late_s = 1.0
    if away:
        wired_bus.line.late._silences.update({1: 3, -1: 3})
    assert ask(wired_bus, framing=first).result is ResultCode.RX_TIMEOUT
    result = ask(wired_bus, framing=then, timeout_s=2.0)
    if away:
        assert result.result is ResultCode.RX_CORRUPT, result
        assert 'may be the late answer to an earlier question' in result.message
    else:
        assert (result.result, number(result)) == (ResultCode.SUCCESS, 2)


SYNC_READ = InstructionPacket(
    Protocol.V2, 254, Instruction.SYNC_READ, b'\x84\x00\x02\x00\x01\x02'
).encode()


def test_what_a_short_response_length_leaves_is_not_given_to_the_next_question(wired_bus, servos):
    count = itertools.count(1)

    def answer(packet: InstructionPacket) -> Iterator[bytes | float]:
        params = next(count).to_bytes(2, 'little')
        yield from (status(1, params), 0.1) if packet.id == 254 else ()
        yield status(2, params)

    servos.answer = answer
    wired_bus.line.late_s = 0.5
    first_of_two = Transaction(SYNC_READ, Framing.LENGTH, 13, timeout_s=2.0)
    assert carry_out(wired_bus, first_of_two).result is ResultCode.SUCCESS
    result = ask(wired_bus, 2, timeout_s=2.0)
    assert (result.result, number(result)) == (ResultCode.SUCCESS, 2)


def test_a_count_of_answers_does_not_make_a_late_one_believed(wired_bus, servos):
    servos.answer = Counting(0.2)
    wired_bus.line.late_s = 1.0
    wired_bus.line.late._silences[1] = 3
    assert ask(wired_bus).result is ResultCode.RX_TIMEOUT
    first_of_two = Transaction(SYNC_READ, response_count=1, timeout_s=2.0)
    assert carry_out(wired_bus, first_of_two).result is ResultCode.RX_CORRUPT


def elapsed(call: Callable[[], object]) -> float:
    begun = time.monotonic()
    call()
    return time.monotonic() - begun


def test_a_lost_answer_holds_up_its_own_servo_only(wired_bus, servos):
    servos.answer = Counting(0.0, None)
    wired_bus.line.late_s = 1.0
    assert ask(wired_bus, 1, timeout_s=5.0).result is ResultCode.SUCCESS
    assert ask(wired_bus, 1).result is ResultCode.RX_TIMEOUT
    assert elapsed(lambda: ask(wired_bus, 2)) < 0.5
    assert elapsed(lambda: ask(wired_bus, 1)) > 0.5


def test_a_servo_that_is_away_does_not_slow_down_the_bus(wired_bus, servos):
    servos.answer = Counting(0.0, *[None] * 30)
    wired_bus.line.late_s = 0.4
    assert ask(wired_bus, timeout_s=5.0).result is ResultCode.SUCCESS
    for _ in range(4):
        assert ask(wired_bus).result is ResultCode.RX_TIMEOUT
    took_s = elapsed(lambda: [ask(wired_bus) for _ in range(20)])
    assert took_s < 20 * 0.4 / 2


def test_the_first_answer_of_a_servo_that_was_away_is_asked_for_again(wired_bus, servos):
    servos.answer = Counting(0.0, *[None] * 6)
    wired_bus.line.late_s = 1.0
    assert ask(wired_bus, timeout_s=5.0).result is ResultCode.SUCCESS
    wired_bus.line.late._silences[1] = 3
    for _ in range(6):
        assert ask(wired_bus).result is ResultCode.RX_TIMEOUT
    doubtful = ask(wired_bus, timeout_s=5.0)
    assert doubtful.result is ResultCode.RX_CORRUPT
    assert 'may be the late answer to an earlier question; ask again' in doubtful.message
    result = ask(wired_bus, timeout_s=5.0)
    assert (result.result, number(result)) == (ResultCode.SUCCESS, 9)


def test_who_comes_before_one_that_answered_in_a_row_does_not_answer_any_more():
    sync = InstructionPacket(
        Protocol.V2, 254, Instruction.SYNC_READ, b'\x84\x00\x02\x00\x01\x02\x03\x04'
    )
    exchange = make_exchange(Transaction(sync.encode()), LINK, Limits())
    exchange.begin(0.0)
    assert exchange.owing == {1, 2, 3, 4}
    exchange.feed(status(2, bytes(2)))
    assert exchange.owing == {3, 4}
    exchange.feed(status(4, bytes(2)))
    assert exchange.owing == frozenset()


def test_the_bound_is_what_the_docs_say():
    assert LATE_S == 0.05
    assert Bus(object()).line.late_s == LATE_S  # type: ignore[arg-type]


def test_what_comes_from_a_servo_long_after_it_was_asked_in_vain_is_no_late_answer():
    late = LateAnswers()
    two = frozenset({2})
    late.heard(two)
    expect(late, ONE, 10.5)
    late.may_confirm(3, 10.5)
    for now in (20.0, 3600.0):
        late.awaited_until(two, now)
        late.settle(two, now)
        assert not late.is_awaited, 'every request would look for what cannot come any more'
    assert late.take(status(1), None, 3600.01) == []
    assert late.lateness.report(3600.02) is None
