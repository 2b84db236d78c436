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

"""What a driver publishes, kept for a test to look at."""

from __future__ import annotations

from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from dxl_port_interfaces.msg import CyclicResult, Traffic
from rclpy.qos import QoSProfile
from ros_support.graph import eventually, RemoteDriver

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR
_DEPTH = QoSProfile(depth=1000)


class Listener:
    """
    Keeps the messages of a topic.

    :param driver: gives the node to listen with.
    :param kind: of the messages.
    :param topic: full name.
    """

    def __init__(self, driver: RemoteDriver, kind: Any, topic: str) -> None:
        self._node = driver.graph.node
        self.messages: list[Any] = []
        self._subscription = self._node.create_subscription(
            kind, topic, self.messages.append, _DEPTH
        )
        eventually(lambda: self._node.count_publishers(topic))

    def close(self) -> None:
        """Listen no more."""
        self._node.destroy_subscription(self._subscription)

    def next(self) -> Any:
        """Wait for a message that comes from now on, and give it."""
        count = len(self.messages)
        eventually(lambda: len(self.messages) > count)
        return self.messages[count]


def traffic_of(driver: RemoteDriver) -> Listener:
    """Listen to ``~/traffic``."""
    return Listener(driver, Traffic, f'{driver.name}/traffic')


def cycles_of(driver: RemoteDriver) -> Listener:
    """Listen to ``~/cyclic``."""
    return Listener(driver, CyclicResult, f'{driver.name}/cyclic')


class Diagnoses(Listener):
    """
    Keeps what ``/diagnostics`` says.

    :param driver: whose.
    """

    def __init__(self, driver: RemoteDriver) -> None:
        super().__init__(driver, DiagnosticArray, '/diagnostics')

    def status(self) -> Any:
        """Wait for the next status, and give it."""
        return self.next().status[0]

    def values(self) -> dict[str, str]:
        """Wait for the next status, and give its values."""
        return {value.key: value.value for value in self.status().values}

    def wait_for(self, level: bytes, text: str = '') -> Any:
        """Wait until it is of a level and says something, and give it."""
        found: list[Any] = []

        def look() -> bool:
            status = self.status()
            found.append(status)
            return status.level == level and text in status.message

        eventually(look)
        return found[-1]
