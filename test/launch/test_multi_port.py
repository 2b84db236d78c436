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

"""Several ports in one launch file, run by the real launch_ros where it is installed."""

from __future__ import annotations

from collections.abc import Callable
import importlib.util
from pathlib import Path
import shutil

import pytest
from ros_support.calls import transact
from ros_support.graph import eventually, RemoteDriver
from ros_support.processes import Program
from ros_support.wire import ping, pong

pytestmark = pytest.mark.skipif(
    shutil.which('ros2') is None or importlib.util.find_spec('launch_ros') is None,
    reason='launch_ros and the ros2 command are not installed',
)


@pytest.fixture
def launch(start: Callable[..., Program]) -> Callable[..., Program]:
    """Give a way to launch a list of ports; none: the one of the package."""

    def launch(ports: Path | None = None) -> Program:
        arguments = [] if ports is None else [f'ports:={ports}']
        return start(
            shutil.which('ros2'), 'launch', 'dxl_port_driver', 'multi_port.launch.py', *arguments
        )

    return launch


def test_the_list_of_the_package_runs_as_it_is(launch, graph):
    launch()
    drivers = [
        RemoteDriver(graph, name)
        for name in ('/left/dxl_port_driver', '/right/dxl_port_driver', '/gripper')
    ]
    for driver in drivers:
        assert eventually(lambda driver=driver: driver.state == 'active')
    assert [driver.get('baudrate') for driver in drivers] == [1_000_000, 4_000_000, 57600]
    assert drivers[1].get('max_queue_time') == 0.5
    # Each has servos of its own.
    assert drivers[1].set(baudrate=2_000_000) is None
    answers = [bytes(transact(driver, ping(1), timeout=5.0).data) for driver in drivers[:2]]
    assert all(answer[:5] == pong(1)[:5] for answer in answers)


def test_any_parameter_of_a_port_and_text_that_looks_like_a_number(launch, graph, tmp_path):
    ports = tmp_path / 'my robot.yaml'
    ports.write_text(
        """
- name: bus
  namespace: arm
  port_name: sim://
  autostart: false
  max_timeout: 3
  exclusive: false
  allowed_instructions: ['0x02', ping]
"""
    )
    launch(ports)
    driver = RemoteDriver(graph, '/arm/bus')
    assert driver.state == 'unconfigured'
    assert (driver.get('max_timeout'), driver.get('exclusive')) == (3.0, False)
    assert list(driver.get('allowed_instructions')) == ['0x02', 'ping']


@pytest.mark.parametrize(
    ('text', 'told'),
    [('- {port_name: sim://, baudrat: 57600}', "port 1 has 'baudrat'"), (None, 'No such file')],
)
def test_a_list_that_is_wrong_starts_nothing_and_says_why(launch, tmp_path, text, told):
    ports = tmp_path / 'ports.yaml'
    if text is not None:
        ports.write_text(text)
    program = launch(ports)
    assert program.wait() != 0
    assert told in program.output
    assert f'{ports} is not a list of ports that can be started' in program.output
