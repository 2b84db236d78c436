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

"""The list of ports that ``multi_port.launch.py`` takes: what it gives, what is wrong with it."""

from __future__ import annotations

from typing import Any

from dxl_port_driver.errors import RequestError
from dxl_port_driver.node.declarations import DECLARATIONS
from dxl_port_driver.node.port_list import port_list
import pytest

USB = {'port_name': '/dev/ttyUSB0'}


def test_names_and_parameters_are_those_of_the_list():
    left, right, third = port_list(
        [
            {**USB, 'namespace': 'left', 'baudrate': 57600},
            {'port_name': '/dev/ttyUSB1', 'namespace': '/robot/right/', 'name': 'bus'},
            {'port_name': 'sim://', 'autostart': False, 'max_queue_time': 2},
        ]
    )
    assert left.full_name == '/left/dxl_port_driver'
    by_itself = {'autostart': True, 'stop_with_parent': True}
    assert left.parameters == {**USB, 'baudrate': 57600, **by_itself}
    assert right.full_name == '/robot/right/bus'
    assert third.full_name == '/dxl_port_driver'
    assert third.parameters['autostart'] is False
    # ROS tells 2 from 2.0; who writes a list need not.
    assert repr(third.parameters['max_queue_time']) == '2.0'


def test_every_parameter_may_be_given_and_keeps_its_type():
    defaults = {
        one.name: list(one.default) if isinstance(one.default, tuple) else one.default
        for one in DECLARATIONS
    }
    (port,) = port_list([defaults])
    assert {name: type(value) for name, value in port.parameters.items()} == {
        name: type(value) for name, value in defaults.items()
    }


def test_emulated_ports_may_be_the_same():
    ports = [{'port_name': 'sim://', 'namespace': name} for name in ('a', 'b')]
    assert len(port_list(ports)) == 2


@pytest.mark.parametrize(
    ('entries', 'told'),
    [
        (None, 'a list of ports is needed and this is empty'),
        ([], 'a list of ports is needed'),
        ({'port_name': '/dev/ttyUSB0'}, 'a list of ports is needed'),
        ('/dev/ttyUSB0', "this is '/dev/ttyUSB0'"),
        (['/dev/ttyUSB0'], "port 1 is '/dev/ttyUSB0'"),
        ([USB, None], 'port 2 is empty'),
        ([{'namespace': 'left'}], 'port 1 has no port_name'),
        ([{'port_name': None}], 'port_name is empty; give a text'),
        ([{'port_name': 3}], 'port_name is 3; give a text'),
        ([{**USB, 'baudrat': 57600}], "port 1 has 'baudrat', which is no parameter"),
        ([{**USB, 3: 57600}], "port 1 has '3', which is no parameter"),
        ([{**USB, 'baudrate': '57600'}], "baudrate is '57600'; give a whole number"),
        ([{**USB, 'baudrate': 57600.0}], 'baudrate is 57600.0; give a whole number'),
        ([{**USB, 'baudrate': True}], 'baudrate is True; give a whole number'),
        ([{**USB, 'exclusive': 1}], 'exclusive is 1; give true or false'),
        ([{**USB, 'exclusive': 'yes'}], "exclusive is 'yes'; give true or false"),
        ([{**USB, 'max_queue_time': 'long'}], "max_queue_time is 'long'; give a number"),
        ([{**USB, 'max_queue_time': False}], 'max_queue_time is False; give a number'),
        ([{**USB, 'allowed_ports': '/dev/*'}], "'/dev/*'; give a list of texts"),
        ([{**USB, 'allowed_ports': [1]}], r'\[1\]; give a list of texts'),
        ([{**USB, 'name': 'my bus'}], "the name 'my bus'; use letters, digits and _"),
        ([{**USB, 'name': ''}], 'the name empty'),
        ([{**USB, 'name': '2nd'}], "the name '2nd'"),
        ([{**USB, 'namespace': 'a//b'}], "the namespace 'a//b'"),
        ([{**USB, 'namespace': 7}], 'the namespace 7'),
        ([USB, {'port_name': '/dev/ttyUSB1'}], 'ports 1 and 2 are both called /dxl_port_driver'),
        ([USB, {**USB, 'name': 'other'}], 'ports 1 and 2 are both /dev/ttyUSB0'),
    ],
)
def test_what_is_wrong_is_told_with_the_entry_that_it_is_wrong_in(entries: Any, told: str):
    with pytest.raises(RequestError, match=told.replace('*', r'\*')):
        port_list(entries)
