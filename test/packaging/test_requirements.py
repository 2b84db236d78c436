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

"""The pinned lists: complete, and in agreement where they meet."""

from pathlib import Path
import re

import pytest

REQUIREMENTS = Path(__file__).parents[2] / 'requirements'
LOCKS = ['kilted.txt', 'jazzy.txt', 'test.txt', 'bench.txt']


def _pins(name: str) -> list[str]:
    lines = (REQUIREMENTS / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith('#')]


@pytest.mark.parametrize('name', LOCKS)
def test_every_line_pins_one_version(name: str) -> None:
    for pin in _pins(name):
        assert re.fullmatch(r'[a-z0-9.-]+==[\w.]+( ; .+)?', pin), pin


@pytest.mark.parametrize('distro', ['kilted.txt', 'jazzy.txt'])
@pytest.mark.parametrize('tools', ['test.txt', 'bench.txt'])
def test_the_tools_change_nothing_that_the_driver_runs_on(distro: str, tools: str) -> None:
    def versions(name: str) -> set[tuple[str, str]]:
        return {tuple(pin.split(' ')[0].split('==')) for pin in _pins(name)}  # type: ignore[misc]

    runs_on = versions(distro)
    names = {name for name, _ in runs_on}
    shared = {(name, version) for name, version in versions(tools) if name in names}
    assert shared <= runs_on


@pytest.mark.parametrize('distro', ['kilted', 'jazzy'])
def test_what_is_asked_for_is_pinned(distro: str) -> None:
    pinned = {pin.split('==')[0] for pin in _pins(f'{distro}.txt')}
    for source in (f'{distro}.in', 'build.in', 'run.in'):
        for line in _pins(source):
            if not line.startswith('-r '):
                assert re.split(r'[\[=]', line)[0] in pinned
