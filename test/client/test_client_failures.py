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

"""What a client tells when the driver is absent, not active, dies or hangs; all of it in time."""

from __future__ import annotations

import asyncio
import signal
import threading
import time

from dxl_port_driver.client import PortClient, RemotePortHandler
from dxl_port_driver.errors import (
    DriverMissingError,
    DriverSilentError,
    NotAvailableError,
    NotSpunError,
    PortClosedError,
    ResultCode,
)
from dxl_port_driver.protocol.transaction import Framing, Transaction
from dynamixel_sdk import COMM_SUCCESS, COMM_TX_FAIL, PacketHandler
import pytest
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from ros_support.graph import PATIENCE_S
from ros_support.wire import ping

SOON_S = 0.5


def test_an_absent_driver_is_told_as_such_after_a_while(graph):
    client = PortClient(graph.node, '/nobody', wait_for_driver_s=SOON_S)
    result = client.transact(ping())
    assert result.result is ResultCode.NOT_AVAILABLE
    assert '/nobody' in result.message
    assert [one.result for one in client.transact_batch([Transaction(ping())])] == [
        ResultCode.NOT_AVAILABLE
    ]
    for use in (client.clear, client.get_bytes_available, client.get_baudrate):
        with pytest.raises(DriverMissingError, match='/nobody'):
            use()
    with pytest.raises(DriverMissingError, match='/nobody'):
        client.write_async(b'\x00').result(PATIENCE_S)

    async def in_asyncio():
        with pytest.raises(DriverMissingError):
            await client.transact_async(ping())

    asyncio.run(in_asyncio())
    client.close()


def test_a_call_waits_for_a_driver_that_is_about_to_come(graph, start_driver):
    client = PortClient(graph.node, wait_for_driver_s=PATIENCE_S)
    call = client.transact_async(ping())
    start_driver(port_name='sim://')
    assert call.result(PATIENCE_S).result is ResultCode.NOT_AVAILABLE
    client.close()


def test_an_inactive_driver_is_told_as_such(joined, start_driver):
    _, driver = start_driver(port_name='sim://')
    with PortClient.in_background() as client:
        assert 'not active' in client.transact(ping()).message
        with pytest.raises(NotAvailableError, match='not active'):
            client.write(b'\x00')
        with pytest.raises(NotAvailableError, match='not active'):
            client.clear()
    port = RemotePortHandler('/dxl_port_driver')
    assert not port.openPort()
    assert isinstance(port.last_error, NotAvailableError)
    assert 'not active' in str(port.last_error)

    port = RemotePortHandler('/dxl_port_driver')
    handler = PacketHandler(2.0)
    assert handler.ping(port, 1) == (0, COMM_TX_FAIL, 0)
    assert 'not active' in str(port.last_error)
    driver.activate()
    assert handler.ping(port, 1)[1] == COMM_SUCCESS
    assert driver.change_state('deactivate')
    assert handler.ping(port, 1) == (0, COMM_TX_FAIL, 0)
    port.closePort()


def test_a_node_that_nobody_spins_is_told_as_such(joined, active_driver, graph):
    node = Node('unspun', context=graph.context, use_global_arguments=False)
    client = PortClient(node, wait_for_driver_s=SOON_S)
    # The driver may be found without spinning; what does not come is the response.
    client.wait_for_driver(PATIENCE_S)
    with pytest.raises(NotSpunError, match='unspun'):
        client.transact(ping())
    with pytest.raises(NotSpunError, match='unspun'):
        client.clear_async().result(PATIENCE_S)
    executor = SingleThreadedExecutor(context=graph.context)
    executor.add_node(node)
    with pytest.raises(NotSpunError, match='unspun'):
        client.transact(ping())
    client.close()
    executor.shutdown()
    node.destroy_node()


def begin_long(client):
    """Begin a transaction that keeps the bus for longer than the test waits."""
    client.wait_for_driver(PATIENCE_S)
    return client.transact_async(b'\x00', framing=Framing.LENGTH, response_length=1, timeout_s=9.0)


def test_a_driver_that_is_killed_ends_its_calls_in_time(joined, active_driver):
    joined.poisoned = True
    with PortClient.in_background() as client:
        call = begin_long(client)
        time.sleep(SOON_S)
        active_driver.send(signal.SIGKILL)
        active_driver.wait()
        result = client.transact(ping(1))
        assert result.result in (ResultCode.RX_TIMEOUT, ResultCode.NOT_AVAILABLE)
        assert '/dxl_port_driver' in result.message
        with pytest.raises((DriverSilentError, DriverMissingError)):
            call.result(PATIENCE_S)


def test_a_driver_that_hangs_is_told_as_silent(joined, active_driver):
    with PortClient.in_background() as client:
        assert client.transact(ping(1)).result is ResultCode.SUCCESS
        active_driver.send(signal.SIGSTOP)
        try:
            result = client.transact(ping(1))
        finally:
            active_driver.send(signal.SIGCONT)
        assert result.result in (ResultCode.RX_TIMEOUT, ResultCode.NOT_AVAILABLE)
        assert '/dxl_port_driver' in result.message


def test_a_slow_transaction_is_waited_for(active_driver):
    with PortClient.in_background() as client:
        result = client.transact(b'\x00', framing=Framing.LENGTH, response_length=1, timeout_s=2.5)
        assert result.result is ResultCode.RX_TIMEOUT
        assert result.elapsed_s == pytest.approx(2.5, abs=1.0)
        assert result.attempts == 1


def test_closing_ends_the_calls_that_are_under_way(active_driver):
    client = PortClient.in_background()
    call = begin_long(client)
    results = []
    blocked = threading.Thread(target=lambda: results.append(client.transact(ping(1))))
    blocked.start()
    time.sleep(SOON_S)
    client.close()
    with pytest.raises(PortClosedError):
        call.result(PATIENCE_S)
    blocked.join(PATIENCE_S)
    assert not blocked.is_alive()
    assert results[0].result is ResultCode.NOT_AVAILABLE


def test_a_call_ends_when_the_executor_is_shut_down_under_it(active_driver, graph):
    node = Node('user', context=graph.context)
    executor = SingleThreadedExecutor(context=graph.context)
    executor.add_node(node)
    client = PortClient(node, wait_for_driver_s=0.5)
    client.wait_for_driver(PATIENCE_S)
    executor.shutdown()
    for call in (client.get_bytes_available_async(), client.get_bytes_available_async()):
        with pytest.raises(NotSpunError, match='spin'):
            call.result(PATIENCE_S)
    with pytest.raises(NotSpunError, match='spin'):
        client.get_bytes_available()
    client.close()
    node.destroy_node()


def test_a_function_that_takes_long_with_a_response_is_told_to_those_it_keeps_waiting(
    active_driver,
):
    with PortClient.in_background(wait_for_driver_s=1.0) as client:
        client.wait_for_driver(PATIENCE_S)
        client.transact_async(ping(1)).add_done_callback(lambda _: time.sleep(4.0))
        time.sleep(SOON_S)
        with pytest.raises(NotSpunError, match='short'):
            client.get_bytes_available()
    with PortClient.in_background() as client:
        assert client.transact(ping(1)).result is ResultCode.SUCCESS
