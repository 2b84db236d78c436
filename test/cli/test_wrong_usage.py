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

"""What a user can do wrong: each has its exit status and its sentence, none a traceback."""

from __future__ import annotations

import pytest

SIM = ('--port', 'sim://')


@pytest.mark.parametrize(
    ('call', 'sentence'),
    [
        (('bensh',), "No such command 'bensh'"),
        (('ping', '1x', *SIM), "'1x' is no id; write them as 1-6,9"),
        (('ping', '3-1', *SIM), 'runs backwards; write 1-3'),
        (('ping', '1-99999999999', *SIM), 'is no id of a servo; give 0 to 253'),
        (('ping', '254', *SIM), 'is no id of a servo; give 0 to 253'),
        (('write', '255', '1', '1', *SIM), 'or 254 for all'),
        (('read', '1', '70000', *SIM), '70000 is no address; give 0 to 65535'),
        (('read', '1', 'xyz', *SIM), "'xyz' is no number; write one such as 132 or 0x84"),
        (('read', '1', '1', '0', *SIM), '0 is no length; give 1 to 65535'),
        (('read', '1', '300', '--protocol', '1.0', *SIM), 'does not fit into a Protocol 1.0'),
        (('read', '1', '1', '256', '--protocol', '1.0', *SIM), 'does not fit into a Protocol 1.0'),
        (('write', '1', '116', '2048', *SIM), 'give the length of the register behind it: 2048 2'),
        (('write', '1', '116', '-200', *SIM), 'does not fit into 1 byte'),
        (('write', '1', '116', '1', '--lenght', '4', *SIM), '--lenght'),
        (('transact', 'zz', *SIM), "'zz' is not bytes in hex"),
        (('transact', 'FFF', *SIM), "'FFF' is not bytes in hex"),
        (('transact', 'FFFFFD0001030001194F', *SIM), 'should have 19 4e'),
        (('transact', '55', '--length', '1', '--no-answer', *SIM), 'exclude each other'),
        (('watch', '1', '1', '--rate', 'nan', *SIM), 'is no number'),
        (('ping', '1', '--timeout', 'nan', *SIM), 'is no number'),
        (('ping', '--baudrate', 'fast', *SIM), "'fast' is no baudrate"),
        (('ping', '--baudrate', '0', *SIM), "'0' is no baudrate"),
        (('scan', '--baudrates', '57600,x', *SIM), "'x' is no baudrate"),
        (('ping', '--baudrate', '57600'), 'ros2 param set /dxl_port_driver baudrate 57600'),
        (('ping', '--driver', '/a', *SIM), 'give --driver or --port, not both'),
        (('ping', '--driver', 'a b!'), 'is no name of a node'),
        (('ping', '--port', ''), 'The port name is empty'),
        (('ping', '--port', 'ttyUSB0'), 'did you mean /dev/ttyUSB0?'),
        (('ping', '--port', 'spy:///dev/null'), 'has the scheme spy://'),
        (('ping', '--port', 'sim://?idz=1'), 'did you mean ids?'),
        (('info', '--port', 'ttyUSB0'), 'did you mean /dev/ttyUSB0?'),
        (('ping', '--dtr', 'off'), '--open-delay and --dtr go with --port'),
        (('ping', '--open-delay', '2'), 'those of a driver are its parameters'),
        (('ping', '--port', 'sim://', '--open-delay', '11'), 'open-delay'),
    ],
)
def test_wrong_usage_is_status_2(dxl_port, call, sentence):
    done = dxl_port(*call)
    assert done.status == 2
    assert sentence in done.err
    assert not done.out


@pytest.mark.parametrize(
    ('port', 'sentence'),
    [
        ('/dev/no_such_port', '/dev/no_such_port does not exist'),
        ('/dev/null', 'no serial port'),
        ('/etc/passwd', 'a regular file'),
        ('socket://127.0.0.1:1', 'did not open (Connection refused)'),
        ('socket://127.0.0.1:1 --dtr leave', 'so that dtr cannot be leave'),
    ],
)
@pytest.mark.parametrize('command', ['ping', 'info'])
def test_a_port_that_does_not_open_is_status_3(dxl_port, command, port, sentence):
    done = dxl_port(command, '--port', *port.split())
    assert done.status == 3
    assert sentence in done.err
    assert done.err.count('\n') == 1


@pytest.mark.parametrize(
    'command',
    ['ping', 'scan', 'read', 'write', 'reboot', 'transact', 'watch', 'info', 'bench', 'doctor'],
)
def test_help_has_examples(dxl_port, command):
    done = dxl_port(command, '--help')
    assert max(map(len, done.out.splitlines())) <= 80
    assert done.status == 0
    assert f'  dxl_port {command} ' in done.out
    assert command in dxl_port('--help').out


def test_version_is_told(dxl_port):
    done = dxl_port('--version')
    assert done.status == 0
    assert done.out.startswith('dxl_port, version ')


def test_without_a_command_the_help_is_shown(dxl_port):
    done = dxl_port()
    assert done.status == 2
    assert 'Commands:' in done.out + done.err
