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
What the fault tests share.

Each of them runs in two lengths: a short one in the suite, and with ``--long`` as often as
docs/reliability.md tells. ``--figures FILE`` keeps the figures that it tells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
import json
from pathlib import Path
from typing import Any

from fault_support.adapter import Adapter
import pytest

HERE = Path(__file__).parent
LONGEST_S = 1800


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give the long form its time."""
    if config.getoption('--long'):
        for item in items:
            if HERE in item.path.parents:
                item.add_marker(pytest.mark.timeout(LONGEST_S))


@pytest.fixture(scope='session')
def often(request: pytest.FixtureRequest) -> Callable[[int, int], int]:
    """Give a way to choose between the short form and the long one."""

    def often(short: int, long: int) -> int:
        return long if request.config.getoption('--long') else short

    return often


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Iterator[Callable[[str, object], None]]:
    """Give a way to tell what was measured."""
    figures: dict[str, object] = {}
    yield figures.__setitem__
    path = request.config.getoption('--figures')
    if path and figures:
        with Path(path).open('a') as file:
            file.write(json.dumps({'test': request.node.name, **figures}) + '\n')


@pytest.fixture
def adapter(tmp_path: Path) -> Iterator[Callable[..., Adapter]]:
    """Give a way to plug in adapters; none outlives the test."""
    adapters: list[Adapter] = []

    def make(**options: Any) -> Adapter:
        adapters.append(Adapter(tmp_path / f'servos{len(adapters)}', **options))
        return adapters[-1]

    yield make
    for one in adapters:
        one.close()
