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
How long things take on the wire, and how long to wait for them.

Source: e-Manual, "DYNAMIXEL Protocol 2.0" (8 data bits, no parity, 1 stop bit; Return Delay
Time, Response Time) and the packet timeout of the DYNAMIXEL SDK's PortHandler.
"""

from __future__ import annotations

from typing import NamedTuple

BITS_PER_BYTE = 10
"""Start bit, eight data bits, stop bit."""

DEFAULT_LATENCY_TIMER_MS = 16.0
"""The latency timer of an FTDI adapter that nobody has changed, ms."""

MAX_RETURN_DELAY_S = 254 * 2e-6
"""The longest Return Delay Time that a servo can be set to, s."""

TYPICAL_RETURN_DELAY_S = 500e-6
"""The Return Delay Time that servos come with, s."""

BROADCAST_PING_PER_ID_S = 3e-3
"""How long the SDK's broadcastPing allows each id for its turn, s."""


def byte_time_s(baudrate: int) -> float:
    """
    Give the time that one byte takes on the wire, s.

    :param baudrate: bit/s.
    """
    return BITS_PER_BYTE / baudrate


class Link(NamedTuple):
    """
    What about a port decides how long an answer takes.

    :param byte_time_s: time of one byte on the wire, s.
    :param latency_s: how long the adapter may sit on received bytes (its latency timer), s.
    """

    byte_time_s: float
    latency_s: float = DEFAULT_LATENCY_TIMER_MS / 1e3

    def packet_timeout_s(self, packet_length: int) -> float:
        """
        Give the SDK's packet timeout: time on the wire, twice the latency timer, and 2 ms.

        :param packet_length: bytes expected.
        """
        return self.byte_time_s * packet_length + 2 * self.latency_s + 2e-3
