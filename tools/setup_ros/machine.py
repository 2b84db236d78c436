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

"""What the machine must have, checked before any long work starts."""

import importlib.util
import os
from pathlib import Path
import platform
import shlex
import shutil
import sys
import sysconfig

from .environment import Environment
from .reporting import SetupError

PYTHON = f'{sys.version_info.major}.{sys.version_info.minor}'
# The oldest glibc that wheels tagged manylinux_2_28 run on.
OLDEST_GLIBC = (2, 28)


def check(environment: Environment) -> None:
    """
    See that an environment can be made here.

    :param environment: what is going to be made.
    :raises SetupError: with what is missing and how to get it.
    """
    environment.check_place()
    _check_platform()
    _check_python()
    check_compiler(environment)
    _check_space(environment.root)


def check_compiler(environment: Environment) -> None:
    """
    See that C++ extensions of this Python can be built.

    :param environment: what they are going to be built for.
    :raises SetupError: if there is no C or C++ compiler, or Python's headers are missing.
    """
    for variable, names in (('CC', ('cc', 'gcc', 'clang')), ('CXX', ('c++', 'g++', 'clang++'))):
        chosen = shlex.split(os.environ.get(variable, ''))
        if chosen and not shutil.which(chosen[0]):
            raise SetupError(f'{variable} names {chosen[0]}, which is not there: unset {variable}')
        if not chosen and not any(map(shutil.which, names)):
            raise SetupError(
                'no C++ compiler: install one '
                '(Debian, Ubuntu: apt install g++; Fedora: dnf install gcc-c++)'
            )
    if not (Path(sysconfig.get_path('include')) / 'Python.h').is_file():
        raise SetupError(
            f'no headers of Python {PYTHON} (Python.h): install them '
            f'(Debian, Ubuntu: apt install python{PYTHON}-dev; '
            f'Fedora: dnf install python{PYTHON}-devel)'
        )


def _check_platform() -> None:
    system = f'{platform.system()} {platform.machine()}'
    if system != 'Linux x86_64' or sys.maxsize < 2**32:
        raise SetupError(
            f'this is {system}, and ROS 2 wheels exist for 64-bit Linux x86_64 only: '
            'install ROS 2 for it and build with colcon, as the README says'
        )
    library, version = platform.libc_ver()
    if library != 'glibc' or tuple(map(int, version.split('.')[:2])) < OLDEST_GLIBC:
        raise SetupError(
            f'this system has {library or "no"} {version or "glibc"}, and ROS 2 wheels need '
            'glibc 2.28 or newer: use Debian 11, Ubuntu 20.04, Fedora 29, or a later system'
        )


def _check_python() -> None:
    free_threaded = sysconfig.get_config_var('Py_GIL_DISABLED')
    if platform.python_implementation() != 'CPython' or free_threaded:
        raise SetupError(
            f'{sys.executable} is not the usual CPython, and ROS 2 wheels exist for that only: '
            'name another one: make PYTHON=python3.12'
        )
    # A folder that lost its files is still found, but has no origin.
    modules = [importlib.util.find_spec(name) for name in ('venv', 'ensurepip')]
    if not all(module and module.origin for module in modules):
        raise SetupError(
            f'{sys.executable} cannot make virtual environments: install the module for it '
            f'(Debian, Ubuntu: apt install python{PYTHON}-venv)'
        )


def _check_space(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < 10**9:
        raise SetupError(
            f'only {free // 10**6} MB free in {folder}, and the environment needs 1 GB: '
            'make room there'
        )
