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

"""Every public method of the SDK's Protocol2PacketHandler on the virtual bus."""

from __future__ import annotations

import time

from dynamixel_sdk import (
    BROADCAST_ID,
    COMM_NOT_AVAILABLE,
    COMM_RX_CORRUPT,
    COMM_RX_TIMEOUT,
    COMM_SUCCESS,
    PacketHandler,
)
import pytest
from sim_support.sdk import opened, PORTS

OK = (COMM_SUCCESS, 0)
TORQUE, LED, GOAL, POSITION, PROFILE, MODEL = 64, 65, 116, 132, 112, 0
sdk = PacketHandler(2.0)


@pytest.fixture
def server(serve):
    return serve('ids=1-6&return_delay=0')


@pytest.fixture(params=PORTS)
def port(request, server):
    yield from opened(request.param, server.path)


def test_ping(port):
    assert sdk.ping(port, 1) == (1020, *OK)


def test_broadcast_ping(port):
    found, result = sdk.broadcastPing(port)
    assert result == COMM_SUCCESS
    assert found == {servo: [1020, 48] for servo in range(1, 7)}


def test_read_and_write_of_each_width(port):
    assert sdk.write1ByteTxRx(port, 1, LED, 1) == OK
    assert sdk.read1ByteTxRx(port, 1, LED) == (1, *OK)
    assert sdk.write2ByteTxRx(port, 1, 84, 700) == OK
    assert sdk.read2ByteTxRx(port, 1, 84) == (700, *OK)
    assert sdk.write4ByteTxRx(port, 1, PROFILE, 30_000) == OK
    assert sdk.read4ByteTxRx(port, 1, PROFILE) == (30_000, *OK)
    assert sdk.writeTxRx(port, 1, PROFILE, 4, [1, 0, 0, 0]) == OK
    assert sdk.readTxRx(port, 1, PROFILE, 4) == ([1, 0, 0, 0], *OK)


def test_read_in_two_steps(port):
    assert sdk.readTx(port, 1, MODEL, 2) == COMM_SUCCESS
    assert sdk.readRx(port, 1, 2) == ([0xFC, 0x03], *OK)
    assert sdk.read1ByteTx(port, 2, LED) == COMM_SUCCESS
    assert sdk.read1ByteRx(port, 2) == (0, *OK)
    assert sdk.read2ByteTx(port, 2, MODEL) == COMM_SUCCESS
    assert sdk.read2ByteRx(port, 2) == (1020, *OK)
    assert sdk.read4ByteTx(port, 2, POSITION) == COMM_SUCCESS
    assert sdk.read4ByteRx(port, 2) == (2048, *OK)


def test_writes_that_do_not_read_the_answer(port):
    for write, address, value in (
        (sdk.write1ByteTxOnly, LED, 1),
        (sdk.write2ByteTxOnly, 84, 600),
        (sdk.write4ByteTxOnly, PROFILE, 50),
    ):
        assert write(port, 1, address, value) == COMM_SUCCESS
        time.sleep(0.05)
    assert sdk.writeTxOnly(port, 1, 82, 2, [9, 0]) == COMM_SUCCESS
    time.sleep(0.05)
    assert sdk.read1ByteTxRx(port, 1, LED) == (1, *OK)
    assert sdk.read2ByteTxRx(port, 1, 84) == (600, *OK)
    assert sdk.read4ByteTxRx(port, 1, PROFILE) == (50, *OK)
    assert sdk.read2ByteTxRx(port, 1, 82) == (9, *OK)


