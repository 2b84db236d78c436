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

"""A driver in a process and a domain of its own, for as long as a ``with`` block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
import contextlib
import importlib.util
from pathlib import Path
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ros_support.graph import RemoteDriver
    from ros_support.processes import Program


@contextlib.contextmanager
def a_driver(
    folder: Path, environment: Mapping[str, str] | None = None, **parameters: object
) -> Iterator[tuple[Program, RemoteDriver]]:
    """
    Run a driver in a domain of its own.

    :param folder: where its log goes.
    :param environment: variables beside those of this process.
    :param parameters: of the node.
    """
    if importlib.util.find_spec('rclpy') is None:
        pytest.skip('rclpy is not installed')
    from ros_support.domains import Domain
    from ros_support.graph import Graph, RemoteDriver
    from ros_support.processes import Program

    domain = Domain()
    graph = Graph(domain.id)
    given: list[str] = []
    for name, value in parameters.items():
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        given += ['-p', f'{name}:={shown}']
    program = Program(
        *(sys.executable, '-m', 'dxl_port_driver.node.main', '--ros-args', *given),
        log=folder / 'driver.log',
        environment={'ROS_DOMAIN_ID': str(domain.id), **(environment or {})},
    )
    try:
        yield program, RemoteDriver(graph)
        assert program.is_running, f'the driver died:\n{program.output}'
    finally:
        program.stop()
        graph.close()
        domain.release()
