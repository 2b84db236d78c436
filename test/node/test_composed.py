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

"""The node in somebody else's program, which may end in any order."""

from __future__ import annotations

import sys

from dxl_port_driver.protocol.instructions import BROADCAST_ID, Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket
import pytest

TORQUE_OFF = InstructionPacket(
    Protocol.V2, BROADCAST_ID, Instruction.WRITE, bytes((64, 0, 0))
).encode()
MADE = f"""
import threading
import rclpy
from rclpy.parameter import Parameter
from dxl_port_driver.node.driver_node import DriverNode

rclpy.init()
node = DriverNode(parameter_overrides=[
    Parameter('port_name', value='sim://?ids=1'),
    Parameter('stop_packets', value=['{TORQUE_OFF.hex(' ')}']),
])
node.trigger_configure()
node.trigger_activate()
"""
ENDS = {
    'shutdown': 'rclpy.shutdown()',
    'destroy': 'node.destroy_node(); rclpy.shutdown()',
    'shutdown, close': "rclpy.shutdown(); node.close('is over')",
    'close, destroy, shutdown': "node.close('is over'); node.destroy_node(); rclpy.shutdown()",
}


@pytest.mark.parametrize('end', ENDS)
def test_however_it_ends_the_port_is_closed_and_no_thread_is_left(start, end):
    program = start(sys.executable, '-c', f'{MADE}\n{ENDS[end]}\nprint(threading.enumerate())')
    assert program.wait() == 0, program.output
    assert 'sim://?ids=1 is closed' in program.output
    last = program.output.splitlines()[-1]
    assert 'dxl-bus' not in last, program.output
    assert 'dxl-requests' not in last, program.output
