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

"""What pip installs, and the mends that it needs afterwards."""

from pathlib import Path
import re

from . import mend
from .environment import Environment
from .reporting import SetupError

PIP = ['-m', 'pip', '--quiet', '--disable-pip-version-check', '--no-input']


def install(environment: Environment) -> None:
    """
    Make the environment anew, with the pinned packages of the distro in it.

    :param environment: may be there already, in any state.
    :raises SetupError: if pip fails, or the packages are not what the mends were made for.
    """
    environment.create()
    locked = environment.root / 'requirements' / f'{environment.distro}.txt'
    _install_build_backend(environment, locked)
    _install_locked(environment, locked)
    mend.cmake_exports(environment)
    mend.ament_prefix(environment)


def install_test_tools(environment: Environment) -> None:
    """
    Install what the tests and linters need on top.

    :raises SetupError: if pip fails.
    """
    _install_locked(environment, environment.root / 'requirements' / 'test.txt')


def install_bench_tools(environment: Environment) -> None:
    """
    Install what the benchmarks need on top of the test tools.

    :raises SetupError: if pip fails.
    """
    _install_locked(environment, environment.root / 'requirements' / 'bench.txt')


def _install_build_backend(environment: Environment, locked: Path) -> None:
    pins = re.findall(r'^setuptools==\S+', locked.read_text(), flags=re.MULTILINE)
    # One small package first: without a network pip tries each one for minutes.
    command = [*PIP, 'install', '--retries', '1', '--timeout', '15', *pins]
    try:
        environment.run([str(environment.python), *command], log='pip_first')
    except SetupError as error:
        raise SetupError(f'pip gets no packages, is there a network? {error}') from error


def _install_locked(environment: Environment, locked: Path) -> None:
    # The list is complete, so nothing is resolved, and what is no wheel is built with the pinned
    # setuptools and not with the newest one.
    options = ['--no-deps', '--no-build-isolation', '--use-pep517', '-r', str(locked)]
    environment.run([str(environment.python), *PIP, 'install', *options], log=f'pip_{locked.stem}')
