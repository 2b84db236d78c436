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

"""Nothing goes out into answers that are on the wire, whether the driver knows them or not."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
import itertools
import threading
import time

from dxl_port_driver.bus import unrest
from dxl_port_driver.bus.bus import Bus
from dxl_port_driver.bus.transact_work import TransactWork
from dxl_port_driver.bus.unrest import Unrest
from dxl_port_driver.bus.work import ReadWork
from dxl_port_driver.errors import ReceiveError, ResultCode
from dxl_port_driver.protocol.exchange import make_exchange
from dxl_port_driver.protocol.instructions import BROADCAST_ID, Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket, StatusPacket
from dxl_port_driver.protocol.timing import Link
from dxl_port_driver.protocol.transaction import Framing, Limits, Transaction, TransactionResult
import pytest

V1, V2 = Protocol.V1, Protocol.V2
# The line is quiet after 50 ms: machines that run tests are busy.
LINK = Link(10e-6, latency_s=24e-3)
QUIET_S = 0.05
LONG_S = 10.0
GAP_S = 2e-3
SYNC_READ = bytes.fromhex('FF FF FE 07 82 38 02 01 02 03 38')
ANSWERS = b''.join(StatusPacket(V1, servo, 0, bytes((servo, 9))).encode() for servo in (1, 2, 3))


def ping(servo: int, protocol: Protocol = V2) -> bytes:
    return InstructionPacket(protocol, servo, Instruction.PING).encode()


def pong(servo: int) -> bytes:
    return StatusPacket(V2, servo, 0, bytes(3)).encode()


def slowly(answers: bytes, size: int = 8) -> Iterator[bytes | float]:
    """Give an answer that comes in pieces, the first one after a while."""
    for at in range(0, len(answers), size):
        yield GAP_S
        yield answers[at : at + size]


def answer(packet: InstructionPacket) -> Iterator[bytes | float]:
    """Answer a Ping to one servo with one packet, and all else with three."""
    if packet.id != BROADCAST_ID and packet.instruction == Instruction.PING:
        return slowly(pong(packet.id))
    return slowly(ANSWERS)


def submit(bus: Bus, transaction: Transaction, **more: object) -> Future[TransactionResult]:
    exchange = make_exchange(transaction, LINK, Limits())
    work = TransactWork(exchange, max_hold_s=LONG_S, queue_timeout_s=LONG_S, **more)
    return bus.submit(work)


def run(bus: Bus, data: bytes, framing: Framing = Framing.AUTO, **more: object):
    return submit(bus, Transaction(data, framing), **more).result(LONG_S)


def write(bus: Bus, data: bytes) -> TransactionResult:
    """Write raw bytes, as ``~/write`` does."""
    return run(bus, data, Framing.NONE, keep_received=True)


def read(bus: Bus, length: int, timeout_s: float) -> bytes:
    return bus.run(ReadWork(length, timeout_s, queue_timeout_s=LONG_S)).data


class Beside:
    """Another program, that pings one servo after another for as long as the block lasts."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.wrong: list[TransactionResult] = []
        self.right = 0

    def _run(self) -> None:
        for servo in itertools.cycle(range(4, 200)):
            if self._over.is_set():
                return
            result = run(self._bus, ping(servo))
            if (result.result, result.data) == (ResultCode.SUCCESS, pong(servo)):
                self.right += 1
            else:
                self.wrong.append(result)

    def __enter__(self) -> Beside:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def test_the_sync_read_of_feetech_brings_all_answers_fifty_times_beside_another_program(
    wired_bus, servos
):
    servos.answer = answer
    with Beside(wired_bus) as other:
        results = [run(wired_bus, SYNC_READ) for _ in range(50)]
    assert {(one.result, one.message, one.data) for one in results} == {
        (ResultCode.SUCCESS, '', ANSWERS)
    }
    assert (other.wrong, servos.collisions) == ([], 0)
    assert other.right >= 25


@pytest.mark.parametrize(('protocol', 'code'), [(V1, 0x85), (V2, 0x7E)])
def test_an_unknown_instruction_to_all_keeps_the_bus_until_the_line_is_quiet(
    wired_bus, servos, protocol, code
):
    servos.answer = answer
    unknown = InstructionPacket(protocol, BROADCAST_ID, code, b'\x01').encode()
    with Beside(wired_bus) as other:
        results = [run(wired_bus, unknown) for _ in range(12)]
    assert {(one.result, one.data) for one in results} == {(ResultCode.SUCCESS, ANSWERS)}
    assert results[0].message == (
        f'instruction 0x{code:02X} of Protocol {protocol} is not known, nor how many status '
        'packets it brings: data is what came until the line was quiet for 50.1 ms'
    )
    assert (other.wrong, servos.collisions) == ([], 0)
    assert other.right >= 6


def test_an_unknown_instruction_that_nobody_answers_ends_when_it_has_been_quiet(wired_bus, servos):
    unknown = InstructionPacket(V1, BROADCAST_ID, 0x0B).encode()
    result = run(wired_bus, unknown)
    assert (result.result, result.data) == (ResultCode.SUCCESS, b'')
    assert QUIET_S <= result.elapsed_s < 1.0


