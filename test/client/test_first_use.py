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
"""The first use of a service: no response is lost to a user, and nothing is sent twice."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref

from client_support.lossy_driver import lossy_driver
from dxl_port_driver.client import driver_facts, PortClient, RemotePortHandler
from dxl_port_driver.errors import (
    DriverMissingError,
    NotAvailableError,
    NotSpunError,
    PortClosedError,
    ResultCode,
)
from dxl_port_driver.protocol.transaction import Transaction
from dynamixel_sdk import COMM_TX_FAIL, PacketHandler
import pytest
from rclpy.node import Node
from ros_support.graph import eventually, PATIENCE_S
from ros_support.wire import ping

LOST = 2
ASYNC = {
    'transact': lambda client: client.transact_async(ping(1)),
    'transact_batch': lambda client: client.transact_batch_async([Transaction(ping(1))]),
    'write': lambda client: client.write_async(b'\x01'),
    'read': lambda client: client.read_async(1),
    'clear': lambda client: client.clear_async(),
    'get_bytes_available': lambda client: client.get_bytes_available_async(),
}
BLOCKING = {
    'transact': lambda client: client.transact(ping(1)),
    'transact_batch': lambda client: client.transact_batch([Transaction(ping(1))]),
    'write': lambda client: client.write(b'\x01'),
    'read': lambda client: client.read(1),
    'clear': lambda client: client.clear(),
    'get_bytes_available': lambda client: client.get_bytes_available(),
}
# Their requests have no fields: doing them again does no harm, and nothing else tells.
WITHOUT_FIELDS = {'clear', 'get_bytes_available'}


@pytest.fixture
def lossy(joined):
    with lossy_driver(joined.id, LOST) as driver:
        yield driver


def test_the_first_use_of_each_service_gets_its_response(lossy):
    with PortClient.in_background(lossy.name) as client:
        for service, use in BLOCKING.items():
            use(client)
            assert len(lossy.requests[service]) > LOST
            if service not in WITHOUT_FIELDS:
                assert len(lossy.real(service)) == 1
        took = {service: len(came) for service, came in lossy.requests.items()}
        for service, use in BLOCKING.items():
            use(client)
            assert len(lossy.requests[service]) == took[service] + 1


def test_calls_that_do_not_block_go_out_once_and_in_their_order(lossy, graph):
    client = PortClient(graph.node, lossy.name)
    began = time.monotonic()
    writes = [client.write_async(bytes([number])) for number in range(20)]
    calls = [begin(client) for begin in ASYNC.values()]
    assert time.monotonic() - began < 5.0
    client.write(b'\xff')
    for call in (*writes, *calls):
        assert call.exception(PATIENCE_S) is None
    order = [bytes(request.data) for request in lossy.real('write')]
    assert order == [*(bytes([number]) for number in range(20)), b'\x01', b'\xff']
    for service in ASYNC:
        if service not in WITHOUT_FIELDS | {'write'}:
            assert len(lossy.real(service)) == 1
    client.close()


def test_a_first_use_may_be_awaited_in_the_executor_and_in_asyncio(lossy, graph):
    client = PortClient(graph.node, lossy.name)

    async def first():
        return await client.transact_async(ping(1))

    executor = graph.node.executor
    assert graph.result(executor.create_task(first)).result is ResultCode.SUCCESS

    async def others():
        calls = [client.write_async(b'\x01'), client.read_async(1)]
        return await asyncio.gather(*map(asyncio.wrap_future, calls))

    assert asyncio.run(others()) == [1, b'']
    client.close()


def test_a_driver_that_never_answers_is_told_and_nothing_is_sent_to_it(joined):
    with (
        lossy_driver(joined.id, lost=10_000) as lossy,
        PortClient.in_background(lossy.name, wait_for_driver_s=2.5) as client,
    ):
        call = client.write_async(b'\x01')
        result = client.transact(ping(1))
        assert result.result is ResultCode.NOT_AVAILABLE
        assert lossy.name in result.message
        assert 'within 2.5 s' in result.message
        assert 'nothing was sent' in result.message
        with pytest.raises(DriverMissingError, match='nothing was sent'):
            call.result(PATIENCE_S)
        port = RemotePortHandler(client)
        assert PacketHandler(2.0).ping(port, 1) == (0, COMM_TX_FAIL, 0)
        assert isinstance(port.last_error, DriverMissingError)
        assert lossy.real('transact') == lossy.real('write') == []
        # Some calls that do nothing, not a flood of them.
        assert len(lossy.requests['transact']) < 40


def test_how_long_a_driver_was_waited_for_is_told(joined):
    with PortClient.in_background('/nobody', wait_for_driver_s=0.3) as client:
        assert 'within 0.3 s' in client.transact(ping(1)).message
        with pytest.raises(DriverMissingError, match=r'within 0\.3 s'):
            client.clear_async().result(PATIENCE_S)
    port = RemotePortHandler('/nobody', wait_for_driver_s=0.3)
    assert not port.openPort()
    assert 'within 0.3 s' in str(port.last_error)


def test_a_client_that_does_not_find_its_driver_joins_the_graph_anew(joined, start_driver, graph):
    with PortClient.in_background(wait_for_driver_s=PATIENCE_S) as client:
        first = client.node
        call = client.transact_async(ping(1))
        eventually(lambda: client.node is not first)
        start_driver(port_name='sim://')
        assert 'not active' in call.result(PATIENCE_S).message
        found = client.node
        assert 'not active' in client.transact(ping(1)).message
        assert client.node is found
    eventually(lambda: not [one for one in threading.enumerate() if 'dxl-client' in one.name])
    on_given = PortClient(graph.node, '/nobody', wait_for_driver_s=3.0)
    assert on_given.transact(ping(1)).result is ResultCode.NOT_AVAILABLE
    assert on_given.node is graph.node
    on_given.close()


def test_closing_ends_a_first_use(joined):
    with lossy_driver(joined.id, 10_000) as lossy:
        client = PortClient.in_background(lossy.name)
        call = client.transact_async(ping(1))
        eventually(lambda: lossy.requests['transact'])
        client.close()
        with pytest.raises(PortClosedError):
            call.result(PATIENCE_S)
        assert lossy.real('transact') == []


def test_a_first_use_ends_when_the_node_is_destroyed_under_it(joined, graph):
    node = Node('short_lived', context=graph.node.context)
    client = PortClient(node, '/nobody', wait_for_driver_s=PATIENCE_S)
    call = client.transact_async(ping(1))
    began = time.monotonic()
    node.destroy_node()
    assert isinstance(call.exception(PATIENCE_S), NotSpunError)
    assert time.monotonic() - began < PATIENCE_S / 2
    # What comes after it is told so as well, by the methods that raise nothing too.
    with pytest.raises(NotSpunError, match='was destroyed'):
        client.transact(ping(1))
    with pytest.raises(NotSpunError):
        client.clear_async().result(PATIENCE_S)
    port = RemotePortHandler(client)
    assert PacketHandler(2.0).ping(port, 1) == (0, COMM_TX_FAIL, 0)
    assert isinstance(port.last_error, NotSpunError)
    eventually(lambda: not any(one.name == 'dxl-client-watch' for one in threading.enumerate()))
    client.close()


def test_calls_that_were_given_up_are_not_kept(joined, graph):
    client = PortClient(graph.node, '/nobody', wait_for_driver_s=0.0)
    calls = weakref.WeakSet()

    def give_up():
        call = client.clear_async()
        calls.add(call)
        with pytest.raises(DriverMissingError):
            call.result(PATIENCE_S)

    for _ in range(3):
        give_up()
    eventually(lambda: not gc.collect() and not calls)
    client.close()


def test_a_driver_answers_what_proves_the_way_at_once_and_sends_nothing(
    joined, start_driver, graph
):
    _, driver = start_driver(port_name='sim://?ids=1')
    with PortClient.in_background(wait_for_driver_s=PATIENCE_S) as client:
        with pytest.raises(NotAvailableError, match='not active'):
            client.write(b'\x01')
        driver.activate()
        for use in BLOCKING.values():
            use(client)
        assert driver_facts.get_state(client) == 'active'
        assert driver_facts.get_parameters(client)['baudrate'] == 1_000_000
        driver_facts.set_parameter(client, 'max_queue_time', 3.0)
        assert client.transact(ping(1)).result is ResultCode.SUCCESS
