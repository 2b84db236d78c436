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
A client that asks as fast as it gets answers, in a process of its own.

Says ``ready``; for each line ``go SECONDS`` on standard input it asks for so long, and then
prints how many transactions it had done.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from time import monotonic

from benchmarks.programs import PATIENCE_S
from benchmarks.questions import patient, READ, succeeded
from dxl_port_driver.client.port_client import PortClient
from dxl_port_driver.protocol.transaction import TransactionResult


def main() -> int:
    """Serve the lines on standard input until it is closed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--batch', type=int, default=1, help='transactions in one call')
    batch = parser.parse_args().batch
    asked = patient(READ)
    with (
        PortClient.in_background(wait_for_driver_s=PATIENCE_S) as client,
        contextlib.suppress(KeyboardInterrupt),
    ):

        def call() -> list[TransactionResult]:
            if batch > 1:
                return client.transact_batch([asked] * batch)
            return [client.transact(asked)]

        call()
        print('ready', flush=True)
        for line in sys.stdin:
            until = monotonic() + float(line.split()[1])
            done = 0
            while monotonic() < until:
                for result in call():
                    succeeded(result)
                done += batch
            print(done, flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
