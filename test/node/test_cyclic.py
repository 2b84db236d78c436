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

"""Transactions that a control loop asks for again and again."""

from __future__ import annotations

from collections.abc import Callable
import threading
import time

from builtin_interfaces.msg import Duration
from dxl_port_driver.conversions import duration, transaction_to_message
from dxl_port_driver.errors import ResultCode
from dxl_port_driver.protocol.instructions import Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket
from dxl_port_driver.protocol.transaction import Framing, Transaction
from dxl_port_interfaces.msg import CyclicResult
from dxl_port_interfaces.srv import StartCyclic, StopCyclic, Transact
import pytest
from rclpy.qos import QoSProfile
from ros_support.graph import eventually, PATIENCE_S

READ = InstructionPacket(Protocol.V2, 1, Instruction.READ, bytes((132, 0, 4, 0))).encode()
MUTE = InstructionPacket(Protocol.V2, 99, Instruction.PING).encode()


@pytest.fixture
def driver(start_driver: Callable[..., object]) -> object:
    _, driver = start_driver(port_name='sim://?ids=1-2', autostart=True)
    assert eventually(lambda: driver.state == 'active')
    return driver


class Listener:
    """Collects what comes on the topic."""

    def __init__(self, driver: object) -> None:
        self.messages: list[CyclicResult] = []
        self._enough = threading.Event()
        driver.graph.node.create_subscription(
            CyclicResult, f'{driver.name}/cyclic', self.messages.append, 100
        )

    def named(self, name: str) -> list[CyclicResult]:
        return [message for message in self.messages if message.name == name]


def start_cyclic(driver: object, name: str, rate: float, *data: bytes, **options: object):
    transactions = [transaction_to_message(Transaction(one)) for one in data]
    return driver.call(
        StartCyclic, 'start_cyclic', name=name, rate=rate, transactions=transactions, **options
    )


def test_a_hundred_requests_at_once_are_all_answered(driver):
    # Deep enough that DDS drops none of them on the way.
    client = driver.graph.node.create_client(
        StopCyclic, f'{driver.name}/stop_cyclic', qos_profile=QoSProfile(depth=200)
    )
    assert client.wait_for_service(PATIENCE_S)
    names = [f'none{number}' for number in range(100)]
    waiting = [client.call_async(StopCyclic.Request(name=name)) for name in names]
    for name, future in zip(names, waiting, strict=True):
        assert f"'{name}'" in driver.graph.result(future).message


def test_answers_come_on_the_topic_numbered_until_it_is_stopped(driver):
    listener = Listener(driver)
    assert start_cyclic(driver, 'arm', 50.0, READ, READ).result == ResultCode.SUCCESS
    eventually(lambda: len(listener.named('arm')) >= 20)
    ended = driver.call(StopCyclic, 'stop_cyclic', name='arm')
    assert ended.result == ResultCode.SUCCESS
    assert ended.cycles + ended.missed >= 20
    messages = listener.named('arm')
    numbers = [message.cycle for message in messages]
    assert numbers == sorted(set(numbers))
    answered = [message for message in messages if message.results]
    assert answered
    for message in answered:
        assert [one.result for one in message.results] == [ResultCode.SUCCESS] * 2
        assert all(len(one.data) == 15 for one in message.results)
    again = driver.call(StopCyclic, 'stop_cyclic', name='arm')
    assert again.result == ResultCode.TX_ERROR
    assert 'arm' in again.message
    assert not any(message.ended or message.message for message in messages)


def test_a_rate_that_the_wire_cannot_carry_is_refused_with_the_most_that_it_can(driver):
    answer = start_cyclic(driver, 'fast', 9000.0, READ)
    assert answer.result == ResultCode.TX_ERROR
    assert 'Hz' in answer.message


def test_what_runs_already_counts(driver):
    assert start_cyclic(driver, 'one', 1800.0, READ).result == ResultCode.SUCCESS
    assert start_cyclic(driver, 'two', 1800.0, READ).result == ResultCode.TX_ERROR
    # The same name takes the place of the first.
    assert start_cyclic(driver, 'one', 20.0, READ).result == ResultCode.SUCCESS
    assert start_cyclic(driver, 'two', 1800.0, READ).result == ResultCode.SUCCESS
    assert driver.call(StopCyclic, 'stop_cyclic').result == ResultCode.SUCCESS


def test_cycles_missed_while_the_bus_is_busy_are_counted_and_published(driver):
    listener = Listener(driver)
    assert start_cyclic(driver, 'arm', 50.0, READ).result == ResultCode.SUCCESS
    eventually(lambda: listener.named('arm'))
    slow = transaction_to_message(Transaction(MUTE, timeout_s=0.5, priority=9))
    assert driver.call(Transact, 'transact', transaction=slow).result.result == (
        ResultCode.RX_TIMEOUT
    )
    eventually(lambda: any(not message.results for message in listener.named('arm')))
    ended = driver.call(StopCyclic, 'stop_cyclic', name='arm')
    assert ended.missed >= 10


@pytest.mark.parametrize(
    ('name', 'rate', 'data'),
    [
        ('', 10.0, [READ]),
        ('x' * 65, 10.0, [READ]),
        ('x', 0.0, [READ]),
        ('x', -5.0, [READ]),
        ('x', float('nan'), [READ]),
        ('x', float('inf'), [READ]),
        ('x', 10.0, []),
        ('x', 10.0, [b'']),
        ('x', 10.0, [b'hello']),
        ('x', 10.0, [READ] * 257),
    ],
)
def test_nonsense_is_refused_with_a_sentence(driver, name, rate, data):
    answer = start_cyclic(driver, name, rate, *data)
    assert answer.result == ResultCode.TX_ERROR
    assert answer.message


