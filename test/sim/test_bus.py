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

"""The wire: who answers when, in which order, and what a collision does."""

from __future__ import annotations

from dxl_port_driver.protocol.framer import Framer
from dxl_port_driver.protocol.instructions import (
    BROADCAST_ID,
    Protocol,
)
from dxl_port_driver.protocol.instructions import (
    Instruction as Do,
)
from dxl_port_driver.protocol.instructions import (
    V2Error as Err,
)
from dxl_port_driver.protocol.packets import InstructionPacket
from dxl_port_driver.sim.groups import joint_packet
from hypothesis import given
from hypothesis import strategies as st
import pytest
from sim_support.bench import Bench

BYTE_S = 10 / 1_000_000
LED, POSITION = 65, 132
READ_POSITION = bytes((POSITION, 0, 4, 0))


def due(bench):
    return pytest.approx(bench.bus.next_due, abs=1e-9)


def test_an_answer_takes_the_time_of_both_packets_and_the_return_delay(bench):
    bench.send(1, Do.READ, READ_POSITION)
    assert bench.now + 14 * BYTE_S + 500e-6 + 15 * BYTE_S == due(bench)
    assert bench.bus.take(bench.now + 14 * BYTE_S) == b''
    assert len(bench.answers()) == 15


def test_the_return_delay_is_the_register_times_2_us(bench):
    bench.write(1, 9, 1, 5)
    bench.send(1, Do.PING)
    assert bench.now + 10 * BYTE_S + 10e-6 + 14 * BYTE_S == due(bench)


def test_a_slow_baudrate_takes_longer(bench):
    bench.baudrate = 57600
    bench.send(1, Do.PING)
    assert bench.now + 24 * 10 / 57600 + 500e-6 == due(bench)


def test_without_pace_answers_are_there_at_once():
    bench = Bench('pace=off')
    bench.send(BROADCAST_ID, Do.SYNC_READ, READ_POSITION + bytes((1, 2, 3)))
    assert bench.bus.next_due == bench.now
    assert len(bench.bus.take(bench.now)) == 45


def test_the_latency_timer_holds_answers_back():
    bench = Bench('latency_timer=16&return_delay=0')
    bench.send(1, Do.PING)
    assert bench.now + 24 * BYTE_S + 0.016 == due(bench)


def test_sync_read_answers_one_after_another(bench):
    bench.send(BROADCAST_ID, Do.SYNC_READ, READ_POSITION + bytes((3, 1, 2)))
    first = bench.now + 17 * BYTE_S
    each = 500e-6 + 15 * BYTE_S
    ids = []
    for number in (1, 2, 3):
        assert first + number * each == due(bench)
        (frame,) = Framer(Protocol.V2).feed(bench.bus.take(first + number * each + 1e-9))
        ids.append(frame.id)
    assert ids == [3, 1, 2]


@pytest.mark.parametrize(('chain', 'ids'), [('silent', [1]), ('late', [1, 2])])
def test_behind_a_missing_servo(chain, ids):
    bench = Bench(f'ids=1-2&chain={chain}')
    frames = bench.ask(BROADCAST_ID, Do.SYNC_READ, READ_POSITION + bytes((1, 9, 2)))
    assert [frame.id for frame in frames] == ids


def test_an_error_does_not_break_the_chain(bench):
    bench.write(2, 168, 2, 64)
    params = bytes((1, 132, 0, 4, 0, 2, 14, 0, 2, 0, 3, 65, 0, 1, 0))
    frames = bench.ask(BROADCAST_ID, Do.BULK_READ, params)
    assert [(f.id, f.params) for f in frames] == [
        (1, b'\0\0\x08\0\0'),
        (2, bytes((Err.ACCESS,))),
        (3, b'\0\0'),
    ]


def test_sync_and_bulk_write(bench):
    assert bench.ask(BROADCAST_ID, Do.SYNC_WRITE, bytes((LED, 0, 1, 0, 1, 1, 2, 1))) == []
    bulk = bytes((3, LED, 0, 1, 0, 1, 4, 116, 0, 4, 0, 9, 0, 0, 0))
    assert bench.ask(BROADCAST_ID, Do.BULK_WRITE, bulk) == []
    assert [bench.read(servo, LED, 1) for servo in (1, 2, 3, 4)] == [1, 1, 1, 0]
    assert bench.read(4, 116, 4) == 9


@pytest.mark.parametrize(
    'params', [b'', b'\x41', b'\x41\0\1', b'\x41\0\1\0', b'\x41\0\1\0\1', b'\x41\0\0\0\1\2']
)
def test_a_malformed_group_instruction_does_nothing(bench, params):
    for instruction in (Do.SYNC_WRITE, Do.BULK_WRITE, Do.BULK_READ, Do.FAST_BULK_READ):
        assert bench.ask(BROADCAST_ID, instruction, params) == []
    assert bench.read(1, LED, 1) == 0


