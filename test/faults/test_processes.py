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

"""Processes that die, and processes that are in the way."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys

from dxl_port_driver.errors import ResultCode
from fault_support.driver import a_driver
from fault_support.held import held, holds
from fault_support.listeners import Diagnoses
import pytest
from ros_support.calls import begin_transact, transact
from ros_support.graph import eventually
from ros_support.wire import ping

# Asks once it is told to, and then waits for the answer until it is killed.
CLIENT = """
import os, sys, time
import rclpy
from dxl_port_driver.client import PortClient
from rclpy.node import Node
from rclpy.executors import SingleThreadedExecutor
rclpy.init()
node = Node('doomed')
client = PortClient(node, '/dxl_port_driver', wait_for_driver_s=20.0)
executor = SingleThreadedExecutor()
executor.add_node(node)
client.get_bytes_available_async()
executor.spin_once(timeout_sec=1.0)
print('ready', flush=True)
while not os.path.exists(sys.argv[4]):
    time.sleep(0.01)
call = client.transact_async(bytes.fromhex(sys.argv[1]), timeout_s=float(sys.argv[2]),
                             queue_timeout_s=float(sys.argv[3]))
executor.spin()
"""

HOLDER = """
import sys, time
from dxl_port_driver.port.serial_port import SerialPort
with SerialPort(sys.argv[1]):
    print('held', flush=True)
    sys.stdin.readline()
"""


@contextlib.contextmanager
def held_by_another(path: str):
    """Let another process hold a port."""
    with subprocess.Popen(
        [sys.executable, '-c', HOLDER, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == 'held\n'
        try:
            yield process
        finally:
            process.stdin.close()


@pytest.mark.parametrize('when', ['while it waits', 'while it is served'])
def test_a_client_is_killed_and_nobody_else_notices(
    domain, start, start_driver, adapter, tmp_path, often, figure, when
):
    servos = adapter(ids='1-3', mute='3')
    program, driver = start_driver(port_name=servos.link, max_queue_time=10.0)
    driver.activate()
    assert transact(driver, ping(1), timeout=5.0).result == ResultCode.SUCCESS
    domain.poisoned = True
    diagnoses = Diagnoses(driver)
    before = None
    rounds = often(2, 30)
    served = when == 'while it is served'
    for number in range(rounds):
        go = tmp_path / f'go{number}'
        servo = ping(3 if served else 2).hex()
        client = start(sys.executable, '-c', CLIENT, servo, '3.0', '9.0', str(go))
        eventually(lambda client=client: 'ready' in client.output)
        count = servos.statistics()['instructions']
        blocker = None if served else begin_transact(driver, ping(3), timeout=3.0)
        if blocker is not None:
            eventually(lambda count=count: servos.statistics()['instructions'] > count)
        go.touch()
        if served:
            eventually(lambda count=count: servos.statistics()['instructions'] > count)
        else:
            eventually(lambda: _queue_depth(diagnoses) >= 1)
        client.send(signal.SIGKILL)
        client.wait()
        result = transact(driver, ping(1), timeout=5.0, queue_timeout=10.0)
        assert result.result == ResultCode.SUCCESS
        if blocker is not None:
            driver.graph.result(blocker)
        before = before or held(program.pid)
    diagnoses.close()
    assert program.is_running
    # DDS may hold on to a participant that vanished for its lease of a few seconds.
    eventually(lambda: held(program.pid).threads <= before.threads)
    eventually(lambda: held(program.pid).descriptors <= before.descriptors + 2)
    figure('rounds', rounds)


def _queue_depth(diagnoses: Diagnoses) -> int:
    return int(diagnoses.values()['queue depth'])


def test_the_driver_is_killed_and_the_port_is_free_for_the_next(
    domain, start_driver, adapter, tmp_path, often, figure
):
    servos = adapter(ids='1-3')
    rounds = often(1, 10)
    for _ in range(rounds):
        with a_killed_driver(tmp_path, servos.link) as pid:
            assert not holds_anything(pid)
        with a_driver(tmp_path, port_name=servos.link) as (_, driver):
            driver.activate()
            assert transact(driver, ping(1), timeout=5.0).result == ResultCode.SUCCESS
    figure('rounds', rounds)


@contextlib.contextmanager
def a_killed_driver(folder, link):
    """Give the pid of a driver that was killed while it was at work."""
    from ros_support.domains import Domain
    from ros_support.graph import Graph, RemoteDriver
    from ros_support.processes import Program

    domain = Domain()
    domain.poisoned = True
    graph = Graph(domain.id)
    program = Program(
        *(sys.executable, '-m', 'dxl_port_driver.node.main', '--ros-args'),
        *('-p', f'port_name:={link}'),
        log=folder / 'killed.log',
        environment={'ROS_DOMAIN_ID': str(domain.id)},
    )
    try:
        driver = RemoteDriver(graph)
        driver.activate()
        assert transact(driver, ping(1), timeout=5.0).result == ResultCode.SUCCESS
        program.send(signal.SIGKILL)
        program.wait()
        yield program.pid
    finally:
        program.stop()
        graph.close()
        domain.release()


def holds_anything(pid: int) -> bool:
    """Tell whether a process is still there."""
    try:
        return bool(held(pid).descriptors)
    except FileNotFoundError:
        return False


def test_a_port_that_another_process_holds_is_told_with_its_holder(start_driver, adapter):
    servos = adapter(ids='1')
    program, driver = start_driver(port_name=servos.link)
    with held_by_another(servos.path) as holder:
        assert not driver.change_state('configure')
        assert driver.state == 'unconfigured'
        assert f'(pid {holder.pid})' in program.output
    driver.activate()
    assert transact(driver, ping(1), timeout=5.0).result == ResultCode.SUCCESS


def test_a_port_that_another_process_grabs_while_it_was_out_is_taken_when_it_is_free(
    start_driver, adapter
):
    servos = adapter(ids='1')
    program, driver = start_driver(port_name=servos.link, reconnect_period=0.1)
    driver.activate()
    servos.unplug()
    # With the driver waiting, whoever is first gets it; so it waits for another name.
    eventually(lambda: 'is gone' in program.output)
    assert driver.set(reconnect_period=5.0) is None
    eventually(lambda: transact(driver, ping(1)).result != ResultCode.SUCCESS)
    servos.plug()
    try:
        with held_by_another(servos.path):
            assert driver.set(reconnect_period=0.1) is None
            assert transact(driver, ping(1)).result != ResultCode.SUCCESS
            assert driver.state == 'active'
    except AssertionError:
        # The driver was first: then nobody else gets it, which is right as well.
        assert holds(program.pid, servos.path)
    eventually(lambda: transact(driver, ping(1)).result == ResultCode.SUCCESS)


def test_an_autostarted_driver_waits_for_a_port_that_another_process_holds(start_driver, adapter):
    servos = adapter(ids='1')
    with held_by_another(servos.path):
        program, driver = start_driver(port_name=servos.link, reconnect_period=0.1, autostart=True)
        eventually(lambda: 'waiting for' in program.output)
        assert driver.state == 'unconfigured'
    eventually(lambda: driver.state == 'active')
    assert program.output.count('[ERROR]') == 1
