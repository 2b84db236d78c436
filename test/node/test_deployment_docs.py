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

"""The examples of ``docs/deployment.md``, tried as far as a machine without a robot can."""

from __future__ import annotations

import json
from pathlib import Path
import re
import shlex
import shutil
import subprocess

from dxl_port_driver.node.command_line import own_words
from dxl_port_driver.node.declarations import DECLARATIONS
import pytest
import yaml

PAGE = (Path(__file__).parents[2] / 'docs' / 'deployment.md').read_text('utf-8')


def example(kind: str) -> str:
    found = re.findall(rf'```{kind}\n(.*?)```', PAGE, re.DOTALL)
    assert len(found) == 1
    return found[0]


def test_the_unit_is_one_for_systemd(tmp_path):
    tool = shutil.which('systemd-analyze')
    if tool is None:
        pytest.skip('systemd-analyze is not installed')
    unit = tmp_path / 'dxl-port-driver.service'
    # A user that there is on every machine.
    unit.write_text(example('ini').replace('User=robot', 'User=root'))
    done = subprocess.run(
        [tool, 'verify', '--man=no', str(unit)],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    told = [line for line in done.stderr.splitlines() if unit.name in line]
    assert (done.returncode, told) == (0, [])


def shell_lines() -> list[str]:
    """Give what the examples have a shell do to start the driver."""
    start = re.search(r'^ExecStart=(.*)$', example('ini'), re.MULTILINE)
    command = re.search(r'^CMD (.*)$', example('dockerfile'), re.MULTILINE)
    assert start
    assert command
    return [shlex.split(start[1])[2], json.loads(command[1])[2]]


@pytest.mark.parametrize('line', shell_lines())
def test_the_driver_takes_the_place_of_its_shell_and_knows_what_it_is_given(line):
    last = line.rpartition(' && ')[2]
    program, *arguments = shlex.split(last.removeprefix('exec '))
    assert last.startswith('exec ')
    assert program.endswith('install/dxl_port_driver/lib/dxl_port_driver/port_driver')
    assert own_words(arguments) == []
    given = {word.partition(':=')[0] for word in arguments if ':=' in word}
    assert given <= {one.name for one in DECLARATIONS}


def test_compose_leaves_it_time_and_sends_what_it_handles():
    (service,) = yaml.safe_load(example('yaml'))['services'].values()
    assert service['stop_signal'] == 'SIGTERM'
    assert int(service['stop_grace_period'].rstrip('s')) > 3
    assert service['network_mode'] == service['ipc'] == 'host'
