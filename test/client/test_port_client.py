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

"""The driver's services in Python types, in each of their forms."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
import threading

from dxl_port_driver.client import PortClient
from dxl_port_driver.errors import (
    AnswerTimeoutError,
    BaudrateError,
    DeadlockError,
    PortClosedError,
    RequestError,
    ResultCode,
)
from dxl_port_driver.protocol.instructions import Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket
from dxl_port_driver.protocol.transaction import Framing, Transaction
import pytest
from rclpy.executors import MultiThreadedExecutor
from rclpy.node import Node
from ros_support.graph import eventually, PATIENCE_S
from ros_support.wire import ping, pong, read

PONGS = {servo: pong(servo) for servo in (1, 2, 3)}
EVERY_FORM = {
    'transact': (lambda c: c.transact, lambda c: c.transact_async, (ping(1),)),
    'transact_batch': (
        lambda c: c.transact_batch,
        lambda c: c.transact_batch_async,
        ([Transaction(ping(1)), Transaction(ping(2))],),
    ),
    'write': (lambda c: c.write, lambda c: c.write_async, (b'\x00\x01',)),
    'read': (lambda c: c.read, lambda c: c.read_async, (4,)),
    'clear': (lambda c: c.clear, lambda c: c.clear_async, ()),
    'get_bytes_available': (
        lambda c: c.get_bytes_available,
        lambda c: c.get_bytes_available_async,
        (),
    ),
}


@pytest.fixture
def domain(shared_domain):
    return shared_domain


@pytest.fixture
def active_driver(shared_driver, joined):
    return shared_driver


@pytest.fixture
def client(active_driver, graph):
    client = PortClient(graph.node)
    yield client
    client.close()


def untimed(result):
    """Leave out of a result what differs from one time to the next."""
    if isinstance(result, list):
        return [untimed(one) for one in result]
    return (result.result, result.data) if hasattr(result, 'attempts') else result


def in_callback(graph, function):
    """Run a function, or a coroutine function, in the executor of the graph's node."""
    executor = graph.node.executor
    assert executor is not None
    return graph.result(executor.create_task(function))


def test_transact_takes_bytes_and_fields_and_gives_a_result(client):
    result = client.transact(ping(2), timeout_s=1.0, priority=3, retries=1)
    assert result.result is ResultCode.SUCCESS
    assert result.message == ''
    assert len(result.data) == len(PONGS[2])
    assert result.data[4] == 2
    assert result.attempts == 1
    assert result.elapsed_s > 0


def test_transact_takes_ints_and_transactions_and_changes_fields_of_them(client):
    whole = client.transact(Transaction(ping(1), Framing.LENGTH, response_length=14))
    assert whole.result is ResultCode.SUCCESS
    assert client.transact(list(ping(1))).data == whole.data
    short = client.transact(
        Transaction(ping(1), Framing.LENGTH, response_length=14), response_length=7
    )
    assert short.data == whole.data[:7]


@pytest.mark.parametrize('name', EVERY_FORM)
def test_every_form_gives_the_same(client, graph, name):
    blocking, begin, arguments = EVERY_FORM[name]
    expected = untimed(blocking(client)(*arguments))

    assert untimed(begin(client)(*arguments).result(PATIENCE_S)) == expected

    async def in_rclpy():
        return await begin(client)(*arguments)

    assert untimed(in_callback(graph, in_rclpy)) == expected

    async def in_asyncio():
        return await begin(client)(*arguments)

    assert untimed(asyncio.run(in_asyncio())) == expected

    told = []
    begin(client)(*arguments).add_done_callback(lambda call: told.append(call.result()))
    eventually(lambda: told)
    assert untimed(told[0]) == expected


def test_asyncio_can_wait_for_several_at_once(client):
    async def gather():
        calls = [asyncio.wrap_future(client.transact_async(ping(servo))) for servo in (1, 2, 3)]
        return await asyncio.gather(*calls)

    assert [result.data[4] for result in asyncio.run(gather())] == [1, 2, 3]


def test_a_callback_may_begin_many_calls_and_await_them_all(client, graph):
    async def many():
        calls = [client.transact_async(read(1, 132, 4)) for _ in range(100)]
        return [(await call).result for call in calls]

    assert in_callback(graph, many) == [ResultCode.SUCCESS] * 100


@pytest.mark.parametrize('name', EVERY_FORM)
def test_a_blocking_call_in_a_callback_of_the_same_executor_raises(client, graph, name):
    blocking, begin, arguments = EVERY_FORM[name]

    def deadlock():
        with pytest.raises(DeadlockError, match='_async'):
            blocking(client)(*arguments)
        call = begin(client)(*arguments)
        with pytest.raises(DeadlockError, match='_async'):
            call.result()
        return call

    assert in_callback(graph, deadlock).result(PATIENCE_S) is not False


def test_a_blocking_call_works_in_a_callback_of_a_multi_threaded_executor(active_driver, graph):
    node = Node('many_threads', context=graph.context, use_global_arguments=False)
    executor = MultiThreadedExecutor(num_threads=3, context=graph.context)
    executor.add_node(node)
    spinning = threading.Thread(target=executor.spin)
    spinning.start()
    client = PortClient(node)
    try:
        task = executor.create_task(client.transact, ping(1))
        assert graph.result(task).result is ResultCode.SUCCESS
    finally:
        client.close()
        executor.shutdown()
        spinning.join()
        node.destroy_node()


