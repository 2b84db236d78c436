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

"""
The topic ``~/status``: what the driver is and does, and whether another driver has its name.

Two drivers of one name have one ``~/status``, so each hears the other. That a node of this name is
on the graph would not do as a sign: one that was killed stays there for its DDS lease, 20 s. But
the last message of a writer is kept by the writer, so a subscription is sent it by drivers that
live and by no others: to subscribe is to ask, and is done again and again while there are two.
"""

from __future__ import annotations

from collections.abc import Callable
import copy
import os
import threading
import time

from builtin_interfaces.msg import Time
from dxl_port_interfaces.msg import DriverStatus
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.subscription import Subscription
from rclpy.timer import Timer

STATUS_QOS = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
"""Reliable, and the last one is kept."""

_HEARING_QOS = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)
"""Of the subscription, which must not lose the message of one driver to that of another."""

_ASK_S = 0.5
"""How often others of this name are asked whether they are still there, s."""

_SILENCE_S = 1.2
"""How long one of them may be silent before it counts as gone, s; two questions and more."""


class Status:
    """
    Publishes the status of a driver at each change, and knows the other drivers of its name.

    :param node: where topic and timer are created.
    :param fill_in: puts what may change into a message.
    :param on_others: called in a callback of the node when :attr:`others` has changed.
    """

    def __init__(
        self,
        node: Node,
        fill_in: Callable[[DriverStatus], None],
        on_others: Callable[[], None],
    ) -> None:
        self._node = node
        # Its callbacks share what was heard, and a composed node may have several threads.
        self._group = MutuallyExclusiveCallbackGroup()
        self._fill_in = fill_in
        self._on_others = on_others
        sec, nanosec = divmod(time.time_ns(), 10**9)
        self._own = DriverStatus(
            instance_id=os.urandom(16).hex(),
            started=Time(sec=sec, nanosec=nanosec),
            host=os.uname().nodename,
            pid=os.getpid(),
        )
        self._told: DriverStatus | None = None
        self._lock = threading.Lock()
        self._heard: dict[str, tuple[DriverStatus, float]] = {}
        self._is_confirmed = False
        self.others: list[DriverStatus] = []
        """Other drivers of this name that live, the one that was started first at the front."""
        self._timer: Timer | None = None
        self._publisher = node.create_publisher(DriverStatus, '~/status', STATUS_QOS)
        self._subscription = self._subscribe()
        self.publish()

    @property
    def elder(self) -> DriverStatus | None:
        """The other driver that goes before this one; None: this one goes before all others."""
        first = min((self._own, *self.others), key=_age)
        return None if first is self._own else first

    def publish(self) -> None:
        """Publish, unless nothing has changed; may be called in any thread."""
        # Of two threads the second tells what is true by then, and its message is the one kept.
        with self._lock:
            status = copy.copy(self._own)
            self._fill_in(status)
            if status != self._told:
                self._told = copy.copy(status)
                status.stamp = self._node.get_clock().now().to_msg()
                self._publisher.publish(status)

    def destroy(self) -> None:
        """Take the topic off the graph; safe any number of times."""
        self._stop_asking()
        self._node.destroy_subscription(self._subscription)
        self._node.destroy_publisher(self._publisher)

    def _subscribe(self) -> Subscription:
        return self._node.create_subscription(
            DriverStatus, '~/status', self._on_status, _HEARING_QOS, callback_group=self._group
        )

    def _on_status(self, status: DriverStatus) -> None:
        if status.instance_id == self._own.instance_id:
            return
        if status.state == DriverStatus.STATE_FINALIZED:
            self._heard.pop(status.instance_id, None)
        else:
            self._heard[status.instance_id] = (status, time.monotonic())
            if self._timer is None:
                # By the wall clock, it would stop for as long as that is set back.
                steady = Clock(clock_type=ClockType.STEADY_TIME)
                self._timer = self._node.create_timer(_ASK_S, self._ask, self._group, clock=steady)
        self._update()

    def _ask(self) -> None:
        latest = time.monotonic() - _SILENCE_S
        for instance_id, (_, heard_at) in list(self._heard.items()):
            if heard_at < latest:
                del self._heard[instance_id]
        self._update()
        if not self._heard:
            self._stop_asking()
            return
        self._node.destroy_subscription(self._subscription)
        self._subscription = self._subscribe()

    def _stop_asking(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            self._node.destroy_timer(timer)

    def _update(self) -> None:
        others = sorted((status for status, _ in self._heard.values()), key=_age)
        self._is_confirmed = bool(others) and (self._is_confirmed or self._has_namesake())
        before, self.others = self.others, others if self._is_confirmed else []
        if [one.instance_id for one in before] != [one.instance_id for one in self.others]:
            self._on_others()

    def _has_namesake(self) -> bool:
        # A recording that is played publishes on this topic as well, and is no driver.
        mine = (self._node.get_namespace(), self._node.get_name())
        publishers = self._node.get_publishers_info_by_topic(self._publisher.topic_name)
        return sum((one.node_namespace, one.node_name) == mine for one in publishers) > 1


def _age(status: DriverStatus) -> tuple[int, int, str]:
    """Give what both of two drivers order by: when it was started, and to settle a tie, its id."""
    return status.started.sec, status.started.nanosec, status.instance_id
