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

"""Who may import what."""

from __future__ import annotations

import ast
from pathlib import Path
import re
import subprocess
import sys

import dxl_port_driver
import pytest

PACKAGE = 'dxl_port_driver'
ROOT = Path(dxl_port_driver.__file__).resolve().parent
# What in sim/ runs the emulated servos behind a real pty; all the rest there is pure.
SIM_WITH_THREADS = {'command', 'pty_server', 'sim_port'}
# What in recording/ keeps recordings on disk and plays them; all the rest there is pure.
RECORDING_WITH_FILES = {'file', 'server'}
# Files, descriptors, threads, clocks, the network, other processes.
IMPURE = {
    'asyncio',
    'concurrent',
    'fcntl',
    'io',
    'multiprocessing',
    'os',
    'pathlib',
    'pty',
    'queue',
    'sched',
    'select',
    'selectors',
    'serial',
    'signal',
    'socket',
    'subprocess',
    'tempfile',
    'termios',
    'threading',
    'time',
    'tty',
}
ROS = re.compile(
    r'rclpy|rosidl\w*|ament\w*|launch|launch_ros|lifecycle_msgs|\w+_(msgs|srvs|interfaces)'
)


def modules(*below: str) -> list[Path]:
    return sorted(ROOT.joinpath(*below).rglob('*.py'))


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix('').parts
    return '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)


def imports(path: Path) -> set[str]:
    """Give the full names of what a module imports, at its top or anywhere inside."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f'{path}: a relative import'
            found.add(node.module)
            found |= {f'{node.module}.{alias.name}' for alias in node.names}
    return found


def outside(path: Path) -> set[str]:
    return {name.partition('.')[0] for name in imports(path)} - {PACKAGE}


def inside(path: Path) -> set[str]:
    """Give the folders and top modules of the package that a module imports from."""
    return {name.split('.')[1] for name in imports(path) if name.startswith(f'{PACKAGE}.')}


def in_folder(path: Path) -> str:
    return path.relative_to(ROOT).parts[0]


EVERY_MODULE = modules()
PURE = [
    *modules('protocol'),
    *(path for path in modules('sim') if path.stem not in SIM_WITH_THREADS),
    *(path for path in modules('recording') if path.stem not in RECORDING_WITH_FILES),
]
# Folder: what else of the package it may use.
MAY_USE = {
    'protocol': {'errors', 'protocol'},
    'port': {'errors', 'port'},
    'bus': {'errors', 'protocol', 'port', 'bus'},
    'sim': {'errors', 'protocol', 'port', 'sim'},
    'recording': {'errors', 'protocol', 'sim', 'recording'},
}


def test_the_sources_are_found():
    assert {'protocol', 'bus', 'port'} <= {in_folder(path) for path in EVERY_MODULE}


@pytest.mark.parametrize('path', PURE, ids=dotted)
def test_a_pure_module_touches_no_device_no_clock_and_no_thread(path):
    assert not outside(path) & IMPURE
    assert not {name for name in outside(path) if ROS.fullmatch(name)}


@pytest.mark.parametrize('path', PURE, ids=dotted)
def test_a_pure_module_uses_only_pure_ones(path):
    allowed = {'errors', 'protocol', in_folder(path)}
    assert inside(path) <= allowed
    impure = {f'{PACKAGE}.sim.{stem}' for stem in SIM_WITH_THREADS}
    impure |= {f'{PACKAGE}.recording.{stem}' for stem in RECORDING_WITH_FILES}
    assert not imports(path) & impure


@pytest.mark.parametrize(
    'path', [path for folder in MAY_USE for path in modules(folder)], ids=dotted
)
def test_a_layer_uses_only_those_below_it(path):
    extra = {'sim'} if dotted(path) == f'{PACKAGE}.port.open_port' else set()
    assert inside(path) <= MAY_USE[in_folder(path)] | extra


def test_one_module_for_devices_and_one_for_the_network_touch_pyserial():
    touching = {dotted(path) for path in EVERY_MODULE if 'serial' in outside(path)}
    assert touching == {f'{PACKAGE}.port.serial_port', f'{PACKAGE}.port.rfc2217_client'}


@pytest.mark.parametrize('path', EVERY_MODULE, ids=dotted)
def test_only_node_and_client_know_ros(path):
    # The two modules at the top are what node and client have in common.
    if in_folder(path) not in {'node', 'client', 'conversions.py', 'wait_thread.py'}:
        assert not {name for name in outside(path) if ROS.fullmatch(name)}


@pytest.mark.parametrize('module', ['protocol.exchange', 'bus.bus', 'port.open_port'])
def test_importing_a_lower_layer_loads_neither_ros_nor_pyserial(module):
    script = (
        f'import sys, {PACKAGE}.{module}; '
        'print(sorted({"rclpy", "serial", "dxl_port_interfaces"} & set(sys.modules)))'
    )
    done = subprocess.run(
        [sys.executable, '-c', script],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        cwd=ROOT.parent,
    )
    assert (done.stdout, done.stderr) == ('[]\n', '')
