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

"""Both packages of the checkout, built by colcon right into the environment."""

import os
from pathlib import Path
import shutil

from . import mend
from .environment import Environment


def build_interfaces(environment: Environment) -> None:
    """
    Build dxl_port_interfaces.

    :raises SetupError: if the build fails.
    """
    _remove_built(environment, 'dxl_port_interfaces')
    # Not linked to the build folder, which keeps an older setup's generated files out of imports.
    cmake = ['--cmake-args', '-G', 'Ninja', '-DBUILD_TESTING=OFF']
    _colcon_build(environment, 'dxl_port_interfaces', cmake)


def build_driver(environment: Environment) -> None:
    """
    Build dxl_port_driver, linked to the checkout: an edit of it is live at once.

    :raises SetupError: if the build fails.
    """
    _remove_built(environment, 'dxl_port_driver')
    _colcon_build(environment, 'dxl_port_driver', ['--symlink-install'])
    mend.develop_path(environment, _build_base(environment) / 'dxl_port_driver')
    scripts = environment.venv / 'lib' / 'dxl_port_driver'
    mend.shebangs(environment, scripts)
    for script in scripts.iterdir():
        command = environment.venv / 'bin' / script.name
        command.unlink(missing_ok=True)
        command.symlink_to(os.path.relpath(script, command.parent))


def _colcon_build(environment: Environment, package: str, options: list[str]) -> None:
    venv = environment.venv
    colcon = [str(venv / 'bin' / 'colcon'), '--log-base', str(environment.logs / 'colcon')]
    places = ['--build-base', str(_build_base(environment)), '--install-base', str(venv)]
    selection = ['--base-paths', *_base_paths(package), '--packages-select', package]
    jobs = len(os.sched_getaffinity(0))
    environment.run(
        [*colcon, 'build', '--merge-install', *places, *selection, *options],
        log=f'build_{package}',
        variables={
            'PATH': os.pathsep.join([str(venv / 'bin'), os.environ['PATH']]),
            'COLCON_HOME': str(environment.state),
            # Without a word on the load: colcon would have Ninja hold back for other processes,
            # down to one job at a time on a small machine.
            'MAKEFLAGS': f'-j{jobs}',
        },
    )


def _base_paths(package: str) -> list[str]:
    return ['.'] if package == 'dxl_port_driver' else [package]


def _build_base(environment: Environment) -> Path:
    return environment.state / 'build'


def _remove_built(environment: Environment, package: str) -> None:
    # colcon only ever adds files: what the package no longer has would stay for ever.
    venv = environment.venv
    for script in _entries(venv, f'lib/{package}/*'):
        (venv / 'bin' / script.name).unlink(missing_ok=True)
    _remove(_build_base(environment) / package)
    for pattern in (
        f'include/{package}',
        f'lib/{package}',
        f'lib/lib{package}__*',
        f'lib/python*/site-packages/{package}*',
        f'lib/python*/site-packages/{package.replace("_", "-")}*',
        f'share/{package}',
        f'share/ament_index/resource_index/*/{package}',
        f'share/colcon-core/packages/{package}',
    ):
        for entry in _entries(venv, pattern):
            _remove(entry)


def _entries(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif path.is_symlink() or path.exists():
        path.unlink()
