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

"""A driver for all tests of a module, as each start takes a second or two."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import os
from pathlib import Path
import sys
from typing import Any

from ros_support.domains import Domain
from ros_support.graph import eventually
from ros_support.processes import Program


@contextlib.contextmanager
def in_domain(domain: Domain) -> Iterator[None]:
    """Have contexts that are made meanwhile, in this process, join a domain."""
    before = os.environ.get('ROS_DOMAIN_ID')
    os.environ['ROS_DOMAIN_ID'] = str(domain.id)
    try:
        yield
    finally:
        if before is None:
            del os.environ['ROS_DOMAIN_ID']
        else:
            os.environ['ROS_DOMAIN_ID'] = before


@contextlib.contextmanager
def running_driver(
    domain: Domain, log: Path, *, name: str = 'dxl_port_driver', **parameters: Any
) -> Iterator[Program]:
    """Run a driver that becomes active by itself."""
    arguments = ['--ros-args', '-r', f'__node:={name}', '-p', 'autostart:=true']
    for parameter, value in parameters.items():
        arguments += ['-p', f'{parameter}:={value}']
    program = Program(
        sys.executable,
        '-m',
        'dxl_port_driver.node.main',
        *arguments,
        log=log,
        environment={'ROS_DOMAIN_ID': str(domain.id)},
    )
    try:
        eventually(lambda: ' is open at ' in program.output or not program.is_running)
        yield program
    finally:
        program.stop()
