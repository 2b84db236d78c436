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

"""The setup as `make` calls it: what it says before any work, and what it keeps out."""

import os
from pathlib import Path
import shutil
import subprocess
import sys

import pytest

ROOT = Path(__file__).parents[2]
BASE_PYTHON = os.path.realpath(getattr(sys, '_base_executable', sys.executable))
# What the setup calls before it has seen that a compiler is there.
TOOLS = ['cat', 'dirname', 'env', 'sed', 'sh']


def _run(
    command: list[str], environment: dict[str, str], cwd: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True)


@pytest.fixture
def bare_path(tmp_path: Path) -> str:
    folder = tmp_path / 'bin'
    folder.mkdir()
    for tool in TOOLS:
        (folder / tool).symlink_to(shutil.which(tool) or tool)
    return str(folder)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    copy = tmp_path / 'check out'
    for folder in ('requirements', 'tools'):
        shutil.copytree(ROOT / folder, copy / folder)
    return copy


def _setup(checkout: Path, path: str, python: str) -> subprocess.CompletedProcess[str]:
    command = ['sh', 'tools/clean_env.sh', 'sh', 'tools/setup.sh', 'kilted', '.venv', python]
    return _run(command, {'PATH': path, 'HOME': str(checkout)}, cwd=checkout)


def _assert_one_line(outcome: subprocess.CompletedProcess[str], *words: str) -> None:
    assert outcome.returncode != 0
    assert outcome.stdout == ''
    assert outcome.stderr.startswith('setup: ')
    assert outcome.stderr.count('\n') == 1
    for word in words:
        assert word in outcome.stderr


def test_no_compiler_is_told_with_what_to_install(checkout: Path, bare_path: str) -> None:
    outcome = _setup(checkout, bare_path, BASE_PYTHON)
    _assert_one_line(outcome, 'no C++ compiler', 'apt install g++')
    assert not (checkout / '.venv').exists()


def test_no_python_is_told_with_what_to_install(checkout: Path, bare_path: str) -> None:
    outcome = _setup(checkout, bare_path, '')
    _assert_one_line(outcome, 'no Python', 'python3-venv', 'PYTHON=')


def test_an_old_python_is_told_with_its_version(checkout: Path, bare_path: str) -> None:
    # A real Python that says it is another one, since an old one is not everywhere.
    old = checkout / 'python3.8'
    old.write_text(
        '#!/bin/sh\n'
        f'exec {BASE_PYTHON} -c "import sys; sys.version_info = (3, 8); exec(sys.argv[1])" "$2"\n'
    )
    old.chmod(0o755)
    outcome = _setup(checkout, bare_path, str(old))
    _assert_one_line(outcome, 'Python 3.8', '3.10 to 3.13', 'PYTHON=')


def test_an_environment_of_somebody_else_is_left_alone(checkout: Path) -> None:
    theirs = checkout / '.venv' / 'pyvenv.cfg'
    theirs.parent.mkdir()
    theirs.write_text('home = /usr/bin\n')
    outcome = _setup(checkout, os.environ['PATH'], BASE_PYTHON)
    _assert_one_line(outcome, 'was not made by this setup', 'move it away')
    assert theirs.read_text() == 'home = /usr/bin\n'


def test_a_second_setup_does_nothing() -> None:
    venv = Path(sys.prefix)
    if not (venv / '.setup').is_dir() or venv.parent != ROOT:
        pytest.skip('needs the virtual environment that make sets up')
    distro = 'jazzy' if venv.name.endswith('jazzy') else 'kilted'
    command = ['sh', 'tools/clean_env.sh', 'sh', 'tools/setup.sh', distro, venv.name, '']
    outcome = _run([*command, '--with-tests', '--check'], dict(os.environ))
    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (0, '', '')


def test_nothing_of_a_sourced_ros_leaks_in(tmp_path: Path) -> None:
    ros = tmp_path / 'opt ros'
    (ros / 'bin').mkdir(parents=True)
    (ros / 'share' / 'ament_index').mkdir(parents=True)
    kept = {'HOME': str(tmp_path), 'ROS_DOMAIN_ID': '7', 'LANG': 'C'}
    sourced = {
        'AMENT_PREFIX_PATH': str(ros),
        'CMAKE_PREFIX_PATH': str(ros),
        'COLCON_DEFAULTS_FILE': str(ros / 'defaults.yaml'),
        'COLCON_PREFIX_PATH': str(ros),
        'LD_LIBRARY_PATH': str(ros / 'lib'),
        'MAKEFLAGS': '-j8',
        'PYTHONHOME': str(ros),
        'PYTHONPATH': str(ros / 'lib'),
        'RMW_IMPLEMENTATION': 'rmw_of_another_distro',
        'ROS_DISTRO': 'humble',
        'ROS_VERSION': '2',
        'VIRTUAL_ENV': str(ros),
        '_ROS_WHEELS_BOOTSTRAP_COMPLETE': '1',
    }
    path = f'{ros}/bin:/usr/local/bin:/usr/bin:/bin'
    outcome = _run(
        ['sh', 'tools/clean_env.sh', 'env'], {**kept, **sourced, 'PATH': path, 'SHLVL': '1'}
    )
    left = dict(line.split('=', 1) for line in outcome.stdout.splitlines())
    assert left['PATH'] == '/usr/local/bin:/usr/bin:/bin'
    assert not sourced.keys() & left.keys()
    assert kept.items() <= left.items()
