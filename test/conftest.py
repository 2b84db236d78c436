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

"""Fixtures of all tests; those with ROS in them are made only for the tests that ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
import importlib.metadata
import importlib.util
import os
from pathlib import Path
import signal
import sys
from typing import Any, TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ros_support.domains import Domain
    from ros_support.graph import Graph, RemoteDriver
    from ros_support.processes import Program

# A client that starts after its server finds it within a second instead of three.
_QUICK_DISCOVERY = """\
<dds xmlns="http://www.eprosima.com"><profiles>
<participant profile_name="quick" is_default_profile="true"><rtps><builtin><discovery_config>
<leaseDuration><sec>2</sec></leaseDuration>
<leaseAnnouncement><sec>0</sec><nanosec>200000000</nanosec></leaseAnnouncement>
</discovery_config></builtin></rtps></participant>
</profiles></dds>
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the port tests run on real hardware, and the fault tests as long as in the docs."""
    parser.addoption('--dxl-port', help='a serial port with servos on it, for the port tests')
    parser.addoption(
        '--long',
        action='store_true',
        help='run the fault suite as often and as long as docs/reliability.md tells (an hour)',
    )
    parser.addoption('--figures', help='a file for what the fault tests measure, as JSON lines')


def pytest_configure(config: pytest.Config) -> None:
    """Let programs under test get the signals that whoever started pytest ignores."""
    # A run in the background, or under nohup, hands this on to every process that it starts.
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


@pytest.fixture(scope='session', autouse=True)
def _local_ros(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep DDS on this machine, quick to find, whatever the environment says."""
    profile = tmp_path_factory.mktemp('dds') / 'quick_discovery.xml'
    profile.write_text(_QUICK_DISCOVERY)
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    os.environ[_profile_variable()] = str(profile)
    for name in ('ROS_DOMAIN_ID', 'ROS_STATIC_PEERS', 'ROS_LOCALHOST_ONLY'):
        os.environ.pop(name, None)


def _profile_variable() -> str:
    """Give the variable that Fast DDS reads: it has a new name since Kilted's rclpy 9."""
    try:
        newer = int(importlib.metadata.version('rclpy').split('.')[0]) >= 9
    except importlib.metadata.PackageNotFoundError:
        newer = True
    return 'FASTDDS_DEFAULT_PROFILES_FILE' if newer else 'FASTRTPS_DEFAULT_PROFILES_FILE'


@pytest.fixture
def domain() -> Iterator[Domain]:
    """Give a ROS domain of the test's own."""
    if importlib.util.find_spec('rclpy') is None:
        pytest.skip('rclpy is not installed')
    from ros_support.domains import Domain

    domain = Domain()
    yield domain
    domain.release()


@pytest.fixture
def graph(domain: Domain) -> Iterator[Graph]:
    """Give a node to call others from."""
    from ros_support.graph import Graph

    graph = Graph(domain.id)
    yield graph
    graph.close()


@pytest.fixture
def start(domain: Domain, tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Give a way to start programs in the test's domain; none outlives the test."""
    from ros_support.processes import Program

    programs: list[Program] = []

    def start(*command: str) -> Program:
        log = tmp_path / f'{len(programs)}_{Path(command[0]).name}.log'
        program = Program(*command, log=log, environment={'ROS_DOMAIN_ID': str(domain.id)})
        programs.append(program)
        return program

    yield start
    for program in programs:
        program.stop()


@pytest.fixture
def start_driver(
    start: Callable[..., Program], graph: Graph
) -> Callable[..., tuple[Program, RemoteDriver]]:
    """Give a way to start the node in a process of its own, with parameters."""
    from ros_support.graph import RemoteDriver

    def start_driver(
        *, node_name: str = 'dxl_port_driver', more: Sequence[str] = (), **parameters: Any
    ) -> tuple[Program, RemoteDriver]:
        arguments = ['--ros-args', '-r', f'__node:={node_name}', *more]
        for name, value in parameters.items():
            shown = str(value).lower() if isinstance(value, bool) else str(value)
            arguments += ['-p', f'{name}:={shown}']
        program = start(sys.executable, '-m', 'dxl_port_driver.node.main', *arguments)
        return program, RemoteDriver(graph, f'/{node_name}')

    return start_driver