def test_deactivation_ends_it_and_activation_does_not_bring_it_back(driver):
    listener = Listener(driver)
    assert start_cyclic(driver, 'arm', 100.0, READ).result == ResultCode.SUCCESS
    eventually(lambda: listener.named('arm'))
    assert driver.change_state('deactivate')
    answer = start_cyclic(driver, 'arm', 100.0, READ)
    assert answer.result == ResultCode.NOT_AVAILABLE
    assert driver.change_state('activate')
    assert driver.call(StopCyclic, 'stop_cyclic', name='arm').result == ResultCode.TX_ERROR


def test_a_lease_that_is_over_is_told_on_the_topic_and_in_the_log(start_driver):
    program, driver = start_driver(port_name='sim://?ids=1-2', autostart=True)
    assert eventually(lambda: driver.state == 'active')
    listener = Listener(driver)
    assert start_cyclic(driver, 'other', 50.0, READ).result == ResultCode.SUCCESS
    eventually(lambda: listener.named('other'))
    assert start_cyclic(driver, 'arm', 50.0, READ, lease=duration(0.3)).result == (
        ResultCode.SUCCESS
    )
    eventually(lambda: any(message.ended for message in listener.named('arm')))
    last = listener.named('arm')[-1]
    assert last.ended
    assert not last.results
    assert "'arm' ended: its lease of 0.3 s is over" in last.message
    assert last.cycle == listener.named('arm')[-2].cycle + 1
    line = next(line for line in program.output.splitlines() if 'its lease of' in line)
    assert 'WARN' in line
    # Nothing comes behind it; a cycle without a lease goes on.
    count, others = len(listener.named('arm')), len(listener.named('other'))
    eventually(lambda: len(listener.named('other')) > others + 10)
    assert len(listener.named('arm')) == count
    for answer in (
        driver.call(StopCyclic, 'stop_cyclic', name='arm'),
        driver.call(StartCyclic, 'start_cyclic', name='arm'),
    ):
        assert answer.result == ResultCode.TX_ERROR
        assert 'its lease is over' in answer.message
    assert start_cyclic(driver, 'arm', 50.0, READ).result == ResultCode.SUCCESS
    eventually(lambda: len(listener.named('arm')) > count + 3)


def test_the_name_alone_renews_and_disturbs_nothing(driver):
    listener = Listener(driver)
    assert start_cyclic(driver, 'arm', 100.0, READ, lease=duration(1.0)).result == (
        ResultCode.SUCCESS
    )
    until = time.monotonic() + 2.5
    while time.monotonic() < until:
        answer = driver.call(StartCyclic, 'start_cyclic', name='arm')
        assert (answer.result, answer.message) == (ResultCode.SUCCESS, '')
        time.sleep(0.05)
    ended = driver.call(StopCyclic, 'stop_cyclic', name='arm')
    assert ended.result == ResultCode.SUCCESS
    assert ended.cycles + ended.missed >= 200
    numbers = [message.cycle for message in listener.named('arm')]
    assert numbers == sorted(set(numbers))


def test_what_cannot_be_renewed_is_refused_with_the_reason(driver):
    never = driver.call(StartCyclic, 'start_cyclic', name='never')
    assert never.result == ResultCode.TX_ERROR
    assert "'never'" in never.message
    assert start_cyclic(driver, 'arm', 20.0, READ).result == ResultCode.SUCCESS
    without = driver.call(StartCyclic, 'start_cyclic', name='arm')
    assert without.result == ResultCode.TX_ERROR
    assert 'without a lease' in without.message
    # A renewal carries nothing that could be meant as a change, and be ignored.
    for fields in ({'rate': 20.0}, {'lease': duration(1.0)}):
        both = driver.call(StartCyclic, 'start_cyclic', name='arm', **fields)
        assert both.result == ResultCode.TX_ERROR
        assert both.message
    assert driver.call(StopCyclic, 'stop_cyclic', name='arm').result == ResultCode.SUCCESS


def test_a_lease_out_of_range_is_refused_with_what_is_right(driver):
    for lease in (
        Duration(sec=-1),
        Duration(sec=-1, nanosec=500_000_000),
        Duration(nanosec=1),
        Duration(sec=2**31 - 1, nanosec=2**32 - 1),
        duration(0.049),
        duration(3600.1),
    ):
        answer = start_cyclic(driver, 'arm', 20.0, READ, lease=lease)
        assert answer.result == ResultCode.TX_ERROR
        assert 'give 0.05 to 3600 s' in answer.message
    assert driver.call(StopCyclic, 'stop_cyclic', name='arm').result == ResultCode.TX_ERROR


def test_transactions_without_an_answer_may_be_cyclic(driver):
    listener = Listener(driver)
    message = transaction_to_message(Transaction(READ, Framing.NONE))
    driver.call(StartCyclic, 'start_cyclic', name='w', rate=50.0, transactions=[message])
    eventually(lambda: len(listener.named('w')) >= 5)
    assert listener.named('w')[0].results[0].result == ResultCode.SUCCESS