def test_fast_sync_read_is_one_packet_as_in_the_e_manual():
    bench = Bench('ids=3,4,7')
    for servo, position in zip(bench.bus.servos, (166, 1023, 2079), strict=True):
        servo._motor.motion.place(position)
    bench.send(BROADCAST_ID, Do.FAST_SYNC_READ, READ_POSITION + bytes((3, 7, 4)))
    assert bench.answers().hex(' ') == (
        'ff ff fd 00 fe 19 00 55 00 03 a6 00 00 00 84 08 '
        '00 07 1f 08 00 00 16 ca 00 04 ff 03 00 00 d1 9e'
    )


def test_fast_bulk_read_is_one_packet_as_in_the_e_manual():
    pieces = [(0, 3, b'\xa6\0\0\0'), (0, 7, b'\xa5\x01'), (0, 4, b'\x1f')]
    assert joint_packet(pieces, 19).hex(' ') == (
        'ff ff fd 00 fe 14 00 55 00 03 a6 00 00 00 67 a4 00 07 a5 01 24 74 00 04 1f d9 c1'
    )


def test_fast_bulk_read(bench):
    params = bytes((3, 132, 0, 4, 0, 2, 65, 0, 1, 0, 4, 146, 0, 1, 0))
    (frame,) = bench.ask(BROADCAST_ID, Do.FAST_BULK_READ, params)
    assert frame.intact
    assert frame.raw[5] == 19
    assert [frame.raw[at : at + 3] for at in (8, 16, 21)] == [
        b'\0\x03\0',
        b'\0\x02\0',
        b'\0\x04\x1f',
    ]


def test_a_fast_read_ends_at_a_missing_servo(bench):
    bench.send(BROADCAST_ID, Do.FAST_SYNC_READ, READ_POSITION + bytes((1, 9, 2)))
    got = bench.answers()
    assert len(got) == 8 + 8
    assert got[5] == 1 + 3 * 8
    assert bench.ask(BROADCAST_ID, Do.FAST_SYNC_READ, READ_POSITION + bytes((9, 1))) == []


def test_a_fast_read_that_no_packet_can_hold_is_ignored(bench):
    params = bytes((0, 0, 0xFF, 0xFF, 1, 2))
    assert bench.ask(BROADCAST_ID, Do.FAST_SYNC_READ, params) == []


def test_a_fast_read_of_a_wrong_address_tells_each_error(bench):
    params = bytes((14, 0, 2, 0, 1, 2))
    (frame,) = bench.ask(BROADCAST_ID, Do.FAST_SYNC_READ, params)
    assert frame.raw[8:12] == bytes((Err.ACCESS, 1, 0, 0))


def test_broadcast_ping_answers_in_the_order_of_ids():
    bench = Bench('ids=9,3,5')
    assert [frame.id for frame in bench.ask(BROADCAST_ID, Do.PING)] == [3, 5, 9]


@pytest.mark.parametrize('pace', ['on', 'off'])
def test_two_servos_with_one_id_garble_each_other(pace):
    bench = Bench(f'ids=1,1,2&pace={pace}')
    bench.send(1, Do.PING)
    got = bench.answers()
    assert len(got) == 28
    assert not any(frame.intact for frame in Framer(Protocol.V2).feed(got))
    assert bench.ask(2, Do.PING)[0].intact
    frames = bench.ask(BROADCAST_ID, Do.SYNC_READ, READ_POSITION + bytes((1, 2)))
    assert [frame.id for frame in frames if frame.intact] == [2]


def test_broadcast_ping_of_protocol_1_suits_a_single_servo():
    assert Bench('ids=4&protocol=1.0', Protocol.V1).ask(BROADCAST_ID, Do.PING)[0].id == 4
    frames = Bench('ids=4-5&protocol=1.0', Protocol.V1).ask(BROADCAST_ID, Do.PING)
    assert not any(frame.intact for frame in frames)


def test_stuffing_on_the_way_in_and_out(bench):
    data = b'\xff\xff\xfd\x00'
    assert bench.ask(1, Do.WRITE, bytes((224, 0)) + data)[0].params == b'\0'
    (frame,) = bench.ask(1, Do.READ, bytes((224, 0, 4, 0)))
    assert b'\xff\xff\xfd\xfd\x00' in frame.raw
    assert frame.params == b'\0' + data


def test_a_broken_packet_is_told_by_its_servo_and_ignored_by_all(bench):
    packet = bytearray(InstructionPacket(Protocol.V2, 1, Do.PING).encode())
    packet[-1] ^= 1
    bench.bus.receive(bytes(packet), bench.now, 1_000_000)
    (frame,) = Framer(Protocol.V2).feed(bench.answers())
    assert frame.params == bytes((Err.CRC,))
    assert bench.bus.statistics.broken == 1


def test_noise_is_skipped_and_counted(bench):
    packet = InstructionPacket(Protocol.V2, 1, Do.PING).encode()
    bench.bus.receive(b'\x01\x02\xff' + packet, bench.now, 1_000_000)
    assert len(bench.answers()) == 14
    assert bench.bus.statistics.noise == 3


