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

"""Configure and activate when the port is not as it should be."""

from __future__ import annotations

from collections.abc import Callable
import fcntl
import os
import shutil
import sys

from dxl_port_driver.errors import ResultCode
import pytest
from ros_support.calls import EVERY_SERVICE
from ros_support.graph import eventually, RemoteDriver

DENIED_TO_ROOT = ('setpriv', '--bounding-set=-dac_override,-dac_read_search')


@pytest.fixture
def refused_port(start_driver) -> Callable[[str], str]:
    """Give a function that has configure fail on a port and gives what the log says of it."""
    program, driver = start_driver()

    def refused_port(name: str) -> str:
        before = len(program.output)
        assert driver.set(port_name=name) is None
        assert not driver.change_state('configure')
        assert driver.state == 'unconfigured'
        assert EVERY_SERVICE['write'](driver) == ResultCode.NOT_AVAILABLE
        return eventually(lambda: program.output[before:].partition('configure failed: ')[2])

    return refused_port


def test_the_log_says_why_a_port_does_not_open(refused_port, tmp_path):
    plain_file = tmp_path / 'file'
    plain_file.touch()
    for name, words in (
        ('/dev/no_such_port', 'does not exist'),
        ('/dev', 'serial'),
        ('/dev/null', 'serial'),
        (str(plain_file), 'serial'),
        ('socket://127.0.0.1:1', 'Connection refused'),
        ('rfc2217://127.0.0.1:1', 'Connection refused'),
    ):
        log = refused_port(name)
        assert name in log
        assert words in log


def test_a_port_that_another_process_holds_is_told_with_the_holder(start_driver, wire):
    program, driver = start_driver(port_name=wire.path)
    device = os.open(wire.path, os.O_RDWR | os.O_NOCTTY)
    try:
        fcntl.flock(device, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert not driver.change_state('configure')
        eventually(lambda: f'pid {os.getpid()}' in program.output)
    finally:
        os.close(device)
    assert driver.change_state('configure')


def test_a_port_that_this_user_may_not_open_is_told(start, graph, wire):
    prefix = () if os.getuid() else DENIED_TO_ROOT
    if prefix and shutil.which(prefix[0]) is None:
        pytest.skip('setpriv (util-linux), to be refused a port as root')
    os.chmod(wire.path, 0)
    program = start(
        *(*prefix, sys.executable, '-m', 'dxl_port_driver.node.main'),
        *('--ros-args', '-p', f'port_name:={wire.path}'),
    )
    driver = RemoteDriver(graph)
    assert not driver.change_state('configure')
    eventually(lambda: f'{wire.path} may not be opened by this user' in program.output)
    os.chmod(wire.path, 0o600)
    assert driver.change_state('configure')


def test_a_baudrate_that_the_port_cannot_make_fails_configure(start_driver):
    program, driver = start_driver(port_name='sim://?rates=57600,115200', baudrate=1_000_000)
    assert not driver.change_state('configure')
    assert driver.state == 'unconfigured'
    eventually(lambda: '115200' in program.output)
    assert driver.set(baudrate=57600) is None
    assert driver.change_state('configure')


def test_a_failed_configure_can_be_tried_again(start_driver, wire):
    _, driver = start_driver(port_name='/dev/no_such_port')
    for _ in range(3):
        assert not driver.change_state('configure')
    assert driver.set(port_name=wire.path) is None
    driver.activate()
    assert EVERY_SERVICE['write'](driver) == ResultCode.SUCCESS


def test_a_port_that_went_away_while_inactive_fails_activate(start_driver, wire, make_wire):
    program, driver = start_driver(port_name=wire.path)
    assert driver.change_state('configure')
    wire.unplug()
    assert not driver.change_state('activate')
    assert driver.state == 'inactive'
    eventually(lambda: 'activate failed: ' in program.output)
    assert EVERY_SERVICE['write'](driver) == ResultCode.NOT_AVAILABLE
    assert driver.change_state('cleanup')
    assert driver.set(port_name=make_wire().path) is None
    driver.activate()
