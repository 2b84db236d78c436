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

"""What is wrong in the installed files, put right in place."""

from pathlib import Path
import re
import subprocess

from .environment import Environment
from .reporting import SetupError

# How long the first line of a script may be, on the oldest kernels in use.
LONGEST_SHEBANG = 127


def cmake_exports(environment: Environment) -> None:
    """
    Point the CMake files of the message packages at this environment's headers.

    The wheels carry the paths of the machine that built them; CMake stops at a folder that is
    not there.

    :raises SetupError: if there is no such file, or one still names the other machine's folders.
    """
    question = (
        'import numpy, sysconfig; print(sysconfig.get_path("include")); print(numpy.get_include())'
    )
    answer = subprocess.run(
        [environment.python, '-c', question], stdout=subprocess.PIPE, text=True, check=True
    )
    python_headers, numpy_headers = answer.stdout.splitlines()
    exports = sorted(
        environment.venv.glob('share/*/cmake/export_*__rosidl_generator_pyExport.cmake')
    )
    if not exports:
        raise SetupError('no CMake files of ROS 2 messages: the pinned packages are not complete')
    for path in exports:
        text = path.read_text()
        text = re.sub(r'/opt/python/[^;"]*/numpy/_core/include', lambda _: numpy_headers, text)
        text = re.sub(r'/opt/python/[^;"]*/include/python[\d.]+', lambda _: python_headers, text)
        if '/opt/python' in text:
            raise SetupError(f'{path} names folders of another machine in a way unknown so far')
        path.write_text(text)


def ament_prefix(environment: Environment) -> None:
    """
    Make the environment its own ROS prefix, for every Python in it and what that starts.

    The wheels see to the library path only; without AMENT_PREFIX_PATH neither the ament index
    nor colcon would work before a setup script is sourced. At the end of the list, where it gives
    way to a workspace built on top.
    """
    statement = (
        'import os, sys; '
        "_known = [p for p in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep) if p]; "
        "os.environ['AMENT_PREFIX_PATH'] = os.pathsep.join("
        '_known if sys.prefix in _known else [*_known, sys.prefix])\n'
    )
    (environment.site_packages / 'ament_prefix.pth').write_text(statement)


def develop_path(environment: Environment, build_folder: Path) -> None:
    """
    Let the environment import a package that colcon built with --symlink-install.

    colcon leaves that to the setup script that a shell sources.

    :param build_folder: where colcon linked the package's sources and put its metadata.
    """
    (environment.site_packages / f'{build_folder.name}.pth').write_text(f'{build_folder}\n')


def shebangs(environment: Environment, scripts: Path) -> None:
    """
    Let scripts start from a path that the kernel cannot take: one with a blank, or a long one.

    pip does this for its own scripts, setuptools does not.

    :param scripts: folder of the scripts.
    """
    python = str(environment.python)
    if not re.search(r'\s', python) and len(f'#!{python}') <= LONGEST_SHEBANG:
        return
    for script in scripts.iterdir():
        first, _, rest = script.read_text().partition('\n')
        if first.startswith('#!') and 'python' in first:
            script.write_text(f"#!/bin/sh\n'''exec' \"{python}\" \"$0\" \"$@\"\n' '''\n{rest}")
