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

"""``~/transact``: what ends it, what it gives back, and every result code there is."""

from __future__ import annotations

from builtin_interfaces.msg import Duration
from dxl_port_driver.errors import ResultCode
from dxl_port_driver.protocol.instructions import BROADCAST_ID, Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket, StatusPacket
import pytest
from ros_support.calls import AUTO, available, batch, LENGTH, message, NONE, transact
from ros_support.graph import eventually
from ros_support.wire import mute, ping, pong, read


def seconds(duration):
    return duration.sec + duration.nanosec / 1e9


def broken(packet):
    """Flip a bit of the checksum or CRC."""
    return packet[:-1] + bytes((packet[-1] ^ 1,))


@pytest.mark.parametrize('protocol', list(Protocol))
def test_an_answer_comes_back_exactly_as_received(driver, servos, protocol):
    result = transact(driver, ping(7, protocol))
    assert (result.result, result.message) == (ResultCode.SUCCESS, '')
    assert bytes(result.data) == pong(7, protocol)
    assert result.attempts == 1
    assert servos.heard == [ping(7, protocol)]
    assert 0 < seconds(result.elapsed) < 5


def test_the_data_are_the_status_packets_alone(driver, servos):
    servos.answer = lambda data: b'noise\xff\xff\xfd' + pong(3) + b'behind' + pong(1) + b'more'
    result = transact(driver, ping(1))
    assert (result.result, bytes(result.data)) == (ResultCode.SUCCESS, pong(1))


def test_stale_bytes_are_not_taken_for_the_answer(driver, servos):
    servos.send(pong(2))
    eventually(lambda: available(driver).length == len(pong(2)))
    assert bytes(transact(driver, ping(1)).data) == pong(1)
    servos.send(pong(2))
    eventually(lambda: available(driver).length == len(pong(2)))
    servos.answer = mute
    assert transact(driver, ping(2), timeout=0.0).result == ResultCode.RX_TIMEOUT


def test_a_sync_read_ends_with_the_last_servo_and_keeps_their_order(driver, servos):
    ids = (4, 2, 9)
    answers = [StatusPacket(Protocol.V2, one, 0, bytes((one, 0))).encode() for one in ids]
    servos.answer = lambda data: b''.join(answers)
    packet = InstructionPacket(
        Protocol.V2, BROADCAST_ID, Instruction.SYNC_READ, bytes((132, 0, 2, 0, *ids))
    )
    result = transact(driver, packet.encode())
    assert (result.result, bytes(result.data)) == (ResultCode.SUCCESS, b''.join(answers))


def test_response_count_ends_a_broadcast_ping_early(driver, servos):
    servos.answer = lambda data: pong(1) + pong(5) + pong(6)
    result = transact(driver, ping(BROADCAST_ID), response_count=2)
    assert (result.result, bytes(result.data)) == (ResultCode.SUCCESS, pong(1) + pong(5))


def test_a_broadcast_ping_takes_all_that_answer_until_the_time_is_over(driver, servos):
    servos.answer = lambda data: pong(1) + pong(5)
    result = transact(driver, ping(BROADCAST_ID), timeout=0.2)
    assert (result.result, bytes(result.data)) == (ResultCode.SUCCESS, pong(1) + pong(5))
    assert seconds(result.elapsed) >= 0.2


def test_a_broadcast_write_awaits_nothing(driver, servos):
    packet = InstructionPacket(
        Protocol.V2, BROADCAST_ID, Instruction.WRITE, b'\x41\x00\x01'
    ).encode()
    result = transact(driver, packet)
    assert (result.result, bytes(result.data), result.attempts) == (ResultCode.SUCCESS, b'', 1)
    servos.wait_for(packet)


def test_framing_length_ends_after_that_many_bytes_whatever_they_are(driver, servos):
    servos.answer = lambda data: b'0123456789'
    result = transact(driver, b'?', framing=LENGTH, response_length=4)
    assert (result.result, bytes(result.data)) == (ResultCode.SUCCESS, b'0123')


def test_framing_length_that_gets_less_gives_what_came(driver, servos):
    servos.answer = lambda data: b'01'
    result = transact(driver, b'?', framing=LENGTH, response_length=4, timeout=0.5)
    assert (result.result, bytes(result.data)) == (ResultCode.RX_TIMEOUT, b'01')
    assert '2 of 4 bytes' in result.message


