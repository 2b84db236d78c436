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

"""What the driver knows of itself, for those who tell it."""

from __future__ import annotations

from dataclasses import dataclass

from dxl_port_driver.bus.bus import Bus


@dataclass(frozen=True)
class Condition:
    """
    What the driver knows of itself.

    :param state: lifecycle state, or what it waits for.
    :param port_name: as the user wrote it.
    :param asked_baudrate: bit/s.
    :param real_baudrate: bit/s; 0 while the port is closed.
    :param latency_ms: the adapter's latency timer, ms; None when it cannot be read.
    :param bus: while the port is open.
    :param error: why the driver cannot work; empty when it can.
    :param traffic_dropped: pieces of traffic that could not be published in time.
    :param low_latency: whether the adapter is in low latency mode; None while the port is closed.
    """

    state: str
    port_name: str
    asked_baudrate: int
    real_baudrate: int = 0
    latency_ms: float | None = None
    bus: Bus | None = None
    error: str = ''
    traffic_dropped: int = 0
    low_latency: bool | None = None
