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

"""
The driver as it is, in a process of its own, with some services more that do nothing.

``~/nothing`` is the reference for every service of the driver: the same node, the same executor,
the same DDS, and nothing done. ``~/clear``, which is a Trigger as well, would not do: it queues
for the bus and asks the device.

``~/same_messages`` and ``~/same_batch`` take and give the messages of ``~/transact`` and
``~/transact_batch``. What they need more than a Trigger is what the messages cost, whatever the
driver does.
"""

from __future__ import annotations

import sys
from typing import Any

from benchmarks.questions import POSITION_LENGTH
from dxl_port_driver.conversions import result_to_message
from dxl_port_driver.errors import ResultCode
from dxl_port_driver.node import main as driver_main
from dxl_port_driver.node.driver_node import DriverNode
from dxl_port_driver.protocol.instructions import Protocol
from dxl_port_driver.protocol.packets import StatusPacket
from dxl_port_driver.protocol.transaction import TransactionResult
from dxl_port_interfaces.srv import Transact, TransactBatch
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from std_srvs.srv import Trigger

_STATUS = StatusPacket(Protocol.V2, 1, 0, bytes(POSITION_LENGTH)).encode()
_RESULT = result_to_message(
    TransactionResult(ResultCode.SUCCESS, '', _STATUS, 1e-5, 1e-4, attempts=1)
)


class MeasuredDriver(DriverNode):
    """The driver node, with services that do nothing; says when it is active."""

    def __init__(self) -> None:
        super().__init__()
        self.create_service(Trigger, '~/nothing', _nothing)
        self.create_service(Transact, '~/same_messages', _same_messages)
        self.create_service(TransactBatch, '~/same_batch', _same_batch)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Do as the driver does, and say so on standard output."""
        result = super().on_activate(state)
        print('active' if result is TransitionCallbackReturn.SUCCESS else 'failed', flush=True)
        return result


def _nothing(request: Any, response: Any) -> Any:
    response.success = True
    return response


def _same_messages(request: Any, response: Any) -> Any:
    response.result = _RESULT
    return response


def _same_batch(request: Any, response: Any) -> Any:
    response.results = [_RESULT] * len(request.transactions)
    return response


def main() -> int:
    """Run it as ``port_driver`` is run."""
    vars(driver_main)['DriverNode'] = MeasuredDriver
    return driver_main.main()


if __name__ == '__main__':
    sys.exit(main())
