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

"""The virtual bus with tracing points; prints what they noted as JSON when it has ended."""

from __future__ import annotations

import json
import sys

from benchmarks.budget.tracing import STAMPS, trace
from dxl_port_driver.sim import command
from dxl_port_driver.sim.bus import Bus
from dxl_port_driver.sim.pty_server import PtyServer


def main() -> int:
    """Run it as ``virtual_bus`` is run."""
    trace(Bus, 'receive', 'bus receives')
    trace(PtyServer, '_give_out', 'bus answers')
    status = command.main()
    print(json.dumps(STAMPS), flush=True)
    return status


if __name__ == '__main__':
    sys.exit(main())
