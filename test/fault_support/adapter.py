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

"""``virtual_bus`` in a process of its own, with its plug in the test's hand."""

from __future__ import annotations

import json
from pathlib import Path
import subprocess
import sys
import time
from typing import Any

_PATIENCE_S = 20.0


class Adapter:
    """
    Emulated servos behind a link that is there while they are plugged in.

    :param link: the stable name, as of ``/dev/serial/by-id``.
    :param options: of ``virtual_bus``, as ``ids='1-3'``.
    """

    def __init__(self, link: Path, **options: object) -> None:
        self.link = str(link)
        given = [f'--{name.replace("_", "-")}={value}' for name, value in options.items()]
        self._process = subprocess.Popen(
            [sys.executable, '-m', 'dxl_port_driver.sim.command', '--link', self.link, *given],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.path = self._read()
        """The pty, another one each time that it is plugged in."""

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def say(self, command: str) -> str:
        """Give a command, give what it says."""
        assert self._process.stdin is not None
        self._process.stdin.write(f'{command}\n')
        self._process.stdin.flush()
        said = self._read()
        assert not said.startswith('error'), f'{command}: {said}'
        return said

    def unplug(self) -> None:
        """Pull it out."""
        self.say('unplug')

    def plug(self) -> float:
        """Plug it in; give the monotonic time when that was done, s."""
        self.path = self.say('plug').rpartition(' ')[2]
        return time.monotonic()

    def statistics(self) -> dict[str, Any]:
        """Give all counts."""
        counts: dict[str, Any] = json.loads(self.say('stats'))
        return counts

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        try:
            self._process.wait(_PATIENCE_S)
        finally:
            self._process.kill()
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    stream.close()
