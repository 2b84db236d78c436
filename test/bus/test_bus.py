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

"""One port, many users."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
import math
import threading
import time

from dxl_port_driver.bus.bus import Bus
from dxl_port_driver.bus.transact_work import BatchWork, TransactWork
from dxl_port_driver.bus.work import BaudrateWork, Line, Steps, Wait, Work
from dxl_port_driver.errors import DxlPortError, NotAvailableError, PortBusyError, ResultCode
from dxl_port_driver.port.base import Port
from dxl_port_driver.protocol.exchange import make_exchange
from dxl_port_driver.protocol.instructions import Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket, StatusPacket
from dxl_port_driver.protocol.timing import Link
from dxl_port_driver.protocol.transaction import Framing, Limits, Transaction
import pytest

LINK = Link(10e-6, latency_s=1e-3)
PING = InstructionPacket(Protocol.V2, 1, Instruction.PING).encode()
PONG = StatusPacket(Protocol.V2, 1, 0, b'\x06\x04\x26').encode()
# Never waited for when all is well.
LONG_S = 10.0


class Held(Work[bytes]):
    """Keeps the bus until something comes."""

    def __init__(self) -> None:
        super().__init__(0, LONG_S, 0.0)
        self.begun = threading.Event()

    def steps(self, port: Port, line: Line) -> Steps[bytes]:
        self.begun.set()
        return (yield Wait(time.monotonic() + LONG_S))


class Noted(Work[int]):
    """Writes down that it was done and by which thread."""

    def __init__(self, log: list[str], name: str, priority: int = 0, queue_s: float = LONG_S):
        super().__init__(priority, queue_s, 0.0)
        self.log, self.name = log, name

    def steps(self, port: Port, line: Line) -> Steps[int]:
        self.log.append(self.name)
        return threading.get_ident()
        yield


class Failing(Work[None]):
    """Raises something, before or after its first wait."""

    def __init__(self, error: BaseException, *, waits: bool) -> None:
        super().__init__(0, LONG_S, 0.0)
        self.error, self.waits = error, waits

    def steps(self, port: Port, line: Line) -> Steps[None]:
        if self.waits:
            yield Wait(time.monotonic() + 0.01)
        raise self.error


def transact(
    transaction: Transaction, *, queue_timeout_s: float = LONG_S, priority: int = 0
) -> TransactWork:
    return TransactWork(
        make_exchange(transaction, LINK, Limits()),
        max_hold_s=LONG_S,
        queue_timeout_s=queue_timeout_s,
        priority=priority,
    )


def hold(bus: Bus) -> Future[bytes]:
    """Have the bus kept until the port is given something."""
    work = Held()
    future = bus.submit(work, 0.01)
    assert work.begun.wait(LONG_S)
    return future


def test_it_is_closed_until_it_admits(still):
    bus = Bus(still)
    with pytest.raises(NotAvailableError, match='not in use yet'):
        bus.run(Noted([], 'early'))
    bus.shutdown('over')


def test_who_finds_it_free_is_served_in_the_own_thread(bus):
    assert bus.run(Noted([], 'work')) == threading.get_ident()
    assert bus.submit(Noted([], 'work')).result(LONG_S) == threading.get_ident()


def test_who_has_no_patience_is_served_by_the_worker(bus):
    work = Noted([], 'work')
    work.expected_s = 1.0
    assert bus.submit(work, 0.5).result(LONG_S) != threading.get_ident()


def test_higher_priority_goes_first_and_within_it_who_came_first(bus, still):
    log: list[str] = []
    held = hold(bus)
    order = [('a', 0), ('b', 7), ('c', 0), ('d', 255), ('e', 7), ('f', 0)]
    futures = [bus.submit(Noted(log, name, priority), math.inf) for name, priority in order]
    assert bus.waiting == 6
    assert not log
    still.give(b'go')
    wait(futures, LONG_S)
    assert log == ['d', 'b', 'e', 'a', 'c', 'f']
    assert held.result(LONG_S) == b'go'
    assert bus.waiting == 0


def test_who_finds_others_waiting_queues_up_behind_them(bus, still):
    log: list[str] = []
    hold(bus)
    first = bus.submit(Noted(log, 'first'))
    second = bus.submit(Noted(log, 'second'), math.inf)
    still.give(b'go')
    assert second.result(LONG_S) == first.result(LONG_S)
    assert log == ['first', 'second']


def test_nobody_slips_in_between_two_who_have_waited(bus, still):
    log: list[str] = []
    held = hold(bus)
    waiting = [bus.submit(Noted(log, 'waits')) for _ in range(2)]
    # It is called when the bus is free again and the next in the queue has not begun yet.
    held.add_done_callback(
        lambda _: waiting.append(bus.submit(Noted(log, 'comes later'), math.inf))
    )
    still.give(b'go')
    wait(waiting, LONG_S)
    wait(waiting, LONG_S)
    assert log == ['waits', 'waits', 'comes later']


def test_a_baudrate_change_goes_ahead_of_the_queue_but_not_into_a_transaction(bus, still):
    seen: list[int] = []

    class Urgent(Work[None]):
        def steps(self, port: Port, line: object) -> Steps[None]:
            seen.append(port.baudrate)
            return
            yield

    held = bus.submit(transact(Transaction(PING, timeout_s=LONG_S)))
    while not still.sent:
        time.sleep(0.001)
    urgent = bus.submit(Urgent(255, LONG_S, 1.0))
    change = bus.submit(BaudrateWork(57600, queue_timeout_s=LONG_S))
    assert still.baudrate == 1_000_000
    still.give(PONG)
    wait([urgent, change], LONG_S)
    assert held.result(LONG_S).data == PONG
    assert seen == [57600]


def test_who_waits_longer_than_it_said_gets_port_busy_with_the_time(bus, still):
    log: list[str] = []
    hold(bus)
    patient = bus.submit(Noted(log, 'patient'))
    late = bus.submit(Noted(log, 'late', 255, queue_s=0.05))
    later = bus.submit(Noted(log, 'later', 0, queue_s=0.1))
    for future, least in ((late, '0.05'), (later, '0.1')):
        error = future.exception(LONG_S)
        assert isinstance(error, PortBusyError)
        assert 'still was busy for all of the' in str(error)
        waited = float(str(error).partition('all of the ')[2].partition(' s')[0])
        assert float(least) <= waited < LONG_S
    still.give(b'go')
    patient.result(LONG_S)
    assert log == ['patient']


def test_a_wait_without_end_does_not_end_the_waits_of_others(bus, still):
    log: list[str] = []
    hold(bus)
    endless = [bus.submit(Noted(log, 'endless', queue_s=wait_s)) for wait_s in (math.inf, 1e15)]
    short = bus.submit(Noted(log, 'short', queue_s=0.02))
    assert isinstance(short.exception(LONG_S), PortBusyError)
    again = bus.submit(Noted(log, 'short', queue_s=0.02))
    assert isinstance(again.exception(LONG_S), PortBusyError)
    still.give(b'go')
    wait(endless, LONG_S)
    assert log == ['endless', 'endless']


def test_no_more_wait_than_may(still):
    bus = Bus(still, max_waiting=2)
    bus.admit()
    log: list[str] = []
    hold(bus)
    futures = [bus.submit(Noted(log, 'waits')) for _ in range(3)]
    with pytest.raises(PortBusyError, match='2 requests wait for still already'):
        futures[2].result(LONG_S)
    still.give(b'go')
    wait(futures, LONG_S)
    assert log == ['waits', 'waits']
    bus.shutdown('over')


def test_dismissal_answers_all_at_once_also_the_one_being_served(bus, still):
    log: list[str] = []
    served = bus.submit(transact(Transaction(PING, timeout_s=LONG_S)))
    while not still.sent:
        time.sleep(0.001)
    waiting = [bus.submit(Noted(log, 'waits', number)) for number in range(5)]
    bus.dismiss('the driver was deactivated')
    result = served.result(0)
    assert (result.result, result.message) == (
        ResultCode.NOT_AVAILABLE,
        'the driver was deactivated',
    )
    for future in waiting:
        with pytest.raises(NotAvailableError, match='the driver was deactivated'):
            future.result(0)
    with pytest.raises(NotAvailableError, match='the driver was deactivated'):
        bus.run(Noted(log, 'comes later'))
    assert not log


def test_dismissal_reaches_work_that_knows_nothing_of_it(bus):
    held = hold(bus)
    bus.dismiss('go away')
    with pytest.raises(NotAvailableError, match='go away'):
        held.result(LONG_S)


def test_dismissal_reaches_who_is_served_in_the_own_thread(bus, still):
    with ThreadPoolExecutor(1) as pool:
        served = pool.submit(bus.run, transact(Transaction(PING, timeout_s=LONG_S)))
        while not still.sent:
            time.sleep(0.001)
        bus.dismiss('go away')
        assert served.result(LONG_S).result is ResultCode.NOT_AVAILABLE


def test_dismissal_ends_a_batch_and_a_wait_for_the_wire(bus, still):
    parts = [transact(Transaction(PING, timeout_s=LONG_S)) for _ in range(3)]
    batch = BatchWork(parts, stop_on_error=False, max_hold_s=LONG_S, queue_timeout_s=LONG_S)
    served = bus.submit(batch)
    while not still.sent:
        time.sleep(0.001)
    bus.dismiss('go away')
    assert {result.result for result in served.result(LONG_S)} == {ResultCode.NOT_AVAILABLE}
    bus.admit()
    sending = bus.submit(transact(Transaction(bytes(4096), Framing.NONE)))
    bus.dismiss('go away')
    assert sending.done()


def test_it_can_admit_again_after_a_dismissal(bus, still):
    for _ in range(3):
        held = hold(bus)
        bus.dismiss('go away')
        assert held.exception(LONG_S) is not None
        bus.admit()
        still.answer = lambda _: PONG
        assert bus.run(transact(Transaction(PING, timeout_s=LONG_S))).data == PONG


def test_dismissing_nobody_is_fine(bus):
    bus.dismiss('go away')
    bus.dismiss('go away')


@pytest.mark.parametrize('patience_s', [0.0, 0.001, math.inf])
@pytest.mark.parametrize('waits', [False, True])
def test_an_exception_reaches_the_one_who_waits_and_the_bus_goes_on(bus, patience_s, waits):
    failed = bus.submit(Failing(ZeroDivisionError('oops'), waits=waits), patience_s)
    with pytest.raises(ZeroDivisionError, match='oops'):
        failed.result(LONG_S)
    log: list[str] = []
    bus.run(Noted(log, 'next'))
    assert log == ['next']


def test_an_interrupted_user_does_not_keep_the_bus(bus):
    with pytest.raises(KeyboardInterrupt):
        bus.run(Failing(KeyboardInterrupt(), waits=True))
    log: list[str] = []
    bus.run(Noted(log, 'next'))
    assert log == ['next']


def test_what_was_submitted_cannot_be_cancelled_and_does_no_harm(bus, still):
    log: list[str] = []
    held = hold(bus)
    queued = bus.submit(Noted(log, 'queued'))
    assert not held.cancel()
    assert not queued.cancel()
    still.give(b'go')
    queued.result(LONG_S)
    assert held.result(LONG_S) == b'go'
    assert bus.run(Noted(log, 'next')) == threading.get_ident()


def test_more_work_may_be_submitted_when_a_result_comes(bus, still):
    log: list[str] = []
    more: list[Future[int]] = []
    held = hold(bus)
    held.add_done_callback(lambda _: more.append(bus.submit(Noted(log, 'more'))))
    still.give(b'go')
    held.result(LONG_S)
    while not more:
        time.sleep(0.001)
    more[0].result(LONG_S)
    assert log == ['more']


def test_shutdown_leaves_no_thread_and_is_safe_to_repeat(still):
    before = set(threading.enumerate())
    bus = Bus(still)
    bus.admit()
    bus.admit()
    assert len(set(threading.enumerate()) - before) == 2
    held = hold(bus)
    bus.shutdown('over')
    bus.shutdown('over')
    assert set(threading.enumerate()) == before
    assert isinstance(held.exception(0), NotAvailableError)
    with pytest.raises(NotAvailableError, match='over'):
        bus.run(Noted([], 'late'))
    with pytest.raises(NotAvailableError, match='has been shut down'):
        bus.admit()


def answer_in_parts(packet):
    """Answer a ping in three pieces, with a good while between them."""
    yield PONG[:5]
    yield 0.03
    yield PONG[5:9]
    yield 0.03
    yield PONG[9:]


@pytest.mark.parametrize('patience_s', [0.0, 0.01, 0.04, math.inf])
def test_the_short_way_and_the_worker_give_the_same_result(wired_bus, servos, patience_s):
    servos.answer = answer_in_parts
    work = transact(Transaction(PING, timeout_s=LONG_S))
    future = wired_bus.submit(work, patience_s)
    assert future.done() or patience_s < math.inf
    result = future.result(LONG_S)
    assert (result.result, result.message, result.data) == (ResultCode.SUCCESS, '', PONG)
    assert result.attempts == 1


def test_endless_noise_does_not_keep_a_thread_longer_than_its_patience(bus, still):
    still.babble = b'\x00'
    future = bus.submit(transact(Transaction(PING, timeout_s=2.0)), 0.01)
    assert not future.done()
    bus.dismiss('enough')
    assert future.result(0).result is ResultCode.NOT_AVAILABLE
    still.babble = b''


def test_a_device_that_goes_while_an_answer_is_awaited_is_rx_fail(wired_bus, servos):
    future = wired_bus.submit(transact(Transaction(PING, timeout_s=LONG_S)))
    while not servos.asked:
        time.sleep(0.001)
    servos.unplug()
    result = future.result(LONG_S)
    assert result.result is ResultCode.RX_FAIL
    assert servos.name in result.message
    try:
        code = wired_bus.run(transact(Transaction(PING, timeout_s=LONG_S))).result
    except DxlPortError as error:
        code = error.code
    assert code in {ResultCode.RX_FAIL, ResultCode.TX_FAIL}


def test_many_threads_each_get_the_answers_to_their_own_questions(wired_bus, servos):
    def answer(packet):
        # The servo tells who it is and what it was asked for.
        yield StatusPacket(
            packet.protocol, packet.id, 0, packet.params[:2] + bytes((packet.id, 0))
        ).encode()

    servos.answer = answer

    def use(user: int) -> list[str]:
        wrong = []
        for number in range(150):
            address = user << 8 | number
            params = address.to_bytes(2, 'little') + b'\x04\x00'
            servo = number % 5  # several users ask the same servo
            question = InstructionPacket(Protocol.V2, servo, Instruction.READ, params).encode()
            work = transact(Transaction(question, timeout_s=LONG_S), priority=user % 3)
            patience_s = (0.0, 0.002, math.inf)[number % 3]
            result = wired_bus.submit(work, patience_s).result(LONG_S)
            right = StatusPacket(Protocol.V2, servo, 0, params[:2] + bytes((servo, 0))).encode()
            if (result.result, result.data) != (ResultCode.SUCCESS, right):
                wrong.append(f'{address:04x}: {result}')
        return wrong

    with ThreadPoolExecutor(8) as pool:
        wrong = [line for lines in pool.map(use, range(8)) for line in lines]
    assert wrong == []
    assert servos.torn == []
    assert len(servos.asked) == 8 * 150


def test_waiting_for_a_board_that_is_starting_is_not_waiting_for_the_bus(bus, still):
    still.answer = lambda data: PONG
    bus.line.open_delay_s = 0.6
    bus.line.opened()
    opened = time.monotonic()
    futures = [bus.submit(transact(Transaction(PING), queue_timeout_s=0.2)) for _ in range(3)]
    assert [one.result(LONG_S).result for one in futures] == [ResultCode.SUCCESS] * 3
    assert time.monotonic() - opened >= 0.6
    # From then on it is as ever.
    held = hold(bus)
    with pytest.raises(PortBusyError):
        bus.submit(transact(Transaction(PING), queue_timeout_s=0.05)).result(LONG_S)
    still.give(b'x')
    held.result(LONG_S)
