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

"""The form in which traffic goes over DDS, against what rclpy makes of the same message."""

from __future__ import annotations

from builtin_interfaces.msg import Time
from dxl_port_driver.node.traffic import serialized
from dxl_port_interfaces.msg import Traffic
from hypothesis import given, HealthCheck, settings
from hypothesis import strategies as st
from rclpy.serialization import deserialize_message, serialize_message

# On a machine that others keep busy, drawing and running an example may take long.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@UNHURRIED
@given(st.integers(0, (1 << 31) * 10**9 - 1), st.booleans(), st.binary(max_size=300))
def test_it_is_the_message_that_rclpy_would_send(stamp_ns, sent, data):
    message = Traffic(
        stamp=Time(sec=stamp_ns // 10**9, nanosec=stamp_ns % 10**9),
        direction=Traffic.TX if sent else Traffic.RX,
        data=data,
    )
    made = serialized(stamp_ns, sent, data)
    # Not byte by byte: rclpy leaves what was in memory in the gaps between fields.
    assert len(made) == len(serialize_message(message))
    assert deserialize_message(made, Traffic) == message
