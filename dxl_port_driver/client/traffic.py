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

"""The traffic that a driver publishes, as it comes, with a count of what was lost on the way."""

from __future__ import annotations

import queue
import time
from types import TracebackType
from typing import Any, NamedTuple, TYPE_CHECKING

from diagnostic_msgs.msg import DiagnosticArray
from dxl_port_driver.client.driver_facts import get_parameters, set_parameter
from dxl_port_driver.client.port_client import PortClient
from dxl_port_driver.errors import DriverMissingError
from dxl_port_interfaces.msg import Traffic
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.qos import QoSProfile

if TYPE_CHECKING:
    from typing_extensions import Self

_DEPTH = 10_000
_MOST_WAITING = 100_000
_DROPPED = 'traffic messages dropped'
_TOPIC_S = 5.0
_LOOK_S = 0.02
_NS = 10**9


class Heard(NamedTuple):
    """
    Bytes that went over the bus of a driver.

    :param stamp_ns: when, by the clock of the driver's machine, ns since 1970.
    :param sent: whether the driver sent them, else it received them.
    :param data: the bytes.
    """

    stamp_ns: int
    sent: bool
    data: bytes


class TrafficListener:
    """
    Listens to the traffic of a driver for as long as a ``with`` block lasts.

    It sets the driver's parameter ``publish_traffic``, unless it is set, and back at the end.

    :param client: the way to the driver; somebody spins its node.
    :raises DxlPortError: the driver was not reached, or does not publish its traffic.
    """

    def __init__(self, client: PortClient) -> None:
        self._client = client
        self.parameters = get_parameters(client)
        """The driver's parameters by name, as they were at first."""
        self._waiting: queue.Queue[Heard] = queue.Queue(_MOST_WAITING)
        self._lost_here = 0
        self._dropped_first: int | None = None
        self._dropped_last = 0
        node = client.node
        self._subscriptions = [
            node.create_subscription(
                Traffic,
                f'{client.driver}/traffic',
                self._hear,
                QoSProfile(depth=_DEPTH),
                event_callbacks=SubscriptionEventCallbacks(message_lost=self._miss),
            ),
            node.create_subscription(DiagnosticArray, '/diagnostics', self._look, 10),
        ]

    @property
    def lost(self) -> int:
        """
        Pieces that the driver, DDS or this program could not keep up with, as far as it is known.

        The driver's part of it comes with its diagnostics, once a second.
        """
        return self._lost_here + self._dropped_last - (self._dropped_first or 0)

    @property
    def is_alive(self) -> bool:
        """Whether there is a driver to listen to."""
        return bool(self._subscriptions[0].get_publisher_count())

    def next(self, timeout_s: float) -> Heard | None:
        """
        Wait for the next piece.

        :param timeout_s: how long, s.
        :return: the piece; None when the time is over.
        """
        try:
            return self._waiting.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def _hear(self, message: Any) -> None:
        stamp_ns = message.stamp.sec * _NS + message.stamp.nanosec
        heard = Heard(stamp_ns, message.direction == Traffic.TX, bytes(message.data))
        try:
            self._waiting.put_nowait(heard)
        except queue.Full:
            self._lost_here += 1

    def _miss(self, event: Any) -> None:
        self._lost_here += event.total_count_change

    def _look(self, message: Any) -> None:
        name = f'{self._client.driver.lstrip("/")}: port'
        for status in message.status:
            for item in status.values:
                if status.name == name and item.key == _DROPPED:
                    self._dropped_last = int(item.value)
                    if self._dropped_first is None:
                        self._dropped_first = self._dropped_last

    def __enter__(self) -> Self:
        """Have the traffic published, and give itself."""
        if not self.parameters.get('publish_traffic'):
            try:
                set_parameter(self._client, 'publish_traffic', True)
                self._await_topic()
            except BaseException:
                self._put_back()
                raise
        else:
            self._await_topic()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Have the driver do as before; raises what keeps it from that."""
        self._put_back()
        for subscription in self._subscriptions:
            self._client.node.destroy_subscription(subscription)

    def _put_back(self) -> None:
        # A driver that is gone comes up as its parameters say.
        if not self.parameters.get('publish_traffic') and self.is_alive:
            set_parameter(self._client, 'publish_traffic', False)

    def _await_topic(self) -> None:
        deadline = time.monotonic() + _TOPIC_S
        while not self.is_alive:
            if time.monotonic() > deadline:
                raise DriverMissingError(
                    f'{self._client.driver} is there and its topic traffic is not to be had; '
                    'check that this user may subscribe to it (docs/security.md)',
                    port=self._client.driver,
                )
            time.sleep(_LOOK_S)