def test_threads_get_their_own_answers(client):
    def ask(servo):
        return [client.transact(ping(servo)).data[4] for _ in range(50)]

    with ThreadPoolExecutor(6) as threads:
        for servo, ids in zip((1, 2, 3) * 2, threads.map(ask, (1, 2, 3) * 2), strict=True):
            assert ids == [servo] * 50


def test_a_batch_stops_at_an_error_if_told(client):
    transactions = [Transaction(ping(1)), Transaction(b'no packet'), Transaction(ping(2))]
    codes = [result.result for result in client.transact_batch(transactions)]
    assert codes == [ResultCode.SUCCESS, ResultCode.TX_ERROR, ResultCode.SUCCESS]
    codes = [result.result for result in client.transact_batch(transactions, True)]
    assert codes == [ResultCode.SUCCESS, ResultCode.TX_ERROR]
    (refused,) = client.transact_batch([])
    assert refused.result is ResultCode.TX_ERROR


def test_failures_of_a_transaction_are_in_its_result(client):
    mute = client.transact(ping(99), timeout_s=0.05)
    assert mute.result is ResultCode.RX_TIMEOUT
    assert '99' in mute.message
    assert client.transact(b'').result is ResultCode.TX_ERROR


@pytest.mark.parametrize(
    'fields',
    [
        {'priority': 256},
        {'priority': -1},
        {'retries': 300},
        {'timeout_s': -1.0},
        {'timeout_s': float('nan')},
        {'timeout_s': float('inf')},
        {'queue_timeout_s': 1e300},
        {'response_length': 2**32},
        {'response_count': 2**16},
    ],
    ids=str,
)
def test_what_no_message_can_carry_is_refused_by_name(client, fields):
    (name,) = fields
    result = client.transact(ping(1), **fields)
    assert result.result is ResultCode.TX_ERROR
    assert name in result.message


@pytest.mark.parametrize('data', [5, [256], ['a'], None, [-1]], ids=repr)
def test_data_that_is_no_series_of_bytes_is_refused(client, data):
    assert client.transact(data).result is ResultCode.TX_ERROR
    with pytest.raises(RequestError):
        client.write(data)
    with pytest.raises(RequestError):
        client.transact_async(data)


def test_raw_bytes_go_out_and_come_in(client):
    assert client.write(ping(1)) == len(ping(1))
    answer = client.read(14, timeout_s=5.0)
    assert answer[4] == 1
    assert client.get_bytes_available() == 0
    client.clear()
    with pytest.raises(AnswerTimeoutError) as silence:
        client.read(3, timeout_s=0.05)
    assert silence.value.partial == b''
    with pytest.raises(RequestError, match='max_bytes'):
        client.read(100_000)
    with pytest.raises(RequestError):
        client.read(-1)


def test_the_baudrate_is_the_drivers_parameter(client):
    client.set_baudrate(57_600)
    assert client.get_baudrate() == 57_600
    with pytest.raises(BaudrateError):
        client.set_baudrate(0)
    assert client.get_baudrate() == 57_600
    client.set_baudrate(1_000_000)


def test_a_call_of_a_client_with_a_node_of_its_own_can_be_awaited_in_any_callback(
    active_driver, graph
):
    with PortClient.in_background() as client:

        async def several():
            return [(await client.transact_async(ping(1))).result for _ in range(20)]

        assert in_callback(graph, several) == [ResultCode.SUCCESS] * 20


def test_a_function_that_is_called_with_a_response_must_not_block(active_driver):
    told = []

    def block(call):
        try:
            client.transact(ping(1))
        except DeadlockError as error:
            told.append(str(error))

    with PortClient.in_background() as client:
        client.transact_async(ping(1)).add_done_callback(block)
        eventually(lambda: told)
        assert '_async' in told[0]
        assert client.transact(ping(1)).result is ResultCode.SUCCESS


def test_a_client_brings_its_own_node_if_wanted(active_driver):
    before = threading.active_count()
    with PortClient.in_background() as client:
        assert client.transact(ping(1)).result is ResultCode.SUCCESS
        assert client.transact_async(ping(2)).result(PATIENCE_S).data[4] == 2
    assert threading.active_count() == before
    client.close()
    assert client.transact(ping(1)).result is ResultCode.NOT_AVAILABLE
    with pytest.raises(PortClosedError):
        client.write_async(b'\x00').result()


def test_what_a_servo_reports_is_in_the_result(client):
    # No servo takes a goal position of 2 ** 31 - 1.
    write = InstructionPacket(Protocol.V2, 1, Instruction.WRITE, b'\x74\x00\xff\xff\xff\x7f')
    for result in (
        client.transact(write.encode()),
        *client.transact_batch([Transaction(write.encode())]),
    ):
        assert (result.result, result.error, result.alert) == (ResultCode.SUCCESS, 4, False)
        assert result.message == 'servo 1 reports error 4 (data range)'
    well = client.transact(ping(1))
    assert (well.error, well.alert, well.message) == (0, False, '')