def test_framing_none_takes_any_bytes_and_reads_none(driver, servos):
    servos.answer = lambda data: b'answer'
    result = transact(driver, b'any', framing=NONE)
    assert (result.result, bytes(result.data)) == (ResultCode.SUCCESS, b'')
    eventually(lambda: available(driver).length == 6)


def test_a_packet_without_answer_holds_the_bus_for_its_time_on_the_wire(driver, servos):
    servos.answer = mute
    assert driver.set(baudrate=9600) is None
    try:
        result = transact(driver, bytes(96), framing=NONE)
    finally:
        assert driver.set(baudrate=1_000_000) is None
    assert result.result == ResultCode.SUCCESS
    assert seconds(result.elapsed) >= 96 * 10 / 9600


def test_the_timeout_is_the_packet_timeout_rule_where_none_is_given(driver, servos):
    servos.answer = mute
    assert driver.set(latency_timer=50.0) is None
    try:
        result = transact(driver, ping(1), timeout=0.0)
    finally:
        assert driver.set(latency_timer=0.0) is None
    assert result.result == ResultCode.RX_TIMEOUT
    on_the_wire_s = (len(ping(1)) + len(pong(1))) * 10 / 1e6
    assert seconds(result.elapsed) >= on_the_wire_s + 2 * 0.05 + 0.002 - 1e-3


def test_a_timeout_that_is_given_is_kept(driver, servos):
    servos.answer = mute
    result = transact(driver, ping(1), timeout=0.3)
    assert result.result == ResultCode.RX_TIMEOUT
    assert seconds(result.elapsed) >= 0.3
    assert 'servo 1' in result.message
    assert '300.0 ms' in result.message


def test_an_answer_that_is_not_whole_is_a_timeout_with_what_came(driver, servos):
    servos.answer = lambda data: pong(1)[:-3]
    result = transact(driver, ping(1), timeout=0.5)
    assert (result.result, bytes(result.data)) == (ResultCode.RX_TIMEOUT, pong(1)[:-3])


@pytest.mark.parametrize('protocol', list(Protocol))
def test_an_answer_that_is_broken_is_corrupt_and_is_given(driver, servos, protocol):
    servos.answer = lambda data: broken(pong(1, protocol))
    result = transact(driver, ping(1, protocol))
    assert result.result == ResultCode.RX_CORRUPT
    assert bytes(result.data) == broken(pong(1, protocol))
    assert result.message


def test_an_answer_from_another_servo_alone_is_corrupt_and_is_given(driver, servos):
    servos.answer = lambda data: pong(2)
    result = transact(driver, ping(1), timeout=0.5)
    assert (result.result, bytes(result.data)) == (ResultCode.RX_CORRUPT, pong(2))
    assert 'id 2' in result.message


def test_retries_end_with_the_first_answer(driver, servos):
    answers = iter([b'', broken(pong(1)), pong(1)])
    servos.answer = lambda data: next(answers)
    result = transact(driver, ping(1), retries=5, timeout=0.5)
    assert (result.result, bytes(result.data)) == (ResultCode.SUCCESS, pong(1))
    assert (result.attempts, result.message) == (3, '')
    assert b''.join(servos.heard) == ping(1) * 3


def test_retries_that_do_not_help_end_with_the_last_failure(driver, servos):
    servos.answer = mute
    result = transact(driver, ping(1), retries=2, timeout=0.0)
    assert (result.result, result.attempts) == (ResultCode.RX_TIMEOUT, 3)
    assert '3 attempts' in result.message
    servos.wait_for(ping(1) * 3)


def test_as_many_retries_as_can_be_asked_for_end_with_a_result(driver, servos):
    servos.answer = mute
    assert driver.set(latency_timer=0.001) is None
    try:
        results = [
            transact(driver, ping(1), retries=255, timeout=0.0),
            batch(driver, [message(ping(1), retries=255, timeout=0.0)])[0],
        ]
    finally:
        assert driver.set(latency_timer=0.0) is None
    for result in results:
        assert result.result == ResultCode.RX_TIMEOUT
        assert result.attempts == 255  # as far as the field counts


