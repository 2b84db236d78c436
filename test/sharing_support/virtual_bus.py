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

"""A virtual bus in a process of its own, that counts who talks out of turn."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import json
import subprocess
import sys
from typing import Any

_PATIENCE_S = 20.0


class VirtualBus:
    """
    Emulated servos behind a pty, and what they saw.

    :ivar path: the device.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.path = self._hear()

    def _hear(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def say(self, line: str) -> str:
        """Give it a command, and what it says to that; see ``docs/virtual_bus.md``."""
        assert self._process.stdin is not None
        self._process.stdin.write(f'{line}\n')
        self._process.stdin.flush()
        return self._hear()

    def statistics(self) -> dict[str, Any]:
        """Give all its counts."""
        counts: dict[str, Any] = json.loads(self.say('stats'))
        return counts


@contextlib.contextmanager
def virtual_bus(url: str = 'sim://') -> Iterator[VirtualBus]:
    """
    Run a virtual bus.

    :param url: with its options.
    """
    with subprocess.Popen(
        [sys.executable, '-m', 'dxl_port_driver.sim.command', url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            bus = VirtualBus(process)
            yield bus
            bus.say('quit')
            process.wait(_PATIENCE_S)
        finally:
            if process.poll() is None:
                process.terminate()
