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

"""What the node tests share: wires whose other end they hold, and a driver on one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import importlib.util
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from ros_support.graph import RemoteDriver
    from ros_support.wire import Wire


@pytest.fixture
def make_wire() -> Iterator[Callable[[], Wire]]:
    """Give a way to make wires; none outlives the test."""
    from ros_support.wire import Wire

    wires: list[Wire] = []

    def make_wire() -> Wire:
        wires.append(Wire())
        return wires[-1]

    yield make_wire
    for wire in wires:
        wire.unplug()


@pytest.fixture
def wire(make_wire: Callable[[], Wire]) -> Wire:
    """Give a wire of the test's own."""
    return make_wire()


@pytest.fixture(scope='module')
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RemoteDriver, Wire]]:
    """Give an active driver that the tests of a module share, and its wire."""
    if importlib.util.find_spec('rclpy') is None:
        pytest.skip('rclpy is not installed')
    from ros_support.domains import Domain
    from ros_support.graph import eventually, Graph, RemoteDriver
    from ros_support.processes import Program
    from ros_support.wire import Wire

    log: Path = tmp_path_factory.mktemp('shared') / 'driver.log'
    domain, wire = Domain(), Wire()
    graph = Graph(domain.id)
    program = Program(
        *(sys.executable, '-m', 'dxl_port_driver.node.main'),
        *('--ros-args', '-p', f'port_name:={wire.path}', '-p', 'autostart:=true'),
        log=log,
        environment={'ROS_DOMAIN_ID': str(domain.id)},
    )
    driver = RemoteDriver(graph)
    try:
        assert eventually(lambda: driver.state == 'active'), program.output
        yield driver, wire
        assert program.is_running, f'the driver died:\n{program.output}'
    finally:
        program.stop()
        graph.close()
        wire.unplug()
        domain.release()


@pytest.fixture
def driver(shared: tuple[RemoteDriver, Wire]) -> RemoteDriver:
    """Give the shared driver, with an empty receive buffer and a quiet line."""
    from ros_support.calls import clear, transact
    from ros_support.wire import ping

    driver, wire = shared
    wire.reset()
    # A question that an earlier test left without answer is settled by one that is answered.
    assert transact(driver, ping(1), timeout=5.0, retries=3).result == 0
    assert clear(driver).success
    wire.heard.clear()
    return driver


@pytest.fixture
def servos(driver: RemoteDriver, shared: tuple[RemoteDriver, Wire]) -> Wire:
    """Give the wire of the shared driver."""
    return shared[1]
