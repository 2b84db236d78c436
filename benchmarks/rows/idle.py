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

"""What the driver needs while nobody asks for anything."""

from __future__ import annotations

import time

from benchmarks.domains import ros_domain
from benchmarks.figures import Figure
from benchmarks.programs import Driver, VirtualBus
from benchmarks.setting import Setting

_SETTLE_S = 2.0


def measure(setting: Setting) -> list[Figure]:
    """Let an active driver be, and look at its processor time."""
    seconds = setting.seconds(60.0, 6.0)
    with (
        ros_domain() as domain,
        VirtualBus() as bus,
        Driver(domain, bus.path) as driver,
    ):
        time.sleep(_SETTLE_S)
        before, begun = driver.cpu_s(), time.monotonic()
        time.sleep(seconds)
        load = (driver.cpu_s() - before) / (time.monotonic() - begun)
    return [
        Figure(
            'idle_cpu',
            'idle driver, active',
            'one core',
            load * 100,
            goal=0.5,
            goal_of='5',
            unit=' %',
            details={'watched for, s': seconds},
        )
    ]
