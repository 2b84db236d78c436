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

"""Publishes every byte that goes over the bus, without keeping the bus waiting."""

from __future__ import annotations

from collections import deque
import struct
import threading
import time

from dxl_port_interfaces.msg import Traffic
from rclpy.node import Node
from rclpy.qos import QoSProfile

_DEPTH = 1000
_MOST_WAITING = 10_000
_GATHER_S = 0.01
_NS = 10**9
_CDR = struct.Struct('<4siIB3xI')
_LITTLE_ENDIAN = b'\0\1\0\0'
"""What CDR begins with."""


class TrafficPublisher:
    """
    Publishes on ``~/traffic`` in a thread of its own, from :meth:`start` to :meth:`stop`.

    It does so about 10 ms later and some pieces at a time: publishing each at once makes
    transactions half as slow again where a listener runs on the same machine.

    :param node: where the topic is created.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._publisher = node.create_publisher(Traffic, '~/traffic', QoSProfile(depth=_DEPTH))
        self._waiting: deque[tuple[int, bool, bytes]] = deque()
        self._news = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self.dropped = 0
        """Pieces of traffic that came quicker than they could be published."""

    @property
    def is_running(self) -> bool:
        """Whether traffic is being published."""
        return self._thread is not None

    def tell(self, sent: bool, data: bytes) -> None:
        """Take bytes to publish; called in the thread that moves them, so it does no more."""
        if len(self._waiting) >= _MOST_WAITING:
            self.dropped += 1
            return
        self._waiting.append((time.time_ns(), sent, data))
        self._news.set()

    def start(self) -> None:
        """Begin to publish; harmless when that is under way."""
        if self._thread is None:
            self._stopping = False
            self._thread = threading.Thread(target=self._run, name='dxl-traffic')
            self._thread.start()

    def stop(self) -> None:
        """Publish what is left, and end; safe any number of times."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stopping = True
            self._news.set()
            thread.join()

    def destroy(self) -> None:
        """Take the topic off the graph."""
        self.stop()
        self._node.destroy_publisher(self._publisher)

    def _run(self) -> None:
        while True:
            self._news.wait()
            # Piece by piece this thread would run into each response that goes out, and wake a
            # listener twice a transaction. Stamps are taken before, so nothing is lost by this.
            time.sleep(_GATHER_S)
            self._news.clear()
            while self._waiting:
                stamp_ns, sent, data = self._waiting.popleft()
                self._publisher.publish(serialized(stamp_ns, sent, data))
            if self._stopping:
                return


def serialized(stamp_ns: int, sent: bool, data: bytes) -> bytes:
    """Give the message as it goes over DDS: a third of the time that rclpy takes to make one."""
    sec, nanosec = divmod(stamp_ns, _NS)
    way = Traffic.TX if sent else Traffic.RX
    return _CDR.pack(_LITTLE_ENDIAN, sec, nanosec, way, len(data)) + data