def test_endless_answers_to_an_unknown_instruction_end_within_its_timeout(bus, still):
    still.babble = b'\x00' * 3
    unknown = InstructionPacket(V1, BROADCAST_ID, 0x0B).encode()
    result = submit(bus, Transaction(unknown, timeout_s=0.1)).result(LONG_S)
    still.babble = b''
    assert result.result in {ResultCode.RX_TIMEOUT, ResultCode.TX_ERROR}
    assert 0.1 <= result.elapsed_s < 5.0
    assert len(result.data) <= Limits().max_bytes
    assert 'bytes' in result.message


def test_more_packets_than_one_from_one_servo_are_not_run_into(wired_bus, servos):
    servos.answer = lambda packet: answer(packet) if packet.id == 4 else slowly(ANSWERS)
    unknown = InstructionPacket(V1, 1, 0x0B).encode()
    for _ in range(5):
        result = run(wired_bus, unknown)
        assert (result.result, result.message) == (ResultCode.SUCCESS, '')
        assert result.data == ANSWERS[:8]
        assert run(wired_bus, ping(4)).data == pong(4)
    assert servos.collisions == 0


RAW = {
    'another protocol': b'\xfe\xfe\x01\x02\x03',
    'half a packet': ping(1)[:-3],
    'bad CRC': ping(1)[:-1] + b'\x00',
    'two protocols': ping(1, V1) + ping(1),
    'unknown': InstructionPacket(V2, 1, 0x7E).encode(),
    'unknown to all': InstructionPacket(V1, BROADCAST_ID, 0x85).encode(),
}


@pytest.mark.parametrize('data', RAW.values(), ids=RAW)
@pytest.mark.parametrize('keep_received', [True, False], ids=['raw', 'FRAMING_NONE'])
def test_nothing_goes_out_into_the_answers_to_a_raw_write(wired_bus, servos, data, keep_received):
    servos.answer = answer
    servos.answer_torn = lambda _: slowly(ANSWERS)
    for _ in range(2):
        sent = run(wired_bus, data, Framing.NONE, keep_received=keep_received)
        assert sent.result is ResultCode.SUCCESS
        result = run(wired_bus, ping(4))
        assert (result.result, result.data) == (ResultCode.SUCCESS, pong(4))
        write(wired_bus, data)
        write(wired_bus, data)
        run(wired_bus, ping(4))
    assert servos.collisions == 0


def test_a_raw_read_finds_all_that_came_though_others_wait_for_the_line(wired_bus, servos):
    servos.answer = answer
    servos.answer_torn = lambda _: slowly(ANSWERS)
    write(wired_bus, b'any')
    reading = wired_bus.submit(ReadWork(len(ANSWERS), LONG_S, queue_timeout_s=LONG_S))
    pinging = submit(wired_bus, Transaction(ping(4)))
    assert reading.result(LONG_S).data == ANSWERS
    assert pinging.result(LONG_S).data == pong(4)
    assert servos.collisions == 0


@pytest.mark.parametrize('timeout_s', [LONG_S, 0.0])
def test_a_loop_of_raw_writes_and_reads_is_as_quick_as_its_device(wired_bus, servos, timeout_s):
    servos.answer_torn = lambda _: iter([b'hello'])
    begun = time.monotonic()
    for _ in range(40):
        assert write(wired_bus, b'?').result is ResultCode.SUCCESS
        came = b''
        while len(came) < 5:
            came += read(wired_bus, 5 - len(came), timeout_s)
        assert came == b'hello'
    assert time.monotonic() - begun < 40 * QUIET_S / 2


@pytest.mark.parametrize('size', [1, 5, 9])
def test_a_packet_in_several_raw_writes_goes_out_without_a_pause(bus, still, size):
    whole = ping(1)
    begun = time.monotonic()
    for _ in range(5):
        pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
        for piece in pieces:
            assert write(bus, piece).result is ResultCode.SUCCESS
        # Only what follows the whole packet waits, or has the answer behind it.
        still.give(pong(1))
        assert read(bus, len(pong(1)), LONG_S) == pong(1)
    assert time.monotonic() - begun < 5 * QUIET_S
    assert b''.join(still.sent) == whole * 5


def test_a_whole_packet_does_not_go_on_with_half_a_one(bus, still):
    write(bus, ping(1)[:5])
    result = write(bus, ping(2))
    assert result.elapsed_s >= QUIET_S / 2


def test_whatever_was_known_is_not_waited_for(wired_bus, servos):
    servos.answer = answer
    begun = time.monotonic()
    for _ in range(40):
        write(wired_bus, InstructionPacket(V2, BROADCAST_ID, Instruction.ACTION).encode() * 2)
        run(wired_bus, InstructionPacket(V1, BROADCAST_ID, Instruction.WRITE, bytes(2)).encode())
    assert time.monotonic() - begun < 40 * QUIET_S / 2


def test_a_line_that_never_falls_quiet_is_not_waited_for_without_end(monkeypatch, still):
    monkeypatch.setattr(unrest, '_LONGEST_S', 0.05)
    bytes_there = itertools.count(1)
    still.available = lambda: next(bytes_there)
    line = Unrest()
    line.begin(time.monotonic(), LONG_S)
    for until in line.waits(still, b''):
        assert until <= time.monotonic() + 0.05
        time.sleep(0.01)
    assert not line.is_there


def test_a_device_that_fails_while_the_line_is_waited_for_has_not_been_sent_anything(bus, still):
    write(bus, b'any')
    still.failure['available'] = ReceiveError('it broke')
    result = run(bus, ping(4))
    assert (result.result, result.message) == (ResultCode.TX_FAIL, 'it broke')
    assert still.sent == [b'any']
