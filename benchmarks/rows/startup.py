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

"""How long it takes from starting the program to an active driver."""

from __future__ import annotations

from time import perf_counter

from benchmarks.domains import ros_domain
from benchmarks.figures import Figure, over_rounds
from benchmarks.programs import Driver, Program
from benchmarks.setting import Setting


def measure(setting: Setting) -> list[Figure]:
    """Start the driver with autostart on ``sim://`` and a bare lifecycle node in turn."""
    times: dict[str, list[float]] = {'driver': [], 'bare node': []}
    with ros_domain() as domain:
        for _ in range(setting.pick(20, 7)):
            begun = perf_counter()
            with Driver(domain, 'sim://'):
                times['driver'].append(perf_counter() - begun)
            begun = perf_counter()
            with Program('benchmarks.bare_node', domain=domain) as node:
                node.hear()
                times['bare node'].append(perf_counter() - begun)
    return [
        Figure(
            'startup',
            'from exec to active on sim:// with autostart',
            'a bare rclpy lifecycle node from exec to active',
            **over_rounds(
                [a / b for a, b in zip(times['driver'], times['bare node'], strict=True)]
            ),
            goal=1.3,
            goal_of='5',
            details={
                f'{name}, median, ms': round(sorted(series)[len(series) // 2] * 1e3, 1)
                for name, series in times.items()
            },
        )
    ]
