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

"""Where the time of one ``~/transact`` goes, and of a service call that does nothing."""

from __future__ import annotations

from collections.abc import Callable
import json
import signal
from statistics import median
from time import perf_counter_ns
from typing import Any

from benchmarks.budget.segments import (
    NOTHING,
    REQUEST_DDS,
    RESPONSE_DDS,
    segments_us,
    TRANSACT,
)
from benchmarks.budget.tracing import STAMPS, trace, trace_wait_set
from benchmarks.caller import Caller
from benchmarks.domains import ros_domain
from benchmarks.figures import Figure
from benchmarks.programs import Driver, Program, VirtualBus
from benchmarks.questions import patient, READ, succeeded
from benchmarks.sampling import time_calls
from benchmarks.setting import Setting
from dxl_port_driver.conversions import transaction_to_message
from dxl_port_interfaces.srv import Transact
from rclpy.executors import SingleThreadedExecutor
from rclpy.serialization import serialize_message
from std_srvs.srv import Trigger

_Calls = list[tuple[int, int]]


def measure(setting: Setting) -> list[Figure]:
    """Call with tracing points in client, driver and virtual bus."""
    trace_wait_set()
    trace(SingleThreadedExecutor, '_take_client', 'take response')
    request = Transact.Request(transaction=transaction_to_message(patient(READ)))
    nothing_calls: _Calls = []
    transact_calls: _Calls = []
    with (
        ros_domain() as domain,
        VirtualBus('benchmarks.budget.traced_bus', pace='off') as bus,
        Driver(domain, bus.path, 'benchmarks.budget.traced_driver') as driver,
        Caller(domain, driver.name) as caller,
    ):
        transact = caller.call(Transact, 'transact', request)
        nothing = caller.call(Trigger, 'nothing', Trigger.Request())
        for _ in range(setting.pick(30, 4)):
            nothing_calls += _noted(nothing, 100)
            transact_calls += _noted(lambda: succeeded(transact().result), 100)
        messages = {
            'budget_transact': (request, transact()),
            'budget_nothing': (Trigger.Request(), nothing()),
        }
        stamps = [
            *((f'client {point}', time) for point, time in STAMPS),
            *((f'driver {point}', time) for point, time in _stamps_of(driver)),
            *((f'bus {point}', time) for point, time in _stamps_of(bus)),
        ]
    stamps.sort(key=lambda stamp: stamp[1])
    return [
        Figure(
            key,
            what,
            'its parts, traced',
            median((end - begin) / 1e3 for begin, end in calls),
            unit=' us',
            details={'segments': _with_serialisation(segments_us(stamps, calls, parts), *pair)},
            note='With tracing points, which cost some time themselves.',
        )
        for (key, pair), what, calls, parts in zip(
            messages.items(),
            ('~/transact of a 4-byte read', 'a Trigger that does nothing'),
            (transact_calls, nothing_calls),
            (TRANSACT, NOTHING),
            strict=True,
        )
    ]


def _with_serialisation(
    segments: dict[str, float], request: Any, response: Any
) -> dict[str, float]:
    """Split serialisation off sending, which rclpy does in one call of C: it is timed alone."""
    split = {}
    for name, time_us in segments.items():
        own_us = 0.0
        if name == REQUEST_DDS:
            own_us = _serialisation_us(request)
            split['client: serialisation'] = own_us
        elif name == RESPONSE_DDS:
            own_us = _serialisation_us(response)
            split['response: serialisation'] = own_us
        split[name] = round(time_us - own_us, 1)
    return split


def _serialisation_us(message: Any) -> float:
    times = time_calls(lambda: serialize_message(message), 300)
    return round(median(times) * 1e6, 1)


def _noted(call: Callable[[], object], count: int) -> _Calls:
    calls = []
    for _ in range(count):
        begin = perf_counter_ns()
        call()
        calls.append((begin, perf_counter_ns()))
    return calls


def _stamps_of(program: Program) -> list[tuple[str, int]]:
    program.send(signal.SIGINT)
    while not (line := program.hear()).startswith('['):
        pass
    return [(point, time) for point, time in json.loads(line)]
