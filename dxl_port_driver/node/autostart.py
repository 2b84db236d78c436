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

"""Configuring and activating a node by itself, as soon as its port can be opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dxl_port_driver.errors import PortOpenError
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.timer import Timer

if TYPE_CHECKING:
    from dxl_port_driver.node.driver_node import DriverNode


class Autostart:
    """
    Brings a node to active; a port that does not open yet is waited for.

    :param node: the node, unconfigured.
    """

    def __init__(self, node: DriverNode) -> None:
        self._node = node
        self._timer: Timer | None = None

    def begin(self) -> None:
        """Try now, and again every ``reconnect_period`` if the port is what is missing."""
        node = self._node
        if self._start():
            return
        if node.settings.reconnect and isinstance(node.failure, PortOpenError):
            node.get_logger().info(f'waiting for {node.settings.port_name}')
            node.awaits_port = True
            # By the wall clock, it would stop for as long as that is set back.
            steady = Clock(clock_type=ClockType.STEADY_TIME)
            self._timer = node.create_timer(
                node.settings.reconnect_period, self._try_again, clock=steady
            )

    def _start(self) -> bool:
        if self._node.trigger_configure() is not TransitionCallbackReturn.SUCCESS:
            return False
        self._node.trigger_activate()
        return True

    def _try_again(self) -> None:
        node = self._node
        # Somebody else may have configured the node or shut it down by now.
        taken_over = node.is_configured or node.is_finalized
        if node.gives_way and not taken_over:
            return  # to the driver that has the port; it may have ended and not be forgotten yet
        if (taken_over or not node.settings.reconnect or self._start()) and self._timer:
            node.awaits_port = False
            node.destroy_timer(self._timer)
            self._timer = None
