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

"""Every group of the SDK on the virtual bus, Protocol 2.0."""

from __future__ import annotations

import time

from dynamixel_sdk import (
    COMM_SUCCESS,
    GroupBulkRead,
    GroupBulkWrite,
    GroupSyncRead,
    GroupSyncWrite,
    PacketHandler,
)
import pytest
from sim_support.sdk import opened, PORTS

LED, GOAL, POSITION, TEMPERATURE = 65, 116, 132, 146
sdk = PacketHandler(2.0)


@pytest.fixture
def server(serve):
    return serve('ids=1-12')


@pytest.fixture(params=PORTS)
def port(request, server):
    yield from opened(request.param, server.path)


@pytest.mark.parametrize('fast', [False, True])
def test_sync_read(port, server, fast):
    server.bus.servos[4].poke('goal_position', 7, 0.0)
    group = GroupSyncRead(port, sdk, GOAL, 4)
    for servo in range(12, 0, -1):
        assert group.addParam(servo)
    for _ in range(3):
        assert (group.fastSyncRead() if fast else group.txRxPacket()) == COMM_SUCCESS
    assert all(group.isAvailable(servo, GOAL, 4) for servo in range(1, 13))
    assert group.getData(5, GOAL, 4) == 7
    assert group.getData(6, GOAL, 4) == 2048
    group.removeParam(5)
    assert (group.fastSyncRead() if fast else group.txRxPacket()) == COMM_SUCCESS
    assert not group.isAvailable(5, GOAL, 4)


@pytest.mark.parametrize('fast', [False, True])
def test_bulk_read(port, fast):
    group = GroupBulkRead(port, sdk)
    assert group.addParam(1, POSITION, 4)
    assert group.addParam(9, TEMPERATURE, 1)
    assert group.addParam(4, 0, 2)
    assert (group.fastBulkRead() if fast else group.txRxPacket()) == COMM_SUCCESS
    assert group.getData(1, POSITION, 4) == 2048
    assert group.getData(9, TEMPERATURE, 1) == 31
    assert group.getData(4, 0, 2) == 1020


def test_sync_write(port):
    group = GroupSyncWrite(port, sdk, LED, 1)
    for servo in (1, 3, 12):
        assert group.addParam(servo, [1])
    assert group.txPacket() == COMM_SUCCESS
    time.sleep(0.05)
    lit = [servo for servo in range(1, 13) if sdk.read1ByteTxRx(port, servo, LED)[0]]
    assert lit == [1, 3, 12]


def test_bulk_write(port):
    group = GroupBulkWrite(port, sdk)
    assert group.addParam(1, LED, 1, [1])
    assert group.addParam(2, GOAL, 4, [0xFF, 0xFF, 0xFD, 0x00])
    assert group.changeParam(2, GOAL, 4, [0, 1, 0, 0])
    assert group.txPacket() == COMM_SUCCESS
    time.sleep(0.05)
    assert sdk.read1ByteTxRx(port, 1, LED)[0] == 1
    assert sdk.read4ByteTxRx(port, 2, GOAL)[0] == 256


def test_the_bus_saw_no_collision(port, server):
    group = GroupSyncRead(port, sdk, POSITION, 4)
    for servo in range(1, 13):
        group.addParam(servo)
    for _ in range(20):
        assert group.txRxPacket() == COMM_SUCCESS
        assert sdk.ping(port, 3)[1] == COMM_SUCCESS
    assert server.bus.statistics.violations == 0
