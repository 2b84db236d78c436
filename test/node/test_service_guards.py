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

"""A service callback that raises: its client is told, and the node goes on."""

from __future__ import annotations

from dxl_port_driver.errors import ResultCode
from dxl_port_driver.node.service_guards import guard_services
from dxl_port_interfaces.srv import GetBytesAvailable, Transact, TransactBatch
import pytest
from std_srvs.srv import Trigger


@pytest.fixture
def call(graph):
    """Give a function that calls a guarded service whose callback raises."""

    def broken(request, response):
        raise ZeroDivisionError('a bug')

    async def broken_later(request, response):
        raise ZeroDivisionError('a bug')

    kinds = {
        'transact': (Transact, broken_later),
        'transact_batch': (TransactBatch, broken),
        'get_bytes_available': (GetBytesAvailable, broken),
        'clear': (Trigger, broken_later),
    }
    for name, (kind, callback) in kinds.items():
        graph.node.create_service(kind, name, callback)
    guard_services(graph.node)

    def call(name):
        kind = kinds[name][0]
        return graph.call(kind, name, kind.Request())

    return call


def test_no_client_takes_it_for_success(call):
    for _ in range(2):
        result = call('transact').result
        assert result.result == ResultCode.NOT_AVAILABLE
        assert 'a bug' in result.message
        counted = call('get_bytes_available')
        assert counted.result == ResultCode.NOT_AVAILABLE
        assert 'a bug' in counted.message
        assert not call('clear').success
        assert not call('transact_batch').results


def test_to_guard_them_again_leaves_them_as_they_are(call, graph):
    before = [service.callback for service in graph.node.services]
    guard_services(graph.node)
    assert [service.callback for service in graph.node.services] == before
