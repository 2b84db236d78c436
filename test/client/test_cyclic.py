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

"""Cycles that a client starts, and the renewal of their leases."""

from __future__ import annotations

import gc
import signal
import threading
import time

from client_support.module_driver import in_domain
from dxl_port_driver.client import PortClient
from dxl_port_driver.errors import DeadlockError, PortClosedError, RequestError
from dxl_port_driver.protocol.instructions import Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket
from dxl_port_driver.protocol.transaction import Transaction
from dxl_port_interfaces.msg import CyclicResult
import pytest
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from ros_support.graph import eventually, Graph, PATIENCE_S

READ = Transaction(
    InstructionPacket(Protocol.V2, 1, Instruction.READ, bytes((132, 0, 4, 0))).encode()
)
LEASES = 20
LEASE_S = 0.4
THREAD = 'dxl-client-leases'


@pytest.fixture(scope='module')
def shared(shared_domain, shared_driver):
    """Give a graph beside the driver that the tests of this module share."""
    with in_domain(shared_domain):
        graph = Graph(shared_domain.id)
        yield graph
        graph.close()


@pytest.fixture
def topic(shared):
    """Give what comes on the topic, by the name of the cycle."""
    cycles = Cycles(shared)
    yield cycles
    cycles.close()


@pytest.fixture
def client(shared):
    """Give a client with a node of its own."""
    with PortClient.in_background() as client:
        yield client


class Cycles:
    """Keeps the messages of the topic ``~/cyclic``."""

    def __init__(self, graph: Graph) -> None:
        self._node = graph.node
        self.messages: list[CyclicResult] = []
        topic = '/dxl_port_driver/cyclic'
        self._subscription = self._node.create_subscription(
            CyclicResult, topic, self.messages.append, 1000
        )
        eventually(lambda: self._node.count_publishers(topic))

    def named(self, name: str) -> list[CyclicResult]:
        return [message for message in self.messages if message.name == name]

    def last(self, name: str) -> CyclicResult:
        """Wait for the message that tells the end of a cycle."""
        return eventually(lambda: next((one for one in self.named(name) if one.ended), None))

    def close(self) -> None:
        self._node.destroy_subscription(self._subscription)


def renewing_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == THREAD]


def test_a_renewed_cycle_goes_on_however_busy_the_node_is(shared, topic):
    """Through twenty leases, while the executor is kept from taking any response."""
    node = Node('busy', context=shared.context, use_global_arguments=False)
    executor = SingleThreadedExecutor(context=shared.context)
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin)
    thread.start()
    client = PortClient(node)
    let_go = threading.Event()
    try:
        client.start_cyclic('held', [READ], 20.0, lease_s=LEASE_S)
        begun = time.monotonic()
        executor.create_task(let_go.wait)
        eventually(
            lambda: (
                any(one.ended for one in topic.named('held'))
                or time.monotonic() - begun > LEASES * LEASE_S
            )
        )
        assert not topic.named('held')[-1].ended
        let_go.set()
        counts = client.stop_cyclic('held')
        assert counts.done + counts.missed >= 0.5 * 20.0 * LEASES * LEASE_S
        assert topic.named('held')[0].cycle == 0
        # It was one and the same cycle all the time.
        numbers = [one.cycle for one in topic.named('held')]
        assert numbers == sorted(set(numbers))
    finally:
        let_go.set()
        client.close()
        executor.shutdown()
        thread.join(PATIENCE_S)
        node.destroy_node()


def test_a_cycle_that_was_stopped_is_renewed_no_more(client, topic):
    client.start_cyclic('a', [READ, READ], 50.0, lease_s=LEASE_S)
    client.start_cyclic_async('b', [READ], 50.0).result(PATIENCE_S)
    eventually(lambda: len(topic.named('a')) > 3 and len(topic.named('b')) > 3)
    assert len(topic.named('a')[0].results) == 2
    assert len(renewing_threads()) == 1
    assert client.stop_cyclic('a').done > 0
    assert client.stop_cyclic_async('b').result(PATIENCE_S).done > 0
    eventually(lambda: not renewing_threads())
    with pytest.raises(RequestError, match="'a' runs: it was stopped"):
        client.stop_cyclic('a')
    assert not any(one.ended for one in topic.messages)
    # And again, with a thread that has to begin anew.
    client.start_cyclic('a', [READ], 50.0)
    assert len(renewing_threads()) == 1
    client.stop_cyclic('a')


