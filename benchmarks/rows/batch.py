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

"""What a read costs in a batch."""

from __future__ import annotations

from typing import Any

from benchmarks.caller import Caller
from benchmarks.domains import ros_domain
from benchmarks.figures import Figure, over_rounds
from benchmarks.programs import Driver, VirtualBus
from benchmarks.questions import bus_on, patient, READ, succeeded
from benchmarks.sampling import alternate, ratios, summary_us
from benchmarks.setting import Setting
from dxl_port_driver.conversions import transaction_to_message
from dxl_port_interfaces.srv import TransactBatch

SIZE = 20


def measure(setting: Setting) -> list[Figure]:
    """Measure with answers that come at once, and as a wire at 1 Mbit/s would bring them."""
    return [*_measure(setting, 'batch', 'off'), *_measure(setting, 'batch_paced', 'on')]


def batch_request(size: int = SIZE) -> Any:
    """Give a request for some 4-byte reads."""
    message = transaction_to_message(patient(READ))
    return TransactBatch.Request(transactions=[message] * size)


def _measure(setting: Setting, key: str, pace: str) -> list[Figure]:
    with (
        ros_domain() as domain,
        VirtualBus(pace=pace) as bus,
        VirtualBus(pace=pace) as other_bus,
        Driver(domain, bus.path) as driver,
        Caller(domain, driver.name) as caller,
        bus_on(other_bus.path) as exchange,
    ):
        call = caller.call(TransactBatch, 'transact_batch', batch_request())

        def batch() -> None:
            for result in call().results:
                succeeded(result)

        def as_many_exchanges() -> None:
            for _ in range(SIZE):
                exchange()

        blocks = alternate(
            {
                'batch': batch,
                'same messages': caller.call(TransactBatch, 'same_batch', batch_request()),
                'in process': as_many_exchanges,
            },
            setting.pick(30, 4),
            setting.pick(30, 10),
        )
    what = f'per read in transact_batch of {SIZE}, pace {pace}'
    at_least = ratios(blocks, 'same messages', ['in process'])
    return [
        Figure(
            key,
            what,
            'in-process exchange',
            **over_rounds(ratios(blocks, 'batch', ['in process'])),
            goal=1.15,
            goal_of='5 (3: ≤ 1.3)',
            details={
                f'{name} per read, us': round(figure / SIZE, 1)
                for name, figure in summary_us(blocks).items()
            },
        ),
        Figure(
            f'{key}_floor',
            f'{what}, if the driver did nothing but the exchanges',
            'in-process exchange',
            **over_rounds([1.0 + ratio for ratio in at_least]),
            note='A service call with the messages of the batch, that does nothing, and the '
            'exchanges: what is left to the driver is the difference to the figure above.',
        ),
    ]
