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

"""The parameters: what they tell of themselves, what they refuse, and when they may change."""

from __future__ import annotations

import math

from dxl_port_driver.node.parameters import DECLARATIONS
import pytest
from rcl_interfaces.msg import Parameter as ParameterMsg
from rcl_interfaces.msg import ParameterValue
from rcl_interfaces.srv import ListParameters, SetParameters, SetParametersAtomically
from rclpy.parameter import Parameter
from ros_support.calls import EVERY_SERVICE, write

CONTRACT = {
    'port_name': '/dev/ttyUSB0',
    'baudrate': 1_000_000,
    'latency_timer': 0.0,
    'low_latency': True,
    'exclusive': True,
    'autostart': False,
    'max_bytes': 4096,
    'max_timeout': 10.0,
    'max_queue_time': 2.0,
}
RANGED = [one for one in DECLARATIONS if type(one.default) in (int, float)]
NOT_PORTS = (
    *('', 'ttyUSB0', 'dev/ttyUSB0', '/dev/../etc/passwd', 'COM3', '/dev/tty\n', 'x' * 2000),
    *('spy:///dev/ttyUSB0', 'spy:///dev/ttyUSB0?file=/tmp/x', 'alt:///dev/ttyUSB0?class=x'),
    *('loop://', 'loop://?logging=debug', 'hwgrep://USB', 'file:///etc/passwd', 'http://x:1'),
    *('cp2110://x', 'SIM://', 'Socket://x:1', 'socket://', 'socket://host', 'socket://host:0'),
    *('socket://host:65536', 'socket://host:1?logging=debug', 'socket://a b:1', 'rfc2217://:'),
    *('rfc2217://host:1?poll_modem', 'socket://-x:1', '://', 'sim:', 'sim:/', ' sim://'),
)
NOT_SIMS = (
    *('sim://?nonsense=1', 'sim://?ids=1-999', 'sim://?ids=6-1', 'sim://?ids=a'),
    *('sim://?ids=1&ids=2', 'sim://?protocol=3.0', 'sim://?model=none', 'sim://?drop=2'),
    *('sim://?drop=nan', 'sim://?seed=-1', 'sim://a/b', 'sim://?ids', 'sim://#x'),
)


def set_raw(driver, *messages, atomically=False):
    kind = SetParametersAtomically if atomically else SetParameters
    service = 'set_parameters_atomically' if atomically else 'set_parameters'
    return driver.call(kind, service, parameters=list(messages))


def changed(name, value):
    return Parameter(name, value=value).to_parameter_msg()


def atomically(driver, **values):
    messages = [changed(name, value) for name, value in values.items()]
    return set_raw(driver, *messages, atomically=True).result


def test_every_parameter_explains_itself(idle):
    listed = idle.call(ListParameters, 'list_parameters').result.names
    assert {one.name for one in DECLARATIONS} <= set(listed)
    assert set(CONTRACT) <= set(listed)
    for one in DECLARATIONS:
        told = idle.describe(one.name)
        assert told.description.endswith('.'), one.name
        assert told.read_only == one.at_start_only
        ranges = [*told.integer_range, *told.floating_point_range]
        assert len(ranges) == (one in RANGED), one.name
        for limits in ranges:
            assert limits.from_value < limits.to_value


@pytest.mark.parametrize('name', CONTRACT)
def test_the_defaults_are_those_of_the_contract(name):
    (default,) = (one.default for one in DECLARATIONS if one.name == name)
    assert (default, type(default)) == (CONTRACT[name], type(CONTRACT[name]))


def test_a_value_out_of_range_is_refused_by_name_and_the_limits_are_not(idle):
    for one in RANGED:
        kind, before = type(one.default), idle.get(one.name)
        step = 1 if kind is int else 0.01
        for value in (kind(one.lowest - step), kind(one.highest + step), kind(-(2**62))):
            reason = idle.set(**{one.name: value})
            assert reason is not None, f'{one.name} took {value}'
            assert one.name in reason
        for value in (kind(one.lowest), kind(one.highest)):
            assert idle.set(**{one.name: value}) is None
            assert idle.get(one.name) == value
        assert idle.set(**{one.name: before}) is None