def test_a_program_that_renews_by_itself_decides_how_long_it_goes_on(client, topic):
    client.start_cyclic('loop', [READ], 50.0, lease_s=LEASE_S, renew=False)
    eventually(lambda: not renewing_threads())
    until = time.monotonic() + 4 * LEASE_S
    while time.monotonic() < until:
        client.renew_cyclic('loop')
        time.sleep(0.1 * LEASE_S)
    client.renew_cyclic_async('loop').result(PATIENCE_S)
    assert not topic.named('loop')[-1].ended
    topic.last('loop')
    for use in (client.renew_cyclic, client.stop_cyclic):
        with pytest.raises(RequestError, match='its lease is over'):
            use('loop')


@pytest.mark.parametrize('how', ['closed', 'garbage'])
def test_a_client_that_is_gone_renews_no_more(shared, topic, how):
    client = PortClient.in_background()
    client.start_cyclic(how, [READ], 50.0, lease_s=LEASE_S)
    eventually(lambda: topic.named(how))
    if how == 'closed':
        client.close()
        with pytest.raises(PortClosedError):
            client.start_cyclic(how, [READ], 50.0)
    else:
        del client
    # While another thread collects garbage, this one's call does nothing.
    eventually(lambda: gc.collect() >= 0 and not renewing_threads())
    topic.last(how)


def test_a_start_that_is_refused_leaves_the_cycle_and_its_renewal_alone(client, topic):
    client.start_cyclic('arm', [READ], 50.0, lease_s=LEASE_S)
    with pytest.raises(RequestError, match='at most'):
        client.start_cyclic('arm', [READ], 9000.0, lease_s=30.0)
    call = client.start_cyclic_async('arm', [READ], 9000.0, lease_s=30.0)
    with pytest.raises(RequestError, match='at most'):
        call.result(PATIENCE_S)
    count = len(topic.named('arm'))
    eventually(lambda: len(topic.named('arm')) > count + 50.0 * 3 * LEASE_S)
    assert not any(one.ended for one in topic.named('arm'))
    # One that takes its place counts in its place.
    client.start_cyclic('arm', [READ], 50.0, lease_s=LEASE_S, renew=False)
    topic.last('arm')
    eventually(lambda: not renewing_threads())


def test_what_makes_no_sense_is_refused_with_a_sentence(client):
    for lease_s in (float('nan'), float('inf'), -1.0, -1e-9, 1e12):
        with pytest.raises(RequestError, match='lease_s is'):
            client.start_cyclic('x', [READ], 50.0, lease_s=lease_s)
    for lease_s in (0.001, 5000.0):
        with pytest.raises(RequestError, match=r'lease is .* give 0.05 to 3600 s'):
            client.start_cyclic('x', [READ], 50.0, lease_s=lease_s)
    with pytest.raises(RequestError, match='stop the cycles of all programs'):
        client.stop_cyclic('')
    with pytest.raises(RequestError, match="'never'"):
        client.renew_cyclic('never')
    eventually(lambda: not renewing_threads())


def test_a_callback_that_would_wait_for_itself_is_told_so(shared):
    client = PortClient(shared.node)
    told: list[BaseException] = []

    def start_and_wait() -> None:
        for use in (
            lambda: client.start_cyclic('x', [READ], 50.0),
            lambda: client.stop_cyclic('x'),
        ):
            try:
                use()
            except DeadlockError as error:
                told.append(error)

    shared.node.executor.create_task(start_and_wait)
    eventually(lambda: len(told) == 2)
    client.close()


def test_a_driver_that_was_started_anew_is_told_once_and_nothing_fails(
    joined, graph, start_driver, capfd, monkeypatch
):
    failed: list[object] = []
    monkeypatch.setattr(threading, 'excepthook', failed.append)
    joined.poisoned = True
    program, driver = start_driver(port_name='sim://?ids=1-2', autostart=True)
    eventually(lambda: driver.state == 'active')
    cycles = Cycles(graph)
    client = PortClient(graph.node, wait_for_driver_s=PATIENCE_S)
    client.start_cyclic('arm', [READ], 50.0, lease_s=LEASE_S)
    eventually(lambda: cycles.named('arm'))
    program.send(signal.SIGKILL)
    program.wait()
    _, driver = start_driver(port_name='sim://?ids=1-2', autostart=True)
    said: list[str] = []

    def is_told() -> bool:
        said.append(capfd.readouterr().err)
        return "cycle 'arm' of /dxl_port_driver does not run any more" in ''.join(said)

    eventually(is_told)
    eventually(lambda: not renewing_threads())
    assert not failed
    # Whatever DDS still believes of the first one, the second one can be used.
    eventually(lambda: driver.state == 'active')
    cycles.messages.clear()
    client.start_cyclic('arm', [READ], 50.0, lease_s=LEASE_S)
    eventually(lambda: len(cycles.named('arm')) > 50.0 * 2 * LEASE_S)
    assert client.stop_cyclic('arm').done
    is_told()
    assert ''.join(said).count('does not run any more') == 1
    client.close()
    cycles.close()
