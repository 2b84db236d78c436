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

"""The launch files, run by the real launch_ros where it is installed."""

from __future__ import annotations

from collections.abc import Callable
import importlib.util
from pathlib import Path
import shutil
import signal

import pytest
from ros_support.graph import eventually, RemoteDriver

pytestmark = pytest.mark.skipif(
    shutil.which('ros2') is None or importlib.util.find_spec('launch_ros') is None,
    reason='launch_ros and the ros2 command are not installed',
)


@pytest.fixture
def launch(start: Callable[..., object], graph: object) -> Callable[..., RemoteDriver]:
    """Give a way to launch a file of the package."""

    def launch(file: str, *arguments: str, node: str = '/dxl_port_driver') -> RemoteDriver:
        driver = RemoteDriver(graph, node)
        driver.launch = start(shutil.which('ros2'), 'launch', 'dxl_port_driver', file, *arguments)
        return driver

    return launch


def test_port_driver_launch_brings_the_driver_to_active(launch):
    driver = launch('port_driver.launch.py', 'port_name:=sim://?ids=3', 'baudrate:=57600')
    assert eventually(lambda: driver.state == 'active')
    assert driver.get('port_name') == 'sim://?ids=3'
    assert driver.get('baudrate') == 57600


def test_without_autostart_it_waits_for_its_transitions(launch):
    driver = launch('port_driver.launch.py', 'port_name:=sim://', 'autostart:=false')
    assert driver.state == 'unconfigured'
    driver.activate()


def test_namespace_and_name_are_those_given(launch):
    driver = launch('sim.launch.py', 'namespace:=arm', 'name:=bus', node='/arm/bus')
    assert eventually(lambda: driver.state == 'active')


def test_what_is_given_on_the_command_line_counts_more_than_the_file(launch, tmp_path: Path):
    file = tmp_path / 'my port.yaml'
    file.write_text('/**:\n  ros__parameters:\n    baudrate: 9600\n    max_bytes: 100\n')
    driver = launch('sim.launch.py', f'params_file:={file}', 'baudrate:=115200')
    assert eventually(lambda: driver.state == 'active')
    assert driver.get('baudrate') == 115200
    assert driver.get('max_bytes') == 100


def test_sim_launch_takes_the_options_of_the_virtual_bus(launch):
    driver = launch('sim.launch.py', 'sim:=sim://?ids=1-6&protocol=2.0')
    assert eventually(lambda: driver.state == 'active')
    assert driver.get('port_name') == 'sim://?ids=1-6&protocol=2.0'


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGKILL], ids=lambda one: one.name)
def test_the_driver_ends_in_order_when_the_launch_is_gone(launch, tmp_path, number):
    driver = launch('sim.launch.py')
    assert eventually(lambda: driver.state == 'active')
    driver.launch.send(number)
    assert driver.launch.wait() != 0
    services = driver.graph.node.get_service_names_and_types
    eventually(lambda: f'{driver.name}/transact' not in dict(services()))


def test_a_file_of_parameters_that_is_not_there_fails_the_launch(launch):
    driver = launch('sim.launch.py', 'params_file:=/no/such/file.yaml')
    assert driver.launch.wait() != 0
    assert "params_file is '/no/such/file.yaml', which is no file" in driver.launch.output


def test_a_file_of_parameters_for_other_nodes_is_told(launch, tmp_path: Path):
    file = tmp_path / 'arm.yaml'
    file.write_text('/arm/dxl_port_driver:\n  ros__parameters:\n    baudrate: 9600\n')
    driver = launch('sim.launch.py', f'params_file:={file}')
    assert eventually(lambda: driver.state == 'active')
    told = 'has no parameters for /dxl_port_driver, only for /arm/dxl_port_driver'
    eventually(lambda: told in driver.launch.output)


def test_a_misspelled_parameter_keeps_the_driver_from_starting(launch, tmp_path: Path):
    file = tmp_path / 'arm.yaml'
    file.write_text('/**:\n  ros__parameters:\n    baud_rate: 9600\n')
    driver = launch('sim.launch.py', f'params_file:={file}')
    eventually(lambda: 'baud_rate (did you mean baudrate?)' in driver.launch.output)