def test_what_is_no_number_is_refused_by_name(idle):
    for one in RANGED:
        if isinstance(one.default, float):
            for value in (math.nan, math.inf, -math.inf):
                assert one.name in idle.set(**{one.name: value})
                assert idle.get(one.name) == one.default


def test_a_value_of_another_type_is_refused_by_name(idle):
    for one in DECLARATIONS:
        for value in (True, 7, 7.5, 'text', [1], ['a'], [b'x'], [True], [0.5]):
            if type(value) in (type(one.default), list) and isinstance(
                one.default, (type(value), tuple)
            ):
                continue
            if one.choices and value is True:
                continue  # as YAML reads a bare on
            before = idle.get(one.name)
            assert one.name in idle.set(**{one.name: value}), f'{one.name} took {value!r}'
            assert idle.get(one.name) == before


def test_a_parameter_cannot_be_taken_away(idle):
    for one in DECLARATIONS:
        answer = set_raw(idle, ParameterMsg(name=one.name))
        assert not answer.results[0].successful, one.name
        assert one.name in answer.results[0].reason


def test_an_unknown_parameter_is_refused(idle):
    assert 'no_such_parameter' in idle.set(no_such_parameter=1)


@pytest.mark.parametrize('state', ['unconfigured', 'inactive'])
def test_a_port_name_that_names_no_port_is_refused_with_the_reason(idle, in_state, state):
    in_state(state)
    before = idle.get('port_name')
    for name in (*NOT_PORTS, *NOT_SIMS):
        reason = idle.set(port_name=name)
        assert reason, f'it took {name!r}'
        assert len(reason) > 20
        assert idle.get('port_name') == before
    assert idle.state == state


def test_one_wrong_value_among_several_set_at_once_leaves_all_as_they_were(idle, in_state):
    in_state('inactive')
    result = atomically(idle, baudrate=57600, max_bytes=100, max_timeout=-1.0)
    assert not result.successful
    assert 'max_timeout' in result.reason
    assert (idle.get('baudrate'), idle.get('max_bytes')) == (1_000_000, 4096)
    assert atomically(idle, baudrate=57600, max_bytes=100).successful
    assert (idle.get('baudrate'), idle.get('max_bytes')) == (57600, 100)


def test_which_may_change_while_the_node_is_active(idle, in_state):
    in_state('active')
    for one in DECLARATIONS:
        reason = idle.set(**{one.name: idle.get(one.name)})
        if one.at_start_only:
            assert one.name in reason
        elif not one.while_active:
            assert f'{one.name} cannot change while the node is active' in reason
        else:
            assert reason is None, reason
    fixed = {one.name for one in DECLARATIONS if not one.while_active}
    assert {name for name in fixed if not name.startswith('rs485')} == {
        'port_name',
        'exclusive',
        'dtr',
    }


def test_a_limit_holds_from_the_next_request_on(idle, in_state):
    in_state('active')
    assert idle.set(max_bytes=16) is None
    refused = write(idle, bytes(17))
    assert 'max_bytes allows 16' in refused.message
    assert write(idle, bytes(16)).length == 16


@pytest.mark.parametrize('atomic', [True, False])
def test_a_malformed_request_harms_nobody(idle, in_state, atomic):
    in_state('active')
    for value in (
        ParameterValue(type=99),
        ParameterValue(type=255),
        ParameterValue(type=2, integer_value=-(2**63)),
        ParameterValue(type=4, string_value='\x00'),
        ParameterValue(type=5, byte_array_value=[b'\xff'] * 1000),
        ParameterValue(type=9, string_array_value=['x'] * 1000),
    ):
        for name in ('baudrate', 'port_name', '', '\x00', 'x' * 10_000):
            set_raw(idle, ParameterMsg(name=name, value=value), atomically=atomic)
    set_raw(idle, atomically=atomic)
    assert idle.get('baudrate') == 1_000_000
    assert EVERY_SERVICE['write'](idle) == 0
