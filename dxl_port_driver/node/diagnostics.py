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

"""What ``/diagnostics`` says of the driver, once a second."""

from __future__ import annotations

from collections.abc import Callable

from dxl_port_driver.node.condition import Condition
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.timer import Timer

_PERIOD_S = 1.0
_NONE: frozenset[int] = frozenset()


class Diagnostics:
    """
    Publishes the condition of a driver, from the first turn of its executor on.

    :param node: where topic and timer are created.
    :param condition: is asked for it each time.
    """

    def __init__(self, node: Node, condition: Callable[[], Condition]) -> None:
        self._node = node
        self._condition = condition
        self._told = _NONE
        self._publisher: Publisher | None = None
        self._timer: Timer | None = None
        self._start = node.create_guard_condition(self._begin)
        self._start.trigger()

    def _begin(self) -> None:
        # Not earlier: these messages bring all of std_msgs with them, which takes longer than to
        # open a port, and a node that starts active need not wait for them.
        from diagnostic_msgs.msg import DiagnosticArray
        from dxl_port_driver.node.diagnostic_messages import diagnostic_array

        publisher = self._node.create_publisher(DiagnosticArray, '/diagnostics', 10)

        def publish() -> None:
            condition = self._condition()
            publisher.publish(diagnostic_array(self._node, condition))
            self._tell_unconfirmed(condition)

        self._publisher = publisher
        # By the wall clock, it would stop for as long as that is set back.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = self._node.create_timer(_PERIOD_S, publish, clock=steady)
        self._node.destroy_guard_condition(self._start)

    def _tell_unconfirmed(self, condition: Condition) -> None:
        """Log which servos do not confirm writes; each once, for as long as that is so."""
        silent = condition.bus.line.confirmations.silent if condition.bus is not None else _NONE
        for servo in sorted(silent - self._told):
            self._node.get_logger().warning(
                f'servo {servo} does not confirm writes (Status Return Level 1 or 0): a write to '
                'it succeeds when it is sent, without an answer; read back what has to be sure, '
                'or set Status Return Level to 2'
            )
        self._told = silent

    def destroy(self) -> None:
        """Take topic and timer away."""
        if self._timer is not None and self._publisher is not None:
            self._node.destroy_timer(self._timer)
            self._node.destroy_publisher(self._publisher)
