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
Both packages built, tested and used in a colcon workspace, as a robot's builder does it.

Compiles for most of a minute, so it is no part of the usual suite: `make test-colcon` runs it.
"""

import os
from pathlib import Path
import shutil
import subprocess
import sys

import pytest

ROOT = Path(__file__).parents[2]
# Both packages by their paths: colcon does not look inside a folder that is a package.
BASE_PATHS = ['--base-paths', 'src/dxl_port_driver', 'src/dxl_port_driver/dxl_port_interfaces']
COLCON_MAKES = ('build', 'install', 'log')
# Everything that a clone holds; what else lies in a checkout was made there.
MADE_HERE = shutil.ignore_patterns(
    '.*_cache', '.git', '.venv*', '.hypothesis', '__pycache__', '*.egg-info', *COLCON_MAKES
)
# With what pytest says, for the reader of a failure.
COLCON_TEST = ['colcon', 'test', '--event-handlers', 'console_direct+']
# A few tests that need neither long nor a bus: what is proven here is that colcon runs them.
QUICK_TESTS = ['--pytest-args', 'test/packaging', '-k', 'test_install or test_manifest']


pytestmark = pytest.mark.timeout(600)

# Nor can a script name such a Python in its first line.
needs_plain_python = pytest.mark.skipif(
    ' ' in sys.executable,
    reason='needs a Python without a blank in its path: colcon sets up none with one',
)


def _run(command: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ['PATH']])
    return subprocess.run(
        command, cwd=cwd, env={**os.environ, 'PATH': path}, capture_output=True, text=True
    )


def _succeed(command: list[str], cwd: Path) -> str:
    outcome = _run(command, cwd)
    assert outcome.returncode == 0, f'{outcome.stdout}\n{outcome.stderr}'
    return outcome.stdout


@pytest.fixture(scope='module')
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('work space')
    shutil.copytree(ROOT, folder / 'src' / 'dxl_port_driver', ignore=MADE_HERE)
    _succeed(['colcon', 'build', *BASE_PATHS], folder)
    return folder


def _in_workspace(workspace: Path, command: str) -> str:
    script = f'. install/local_setup.sh && {command}'
    return _succeed(['bash', '-c', script], workspace)


@needs_plain_python
def test_the_ament_index_finds_both_packages_in_the_workspace(workspace: Path) -> None:
    code = (
        'from ament_index_python import get_package_prefix as prefix; '
        'print(prefix("dxl_port_driver")); print(prefix("dxl_port_interfaces"))'
    )
    prefixes = _in_workspace(workspace, f"python -c '{code}'").splitlines()
    assert prefixes == [
        str(workspace / 'install' / package)
        for package in ('dxl_port_driver', 'dxl_port_interfaces')
    ]


def test_ros2_run_finds_every_program(workspace: Path) -> None:
    programs = workspace / 'install' / 'dxl_port_driver' / 'lib' / 'dxl_port_driver'
    assert {path.name for path in programs.iterdir()} >= {'port_driver', 'virtual_bus'}
    assert all(os.access(path, os.X_OK) for path in programs.iterdir())


def test_ros2_launch_finds_every_launch_and_config_file(workspace: Path) -> None:
    share = workspace / 'install' / 'dxl_port_driver' / 'share' / 'dxl_port_driver'
    for folder in ('launch', 'config', 'security', 'udev'):
        installed = sorted(path.name for path in (share / folder).iterdir())
        assert installed == sorted(path.name for path in (ROOT / folder).glob('*.*'))


@needs_plain_python
def test_the_code_and_the_interfaces_come_from_the_workspace(workspace: Path) -> None:
    code = (
        'import dxl_port_driver as d, dxl_port_interfaces.srv as i; print(d.__file__, i.__file__)'
    )
    assert _in_workspace(workspace, f"python -c '{code}'").count(f'{workspace}/install/') == 2


@needs_plain_python
def test_a_program_starts_from_the_workspace(workspace: Path) -> None:
    program = 'install/dxl_port_driver/lib/dxl_port_driver/virtual_bus'
    assert 'usage' in _in_workspace(workspace, f'{program} --help').lower()


def test_colcon_test_runs_the_tests(workspace: Path) -> None:
    fail = '--return-code-on-test-failure'
    _succeed([*COLCON_TEST, *BASE_PATHS, fail, *QUICK_TESTS], workspace)
    summary = _succeed(['colcon', 'test-result', '--all'], workspace)
    assert 'pytest.xml' in summary
    assert ' 0 errors, 0 failures' in summary


def test_colcon_works_in_the_checkout_itself(tmp_path: Path) -> None:
    shutil.copytree(ROOT, tmp_path, ignore=MADE_HERE, dirs_exist_ok=True)
    # The interfaces of the environment serve; to compile them once is enough.
    selected = ['--packages-select', 'dxl_port_driver']
    _succeed(['colcon', 'build', *selected], tmp_path)
    _succeed([*COLCON_TEST, *selected, *QUICK_TESTS], tmp_path)
    assert ' 0 errors, 0 failures' in _succeed(['colcon', 'test-result', '--all'], tmp_path)
