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

"""Which client a port handler uses: one that it was given, or one of its own, made when needed."""

from __future__ import annotations

import threading

from dxl_port_driver.client.port_client import PortClient
from dxl_port_driver.errors import PortClosedError
from rclpy.node import Node


class Connection:
    """
    The way to a driver; open until it is closed.

    :param node_or_driver_name: as for RemotePortHandler.
    :param driver: name of the driver node, when a node is given.
    :param wait_for_driver_s: how long to wait for a driver that is not there (yet), s.
    """

    def __init__(
        self, node_or_driver_name: Node | PortClient | str, driver: str, wait_for_driver_s: float
    ) -> None:
        self._node: Node | None = None
        self._given: PortClient | None = None
        if isinstance(node_or_driver_name, PortClient):
            self._given = node_or_driver_name
            driver = self._given.driver
        elif isinstance(node_or_driver_name, str):
            driver = node_or_driver_name
        else:
            self._node = node_or_driver_name
        self.driver = driver
        """Name of the driver node that the next client is made for."""
        self.client: PortClient | None = None
        """The client, once there is one."""
        self._wait_for_driver_s = wait_for_driver_s
        self._closed = False
        self._lock = threading.Lock()

    def open(self) -> None:
        """Let clients be made again."""
        with self._lock:
            self._closed = False

    def close(self) -> None:
        """Close the client, unless it was given; safe any number of times."""
        with self._lock:
            client, self.client = self.client, None
            self._closed = True
        if client is not None and client is not self._given:
            client.close()

    def connected(self) -> PortClient:
        """
        Give the client.

        :raises PortClosedError: the connection was closed.
        """
        with self._lock:
            if self.client is None:
                if self._closed:
                    raise PortClosedError(
                        f'{self.driver} is closed; call openPort() first', port=self.driver
                    )
                self.client = self._new_client()
            return self.client

    def _new_client(self) -> PortClient:
        wait_s, given = self._wait_for_driver_s, self._given
        if given is not None and given.driver == self.driver:
            return given
        node = given.node if given is not None else self._node
        if node is not None:
            return PortClient(node, self.driver, wait_for_driver_s=wait_s)
        return PortClient.in_background(self.driver, wait_for_driver_s=wait_s)
