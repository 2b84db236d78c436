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

"""Times on the wire and the packet timeout rule."""

from __future__ import annotations

from dxl_port_driver.protocol.timing import byte_time_s, Link
import dynamixel_sdk
from hypothesis import given
from hypothesis import strategies as st
import pytest


@pytest.mark.parametrize(
    ('baudrate', 'seconds'), [(1_000_000, 10e-6), (57600, 10 / 57600), (4_500_000, 10 / 4.5e6)]
)
def test_a_byte_takes_ten_bits(baudrate, seconds):
    assert byte_time_s(baudrate) == pytest.approx(seconds)


@given(st.integers(9600, 10_500_000), st.integers(0, 65542))
def test_the_packet_timeout_is_that_of_the_sdk(baudrate, length):
    port = dynamixel_sdk.PortHandler('none')
    port.tx_time_per_byte = (1000.0 / baudrate) * 10.0
    port.setPacketTimeout(length)
    ours = Link(byte_time_s(baudrate)).packet_timeout_s(length)
    assert ours == pytest.approx(port.packet_timeout / 1e3)


def test_a_quick_adapter_shortens_the_packet_timeout():
    assert Link(10e-6, latency_s=1e-3).packet_timeout_s(100) == pytest.approx(5e-3)
