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

"""Ways to run the tool: in this process, quick; or in one of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import json
import os
import subprocess
import sys
from typing import Any, NamedTuple

from dxl_port_driver.cli.main import main
import pytest
from sim_support.fake_servos import FakeServo, FakeServos

PATIENCE_S = 30.0
PATIENT = ('--timeout', '0.3')
"""The packet timeout rule's 34 ms are less than a busy computer may let a process wait."""
_ASKING = {'ping', 'read', 'write', 'reboot', 'transact', 'watch', 'bench'}


class Outcome(NamedTuple):
    """What a run of the tool left."""

    status: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        """What ``--json`` printed."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def rows(self) -> list[list[str]]:
        """The cells of the table that it printed, without the headings."""
        return [line.split() for line in self.out.splitlines()[1:]]


@pytest.fixture
def dxl_port(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Run the tool in this process."""

    def run(*arguments: object) -> Outcome:
        words = [str(argument) for argument in arguments]
        if words and words[0] in _ASKING and '--timeout' not in words:
            words += PATIENT
        status = main(words)
        return Outcome(status, *capsys.readouterr())

    return run


@pytest.fixture
def dxl_port_as_is(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Run the tool in this process with no more patience than it has."""

    def run(*arguments: object) -> Outcome:
        status = main([str(argument) for argument in arguments])
        return Outcome(status, *capsys.readouterr())

    return run


@pytest.fixture
def fake() -> Iterator[Callable[..., str]]:
    """Give a way to put servos of the test's own behind a port; gives its name."""
    ports: list[FakeServos] = []

    def fake(*servos: FakeServo, tcp: bool = False) -> str:
        ports.append(FakeServos(*servos, tcp=tcp))
        return ports[-1].name

    yield fake
    for port in ports:
        port.close()


@pytest.fixture
def begin_dxl_port() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the tool in a process of its own; none outlives the test."""
    processes: list[subprocess.Popen[str]] = []

    def begin(*arguments: str, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, '-m', 'dxl_port_driver.cli.main', *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **environment},
        )
        processes.append(process)
        return process

    yield begin
    for process in processes:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=PATIENCE_S)
