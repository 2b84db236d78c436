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

"""Virtual buses to test: pure ones with a clock in the test's hand, and served ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dxl_port_driver.sim.bus import Bus
from dxl_port_driver.sim.options import parse_url
from dxl_port_driver.sim.pty_server import PtyServer
import pytest
from sim_support.bench import Bench


@pytest.fixture
def bench() -> Bench:
    """Give six XM430-W350."""
    return Bench()


@pytest.fixture
def serve() -> Iterator[Callable[..., PtyServer]]:
    """Give a function that serves a bus on a pty."""
    servers = []

    def start(query: str = '', **kinds: object) -> PtyServer:
        server = PtyServer(Bus(parse_url(f'sim://?{query}')), **kinds)  # type: ignore[arg-type]
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        server.stop()
