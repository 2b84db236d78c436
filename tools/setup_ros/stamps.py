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

"""What each stage of the environment is made from: when it changes, the stage is made anew."""

from collections.abc import Iterable
import hashlib
from pathlib import Path
import sys

from .environment import Environment

HERE = Path(__file__).parent
INTERFACE_SOURCES = ('CMakeLists.txt', 'package.xml', 'action/*', 'msg/*', 'srv/*')
# Files whose names setup.py collects by glob; with --symlink-install their content is always live.
DATA_FILES = ('launch/*', 'config/*', 'udev/*', 'security/*', 'resource/*')


def of_packages(environment: Environment) -> str:
    """Return the stamp of the installed packages: the pins, the Python and the place."""
    made_with = f'{environment.base_python} {sys.version} {environment.venv}'
    sources = [
        environment.root / 'requirements' / f'{environment.distro}.txt',
        HERE / 'environment.py',
        HERE / 'mend.py',
        HERE / 'packages.py',
    ]
    return _digest(sources, made_with)


def of_test_tools(environment: Environment) -> str:
    """Return the stamp of the test tools: their pins, and what they are installed on."""
    return _digest([environment.root / 'requirements' / 'test.txt'], of_packages(environment))


def of_bench_tools(environment: Environment) -> str:
    """Return the stamp of the benchmarks' tools: their pins, and what they are installed on."""
    return _digest([environment.root / 'requirements' / 'bench.txt'], of_packages(environment))


def of_interfaces(environment: Environment) -> str:
    """Return the stamp of the built interfaces: their sources, and the builder."""
    package = environment.root / 'dxl_port_interfaces'
    sources = [path for pattern in INTERFACE_SOURCES for path in package.glob(pattern)]
    return _digest([HERE / 'workspace.py', *sources], of_packages(environment))


def of_driver(environment: Environment) -> str:
    """Return the stamp of the built driver: its packaging, and which data files it has."""
    root = environment.root
    packaging = [root / 'package.xml', root / 'setup.cfg', root / 'setup.py']
    names = sorted(str(path) for pattern in DATA_FILES for path in root.glob(pattern))
    return _digest([HERE / 'workspace.py', *packaging], of_packages(environment), *names)


def _digest(files: Iterable[Path], *texts: str) -> str:
    digest = hashlib.sha256()
    for path in sorted(files):
        if path.is_file():
            digest.update(f'{path}\0'.encode())
            digest.update(path.read_bytes())
    for text in texts:
        digest.update(f'\0{text}'.encode())
    return digest.hexdigest()