def test_retries_hold_the_bus_no_longer_than_max_timeout(driver, servos):
    servos.answer = mute
    assert driver.set(max_timeout=0.5) is None
    try:
        result = transact(driver, ping(1), retries=255, timeout=0.2)
    finally:
        assert driver.set(max_timeout=10.0) is None
    assert result.result == ResultCode.RX_TIMEOUT
    assert 1 < result.attempts < 255
    assert seconds(result.elapsed) < 5


def test_a_device_that_takes_no_bytes_is_a_failure_to_send(driver, servos):
    servos.is_read.clear()
    results = [
        transact(driver, bytes(4096), framing=LENGTH, response_length=1, timeout=0.01).result
        for _ in range(20)
    ]
    assert ResultCode.TX_FAIL in results
    servos.is_read.set()
    eventually(lambda: transact(driver, ping(1)).result == ResultCode.SUCCESS)


STATUS = pong(1)


@pytest.mark.parametrize(
    ('data', 'fields', 'words'),
    [
        (b'', {}, 'data is empty'),
        (bytes(4097), {}, 'max_bytes'),
        (b'hello', {}, 'no instruction packet'),
        (ping(1)[:-1], {}, 'the shortest has 10'),
        (read(1, 0, 4)[:-1], {}, 'length field'),
        (ping(1) * 2, {}, 'exactly one'),
        (ping(1)[:-1] + b'\x00', {}, 'CRC'),
        (ping(1, Protocol.V1)[:-1] + b'\x00', {}, 'checksum'),
        (STATUS, {}, 'status packet'),
        (ping(1), {'framing': 3}, 'framing is 3'),
        (ping(1), {'framing': 255}, 'framing is 255'),
        (ping(1), {'framing': LENGTH}, 'response_length is 0'),
        (ping(1), {'framing': LENGTH, 'response_length': 4097}, 'max_bytes'),
        (ping(1), {'framing': LENGTH, 'response_length': 2**32 - 1}, 'max_bytes'),
        (read(1, 0, 5000), {}, 'max_bytes'),
        (ping(1), {'timeout': -1.0}, 'timeout is -1'),
        (ping(1), {'timeout': Duration(sec=-(2**31))}, 'timeout is -'),
        (ping(1), {'timeout': 10.001}, 'max_timeout'),
        (ping(1), {'timeout': Duration(sec=2**31 - 1, nanosec=2**32 - 1)}, 'max_timeout'),
        (ping(1), {'queue_timeout': -0.001}, 'queue_timeout is -'),
        (ping(1), {'queue_timeout': 2.001}, 'max_queue_time'),
    ],
)
def test_a_request_that_is_wrong_is_refused_before_a_byte_is_sent(
    driver, servos, data, fields, words
):
    result = transact(driver, data, **{'framing': AUTO, **fields})
    assert (result.result, bytes(result.data)) == (ResultCode.TX_ERROR, b'')
    assert result.attempts == 0
    assert words in result.message
    assert not servos.heard


def test_the_sync_read_of_feetech_brings_a_status_packet_of_each_servo(driver, servos):
    asked = bytes.fromhex('FF FF FE 07 82 38 02 01 02 03 38')
    each = b''.join(
        StatusPacket(Protocol.V1, one, 0, bytes((one, 9))).encode() for one in (1, 2, 3)
    )
    servos.answer = lambda data: each if data == asked else b''
    result = transact(driver, asked)
    assert (result.result, result.message, bytes(result.data)) == (ResultCode.SUCCESS, '', each)


def test_an_unknown_instruction_to_all_succeeds_with_what_came_and_says_that_it_is_unknown(
    driver, servos
):
    asked = InstructionPacket(Protocol.V1, 254, 0x85).encode()
    servos.answer = lambda data: b'anything' if data == asked else b''
    result = transact(driver, asked)
    assert (result.result, bytes(result.data)) == (ResultCode.SUCCESS, b'anything')
    assert result.message.startswith('instruction 0x85 of Protocol 1.0 is not known')


def test_what_a_servo_refuses_is_told_though_the_transaction_succeeds(driver, servos):
    refusal = StatusPacket(Protocol.V2, 1, 0x84).encode()
    servos.answer = lambda data: refusal
    result = transact(driver, read(1, 132, 4))
    assert (result.result, bytes(result.data)) == (ResultCode.SUCCESS, refusal)
    assert (result.error, result.alert) == (4, True)
    assert result.message == 'servo 1 reports error 4 (data range) and a hardware alert'
