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

from dxl_port_driver.node.declarations import DECLARATIONS
import pytest
from ros_support.graph import eventually

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


MODULE = (sys.executable, '-m', 'dxl_port_driver.node.main')


def test_parameters_that_the_driver_does_not_have_are_refused_with_those_that_were_meant(
    start, tmp_path
):
    file = tmp_path / 'wrong.yaml'
    file.write_text("/**:\n  ros__parameters:\n    stop_packet: ['00']\n    xyzzy: 1\n")
    started = [
        start(*MODULE, '--ros-args', '--params-file', str(file)),
        start(
            *MODULE, '--ros-args', '-p', 'baud_rate:=57600', '-p', 'allowed_instruction:=[ping]'
        ),
    ]
    assert [program.wait() for program in started] == [1, 1]
    from_file, from_line = (program.output for program in started)
    assert 'stop_packet (did you mean stop_packets?), xyzzy;' in from_file
    assert 'baud_rate (did you mean baudrate?)' in from_line
    assert 'allowed_instruction (did you mean allowed_instructions?)' in from_line
    assert len(from_file.splitlines()) == len(from_line.splitlines()) == 1


def test_the_parameters_of_ros_itself_pass(start_driver):
    _, driver = start_driver(
        **{
            'port_name': 'sim://',
            'use_sim_time': True,
            'start_type_description_service': False,
            'qos_overrides./parameter_events.publisher.depth': 3,
        }
    )
    assert driver.state == 'unconfigured'
    assert driver.get('use_sim_time') is True


def test_a_file_that_has_nothing_for_the_node_is_told(start_driver, tmp_path):
    cases = {
        'a': (['/**'], False),
        'b': (['b', 'other'], False),
        'c': (['/*'], False),
        'd': (['arm'], True),
        'e': (['/arm/e', '/camera', '/*/*'], True),
    }
    started = {}
    for node, (names, _) in cases.items():
        file = tmp_path / f'{node}.yaml'
        file.write_text(
            ''.join(f'{name}:\n  ros__parameters:\n    max_bytes: 99\n' for name in names)
        )
        started[node] = start_driver(
            node_name=node, port_name='sim://', more=['--params-file', str(file)]
        )
    for node, (names, is_told) in cases.items():
        program, driver = started[node]
        assert driver.get('max_bytes') == (4096 if is_told else 99)
        # It is told before the node says that it waits.
        eventually(lambda program=program: 'waiting to be configured' in program.output)
        told = f'{node}.yaml has no parameters for /{node}, only for {", ".join(names)};'
        assert (told in program.output) == is_told


def test_a_node_that_waits_says_so_once_with_its_port(start_driver, start):
    program, driver = start_driver(port_name='sim://', baudrate=57600)
    bare = start(*MODULE, '--ros-args', '-r', '__node:=bare')
    for one in (program, bare):
        eventually(lambda one=one: 'waiting to be configured' in one.output)
    assert 'which opens sim:// at 57600 bit/s' in program.output
    assert 'which opens /dev/ttyUSB0 at 1000000 bit/s' in bare.output
    driver.activate()
    assert driver.change_state('deactivate')
    assert driver.change_state('cleanup')
    assert program.output.count('waiting to be configured') == 1


def test_help_and_words_that_mean_nothing(start):
    help_wanted = start(*MODULE, '--help')
    word = start(*MODULE, '/dev/ttyUSB0')
    assignment = start(*MODULE, 'port_name:=sim://', '__ns:=/arm')
    assert help_wanted.wait() == 0
    for declaration in DECLARATIONS:
        assert f'\n  {declaration.name} (' in help_wanted.output
    assert max(map(len, help_wanted.output.splitlines())) < 80
    assert word.wait() == assignment.wait() == 2
    assert word.output == (
        "port_driver: '/dev/ttyUSB0' on the command line is not known; see port_driver --help\n"
    )
    assert '--ros-args -p port_name:=sim:// -r __ns:=/arm\n' in assignment.output


def test_what_nobody_waits_for_is_not_loaded_before_the_driver_is_active(start):
    script = (
        'import sys, dxl_port_driver.node.main, dxl_port_driver.sim.sim_port; '
        'print(sorted({"diagnostic_msgs", "std_msgs", "serial.rfc2217"} & set(sys.modules)))'
    )
    program = start(sys.executable, '-c', script)
    assert program.wait() == 0
    assert program.output == '[]\n'
