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

"""Whether the driver's memory grows with what it has done."""

from __future__ import annotations

from benchmarks.caller import Caller
from benchmarks.domains import ros_domain
from benchmarks.figures import Figure
from benchmarks.programs import Driver, VirtualBus
from benchmarks.questions import patient, READ, succeeded
from benchmarks.rows.batch import batch_request
from benchmarks.setting import Setting
from dxl_port_driver.conversions import transaction_to_message
from dxl_port_interfaces.srv import Transact, TransactBatch

_BATCH = 180
_SINGLES = 20
_FIRST = 1000


def measure(setting: Setting) -> list[Figure]:
    """Have very many transactions done, one in ten by itself and the others in batches."""
    total = setting.pick(1_000_000, 10_000)
    request = Transact.Request(transaction=transaction_to_message(patient(READ)))
    with (
        ros_domain() as domain,
        VirtualBus(pace='off') as bus,
        Driver(domain, bus.path) as driver,
        Caller(domain, driver.name) as caller,
    ):
        transact = caller.call(Transact, 'transact', request)
        batch = caller.call(TransactBatch, 'transact_batch', batch_request(_BATCH))
        done, at_first = 0, 0
        while done < total:
            for result in batch().results:
                succeeded(result)
            for _ in range(_SINGLES):
                succeeded(transact().result)
            done += _BATCH + _SINGLES
            if done == _FIRST:
                at_first = driver.resident_bytes()
        at_last = driver.resident_bytes()
    return [
        Figure(
            'memory',
            f'resident memory, active, after {total} transactions',
            f'after {_FIRST}',
            at_last / at_first,
            goal=1.02,
            goal_of='5',
            details={'at first, MB': at_first / 1e6, 'at last, MB': at_last / 1e6},
        )
    ]
