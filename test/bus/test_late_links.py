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

"""A link that is too slow for the packet timeout rule is told from silence, with what helps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import contextlib
import itertools
import re
import time

from dxl_port_driver.bus.bus import Bus
from dxl_port_driver.bus.lateness import Lateness, Request
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

READ = b'\x84\x00\x04\x00'
SYNC_READ = InstructionPacket(Protocol.V2, 254, Instruction.SYNC_READ, READ + b'\x01\x02').encode()
FAST_SYNC_READ = InstructionPacket(
    Protocol.V2, 254, Instruction.FAST_SYNC_READ, READ + b'\x01\x02'
).encode()
NAMES = itertools.count()


@contextlib.contextmanager
def late_bus(late_ms: float, timer_ms: float) -> Iterator[Bus]:
    """Give a bus whose adapter keeps answers for longer than the driver counts with."""
    name = f'sim://late{next(NAMES)}?ids=1,2&latency_timer={late_ms}'
    with make_port(name, baudrate=1_000_000) as port:
        bus = Bus(port)
        bus.line.link = Link(1e-5, timer_ms / 1e3)
        bus.admit()
        try:
            yield bus
        finally:
            bus.shutdown('the test is over')


def ask(
    bus: Bus,
    servo: int = 1,
    instruction: int = Instruction.READ,
    params: bytes = READ,
    *,
    data: bytes = b'',
    **more: object,
) -> TransactionResult:
    data = data or InstructionPacket(Protocol.V2, servo, instruction, params).encode()
    question = Transaction(data, **more)  # type: ignore[arg-type]
    link = bus.line.link
    assert link is not None
    exchange = make_exchange(question, link, Limits())
    return bus.run(
        TransactWork(exchange, retries=question.retries, max_hold_s=20.0, queue_timeout_s=20.0)
    )


def ask_in_vain(bus: Bus, servo: int = 1, **more: object) -> TransactionResult:
    """Ask until an answer was too late: on a busy machine, this may look too late itself."""
    for _ in range(20):
        result = ask(bus, servo, **more)
        if result.result is ResultCode.RX_TIMEOUT:
            return result
    pytest.fail(f'all answers were in time, the last one: {result}')


def advised_ms(message: str) -> int:
    found = re.search(r'raise latency_timer to (\d+) ms', message)
    assert found, message
    return int(found.group(1))


@pytest.mark.parametrize('late_ms', [38, 60, 120])
@pytest.mark.parametrize('timer_ms', [4, 16])
def test_the_next_request_says_by_how_much_the_answer_was_late_and_what_helps(late_ms, timer_ms):
    with late_bus(late_ms, timer_ms) as bus:
        ask_in_vain(bus)
        result = ask_in_vain(bus)
        assert 'servo 1 answered ' in result.message
        assert 'after its time was over' in result.message
        assert 'not a single byte' not in result.message
        assert 'check' not in result.message
        late = bus.line.report(time.monotonic())
        assert late is not None
        assert late.ids == (1,)
        rule_ms = 2 * timer_ms + 2.3
        assert late_ms - rule_ms < late.late_s * 1e3 < late_ms - rule_ms + 1000
        statistics = bus.statistics
        assert statistics.late_answers >= 1
        assert statistics.largest_lateness_s == late.late_s
        assert statistics.bytes_received >= 15
        # What is advised is enough, and what was said before does not stay.
        bus.line.link = Link(1e-5, advised_ms(result.message) / 1e3)
        assert bus.line.report(time.monotonic()) is None
        results = [ask(bus, retries=5), ask(bus, 2, retries=5), ask(bus, retries=5)]
        assert [one.result for one in results] == [ResultCode.SUCCESS] * 3


def test_a_retry_says_it_as_well():
    with late_bus(60, 4) as bus:
        result = ask_in_vain(bus, retries=1)
        assert result.attempts == 2
        assert advised_ms(result.message) > 4
        assert result.message.endswith('(after 2 attempts)')


@pytest.mark.parametrize('data', [SYNC_READ, FAST_SYNC_READ], ids=['sync', 'fast'])
def test_servos_that_were_asked_together_are_told_together(data):
    with late_bus(60, 4) as bus:
        ask_in_vain(bus, data=data)
        result = ask_in_vain(bus, data=data)
        who = 'servos 1, 2' if data == SYNC_READ else 'the servos of a fast read'
        assert f'{who} answered' in result.message
        assert 'after their time was over; raise latency_timer' in result.message


def test_with_a_number_of_bytes_to_come_it_is_told_as_well():
    with late_bus(60, 4) as bus:
        for _ in range(2):
            result = ask_in_vain(bus, framing=Framing.LENGTH, response_length=15)
        assert 'raise latency_timer to' in result.message


def test_a_request_with_a_timeout_of_its_own_is_told_to_allow_more():
    with late_bus(60, 100) as bus:
        for _ in range(2):
            result = ask_in_vain(bus, timeout_s=0.02)
        assert 'latency_timer' not in result.message
        found = re.search(r'over; allow a timeout of (\d+) ms', result.message)
        assert found, result.message
        result = ask(bus, timeout_s=int(found.group(1)) / 1e3, retries=5)
        assert result.result is ResultCode.SUCCESS


def test_an_answer_that_came_while_nobody_listened_is_measured_with_the_next_request():
    with late_bus(60, 4) as bus:
        assert 'not a single byte' in ask_in_vain(bus).message
        wait_for(lambda: bus.port.available() == 15)
        time.sleep(0.1)  # so that nobody can tell when it came
        result = ask_in_vain(bus)
        late = bus.line.report(time.monotonic())
        assert late is not None
        assert 0.04 < late.late_s < 0.2
        assert advised_ms(result.message) < 250
        assert bus.statistics.late_answers >= 2


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_a_late_answer_that_comes_during_the_request_to_another_servo_is_counted(
    wired_bus, servos
):
    def answer(packet: InstructionPacket) -> Iterator[bytes | float]:
        if packet.id == 2:
            # The late one, and then its own.
            yield StatusPacket(Protocol.V2, 1, 0, bytes(4)).encode()
            yield StatusPacket(Protocol.V2, 2, 0, bytes(4)).encode()

    servos.answer = answer
    wired_bus.line.link = Link(1e-5, 0.01)
    wired_bus.line.late_s = 5.0
    assert ask(wired_bus, 1).result is ResultCode.RX_TIMEOUT
    assert ask(wired_bus, 2, timeout_s=5.0).result is ResultCode.SUCCESS
    assert wired_bus.statistics.late_answers == 1
    # So nothing is owed any more, and servo 1 is asked at once.
    begun = time.monotonic()
    assert 'servo 1 answered' in ask(wired_bus, 1).message
    assert time.monotonic() - begun < 4.0


def test_a_servo_that_is_not_there_is_not_said_to_be_late(wired_bus, servos):
    wired_bus.line.link = Link(1e-5, 0.004)
    for _ in range(5):
        assert 'not a single byte; check power, wiring, id and baudrate' in ask(wired_bus).message
    assert wired_bus.statistics.late_answers == 0
    assert wired_bus.line.report(time.monotonic()) is None


def test_a_port_that_sets_no_baudrate_has_none_checked(bus, still):
    bus.line.link = Link(1e-5, 0.001)
    still.sets_baudrate = False
    for framing, length in ((Framing.AUTO, 0), (Framing.LENGTH, 15)):
        message = ask(bus, framing=framing, response_length=length).message
        assert "check power, wiring, id and the gateway's serial settings" in message
    still.answer = lambda data: bytes(20)
    assert 'baudrate' not in ask(bus).message


def test_a_servo_that_answers_wrongly_is_not_said_to_be_late(wired_bus, servos):
    servos.answer = lambda packet: iter([StatusPacket(Protocol.V2, 1, 0, bytes(2)).encode()])
    wired_bus.line.link = Link(1e-5, 0.004)
    for _ in range(3):
        assert ask(wired_bus).result is ResultCode.RX_CORRUPT
    assert wired_bus.statistics.late_answers == 0
    assert wired_bus.line.report(time.monotonic()) is None


def noted(*, late_s: float, timeout_s: float = 0.01, rule_s: float = 0.01) -> Lateness:
    lateness = Lateness()
    over = 100.0 + timeout_s
    lateness.note(1, Request(100.0, rule_s, timeout_s), over + late_s, over + late_s)
    return lateness


ONE = frozenset({1})


def test_a_request_that_would_have_been_answered_in_time_is_not_explained_by_lateness():
    lateness = noted(late_s=0.05)
    assert lateness.cause(ONE, 0.01, 0.01, 0.004, 101.0)
    assert not lateness.cause(ONE, 0.1, 0.1, 0.004, 101.0)
    assert not lateness.cause(frozenset({2}), 0.01, 0.01, 0.004, 101.0)
    assert not lateness.cause(ONE, 0.01, 0.01, 0.004, 200.0)


def test_what_was_asked_under_another_rule_tells_nothing():
    lateness = noted(late_s=0.05)
    lateness.start_over(100.5)
    assert lateness.report(101.0) is None
    lateness.note(1, Request(100.4, 0.01, 0.01), 100.6, 100.6)
    assert lateness.report(101.0) is None
    lateness.note(1, Request(100.6, 0.01, 0.01), 100.7, 100.7)
    assert lateness.report(101.0) is not None


def test_no_value_is_advised_that_the_parameter_does_not_take():
    cause = noted(late_s=1.0).cause(ONE, 0.01, 0.01, 0.004, 101.0)
    assert cause == (
        'servo 1 answered 1000 ms after its time was over; raise latency_timer to 757 ms, or '
        'allow a timeout of 1516 ms'
    )
    cause = noted(late_s=2.0).cause(ONE, 0.01, 0.01, 0.004, 102.1)
    assert cause == (
        'servo 1 answered 2000 ms after its time was over; allow a timeout of 3016 ms'
    )


def test_what_arrived_at_a_time_that_is_not_known_is_not_measured():
    lateness = Lateness()
    assert lateness.note(1, Request(100.0, 0.01, 0.01), 100.02, 103.0) == 0.0
    assert lateness.note(1, Request(100.0, 0.01, 0.01), None, 100.02) == 0.0
    cause = lateness.cause(ONE, 0.01, 0.01, 0.004, 104.0)
    assert cause == 'servo 1 answered after its time was over; allow a longer timeout'
    lateness.answered_in_time(ONE)
    assert not lateness.may_listen(ONE, 104.0)
    lateness.note(1, Request(100.0, 0.01, 0.01), None, 100.02)
    assert lateness.may_listen(ONE, 104.0)
    assert not lateness.may_listen(ONE, 104.0)
