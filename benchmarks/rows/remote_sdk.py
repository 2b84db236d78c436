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

"""The SDK's ``read4ByteTxRx`` over ROS, against a bare ``~/transact`` call."""

from __future__ import annotations

from benchmarks.caller import Caller
from benchmarks.domains import ros_domain
from benchmarks.figures import Figure, over_rounds
from benchmarks.programs import Driver, VirtualBus
from benchmarks.questions import patient, READ, succeeded
from benchmarks.rows.sdk_read import Reader
from benchmarks.sampling import alternate, ratios, summary_us
from benchmarks.setting import Setting
from dxl_port_driver.client import PortClient, RemotePortHandler
from dxl_port_driver.conversions import transaction_to_message
from dxl_port_interfaces.srv import Transact


def measure(setting: Setting) -> list[Figure]:
    """Measure on one node in one process, with answers that come at once."""
    request = Transact.Request(transaction=transaction_to_message(patient(READ)))
    with (
        ros_domain() as domain,
        VirtualBus(pace='off') as bus,
        Driver(domain, bus.path) as driver,
        Caller(domain, driver.name) as caller,
        PortClient(caller.node, driver.name) as client,
    ):
        transact = caller.call(Transact, 'transact', request)
        reader = Reader()
        blocks = alternate(
            {
                'RemotePortHandler': reader.call(RemotePortHandler(client)),
                'PortClient': lambda: succeeded(client.transact(READ)),
                'transact': lambda: succeeded(transact().result),
            },
            setting.pick(40, 5),
            setting.pick(300, 100),
        )
    return [
        Figure(
            'remote_sdk_read',
            'SDK read4ByteTxRx through RemotePortHandler, median',
            'a bare ~/transact call',
            **over_rounds(ratios(blocks, 'RemotePortHandler', ['transact'])),
            goal=1.15,
            goal_of='3',
            details={**summary_us(blocks), 'reads that failed': reader.failed},
        ),
        Figure(
            'port_client',
            'PortClient.transact, median',
            'a bare ~/transact call',
            **over_rounds(ratios(blocks, 'PortClient', ['transact'])),
        ),
    ]
