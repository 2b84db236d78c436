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

"""
Every public method of the SDK's handlers and groups, called on a port.

The key of a call names the methods that it covers, with ``+`` between them, and after a ``:``
what is special about it. Calls are made in the order of the tables, as the servos remember.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
import time
from typing import Any

from dynamixel_sdk import (
    GroupBulkRead,
    GroupBulkWrite,
    GroupSyncRead,
    GroupSyncWrite,
)

SdkCall = Callable[[Any, Any], Any]

MODEL, TORQUE, LED, GOAL, PROFILE, LIMIT = 0, 64, 65, 116, 112, 48
_BACK_AFTER_RESET_S = 1.0
_ANSWERED_S = 0.1
ABSENT = 77


def transcript(calls: Mapping[str, SdkCall], handler: Any, port: Any) -> dict[str, str]:
    """Make all calls; give what each gave, or raised, as text."""
    gave = {}
    for name, call in calls.items():
        try:
            gave[name] = repr(call(handler, port))
        except (TypeError, IndexError, KeyError) as error:
            # The SDK has mistakes of its own, and a caller meets them on every port.
            gave[name] = repr(error)
            port.is_using = False
    return gave


def methods(calls: Mapping[str, SdkCall]) -> set[str]:
    """Give the names of the methods that calls cover."""
    return {method for name in calls for method in name.partition(':')[0].split('+')}


def public_methods(kind: type) -> set[str]:
    """Give the names of all public methods of a class."""
    return {name for name in vars(kind) if not name.startswith('_')}


def _left_alone(gave: Any) -> Any:
    """Let the answer that the SDK does not wait for pass, or the next instruction meets it."""
    time.sleep(_ANSWERED_S)
    return gave


def _ping_packet(servo: int) -> list[int]:
    return [0, 0, 0, 0, servo, 3, 0, 1, 0, 0]


def _raw_exchange(handler: Any, port: Any) -> Any:
    sent = handler.txPacket(port, _ping_packet(1))
    port.setPacketTimeout(14)
    return sent, handler.rxPacket(port, False)


def _tx_rx(tx: str, rx: str, *length: int) -> SdkCall:
    def call(handler: Any, port: Any) -> Any:
        sent = getattr(handler, tx)(port, 1, GOAL, *length)
        return sent, getattr(handler, rx)(port, 1, *length)

    return call


def _after_reset(call: SdkCall) -> SdkCall:
    def patient(handler: Any, port: Any) -> Any:
        gave = call(handler, port)
        time.sleep(_BACK_AFTER_RESET_S)
        return gave, handler.ping(port, 2)

    return patient


def _sync_read(handler: Any, port: Any) -> Any:
    sent = handler.syncReadTx(port, GOAL, 4, [1, 3], 2, False)
    return sent, handler.readRx(port, 1, 4), handler.readRx(port, 3, 4)


def _fast_sync_read(handler: Any, port: Any) -> Any:
    sent = handler.syncReadTx(port, GOAL, 4, [1, 3], 2, True)
    return sent, handler.fastSyncReadRx(port, 0xFE, 16)


_BULK = [1, GOAL, 0, 4, 0, 3, TORQUE, 0, 1, 0]


def _bulk_read(handler: Any, port: Any) -> Any:
    sent = handler.bulkReadTx(port, _BULK, len(_BULK), False)
    return sent, handler.readRx(port, 1, 4), handler.readRx(port, 3, 1)


def _fast_bulk_read(handler: Any, port: Any) -> Any:
    sent = handler.bulkReadTx(port, _BULK, len(_BULK), True)
    return sent, handler.fastBulkReadRx(port, _BULK)


V2_CALLS: dict[str, SdkCall] = {
    'getProtocolVersion': lambda h, p: h.getProtocolVersion(),
    'getTxRxResult': lambda h, p: [h.getTxRxResult(-code) for code in range(9001)],
    'getRxPacketError': lambda h, p: [h.getRxPacketError(error) for error in range(256)],
    'updateCRC': lambda h, p: h.updateCRC(0, [255, 255, 253, 0, 1, 3, 0, 1], 8),
    'addStuffing': lambda h, p: h.addStuffing([0, 0, 0, 0, 1, 6, 0, 255, 255, 253, 1, 0, 0]),
    'removeStuffing': lambda h, p: h.removeStuffing(
        [0, 0, 0, 0, 1, 7, 0, 255, 255, 253, 253, 1, 0, 0]
    ),
    'ping': lambda h, p: h.ping(p, 1),
    'ping: absent servo': lambda h, p: h.ping(p, ABSENT),
    'ping: all': lambda h, p: h.ping(p, 0xFE),
    'txPacket+rxPacket': _raw_exchange,
    'txRxPacket': lambda h, p: h.txRxPacket(p, _ping_packet(2)),
    'broadcastPing': lambda h, p: h.broadcastPing(p),
    'readTx+readRx': _tx_rx('readTx', 'readRx', 4),
    'readTxRx': lambda h, p: h.readTxRx(p, 1, LIMIT, 8),
    'readTxRx: absent servo': lambda h, p: h.readTxRx(p, ABSENT, GOAL, 4),
    'readTxRx: no such address': lambda h, p: h.readTxRx(p, 1, 60_000, 4),
    'read1ByteTx+read1ByteRx': _tx_rx('read1ByteTx', 'read1ByteRx'),
    'read2ByteTx+read2ByteRx': _tx_rx('read2ByteTx', 'read2ByteRx'),
    'read4ByteTx+read4ByteRx': _tx_rx('read4ByteTx', 'read4ByteRx'),
    'read1ByteTxRx': lambda h, p: h.read1ByteTxRx(p, 1, TORQUE),
    'read2ByteTxRx': lambda h, p: h.read2ByteTxRx(p, 1, MODEL),
    'read4ByteTxRx': lambda h, p: h.read4ByteTxRx(p, 1, LIMIT),
    'writeTxOnly': lambda h, p: (
        _left_alone(h.writeTxOnly(p, 1, PROFILE, 4, [1, 2, 0, 0])),
        h.read4ByteTxRx(p, 1, PROFILE),
    ),
    'writeTxRx': lambda h, p: (
        h.writeTxRx(p, 1, PROFILE, 4, [3, 2, 0, 0]),
        h.read4ByteTxRx(p, 1, PROFILE),
    ),
    'writeTxRx: absent servo': lambda h, p: h.writeTxRx(p, ABSENT, PROFILE, 4, [3, 2, 0, 0]),
    'write1ByteTxOnly': lambda h, p: (
        _left_alone(h.write1ByteTxOnly(p, 1, LED, 1)),
        h.read1ByteTxRx(p, 1, LED),
    ),
    'write1ByteTxRx': lambda h, p: (h.write1ByteTxRx(p, 1, LED, 0), h.read1ByteTxRx(p, 1, LED)),
    'write1ByteTxRx: out of range': lambda h, p: h.write1ByteTxRx(p, 1, LED, 200),
    'write2ByteTxOnly': lambda h, p: (
        _left_alone(h.write2ByteTxOnly(p, 1, 36, 700)),
        h.read2ByteTxRx(p, 1, 36),
    ),
    'write2ByteTxRx': lambda h, p: (h.write2ByteTxRx(p, 1, 36, 800), h.read2ByteTxRx(p, 1, 36)),
    'write4ByteTxOnly': lambda h, p: (
        _left_alone(h.write4ByteTxOnly(p, 1, PROFILE, 77)),
        h.read4ByteTxRx(p, 1, PROFILE),
    ),
    'write4ByteTxRx': lambda h, p: (
        h.write4ByteTxRx(p, 1, PROFILE, 78),
        h.read4ByteTxRx(p, 1, PROFILE),
    ),
    'write4ByteTxRx: a header inside': lambda h, p: h.write4ByteTxRx(p, 1, PROFILE, 0x00FDFFFF),
    'regWriteTxRx+action': lambda h, p: (
        h.regWriteTxRx(p, 1, PROFILE, 4, [9, 0, 0, 0]),
        h.read4ByteTxRx(p, 1, PROFILE),
        _left_alone(h.action(p, 1)),
        h.read4ByteTxRx(p, 1, PROFILE),
    ),
    'regWriteTxOnly+action: all': lambda h, p: (
        _left_alone(h.regWriteTxOnly(p, 1, PROFILE, 4, [8, 0, 0, 0])),
        h.read4ByteTxRx(p, 1, PROFILE),
        h.action(p, 0xFE),
        h.read4ByteTxRx(p, 1, PROFILE),
    ),
    'syncReadTx+readRx': _sync_read,
    'syncReadTx+fastSyncReadRx': _fast_sync_read,
    'syncWriteTxOnly': lambda h, p: (
        h.syncWriteTxOnly(p, PROFILE, 4, [1, 5, 0, 0, 0, 3, 6, 0, 0, 0], 10),
        h.read4ByteTxRx(p, 1, PROFILE),
        h.read4ByteTxRx(p, 3, PROFILE),
    ),
    'bulkReadTx+readRx': _bulk_read,
    'bulkReadTx+fastBulkReadRx': _fast_bulk_read,
    'bulkWriteTxOnly': lambda h, p: (
        h.bulkWriteTxOnly(p, [1, PROFILE, 0, 4, 0, 7, 0, 0, 0, 3, LED, 0, 1, 0, 1], 15),
        h.read4ByteTxRx(p, 1, PROFILE),
        h.read1ByteTxRx(p, 3, LED),
    ),
    'clearMultiTurn': lambda h, p: h.clearMultiTurn(p, 2),
    'reboot': _after_reset(lambda h, p: h.reboot(p, 2)),
    'reboot: absent servo': lambda h, p: h.reboot(p, ABSENT),
    'factoryReset': _after_reset(lambda h, p: h.factoryReset(p, 2, 0x02)),
}

V1_GOAL, V1_LED, V1_TORQUE = 30, 25, 24

V1_CALLS: dict[str, SdkCall] = {
    'getProtocolVersion': lambda h, p: h.getProtocolVersion(),
    'getTxRxResult': lambda h, p: [h.getTxRxResult(-code) for code in range(9001)],
    'getRxPacketError': lambda h, p: [h.getRxPacketError(error) for error in range(256)],
    'ping': lambda h, p: h.ping(p, 1),
    'ping: absent servo': lambda h, p: h.ping(p, ABSENT),
    'broadcastPing': lambda h, p: h.broadcastPing(p),
    'txPacket+rxPacket': lambda h, p: (
        h.txPacket(p, [0, 0, 1, 2, 1, 0]),
        p.setPacketTimeout(6),
        h.rxPacket(p),
    ),
    'txRxPacket': lambda h, p: h.txRxPacket(p, [0, 0, 1, 2, 1, 0]),
    'readTx+readRx': lambda h, p: (h.readTx(p, 1, V1_GOAL, 4), h.readRx(p, 1, 4)),
    'readTxRx': lambda h, p: h.readTxRx(p, 1, V1_GOAL, 4),
    'readTxRx: absent servo': lambda h, p: h.readTxRx(p, ABSENT, V1_GOAL, 4),
    **{
        f'read{size}ByteTx+read{size}ByteRx': lambda h, p, size=size: (
            getattr(h, f'read{size}ByteTx')(p, 1, V1_GOAL),
            getattr(h, f'read{size}ByteRx')(p, 1),
        )
        for size in (1, 2, 4)
    },
    **{
        f'read{size}ByteTxRx': lambda h, p, size=size: getattr(h, f'read{size}ByteTxRx')(
            p, 1, V1_GOAL
        )
        for size in (1, 2, 4)
    },
    'writeTxOnly': lambda h, p: (
        _left_alone(h.writeTxOnly(p, 1, V1_LED, 1, [1])),
        h.read1ByteTxRx(p, 1, V1_LED),
    ),
    'writeTxRx': lambda h, p: (h.writeTxRx(p, 1, V1_LED, 1, [0]), h.read1ByteTxRx(p, 1, V1_LED)),
    **{
        f'write{size}ByteTxOnly': lambda h, p, size=size: (
            _left_alone(getattr(h, f'write{size}ByteTxOnly')(p, 1, V1_GOAL, 40 + size)),
            h.readTxRx(p, 1, V1_GOAL, 4),
        )
        for size in (1, 2, 4)
    },
    **{
        f'write{size}ByteTxRx': lambda h, p, size=size: (
            getattr(h, f'write{size}ByteTxRx')(p, 1, V1_GOAL, 50 + size),
            h.readTxRx(p, 1, V1_GOAL, 4),
        )
        for size in (1, 2, 4)
    },
    'regWriteTxRx+action': lambda h, p: (
        h.regWriteTxRx(p, 1, V1_LED, 1, [1]),
        h.read1ByteTxRx(p, 1, V1_LED),
        _left_alone(h.action(p, 1)),
        h.read1ByteTxRx(p, 1, V1_LED),
    ),
    'regWriteTxOnly+action: all': lambda h, p: (
        _left_alone(h.regWriteTxOnly(p, 1, V1_LED, 1, [0])),
        h.read1ByteTxRx(p, 1, V1_LED),
        h.action(p, 0xFE),
        h.read1ByteTxRx(p, 1, V1_LED),
    ),
    'syncReadTx': lambda h, p: h.syncReadTx(p, V1_GOAL, 2, [1, 2], 2),
    'syncWriteTxOnly': lambda h, p: (
        h.syncWriteTxOnly(p, V1_LED, 1, [1, 1, 2, 1], 4),
        h.read1ByteTxRx(p, 1, V1_LED),
        h.read1ByteTxRx(p, 2, V1_LED),
    ),
    'bulkReadTx+readRx': lambda h, p: (
        h.bulkReadTx(p, [2, 1, V1_GOAL, 1, 2, V1_LED], 6),
        h.readRx(p, 1, 2),
        h.readRx(p, 2, 1),
    ),
    'bulkWriteTxOnly': lambda h, p: h.bulkWriteTxOnly(p, [1, V1_LED, 1, 1], 4),
    'reboot': lambda h, p: h.reboot(p, 1),
    'factoryReset': lambda h, p: (
        h.factoryReset(p, ABSENT),
        h.factoryReset(p, 2),
        time.sleep(_BACK_AFTER_RESET_S),
    ),
}


def group_calls(goal: int, write_to: int, led: int) -> dict[str, dict[str, SdkCall]]:
    """
    Give the calls for each kind of group.

    :param goal: address of four bytes to read.
    :param write_to: address of four bytes to write.
    :param led: address of one byte to write.
    """

    def _read_group(group: Any, run: str, ids: tuple[int, ...]) -> Any:
        gave = [getattr(group, run)()]
        for servo in ids:
            gave += [group.isAvailable(servo, goal, 4), group.getData(servo, goal, 4)]
        return gave

    def _group_sync_read(run: str, *ids: int, remove: int | None = None) -> SdkCall:
        def call(handler: Any, port: Any) -> Any:
            group = GroupSyncRead(port, handler, goal, 4)
            added = [group.addParam(servo) for servo in ids]
            if remove is not None:
                group.removeParam(remove)
            return added, _read_group(group, run, ids), group.clearParam()

        return call

    def _group_bulk_read(run: str, *ids: int, remove: int | None = None) -> SdkCall:
        def call(handler: Any, port: Any) -> Any:
            group = GroupBulkRead(port, handler)
            added = [group.addParam(servo, goal, 4) for servo in ids]
            if remove is not None:
                group.removeParam(remove)
            return added, _read_group(group, run, ids), group.clearParam()

        return call

    def _in_two_steps(make: Callable[[Any, Any], Any], tx: str, rx: str) -> SdkCall:
        def call(handler: Any, port: Any) -> Any:
            group = make(handler, port)
            group.makeParam()
            return getattr(group, tx)(), getattr(group, rx)(), group.getData(1, goal, 4)

        return call

    def _sync_group(handler: Any, port: Any) -> Any:
        group = GroupSyncRead(port, handler, goal, 4)
        group.addParam(1)
        return group

    def _bulk_group(handler: Any, port: Any) -> Any:
        group = GroupBulkRead(port, handler)
        group.addParam(1, goal, 4)
        return group

    def _group_sync_write(handler: Any, port: Any) -> Any:
        group = GroupSyncWrite(port, handler, write_to, 4)
        steps = [
            group.addParam(1, [1, 1, 0, 0]),
            group.addParam(2, [2, 1, 0, 0]),
            group.addParam(3, [3, 1, 0, 0]),
            group.changeParam(1, [4, 1, 0, 0]),
            group.removeParam(2),
            group.makeParam(),
            group.txPacket(),
        ]
        group.clearParam()
        return steps, [handler.read4ByteTxRx(port, servo, write_to) for servo in (1, 3)]

    def _group_bulk_write(handler: Any, port: Any) -> Any:
        group = GroupBulkWrite(port, handler)
        steps = [
            group.addParam(1, write_to, 4, [1, 2, 0, 0]),
            group.addParam(2, led, 1, [1]),
            group.addParam(3, led, 1, [0]),
            group.changeParam(1, write_to, 4, [5, 2, 0, 0]),
            group.removeParam(2),
            group.makeParam(),
            group.txPacket(),
        ]
        group.clearParam()
        return steps, handler.read4ByteTxRx(port, 1, write_to), handler.read1ByteTxRx(port, 3, led)

    return {
        'GroupSyncRead': {
            'addParam+txRxPacket+isAvailable+getData+clearParam': _group_sync_read(
                'txRxPacket', 1, 2
            ),
            'txRxPacket: absent servo': _group_sync_read('txRxPacket', 1, ABSENT, 2),
            'removeParam': _group_sync_read('txRxPacket', 1, 2, 3, remove=2),
            'txRxPacket: three servos': _group_sync_read('txRxPacket', 1, 2, 3),
            'txRxPacket: nobody': _group_sync_read('txRxPacket'),
            'fastSyncRead': _group_sync_read('fastSyncRead', 1, 2, 3),
            'makeParam+txPacket+rxPacket': _in_two_steps(_sync_group, 'txPacket', 'rxPacket'),
            'fastSyncReadTxPacket+fastSyncReadRxPacket': _in_two_steps(
                _sync_group, 'fastSyncReadTxPacket', 'fastSyncReadRxPacket'
            ),
        },
        'GroupBulkRead': {
            'addParam+txRxPacket+isAvailable+getData+clearParam': _group_bulk_read(
                'txRxPacket', 1, 2
            ),
            'txRxPacket: absent servo': _group_bulk_read('txRxPacket', 1, ABSENT, 2),
            'removeParam': _group_bulk_read('txRxPacket', 1, 2, 3, remove=2),
            'txRxPacket: three servos': _group_bulk_read('txRxPacket', 1, 2, 3),
            'txRxPacket: nobody': _group_bulk_read('txRxPacket'),
            'fastBulkRead': _group_bulk_read('fastBulkRead', 1, 2, 3),
            'makeParam+txPacket+rxPacket': _in_two_steps(_bulk_group, 'txPacket', 'rxPacket'),
            'fastBulkReadTxPacket+fastBulkReadRxPacket': _in_two_steps(
                _bulk_group, 'fastBulkReadTxPacket', 'fastBulkReadRxPacket'
            ),
        },
        'GroupSyncWrite': {
            'addParam+changeParam+removeParam+makeParam+txPacket+clearParam': _group_sync_write
        },
        'GroupBulkWrite': {
            'addParam+changeParam+removeParam+makeParam+txPacket+clearParam': _group_bulk_write
        },
    }


GROUP_CALLS = group_calls(GOAL, PROFILE, LED)
V1_GROUP_CALLS = group_calls(V1_GOAL, V1_GOAL, V1_LED)

FAULT_CALLS: dict[str, SdkCall] = {
    **{
        f'{kind}: servo {servo}': lambda h, p, kind=kind, servo=servo: (
            h.ping(p, servo)
            if kind == 'ping'
            else h.read4ByteTxRx(p, servo, GOAL)
            if kind == 'read4ByteTxRx'
            else h.write1ByteTxRx(p, servo, LED, 1)
        )
        for kind in ('ping', 'read4ByteTxRx', 'write1ByteTxRx')
        for servo in (1, 2)
    },
    'writeTxOnly': lambda h, p: _left_alone(h.write1ByteTxOnly(p, 1, LED, 1)),
    'action': lambda h, p: _left_alone(h.action(p, 1)),
    'sync read': GROUP_CALLS['GroupSyncRead']['txRxPacket: three servos'],
    'fast sync read': GROUP_CALLS['GroupSyncRead']['fastSyncRead'],
    'bulk read': GROUP_CALLS['GroupBulkRead']['txRxPacket: three servos'],
    'fast bulk read': GROUP_CALLS['GroupBulkRead']['fastBulkRead'],
}