def test_reg_write_and_action(port):
    assert sdk.regWriteTxRx(port, 1, LED, 1, [1]) == OK
    assert sdk.regWriteTxOnly(port, 2, LED, 1, [1]) == COMM_SUCCESS
    time.sleep(0.05)
    assert sdk.read1ByteTxRx(port, 1, LED) == (0, *OK)
    assert sdk.action(port, BROADCAST_ID) == COMM_SUCCESS
    time.sleep(0.05)
    assert [sdk.read1ByteTxRx(port, servo, LED)[0] for servo in (1, 2, 3)] == [1, 1, 0]
    assert sdk.regWriteTxRx(port, 3, LED, 1, [1]) == OK
    # The SDK leaves the answer to Action on the wire.
    assert sdk.action(port, 3) == COMM_SUCCESS
    time.sleep(0.05)
    assert sdk.read1ByteTxRx(port, 3, LED) == (1, *OK)


def test_a_goal_is_reached(port):
    assert sdk.write1ByteTxRx(port, 1, TORQUE, 1) == OK
    assert sdk.write4ByteTxRx(port, 1, GOAL, 2300) == OK
    deadline = time.monotonic() + 10
    while sdk.read4ByteTxRx(port, 1, POSITION) != (2300, *OK):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_reboot_reset_and_clear(port):
    sdk.write1ByteTxRx(port, 1, LED, 1)
    assert sdk.reboot(port, 1) == OK
    assert sdk.read1ByteTxRx(port, 1, LED) == (0, *OK)
    assert sdk.write1ByteTxRx(port, 1, 31, 60) == OK
    assert sdk.factoryReset(port, 1, 0x02) == OK
    assert sdk.read1ByteTxRx(port, 1, 31) == (80, *OK)
    assert sdk.clearMultiTurn(port, 1) == OK


def test_errors_have_the_sdks_words(port):
    for address, value, said in (
        (POSITION, 1, 'not available to target address'),
        (LED, 7, 'out of range'),
        (60000, 1, 'not available'),
    ):
        result, error = sdk.write1ByteTxRx(port, 1, address, value)
        assert result == COMM_SUCCESS
        assert said in sdk.getRxPacketError(error)
    assert 'length does not match' in sdk.getRxPacketError(sdk.write1ByteTxRx(port, 1, GOAL, 1)[1])
    assert 'exceeds the limit' in sdk.getRxPacketError(sdk.write4ByteTxRx(port, 1, GOAL, 5000)[1])
    assert 'Undefined instruction' in sdk.getRxPacketError(2)


def test_stuffing_both_ways(port):
    data = [0xFF, 0xFF, 0xFD, 0xFF, 0xFF, 0xFD]
    assert sdk.writeTxRx(port, 1, 224, 6, list(data)) == OK
    assert sdk.readTxRx(port, 1, 224, 6) == (data, *OK)


def test_a_long_read(port):
    data, result, error = sdk.readTxRx(port, 1, 0, 147)
    assert (len(data), result, error) == (147, COMM_SUCCESS, 0)


def test_a_mute_servo_times_out(port, server):
    server.bus.set_option('mute', (3,))
    port.setPacketTimeout = lambda length: port.setPacketTimeoutMillis(50)
    assert sdk.ping(port, 3)[1] == COMM_RX_TIMEOUT
    assert sdk.read4ByteTxRx(port, 3, POSITION)[1] == COMM_RX_TIMEOUT


def test_a_corrupt_answer_is_corrupt(port, server):
    server.bus.set_option('corrupt', 1.0)
    port.setPacketTimeout = lambda length: port.setPacketTimeoutMillis(50)
    results = {sdk.ping(port, 1)[1] for _ in range(20)}
    assert COMM_SUCCESS not in results
    assert COMM_RX_CORRUPT in results


def test_broadcast_has_no_read(port):
    assert sdk.read1ByteTxRx(port, BROADCAST_ID, LED)[1] == COMM_NOT_AVAILABLE


def test_noise_and_pieces_do_not_hurt(port, server):
    server.bus.set_option('noise', 4)
    server.bus.set_option('split', 3)
    server.bus.set_option('split_gap', 1.0)
    for _ in range(5):
        assert sdk.read4ByteTxRx(port, 1, POSITION) == (2048, *OK)
