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

"""What makes the setup do a stage again, and what does not."""

from pathlib import Path

import pytest

from tools.setup_ros import stamps
from tools.setup_ros.environment import Environment

STAGES = {
    'packages': stamps.of_packages,
    'test_tools': stamps.of_test_tools,
    'bench_tools': stamps.of_bench_tools,
    'interfaces': stamps.of_interfaces,
    'driver': stamps.of_driver,
}
FILES = [
    'requirements/kilted.txt',
    'requirements/jazzy.txt',
    'requirements/test.txt',
    'requirements/bench.txt',
    'dxl_port_interfaces/msg/Traffic.msg',
    'dxl_port_driver/__init__.py',
    'launch/port_driver.launch.py',
    'package.xml',
    'setup.py',
    'setup.cfg',
]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def _stamps(checkout: Path, distro: str = 'kilted', venv: str = '.venv') -> dict[str, str]:
    environment = Environment(root=checkout, distro=distro, venv=checkout / venv)
    return {stage: stamp(environment) for stage, stamp in STAGES.items()}


def _changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {stage for stage in before if before[stage] != after[stage]}


@pytest.mark.parametrize(
    ('name', 'stages'),
    [
        ('requirements/kilted.txt', set(STAGES)),
        ('requirements/jazzy.txt', set()),
        ('requirements/test.txt', {'test_tools'}),
        ('requirements/bench.txt', {'bench_tools'}),
        ('dxl_port_interfaces/msg/Traffic.msg', {'interfaces'}),
        ('dxl_port_interfaces/srv/New.srv', {'interfaces'}),
        ('dxl_port_interfaces/CHANGELOG.rst', set()),
        ('package.xml', {'driver'}),
        ('setup.py', {'driver'}),
        ('setup.cfg', {'driver'}),
        ('launch/new.launch.py', {'driver'}),
        ('launch/port_driver.launch.py', set()),
        ('dxl_port_driver/__init__.py', set()),
        ('dxl_port_driver/new.py', set()),
    ],
)
def test_a_changed_file_redoes_its_stages(checkout: Path, name: str, stages: set[str]) -> None:
    before = _stamps(checkout)
    (checkout / name).parent.mkdir(parents=True, exist_ok=True)
    (checkout / name).write_text('changed')
    assert _changed(before, _stamps(checkout)) == stages


def test_a_removed_launch_file_redoes_the_driver(checkout: Path) -> None:
    before = _stamps(checkout)
    (checkout / 'launch/port_driver.launch.py').unlink()
    assert _changed(before, _stamps(checkout)) == {'driver'}


def test_another_place_redoes_everything(checkout: Path) -> None:
    assert _changed(_stamps(checkout), _stamps(checkout, venv='.venv-moved')) == set(STAGES)


def test_a_stage_is_complete_only_after_its_stamp_is_written(checkout: Path) -> None:
    environment = Environment(root=checkout, distro='kilted', venv=checkout / '.venv')
    assert environment.stamp('packages') is None
    environment.state.mkdir(parents=True)
    environment.write_stamp('packages', 'made from this')
    assert environment.stamp('packages') == 'made from this'
    environment.remove_stamp('packages')
    assert environment.stamp('packages') is None
