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
The driver, with a ``~/transact`` of its own for each of some clients: ``~/transact_0`` and so on.

DDS sends each response of a service to all clients of that service, and each of them wakes up to
find that it is not its own. What many clients could do without that is measured here.
"""

from __future__ import annotations

import sys
from typing import Any

from benchmarks import driver_process
from dxl_port_driver.node.bus_services import BusServices
from dxl_port_interfaces.srv import Transact
from rclpy.qos import QoSProfile

CLIENTS = 8


def main() -> int:
    """Run it as ``port_driver`` is run."""
    plain = BusServices.__init__

    def with_more(services: BusServices, node: Any, driver: Any) -> None:
        plain(services, node, driver)
        for number in range(CLIENTS):
            node.create_service(
                Transact,
                f'~/transact_{number}',
                vars(BusServices)['_transact'].__get__(services),
                qos_profile=QoSProfile(depth=256),
            )

    setattr(BusServices, '__init__', with_more)  # noqa: B010 - mypy lets no method be assigned
    return driver_process.main()


if __name__ == '__main__':
    sys.exit(main())