@given(st.lists(st.integers(1, 9), min_size=1, max_size=9))
def test_a_packet_may_come_in_any_pieces(cuts):
    bench = Bench()
    packet = InstructionPacket(Protocol.V2, 1, Do.PING).encode()
    for cut in cuts:
        piece, packet = packet[:cut], packet[cut:]
        bench.bus.receive(piece, bench.now, 1_000_000)
        bench.now += 0.001
    bench.bus.receive(packet, bench.now, 1_000_000)
    assert len(bench.answers()) == 14
    assert bench.bus.statistics.violations == 0


def test_the_rest_of_a_packet_is_not_awaited_for_ever(bench):
    packet = InstructionPacket(Protocol.V2, 1, Do.PING).encode()
    bench.bus.receive(packet[:6], bench.now, 1_000_000)
    bench.answers(0.5)
    assert bench.ask(1, Do.PING)[0].intact


def test_two_packets_at_once_are_a_violation(bench):
    packet = InstructionPacket(Protocol.V2, 1, Do.PING).encode()
    bench.bus.receive(packet + packet, bench.now, 1_000_000)
    assert bench.bus.statistics.violations == 1
    assert 'before the answer' in bench.bus.statistics.last_violations[0]


def test_an_instruction_behind_the_answer_is_none(bench):
    for _ in range(3):
        bench.send(1, Do.PING)
        bench.now = bench.bus.next_due
        assert len(bench.bus.take(bench.now)) == 14
    assert bench.bus.statistics.violations == 0


@pytest.mark.parametrize('collide', ['on', 'off'])
def test_a_collision_garbles_both_or_is_only_counted(collide):
    bench = Bench(f'collide={collide}&return_delay=0')
    bench.send(1, Do.PING)
    # Right into the answer, which is on the wire from 100 us to 240 us.
    bench.now += 150e-6
    bench.send(2, Do.PING)
    frames = Framer(Protocol.V2).feed(bench.answers())
    assert bench.bus.statistics.violations == 1
    intact = [frame.id for frame in frames if frame.intact]
    assert intact == ([] if collide == 'on' else [1, 2])


def test_an_answer_that_the_emulation_itself_was_late_with_is_nobodys_violation(bench):
    bench.send(1, Do.PING)
    bench.now += 0.05
    bench.send(1, Do.PING)
    assert (bench.bus.statistics.violations, bench.bus.statistics.late_overlaps) == (0, 1)


def test_an_instruction_on_the_heels_of_one_without_an_answer_is_counted(bench):
    bench.send(BROADCAST_ID, Do.WRITE, bytes((LED, 0, 1)))
    bench.now += 13 * BYTE_S
    bench.send(BROADCAST_ID, Do.WRITE, bytes((LED, 0, 0)))
    assert bench.bus.statistics.back_to_back == 0
    bench.send(BROADCAST_ID, Do.WRITE, bytes((LED, 0, 1)))
    assert bench.bus.statistics.back_to_back == 1
    assert bench.bus.statistics.violations == 0


def test_packets_without_answers_may_follow_each_other(bench):
    packet = InstructionPacket(Protocol.V2, BROADCAST_ID, Do.WRITE, bytes((LED, 0, 1))).encode()
    bench.bus.receive(packet * 3, bench.now, 1_000_000)
    assert bench.bus.statistics.violations == 0
    assert bench.read(1, LED, 1) == 1


def test_both_protocols_on_one_bus():
    bench = Bench('ids=1-2&ids1=1,11')
    assert bench.ask(1, Do.PING)[0].params[1:3] == b'\xfc\x03'
    bench.protocol = Protocol.V1
    assert [bench.read(servo, 0, 2) for servo in (1, 11)] == [29, 29]
    assert bench.ask(2, Do.PING) == []
    assert bench.bus.statistics.broken == 0


def test_servos_hear_their_own_baudrate_only():
    bench = Bench('baudrate=57600')
    assert bench.ask(1, Do.PING) == []
    assert bench.bus.statistics.unheard == 1
    bench.baudrate = 58000
    assert bench.ask(1, Do.PING)
    assert bench.write(1, 8, 1, 3) == 0
    assert bench.ask(1, Do.PING) == []
    bench.baudrate = 1_000_000
    assert bench.ask(1, Do.PING)
    assert bench.ask(2, Do.PING) == []


def test_a_wrong_rate_may_bring_garbage():
    bench = Bench('baudrate=57600&wrong_rate=garbage')
    bench.send(1, Do.PING)
    assert bench.answers()


def test_the_adapter_makes_the_closest_of_its_rates():
    bus = Bench('rates=9600,57600,1000000').bus
    assert [bus.adapter_rate(rate) for rate in (9600, 50000, 4_000_000)] == [9600, 57600, 1000000]


def test_hanging_up_loses_what_is_under_way(bench):
    bench.send(1, Do.PING)
    bench.bus.hang_up()
    assert bench.bus.next_due is None
    assert bench.ask(1, Do.PING)


def test_counts_are_ready_for_json_and_can_be_cleared(bench):
    bench.ask(1, Do.PING)
    counts = bench.bus.statistics.as_dict()
    assert (counts['instructions'], counts['answers'], counts['bytes_sent']) == (1, 1, 14)
    assert counts['wire_s'] == pytest.approx(24 * BYTE_S)
    bench.bus.statistics.clear()
    assert bench.bus.statistics.instructions == 0
