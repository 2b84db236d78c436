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

"""What the node tells of an adapter that was asked for low latency."""

from __future__ import annotations

from collections.abc import Callable
import sys

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
import pytest
from ros_support.graph import eventually, RemoteDriver

# The emulated adapter as it comes: 16 ms, and 1 ms in low latency mode.
SLOW = 'sim://?latency_timer=16'
NO_MODE = 'has no low latency mode'


@pytest.fixture
def told(idle):
    """Give what ``/diagnostics`` says from now on: level, message, values."""
    node, messages = idle.graph.node, []
    subscription = node.create_subscription(DiagnosticArray, '/diagnostics', messages.append, 10)

    def told(expected: Callable[..., bool]) -> bool:
        def look() -> bool:
            if not messages:
                return False
            status = messages[-1].status[0]
            values = {item.key: item.value for item in status.values}
            return expected(status.level, status.message, values)

        return eventually(look)

    yield told
    node.destroy_subscription(subscription)


def test_diagnostics_tell_whether_the_adapter_took_it(idle, in_state, told):
    assert told(lambda level, message, values: values['low latency'] == 'unknown')
    assert idle.set(port_name=SLOW) is None
    in_state('active')
    assert told(
        lambda level, message, values: (
            (level, values['low latency'], values['latency timer [ms]'])
            == (DiagnosticStatus.OK, 'yes', '1')
        )
    )


def test_it_is_changed_while_the_node_works_and_a_slow_adapter_is_warned_of(idle, in_state, told):
    assert idle.set(port_name=SLOW, low_latency=False) is None
    in_state('active')
    assert told(
        lambda level, message, values: (
            (level, values['low latency'], values['latency timer [ms]'])
            == (DiagnosticStatus.WARN, 'no', '16')
            and '99-dynamixel.rules' in message
        )
    )
    assert idle.set(low_latency=True) is None
    assert told(lambda level, message, values: values['low latency'] == 'yes')


def test_a_port_without_such_a_mode_is_told_of_once_and_only_to_who_debugs(start, graph):
    program = start(
        *(sys.executable, '-m', 'dxl_port_driver.node.main', '--ros-args'),
        *('-p', 'port_name:=sim://', '--log-level', 'dxl_port_driver:=debug'),
    )
    driver = RemoteDriver(graph)
    driver.activate()
    # Each of these brings the adapter in line with the parameters again.
    for baudrate in (57600, 1_000_000):
        assert driver.set(baudrate=baudrate) is None
    assert driver.change_state('deactivate')
    eventually(lambda: NO_MODE in program.output)
    lines = [line for line in program.output.splitlines() if NO_MODE in line]
    assert len(lines) == 1, program.output
    assert '[DEBUG]' in lines[0]
