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

"""Every public method of the SDK's Protocol1PacketHandler on the virtual bus."""

from __future__ import annotations

import time

from dynamixel_sdk import (
    BROADCAST_ID,
    COMM_NOT_AVAILABLE,
    COMM_SUCCESS,
    GroupBulkRead,
    GroupSyncWrite,
    PacketHandler,
)
import pytest
from sim_support.sdk import opened, PORTS

OK = (COMM_SUCCESS, 0)
TORQUE, LED, GOAL, POSITION = 24, 25, 30, 36
sdk = PacketHandler(1.0)


@pytest.fixture
def server(serve):
    return serve('ids=1-4&protocol=1.0&return_delay=0')


@pytest.fixture(params=PORTS)
def port(request, server):
    yield from opened(request.param, server.path)


def test_ping(port):
    assert sdk.ping(port, 1) == (29, *OK)
    assert sdk.broadcastPing(port)[1] == COMM_NOT_AVAILABLE


def test_read_and_write_of_each_width(port):
    assert sdk.write1ByteTxRx(port, 1, LED, 1) == OK
    assert sdk.read1ByteTxRx(port, 1, LED) == (1, *OK)
    assert sdk.write2ByteTxRx(port, 1, 32, 300) == OK
    assert sdk.read2ByteTxRx(port, 1, 32) == (300, *OK)
    assert sdk.write4ByteTxRx(port, 1, GOAL, 2048 | 200 << 16) == OK
    assert sdk.read4ByteTxRx(port, 1, GOAL) == (2048 | 200 << 16, *OK)
    assert sdk.writeTxRx(port, 1, 32, 2, [1, 0]) == OK
    assert sdk.readTxRx(port, 1, 32, 2) == ([1, 0], *OK)


def test_read_in_two_steps(port):
    assert sdk.readTx(port, 1, 0, 2) == COMM_SUCCESS
    assert sdk.readRx(port, 1, 2) == ([29, 0], *OK)
    assert sdk.read1ByteTx(port, 1, LED) == COMM_SUCCESS
    assert sdk.read1ByteRx(port, 1) == (0, *OK)
    assert sdk.read2ByteTx(port, 1, POSITION) == COMM_SUCCESS
    assert sdk.read2ByteRx(port, 1) == (2048, *OK)
    assert sdk.read4ByteTx(port, 1, 0) == COMM_SUCCESS
    assert sdk.read4ByteRx(port, 1)[1:] == OK


def test_writes_that_do_not_read_the_answer(port):
    for write, address, value in (
        (sdk.write1ByteTxOnly, LED, 1),
        (sdk.write2ByteTxOnly, 32, 600),
        (sdk.write4ByteTxOnly, GOAL, 2048 | 50 << 16),
    ):
        assert write(port, 1, address, value) == COMM_SUCCESS
        time.sleep(0.05)
    assert sdk.writeTxOnly(port, 1, 34, 2, [9, 0]) == COMM_SUCCESS
    time.sleep(0.05)
    assert sdk.read1ByteTxRx(port, 1, LED) == (1, *OK)
    assert sdk.read4ByteTxRx(port, 1, GOAL) == (2048 | 50 << 16, *OK)
    assert sdk.read2ByteTxRx(port, 1, 34) == (9, *OK)


def test_reg_write_and_action(port):
    assert sdk.regWriteTxRx(port, 1, LED, 1, [1]) == OK
    assert sdk.regWriteTxOnly(port, 2, LED, 1, [1]) == COMM_SUCCESS
    time.sleep(0.05)
    assert sdk.action(port, BROADCAST_ID) == COMM_SUCCESS
    time.sleep(0.05)
    assert [sdk.read1ByteTxRx(port, servo, LED)[0] for servo in (1, 2, 3)] == [1, 1, 0]


def test_a_goal_is_reached(port):
    assert sdk.write2ByteTxRx(port, 1, GOAL, 2300) == OK
    deadline = time.monotonic() + 10
    while sdk.read2ByteTxRx(port, 1, POSITION) != (2300, *OK):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_factory_reset(port):
    assert sdk.write1ByteTxRx(port, 1, 11, 50) == OK
    assert sdk.factoryReset(port, 1) == OK
    assert sdk.read1ByteTxRx(port, 1, 11) == (80, *OK)
    assert sdk.reboot(port, 1)[0] == COMM_NOT_AVAILABLE


def test_errors_have_the_sdks_words(port):
    result, error = sdk.write2ByteTxRx(port, 1, GOAL, 4096)
    assert result == COMM_SUCCESS
    assert 'Angle limit' in sdk.getRxPacketError(error)
    assert 'Out of range' in sdk.getRxPacketError(sdk.write1ByteTxRx(port, 1, LED, 7)[1])


def test_sync_write(port):
    group = GroupSyncWrite(port, sdk, GOAL, 2)
    for servo in (1, 2, 4):
        assert group.addParam(servo, [0, 1 + servo])
    assert group.txPacket() == COMM_SUCCESS
    time.sleep(0.05)
    goals = [sdk.read2ByteTxRx(port, servo, GOAL)[0] for servo in (1, 2, 3, 4)]
    assert goals == [0x200, 0x300, 2048, 0x500]


def test_bulk_read(port):
    # GroupBulkRead of the SDK 4.1 hands its Protocol 1.0 handler one argument too many.
    group = GroupBulkRead(port, sdk)
    assert group.addParam(3, 0, 2)
    assert group.addParam(1, POSITION, 2)
    group.makeParam()
    assert sdk.bulkReadTx(port, group.param, 6) == COMM_SUCCESS
    assert group.rxPacket() == COMM_SUCCESS
    assert group.isAvailable(1, POSITION, 2)
    assert group.getData(3, 0, 2) == 29
    assert group.getData(1, POSITION, 2) == 2048
