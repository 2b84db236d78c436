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

"""PyPI's dynamixel-sdk, the judge of the virtual bus, on its own port handler and on ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dxl_port_driver
import dynamixel_sdk

PATIENCE_MS = 2000.0


class PatientSdkPort(dynamixel_sdk.PortHandler):  # type: ignore[misc]
    """The SDK's handler, on a machine that may be busy with other things for a while."""

    def setPacketTimeout(self, packet_length: int) -> None:
        self.setPacketTimeoutMillis(PATIENCE_MS)


class PatientPort(dxl_port_driver.PortHandler):
    """Ours, as patient."""

    def setPacketTimeout(self, packet_length: int) -> None:
        self.setPacketTimeoutMillis(PATIENCE_MS)


PORTS = {'sdk': PatientSdkPort, 'ours': PatientPort}


def opened(kind: str, path: str) -> Iterator[Any]:
    """Open a port of a kind, and close it."""
    port = PORTS[kind](path)
    assert port.openPort()
    assert port.setBaudRate(1_000_000)
    yield port
    port.closePort()
