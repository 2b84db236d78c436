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

"""The driver on one host, an SDK program on another: two network namespaces and a cable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import contextlib
import importlib.util
import os
from pathlib import Path
import shutil
import subprocess
import sys

import pytest
from ros_support.graph import eventually
from ros_support.processes import Program

SDK_PROGRAM = Path(__file__).resolve().parents[2] / 'examples' / 'sdk_over_ros.py'

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec('dynamixel_sdk') is None, reason='dynamixel_sdk is not installed'
)


class Host:
    """
    A network namespace with one cable.

    :param name: of the namespace.
    :param cable: name of its end of the cable.
    :param address: of that end, with the length of its network.
    """

    def __init__(self, name: str, cable: str, address: str) -> None:
        self.name = name
        self._cable = cable
        ip('link', 'set', cable, 'netns', name)
        for command in (
            ('addr', 'add', address, 'dev', cable),
            ('link', 'set', cable, 'up'),
            ('link', 'set', 'lo', 'up'),
        ):
            ip('-n', name, *command)

    def command(self, *command: str) -> tuple[str, ...]:
        """Give the command that runs another one on this host, with all of the subnet in sight."""
        return (
            *('ip', 'netns', 'exec', self.name, 'env'),
            # Shared memory would be a way around the cable.
            *('ROS_AUTOMATIC_DISCOVERY_RANGE=SUBNET', 'FASTDDS_BUILTIN_TRANSPORTS=UDPv4'),
            *command,
        )

    def packets(self) -> int:
        """Count what came over the cable."""
        path = f'/sys/class/net/{self._cable}/statistics/rx_packets'
        told = subprocess.run(
            self.command('cat', path), check=True, capture_output=True, text=True
        )
        return int(told.stdout)


def ip(*arguments: str) -> None:
    subprocess.run(('ip', *arguments), check=True, capture_output=True, text=True)


@pytest.fixture
def hosts() -> Iterator[list[Host]]:
    """Give two hosts with a cable between them, or skip."""
    if shutil.which('ip') is None:
        pytest.skip('ip (of iproute2) is not installed')
    number = os.getpid()
    names = [f'dxl_{number}_{end}' for end in 'ab']
    cables = [f'dxl{number}{end}' for end in 'ab']
    with contextlib.ExitStack() as stack:
        try:
            for name in names:
                ip('netns', 'add', name)
                stack.callback(ip, 'netns', 'delete', name)
            ip('link', 'add', cables[0], 'type', 'veth', 'peer', 'name', cables[1])
        except subprocess.CalledProcessError as error:
            pytest.skip(f'no rights to make network namespaces: {error.stderr.strip()}')
        yield [
            Host(name, cable, f'10.213.77.{end}/24')
            for end, (name, cable) in enumerate(zip(names, cables, strict=True), 1)
        ]


def test_an_sdk_program_uses_the_bus_of_another_host(hosts, start: Callable[..., Program]):
    robot, desk = hosts
    driver = start(
        *robot.command(sys.executable, '-m', 'dxl_port_driver.node.main'),
        *('--ros-args', '-p', 'port_name:=sim://?ids=1-3', '-p', 'autostart:=true'),
    )
    eventually(lambda: 'is open at' in driver.output)
    before = desk.packets()
    program = start(*desk.command(sys.executable, str(SDK_PROGRAM), '--id', '2'))
    assert program.wait() == 0, program.output
    assert 'arrived at' in program.output
    assert desk.packets() > before + 10
