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

"""One ``~/transact`` from another process, against what no driver could do without."""

from __future__ import annotations

from statistics import median
from typing import Any

from benchmarks.caller import Caller
from benchmarks.domains import ros_domain
from benchmarks.figures import Figure, over_rounds
from benchmarks.programs import Driver, VirtualBus
from benchmarks.questions import bus_on, patient, READ, succeeded
from benchmarks.sampling import alternate, ratios, Rounds, summary_us
from benchmarks.setting import Setting
from dxl_port_driver.conversions import transaction_to_message
from dxl_port_interfaces.srv import Transact
from std_srvs.srv import Trigger

_REFERENCE = ['nothing', 'in process']
_AGAINST = 'Trigger on the same node + in-process exchange'


def measure(setting: Setting) -> list[Figure]:
    """Measure with answers that come at once, and as a wire at 1 Mbit/s would bring them."""
    at_once = _blocks(setting, pace='off')
    paced = _blocks(setting, pace='on')
    return [
        _figure('transact', 'median', at_once, 'median_s', 1.10, '5 (2: ≤ 1.25)'),
        _figure('transact_p99', '99th percentile', at_once, 'p99_s', 1.25, '5'),
        Figure(
            'transact_same_messages',
            '~/transact of a 4-byte read, median',
            'a service of its type that does nothing + in-process exchange',
            **over_rounds(ratios(at_once, 'transact', ['same messages', 'in process'])),
            note='What is left when the messages of ~/transact are part of the reference: they '
            'cost more than those of a Trigger, whatever the driver does with them.',
        ),
        _figure('transact_paced', 'median, paced', paced, 'median_s', 1.10, '5 (2: ≤ 1.25)'),
        _figure('transact_paced_p99', '99th percentile, paced', paced, 'p99_s', 1.25, '5'),
    ]


def _blocks(setting: Setting, **options: Any) -> Rounds:
    request = Transact.Request(transaction=transaction_to_message(patient(READ)))
    with (
        ros_domain() as domain,
        VirtualBus(**options) as bus,
        VirtualBus(**options) as other_bus,
        Driver(domain, bus.path) as driver,
        Caller(domain, driver.name) as caller,
        bus_on(other_bus.path) as exchange,
    ):
        transact = caller.call(Transact, 'transact', request)
        return alternate(
            {
                'transact': lambda: succeeded(transact().result),
                'nothing': caller.call(Trigger, 'nothing', Trigger.Request()),
                'same messages': caller.call(Transact, 'same_messages', request),
                'in process': exchange,
            },
            setting.pick(40, 5),
            setting.pick(300, 100),
        )


def _figure(key: str, which: str, blocks: Rounds, field: str, goal: float, goal_of: str) -> Figure:
    overhead_s = median(
        block.median_s - nothing.median_s - exchange.median_s
        for block, nothing, exchange in zip(
            blocks['transact'], blocks['nothing'], blocks['in process'], strict=True
        )
    )
    return Figure(
        key,
        f'~/transact of a 4-byte read, {which}',
        _AGAINST if field == 'median_s' else f'{_AGAINST}, {which}',
        **over_rounds(ratios(blocks, 'transact', _REFERENCE, field)),
        goal=goal,
        goal_of=goal_of,
        details={**summary_us(blocks), 'more than the sum, us': round(overhead_s * 1e6, 1)},
    )
