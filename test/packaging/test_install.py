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

"""What a build leaves where ROS tools look for it; holds in the environment and in a workspace."""

import os
from pathlib import Path
import subprocess
import sys

import pytest

index = pytest.importorskip('ament_index_python', reason='needs ament_index_python')

ROOT = Path(__file__).parents[2]
PROGRAMS = ['dxl_port', 'port_driver', 'virtual_bus']


def _prefix(package: str) -> Path:
    try:
        return Path(index.get_package_prefix(package))
    except index.PackageNotFoundError:
        pytest.skip(f'needs {package} built and sourced')


@pytest.mark.parametrize('package', ['dxl_port_driver', 'dxl_port_interfaces'])
def test_the_ament_index_knows_the_package(package: str) -> None:
    prefix = _prefix(package)
    assert (prefix / 'share' / package / 'package.xml').is_file()


@pytest.mark.parametrize('program', PROGRAMS)
def test_ros2_run_finds_the_program(program: str) -> None:
    path = _prefix('dxl_port_driver') / 'lib' / 'dxl_port_driver' / program
    assert path.is_file()
    assert os.access(path, os.X_OK)


def test_there_is_no_program_that_nobody_announced() -> None:
    folder = _prefix('dxl_port_driver') / 'lib' / 'dxl_port_driver'
    assert sorted(path.name for path in folder.iterdir()) == sorted(PROGRAMS)


@pytest.mark.parametrize('program', PROGRAMS)
def test_the_environment_has_the_program_as_a_command(program: str) -> None:
    prefix = _prefix('dxl_port_driver')
    if prefix != Path(sys.prefix):
        pytest.skip('needs the virtual environment that make sets up')
    assert os.access(prefix / 'bin' / program, os.X_OK)


@pytest.mark.parametrize('folder', ['launch', 'config', 'security', 'udev'])
def test_every_file_of_the_share_is_installed(folder: str) -> None:
    installed = _prefix('dxl_port_driver') / 'share' / 'dxl_port_driver' / folder
    wanted = [path.name for path in (ROOT / folder).glob('*.*')]
    assert sorted(path.name for path in installed.glob('*.*')) == sorted(wanted)


def test_the_installed_package_is_typed_as_the_source_is() -> None:
    code = (
        'import dxl_port_driver, pathlib; '
        'print((pathlib.Path(dxl_port_driver.__file__).parent / "py.typed").is_file())'
    )
    # From elsewhere: the checkout itself must not answer.
    answer = subprocess.run(
        [sys.executable, '-c', code], cwd='/', capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == str((ROOT / 'dxl_port_driver' / 'py.typed').is_file())
