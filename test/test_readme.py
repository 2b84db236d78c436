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

"""The README says what the code does."""

from __future__ import annotations

import contextlib
from pathlib import Path
import re

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / 'README.md').read_text('utf-8')
INTERFACES = 'dxl_port_interfaces/srv/'


def table(heading: str) -> list[list[str]]:
    """Give the cells of the first table under a heading."""
    rows = []
    for line in README.partition(f'\n## {heading}\n')[2].splitlines():
        if line.startswith('|'):
            rows.append([cell.strip() for cell in re.split(r'(?<!\\)\|', line)[1:-1]])
        elif rows:
            break
    assert len(rows) > 2, f'no table under {heading}'
    return rows[2:]


def shown(default: object) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    return str(list(default)) if isinstance(default, tuple) else str(default)


def test_every_parameter_is_there_with_its_default_and_when_it_may_change():
    declarations = pytest.importorskip(
        'dxl_port_driver.node.declarations', reason='rclpy is not installed'
    ).DECLARATIONS
    told = {row[0].strip('`'): (row[1].strip('`'), row[3]) for row in table('Parameters')}
    declared = {
        one.name: (
            shown(one.default),
            'at start'
            if one.at_start_only
            else 'any time'
            if one.while_active
            else 'while not active',
        )
        for one in declarations
    }
    assert told == declared


def test_the_services_are_those_of_the_node(start_driver):
    from ros_support.graph import eventually

    _, driver = start_driver(port_name='sim://')
    assert driver.state == 'unconfigured'
    told = {}
    for names, kinds, _ in table('Services'):
        for name, kind in zip(names.split(','), kinds.split(','), strict=True):
            told[name.strip(' `~')] = kind.strip(' `').replace('std_srvs/', 'std_srvs/srv/')

    def offered() -> dict[str, str]:
        node = driver.graph.node
        if driver.name.lstrip('/') not in node.get_node_names():
            return {}  # its services may be discovered before itself
        return {
            name.removeprefix(driver.name): kinds[0].removeprefix(INTERFACES)
            for name, kinds in node.get_service_names_and_types_by_node(
                driver.name.lstrip('/'), '/'
            )
            if kinds[0].startswith((INTERFACES, 'std_srvs'))
        }

    with contextlib.suppress(AssertionError):
        eventually(lambda: offered() == told)
    assert offered() == told


@pytest.mark.parametrize(
    'page', ['README.md', 'docs/adapters.md', 'docs/deployment.md', 'docs/security.md']
)
def test_its_links_lead_somewhere(page: str):
    path = ROOT / page
    for target in re.findall(r'\]\(([^)#:]*(?:#[^)]*)?)\)', path.read_text('utf-8')):
        file, _, anchor = target.partition('#')
        other = (path.parent / file).resolve() if file else path
        assert other.exists(), target
        if anchor:
            titles = re.findall(r'^#+ (.*)$', other.read_text('utf-8'), re.MULTILINE)
            anchors = [re.sub(r'[^\w -]', '', title).lower().replace(' ', '-') for title in titles]
            assert anchor in anchors, target
