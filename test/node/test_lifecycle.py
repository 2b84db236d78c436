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

"""The states of the node: what the port and the services do in each."""

from __future__ import annotations

from dxl_port_driver.errors import ResultCode
from dxl_port_interfaces.srv import GetBytesAvailable
from ros_support.graph import eventually


def test_services_answer_not_available_until_the_node_is_active(start_driver):
    _, driver = start_driver(port_name='sim://')
    assert driver.state == 'unconfigured'
    for transition, state, code in (
        ('configure', 'inactive', ResultCode.NOT_AVAILABLE),
        ('activate', 'active', ResultCode.SUCCESS),
        ('deactivate', 'inactive', ResultCode.NOT_AVAILABLE),
        ('cleanup', 'unconfigured', ResultCode.NOT_AVAILABLE),
    ):
        assert driver.change_state(transition)
        assert driver.state == state
        answer = driver.call(GetBytesAvailable, 'get_bytes_available')
        assert answer.result == code
        assert bool(answer.message) == (code is not ResultCode.SUCCESS)


def test_a_port_that_will_not_open_fails_configure_with_the_reason_in_the_log(start_driver):
    program, driver = start_driver(port_name='/dev/no_such_port')
    assert not driver.change_state('configure')
    assert driver.state == 'unconfigured'
    eventually(lambda: '/dev/no_such_port' in program.output)
