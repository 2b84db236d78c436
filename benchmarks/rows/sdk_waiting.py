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

"""The processor time that goes while an answer is awaited."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter, process_time

from benchmarks.figures import Figure, over_rounds
from benchmarks.programs import VirtualBus
from benchmarks.rows.sdk_read import Reader
from benchmarks.setting import Setting
from dxl_port_driver import PortHandler
import dynamixel_sdk


def measure(setting: Setting) -> list[Figure]:
    """Read from a servo that never answers, until the packet timeout, again and again."""
    rounds, reads = setting.pick(10, 3), setting.pick(20, 5)
    with VirtualBus(mute=1) as our_bus, VirtualBus(mute=1) as their_bus:
        ours, theirs = PortHandler(our_bus.path), dynamixel_sdk.PortHandler(their_bus.path)
        reader = Reader()
        calls = {'ours': reader.call(ours), 'SDK': reader.call(theirs)}
        try:
            loads = [
                {name: _load(call, reads) for name, call in calls.items()} for _ in range(rounds)
            ]
        finally:
            ours.closePort()
            theirs.closePort()
    return [
        Figure(
            'sdk_waiting_cpu',
            'CPU while an answer is awaited',
            "the SDK's PortHandler",
            **over_rounds([load['ours'] / load['SDK'] for load in loads]),
            goal=0.03,
            goal_of='5 (2: ≤ 0.05)',
            details={
                f'{name}, % of a core': round(100 * sum(load[name] for load in loads) / rounds, 2)
                for name in calls
            },
        )
    ]


def _load(call: Callable[[], None], count: int) -> float:
    """Give the part of a core that some calls need."""
    cpu, begun = process_time(), perf_counter()
    for _ in range(count):
        call()
    return (process_time() - cpu) / (perf_counter() - begun)
