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

"""The driver with tracing points; prints what they noted as JSON when it has ended."""

from __future__ import annotations

import json
import sys

from benchmarks import driver_process
from benchmarks.budget.tracing import STAMPS, trace, trace_wait_set
from dxl_port_driver.node import bus_services, prompt_services
from dxl_port_driver.port.serial_port import SerialPort
from dxl_port_driver.protocol.exchange import AwaitPackets
from rclpy.executors import SingleThreadedExecutor
from rclpy.service import Service


def main() -> int:
    """Run it as ``port_driver`` is run."""
    trace_wait_set()
    trace(SingleThreadedExecutor, '_take_service', 'take request')
    trace(prompt_services, '_next', 'take request')
    trace(bus_services.BusServices, '_transact', 'callback')
    trace(bus_services, 'transaction_from_message', 'from message')
    trace(bus_services, 'transact_work', 'check')
    trace(SerialPort, 'clear', 'clear')
    trace(SerialPort, 'write', 'write')
    trace(SerialPort, 'read', 'read')
    trace(AwaitPackets, 'feed', 'framing')
    trace(bus_services, 'fill_result', 'to message')
    trace(Service, 'send_response', 'send response')
    status = driver_process.main()
    print(json.dumps(STAMPS), flush=True)
    return status


if __name__ == '__main__':
    sys.exit(main())
