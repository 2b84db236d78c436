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

"""The examples, run as their first lines say."""

from __future__ import annotations

from collections.abc import Callable
import importlib.util
from pathlib import Path
import sys

from dxl_port_driver.protocol.instructions import Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket
import pytest
from ros_support.calls import transact
from ros_support.graph import eventually
from ros_support.processes import Program

EXAMPLES = Path(__file__).resolve().parents[2] / 'examples'

needs_sdk = pytest.mark.skipif(
    importlib.util.find_spec('dynamixel_sdk') is None, reason='dynamixel_sdk is not installed'
)


@pytest.fixture
def run(start: Callable[..., Program]) -> Callable[..., Program]:
    """Give a way to run an example to its end."""

    def run(name: str, *arguments: str) -> Program:
        program = start(sys.executable, str(EXAMPLES / name), *arguments)
        program.wait()
        return program

    return run


@pytest.fixture
def driver(start_driver: Callable[..., object]) -> object:
    """Give a driver with three servos that is at work."""
    _, driver = start_driver(port_name='sim://?ids=1-3', autostart=True)
    eventually(lambda: driver.state == 'active')
    return driver


def test_every_example_is_run_here():
    here = Path(__file__).read_text()
    assert all(f"'{path.name}'" in here for path in EXAMPLES.glob('*.py'))


@needs_sdk
def test_an_sdk_program_moves_a_servo_and_tells_what_goes_wrong(driver, run):
    moved = run('sdk_over_ros.py', '--id', '2', '--goal', '2500')
    assert (moved.wait(), 'arrived at' in moved.output) == (0, True), moved.output

    absent = run('sdk_over_ros.py', '--id', '77')
    assert absent.wait() == 1
    assert 'There is no status packet' in absent.output
    assert 'check power, wiring, id and baudrate' in absent.output

    assert driver.change_state('deactivate')
    inactive = run('sdk_over_ros.py')
    assert inactive.wait() == 1
    assert 'is not active' in inactive.output


def test_two_nodes_share_the_bus(driver, run):
    both = run('two_nodes.py', '--seconds', '2')
    assert both.wait() == 0, both.output
    assert '3: 12.0 V' in both.output


def test_two_nodes_count_no_move_that_the_servo_refused(driver, run):
    for address, value in ((48, 2100), (52, 2000)):  # Max and Min Position Limit
        params = address.to_bytes(2, 'little') + value.to_bytes(4, 'little')
        packet = InstructionPacket(Protocol.V2, 1, Instruction.WRITE, params).encode()
        assert transact(driver, packet, timeout=5.0).message == ''
    both = run('two_nodes.py', '--seconds', '1')
    assert both.wait() == 1
    assert both.output.splitlines()[-1].startswith('0 moves and ')
    assert 'servo 1 reports error' in both.output


def test_a_control_loop_has_one_servo_follow_the_other(driver, run):
    loop = run('control_loop.py', '--seconds', '2')
    assert loop.wait() == 0, loop.output
    assert 'units apart at the end' in loop.output

    too_fast = run('control_loop.py', '--rate', '9000')
    assert too_fast.wait() == 1
    assert 'Hz are possible' in too_fast.output
