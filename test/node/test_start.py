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

"""Starting the node with what it cannot use: a sentence on stderr, and exit status 1."""

from __future__ import annotations

import sys

import pytest

WRONG = {
    'baudrate': ('fast', '0'),
    'max_timeout': ('.nan', '5'),
    'port_name': ('7', 'spy:///dev/ttyUSB0'),
}
UNREADABLE = (('-p', 'baudrate:='), ('--no-such',), ('--params-file', '/no/such/file'))


@pytest.mark.parametrize('name', WRONG)
def test_a_wrong_parameter_is_told_in_one_sentence_that_names_it(start_driver, name):
    started = [(value, start_driver(**{name: value})[0]) for value in WRONG[name]]
    for value, program in started:
        assert program.wait() == 1, f'{name}:={value}'
        (line,) = program.output.splitlines()
        assert line.startswith('port_driver: ')
        assert name in line or value in line


def test_arguments_that_ros_cannot_read_are_told_without_a_traceback(start):
    started = [
        start(sys.executable, '-m', 'dxl_port_driver.node.main', '--ros-args', *arguments)
        for arguments in UNREADABLE
    ]
    for arguments, program in zip(UNREADABLE, started, strict=True):
        assert program.wait() == 1, arguments
        assert 'Traceback' not in program.output
        assert 'port_driver: ' in program.output
        assert arguments[-1] in program.output


def test_what_nobody_waits_for_is_not_loaded_before_the_driver_is_active(start):
    script = (
        'import sys, dxl_port_driver.node.main, dxl_port_driver.sim.sim_port; '
        'print(sorted({"diagnostic_msgs", "std_msgs", "serial.rfc2217"} & set(sys.modules)))'
    )
    program = start(sys.executable, '-c', script)
    assert program.wait() == 0
    assert program.output == '[]\n'
