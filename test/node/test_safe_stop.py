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

"""What is sent to bring the motors to rest, and that it cannot be forgotten or misused."""

from __future__ import annotations

from pathlib import Path
import re
import sys

from dxl_port_driver.node.stop_packets import check_stop_packets
import pytest
from ros_support.graph import eventually, RemoteDriver

README = (Path(__file__).parents[2] / 'README.md').read_text('utf-8')
SECTION = README.partition('## When the driver stops\n')[2].partition('\n## ')[0]
EXAMPLE = re.search(r'```yaml\n(.*?)```', SECTION, re.DOTALL)
PACKETS = re.findall(r"'((?:[0-9A-F]{2} ?)+)'", SECTION)
WHEEL_STOP = 'FF FF FD 00 01 08 00 03 68 00 00 00 00 00'


@pytest.fixture
def start_as_in_the_readme(start, graph, wire, tmp_path):
    """Give a way to start a driver with the README's parameter file."""
    assert EXAMPLE
    file = tmp_path / 'stop.yaml'
    file.write_text(EXAMPLE[1])

    def begin(*more):
        arguments = ['--params-file', str(file), '-p', f'port_name:={wire.path}', *more]
        program = start(
            sys.executable, '-m', 'dxl_port_driver.node.main', '--ros-args', *arguments
        )
        return program, RemoteDriver(graph)

    return begin


def test_the_readme_stops_both_protocols():
    assert len(PACKETS) == 2
    check_stop_packets(PACKETS)


def test_the_example_of_the_readme_is_sent_when_the_node_is_deactivated(
    start_as_in_the_readme, wire
):
    program, driver = start_as_in_the_readme()
    assert list(driver.get('stop_packets')) == PACKETS
    driver.activate()
    assert wire.heard == []
    assert driver.change_state('deactivate')
    stop = b''.join(bytes.fromhex(packet) for packet in PACKETS)
    wire.wait_for(stop)
    eventually(lambda: '2 of 2 stop packets succeeded' in program.output)


def test_and_when_it_is_interrupted(start_as_in_the_readme, wire):
    program, driver = start_as_in_the_readme('-p', 'autostart:=true')
    eventually(lambda: driver.state == 'active')
    assert program.stop() == 0
    wire.wait_for(b''.join(bytes.fromhex(packet) for packet in PACKETS))
    assert '2 of 2 stop packets succeeded' in program.output


@pytest.mark.parametrize('wrong', ['FF FF 01', 'torque off', WHEEL_STOP])
def test_a_wrong_one_is_found_when_the_driver_starts_not_when_it_stops(start, wrong):
    program = start(
        *(sys.executable, '-m', 'dxl_port_driver.node.main', '--ros-args'),
        *('-p', f"stop_packets:=['{wrong}']", '-p', 'port_name:=sim://'),
    )
    assert program.wait() != 0
    assert 'Traceback' not in program.output


def test_they_are_no_way_around_allowed_instructions(start_driver):
    # Factory Reset of servo 1, in Protocol 1.0.
    _, driver = start_driver(port_name='sim://', allowed_instructions='[ping, write]')
    reason = driver.set(stop_packets=['FF FF 01 02 06 F6'])
    assert 'factory_reset is not among allowed_instructions' in reason
    assert driver.set(stop_packets=PACKETS) is None
    # Who starts the driver decides on both.
    _, other = start_driver(
        node_name='other',
        port_name='sim://',
        allowed_instructions='[ping]',
        stop_packets=str(PACKETS),
    )
    assert list(other.get('stop_packets')) == PACKETS
