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
import contextlib
import importlib.util
import sys
from typing import TYPE_CHECKING

from dxl_port_driver.node.parameters import DECLARATIONS
import pytest

if TYPE_CHECKING:
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


@contextlib.contextmanager
def _driver(folders: pytest.TempPathFactory, **parameters: object) -> Iterator[RemoteDriver]:
    """Run a driver in a domain of its own, for several tests."""
    if importlib.util.find_spec('rclpy') is None:
        pytest.skip('rclpy is not installed')
    from ros_support.domains import Domain
    from ros_support.graph import Graph, RemoteDriver
    from ros_support.processes import Program

    domain = Domain()
    graph = Graph(domain.id)
    given = [item for name, value in parameters.items() for item in ('-p', f'{name}:={value}')]
    program = Program(
        *(sys.executable, '-m', 'dxl_port_driver.node.main', '--ros-args', *given),
        log=folders.mktemp('shared') / 'driver.log',
        environment={'ROS_DOMAIN_ID': str(domain.id)},
    )
    try:
        driver = RemoteDriver(graph)
        driver.pid = program.pid
        yield driver
        assert program.is_running, f'the driver died:\n{program.output}'
    finally:
        program.stop()
        graph.close()
        domain.release()


@pytest.fixture(scope='module')
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RemoteDriver, Wire]]:
    """Give an active driver that the tests of a module share, and its wire."""
    from ros_support.wire import Wire

    wire = Wire()
    try:
        with _driver(tmp_path_factory, port_name=wire.path) as driver:
            driver.activate()
            yield driver, wire
    finally:
        wire.unplug()


@pytest.fixture
def driver(shared: tuple[RemoteDriver, Wire]) -> RemoteDriver:
    """Give the shared driver, with an empty receive buffer and a quiet line."""
    from ros_support.calls import clear, transact
    from ros_support.wire import ping

    driver, wire = shared
    wire.reset()
    # A question that an earlier test left without answer is settled by one that is answered.
    assert transact(driver, ping(1), retries=3).result == 0
    assert clear(driver).success
    wire.heard.clear()
    return driver


@pytest.fixture
def servos(driver: RemoteDriver, shared: tuple[RemoteDriver, Wire]) -> Wire:
    """Give the wire of the shared driver."""
    return shared[1]


@pytest.fixture(scope='module')
def shared_sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RemoteDriver]:
    """Give a driver on the virtual bus that the tests of a module share."""
    with _driver(tmp_path_factory, port_name='sim://') as driver:
        yield driver


@pytest.fixture
def idle(shared_sim: RemoteDriver) -> RemoteDriver:
    """Give the shared driver on the virtual bus, unconfigured, as if just started."""
    driver = shared_sim
    for transition in ('deactivate', 'cleanup'):
        driver.change_state(transition)
    assert driver.state == 'unconfigured'
    defaults = {
        one.name: one.default
        for one in DECLARATIONS
        if type(one.default) in (int, float, bool) and not one.at_start_only
    }
    assert driver.set(**defaults, port_name='sim://') is None
    return driver


@pytest.fixture
def in_state(idle: RemoteDriver) -> Callable[[str], None]:
    """Give a function that brings the driver of ``idle`` into a state."""

    def in_state(state: str) -> None:
        for transition in {'unconfigured': (), 'inactive': ('configure',)}.get(
            state, ('configure', 'activate')
        ):
            assert idle.change_state(transition)
        assert idle.state == state

    return in_state
