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

"""How well cyclic transactions keep their rate."""

from __future__ import annotations

import itertools
from statistics import median
from time import sleep
from typing import Any, NamedTuple

from benchmarks.caller import Caller
from benchmarks.domains import ros_domain
from benchmarks.figures import Figure
from benchmarks.programs import Driver, VirtualBus
from benchmarks.questions import ideal_s, patient, sync_read
from benchmarks.sampling import percentile
from benchmarks.setting import Setting
from dxl_port_driver.conversions import transaction_to_message
from dxl_port_interfaces.msg import CyclicResult
from dxl_port_interfaces.srv import StartCyclic, StopCyclic

SERVOS = 12
_ASKED = 200.0
_PART_OF_THE_WIRE = 0.82


class _Run(NamedTuple):
    """
    What came of asking for a rate.

    :param rate: cycles a second that were carried out.
    :param missed: part of the cycles that were not.
    :param jitter_s: 99th percentile of how far two results in a row are from a period apart, s.
    """

    rate: float
    missed: float
    jitter_s: float


def measure(setting: Setting) -> list[Figure]:
    """Ask for a Sync Read of 12 servos at 1 Mbit/s, at 200 Hz and near what the wire carries."""
    question = sync_read(SERVOS)
    limit = 1.0 / ideal_s(question, 1_000_000, 0.0, SERVOS)
    with (
        ros_domain() as domain,
        VirtualBus(ids=f'1-{SERVOS}', return_delay=0) as bus,
        Driver(domain, bus.path) as driver,
        Caller(domain, driver.name) as caller,
    ):
        seconds = setting.seconds(8.0, 2.0)
        runs: dict[float, list[_Run]] = {_ASKED: [], _PART_OF_THE_WIRE * limit: []}
        for _ in range(setting.pick(4, 1)):
            for rate, series in runs.items():
                series.append(_run(caller, question, rate, seconds))
    steady, fast = runs.values()
    return [
        Figure(
            'cyclic_200hz_missed',
            f'cyclic sync read of {SERVOS} servos at 1 Mbit/s, {_ASKED:g} Hz, missed cycles',
            'all cycles',
            100 * median(run.missed for run in steady),
            goal=1.0,
            goal_of='3',
            unit=' %',
            details=_details(steady),
        ),
        Figure(
            'cyclic_rate',
            f'cyclic sync read of {SERVOS} servos, 1 Mbit/s, return delay 0',
            'wire limit in Hz',
            median(run.rate for run in fast) / limit,
            goal=0.8,
            at_least=True,
            goal_of='5',
            details={
                'wire limit, Hz': round(limit, 1),
                'asked for, Hz': round(_PART_OF_THE_WIRE * limit, 1),
                **_details(fast),
            },
        ),
        Figure(
            'cyclic_jitter',
            'the same, jitter, 99th percentile',
            'period',
            median(run.jitter_s for run in fast) * 1e3,
            goal=2.0,
            goal_of='5',
            unit=' ms',
        ),
    ]


def _run(caller: Caller, question: bytes, rate: float, seconds: float) -> _Run:
    results: list[Any] = []
    subscription = caller.node.create_subscription(
        CyclicResult, f'{caller.target}/cyclic', results.append, 100
    )
    start = caller.client(StartCyclic, 'start_cyclic')
    stop = caller.client(StopCyclic, 'stop_cyclic')
    request = StartCyclic.Request(
        name='benchmark',
        rate=rate,
        transactions=[transaction_to_message(patient(question))],
    )
    sleep(1.0)  # until the topic has found its subscriber
    answer = _done(start.call_async(request))
    if answer.result != 0:
        raise RuntimeError(answer.message)
    sleep(seconds)
    _done(stop.call_async(StopCyclic.Request(name='benchmark')))
    caller.node.destroy_subscription(subscription)
    results = results[len(results) // 10 :]
    failed = [one for result in results for one in result.results if one.result != 0]
    if failed:
        raise RuntimeError(failed[0].message)
    stamps = [one.stamp.sec + one.stamp.nanosec * 1e-9 for one in results if one.results]
    if len(stamps) < 10:
        raise RuntimeError(f'{len(stamps)} cycles in {seconds} s')
    # By the numbers of the cycles, so that what got lost on the topic is not taken for missed.
    cycles = results[-1].cycle - results[0].cycle
    missed = results[-1].missed - results[0].missed
    apart = [b - a for a, b in itertools.pairwise(stamps)]
    return _Run(
        (cycles - missed) / (stamps[-1] - stamps[0]),
        missed / cycles,
        percentile([abs(time - 1.0 / rate) for time in apart], 0.99),
    )


def _done(future: Any) -> Any:
    for _ in range(3000):
        if future.done():
            return future.result()
        sleep(0.01)
    raise RuntimeError('no response')


def _details(runs: list[_Run]) -> dict[str, float]:
    return {
        'cycles a second': round(median(run.rate for run in runs), 1),
        'missed, %': round(100 * median(run.missed for run in runs), 2),
        'jitter p99, ms': round(median(run.jitter_s for run in runs) * 1e3, 3),
    }
