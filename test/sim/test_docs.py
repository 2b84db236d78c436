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

"""``docs/virtual_bus.md`` says what the code does."""

from __future__ import annotations

from pathlib import Path
import re

from dxl_port_driver.errors import PortNameError
from dxl_port_driver.sim.console import COMMANDS
from dxl_port_driver.sim.models import MODELS
from dxl_port_driver.sim.option_table import OPTIONS
from dxl_port_driver.sim.options import parse_url
import pytest

PAGE = (Path(__file__).resolve().parents[2] / 'docs' / 'virtual_bus.md').read_text('utf-8')


def table(heading: str) -> list[list[str]]:
    """Give the cells of the first table under a heading."""
    rows = []
    for line in PAGE.partition(f'## {heading}\n')[2].splitlines():
        if line.startswith('|'):
            cells = re.split(r'(?<!\\)\|', line)[1:-1]
            rows.append([cell.strip().replace('\\|', '|').strip('`') for cell in cells])
        elif rows:
            break
    return rows[2:]


def test_options():
    assert table('Options') == [
        [
            option.name,
            option.form,
            option.default or 'none',
            'yes' if option.live else '',
            option.about,
        ]
        for option in OPTIONS
    ]


def test_commands():
    assert table('Commands of `virtual_bus`') == [list(command) for command in COMMANDS.values()]


def test_models():
    assert table('Models') == [
        [
            str(model.number),
            model.name,
            ', '.join(model.boxes),
            str(model.protocol),
            str(model.firmware),
        ]
        for model in MODELS.values()
    ]


@pytest.mark.parametrize('url', sorted(set(re.findall(r'sim://[^\s`\')]+', PAGE))))
def test_each_url_on_the_page_is_right(url):
    if url == 'sim://?name=value&name=value':
        with pytest.raises(PortNameError):
            parse_url(url)
    else:
        parse_url(url)
