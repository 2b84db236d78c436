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

"""Fixtures of the client's tests: a driver for one test, or for all of a module."""

from __future__ import annotations

from collections.abc import Iterator
import importlib.util
from pathlib import Path
from typing import Any

from client_support.module_driver import in_domain, running_driver
import pytest

DRIVER: dict[str, Any] = {
    'port_name': 'sim://?ids=1-3',
    # Servos on a machine that is busy with other tests may take their time: 1 s.
    'latency_timer': 500.0,
}


@pytest.fixture
def joined(domain: Any) -> Iterator[Any]:
    """Let contexts made in this process join the test's domain."""
    with in_domain(domain):
        yield domain


@pytest.fixture
def active_driver(joined: Any, tmp_path: Path) -> Iterator[Any]:
    """Run an active driver on emulated servos 1 to 3."""
    with running_driver(joined, tmp_path / 'driver.log', **DRIVER) as program:
        yield program


@pytest.fixture(scope='module')
def shared_domain() -> Iterator[Any]:
    """Give a domain for all tests of a module."""
    if importlib.util.find_spec('rclpy') is None:
        pytest.skip('rclpy is not installed')
    from ros_support.domains import Domain

    domain = Domain()
    yield domain
    domain.release()


@pytest.fixture(scope='module')
def shared_driver(shared_domain: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Run an active driver for tests that leave it as they found it."""
    log = tmp_path_factory.mktemp('shared') / 'driver.log'
    with running_driver(shared_domain, log, **DRIVER) as program:
        yield program
