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

"""Programs of this package, each in a process of its own."""

from __future__ import annotations

from collections.abc import Mapping
import os
from pathlib import Path
import signal
import subprocess
import time

PATIENCE_S = 20.0


class Program:
    """
    A process that runs until it is told to stop.

    :param command: program and arguments.
    :param log: where what it prints goes.
    """

    def __init__(self, *command: str, log: Path, environment: Mapping[str, str]) -> None:
        self.log = log
        with log.open('wb') as out:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment},
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return self.log.read_text(errors='replace')

    def send(self, number: signal.Signals) -> None:
        """Send it a signal; it does nothing any more once this has sent it SIGSTOP."""
        self._process.send_signal(number)
        deadline = time.monotonic() + PATIENCE_S
        while number is signal.SIGSTOP and not self._stands_still():
            assert time.monotonic() < deadline, 'it goes on'
            time.sleep(0.001)

    def _stands_still(self) -> bool:
        # Each thread by itself, a moment after the signal was sent.
        tasks = Path(f'/proc/{self.pid}/task').glob('*/stat')
        return all(task.read_text().rpartition(')')[2].split()[0] == 'T' for task in tasks)

    def wait(self) -> int:
        """Wait until it has ended, and give its exit status."""
        return self._process.wait(PATIENCE_S)

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Ask it to stop, and give its exit status."""
        if self.is_running:
            self.send(number)
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise AssertionError(
                f'it did not stop on {number.name}; it printed:\n{self.output}'
            ) from None
