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

"""The programs that are measured, each in a process of its own that ends with its ``with``."""

from __future__ import annotations

from collections.abc import Sequence
import contextlib
import json
import os
from pathlib import Path
import signal
import subprocess
import sys
import tempfile
from types import TracebackType
from typing import Any

from benchmarks.questions import MAX_TIMEOUT_S

PATIENCE_S = 30.0
_HARDWARE_NICE = -15
_ROOT = Path(__file__).resolve().parents[1]


class Program:
    """
    A Python module that runs until it is told to stop.

    :param module: its name.
    :param arguments: of its command line.
    :param domain: the ROS domain that it runs in; None for no ROS.
    """

    def __init__(self, module: str, arguments: Sequence[str] = (), domain: int | None = None):
        self.module = module
        environment = {**os.environ, 'PYTHONPATH': str(_ROOT)}
        # As installed: what is compiled at each start anew would be measured as our start.
        environment.pop('PYTHONDONTWRITEBYTECODE', None)
        if domain is not None:
            environment['ROS_DOMAIN_ID'] = str(domain)
        # What it logs is told only when it fails.
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the program has ended
        self._process = subprocess.Popen(
            [sys.executable, '-m', module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=environment,
            text=True,
        )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def say(self, line: str) -> None:
        """Give it a line on standard input."""
        assert self._process.stdin is not None
        self._process.stdin.write(f'{line}\n')
        self._process.stdin.flush()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def hear(self) -> str:
        """
        Wait for a line on its standard output.

        :raises RuntimeError: it ended instead.
        """
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait(PATIENCE_S)
            raise RuntimeError(f'{self.module} ended; it said:\n{self.said()}')
        return line.strip()

    def said(self) -> str:
        """Give what it has logged."""
        self._log.seek(0)
        return self._log.read().decode(errors='replace')

    def cpu_s(self) -> float:
        """Give the processor time that it has used so far, s."""
        fields = Path(f'/proc/{self.pid}/stat').read_text().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def resident_bytes(self) -> int:
        """Give the memory that it has resident, bytes."""
        pages = int(Path(f'/proc/{self.pid}/statm').read_text().split()[1])
        return pages * os.sysconf('SC_PAGE_SIZE')

    def __enter__(self) -> Any:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it; in order, because a DDS participant that dies hard disturbs the next ones."""
        self.send(signal.SIGINT)
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise RuntimeError(f'{self.module} did not end:\n{self.said()}') from None
        finally:
            for stream in (self._process.stdin, self._process.stdout, self._log):
                if stream is not None:
                    stream.close()


class VirtualBus(Program):
    """
    Emulated servos behind a pty.

    :param options: as in ``docs/virtual_bus.md``: ``pace='off'``.
    """

    def __init__(self, module: str = 'dxl_port_driver.sim.command', **options: Any) -> None:
        query = '&'.join(f'{name}={value}' for name, value in options.items())
        super().__init__(module, [f'sim://?{query}' if query else 'sim://'])
        # It stands for hardware, which needs no processor and which nobody keeps from its work.
        with contextlib.suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, self.pid, _HARDWARE_NICE)
        self.path = self.hear()

    def statistics(self) -> dict[str, Any]:
        """Give the counts of the bus."""
        self.say('stats')
        counts: dict[str, Any] = json.loads(self.hear())
        return counts


class Driver(Program):
    """
    The driver node, active, with a service that does nothing beside its own ones.

    :param domain: the ROS domain.
    :param port_name: the port that it opens.
    :param parameters: further parameters.
    """

    name = '/dxl_port_driver'

    def __init__(
        self,
        domain: int,
        port_name: str,
        module: str = 'benchmarks.driver_process',
        **parameters: Any,
    ) -> None:
        values = {
            'port_name': port_name,
            'autostart': 'true',
            'max_timeout': MAX_TIMEOUT_S,
            **parameters,
        }
        arguments = ['--ros-args']
        for name, value in values.items():
            arguments += ['-p', f'{name}:={value}']
        super().__init__(module, arguments, domain)
        if self.hear() != 'active':
            raise RuntimeError(f'the driver is not active; it said:\n{self.said()}')
