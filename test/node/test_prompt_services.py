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

"""Requests and responses that no executor takes."""

from __future__ import annotations

from concurrent.futures import Future
import threading

import pytest

rclpy = pytest.importorskip('rclpy')

from dxl_port_driver.node.prompt_services import outcome, PromptServices  # noqa: E402
from dxl_port_driver.wait_thread import WaitThread  # noqa: E402
from ros_support.graph import eventually  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402


@pytest.fixture
def node(domain):
    """Give a node that nobody spins."""
    context = rclpy.context.Context()
    rclpy.init(context=context, domain_id=domain.id)
    node = rclpy.node.Node('unspun', context=context, use_global_arguments=False)
    yield node
    node.destroy_node()
    context.try_shutdown()


def threads(name):
    return [thread for thread in threading.enumerate() if thread.name == name]


async def yes(request, response):
    response.success = True
    return response


def test_services_are_served_without_an_executor_and_may_be_added_at_any_time(node, graph):
    services = PromptServices(node)
    services.create(Trigger, '~/first', yes)
    assert graph.call(Trigger, '/unspun/first', Trigger.Request()).success
    services.create(Trigger, '~/second', yes)
    assert graph.call(Trigger, '/unspun/second', Trigger.Request()).success
    assert graph.call(Trigger, '/unspun/first', Trigger.Request()).success
    services.destroy()
    services.destroy()
    assert not threads('dxl-requests')


def test_a_request_that_awaits_does_not_keep_the_next_one_waiting(node, graph):
    waiting: list[Future[bool]] = []

    async def slow(request, response):
        future: Future[bool] = Future()
        waiting.append(future)
        response.success = await outcome(future)
        return response

    services = PromptServices(node)
    services.create(Trigger, '~/slow', slow)
    asked = [graph.begin(Trigger, '/unspun/slow', Trigger.Request()) for _ in range(3)]
    eventually(lambda: len(waiting) == 3)
    waiting[2].set_result(True)
    assert graph.result(asked[2]).success
    assert not asked[0].done()
    for future in waiting[:2]:
        future.set_result(False)
    assert not graph.result(asked[0]).success
    services.destroy()


def test_an_answer_that_comes_when_the_service_has_gone_is_dropped(node, graph):
    late: Future[bool] = Future()

    async def slow(request, response):
        begun.set()
        response.success = await outcome(late)
        return response

    begun = threading.Event()
    services = PromptServices(node)
    services.create(Trigger, '~/slow', slow)
    graph.begin(Trigger, '/unspun/slow', Trigger.Request())
    assert begun.wait(20.0)
    services.destroy()
    late.set_result(True)


def test_one_request_that_fails_does_not_end_the_service(node, graph):
    asked = []

    async def fail_first(request, response):
        asked.append(request)
        if len(asked) == 1:
            raise ValueError('the first one')
        return await yes(request, response)

    services = PromptServices(node)
    services.create(Trigger, '~/failing', fail_first)
    first = graph.begin(Trigger, '/unspun/failing', Trigger.Request())
    eventually(lambda: asked)
    assert graph.call(Trigger, '/unspun/failing', Trigger.Request()).success
    assert not first.done()
    services.destroy()


def test_the_thread_ends_with_the_context(node):
    services = PromptServices(node)
    services.create(Trigger, '~/first', yes)
    (thread,) = threads('dxl-requests')
    node.context.try_shutdown()
    thread.join(20.0)
    assert not thread.is_alive()
    services.destroy()


def test_a_client_that_is_watched_gets_its_responses_though_nobody_spins(node, graph):
    thread = WaitThread(node, 'dxl-client-responses')
    graph.node.create_service(Trigger, '/other', lambda request, response: response)
    client = node.create_client(Trigger, '/other', callback_group=thread.group)
    came = threading.Event()

    def take():
        while client.handle.take_response(Trigger.Response)[0] is not None:
            came.set()

    thread.watch(client, take)
    assert client.wait_for_service(20.0)
    client.call_async(Trigger.Request())
    assert came.wait(20.0)
    thread.close()
    thread.close()
    assert not threads('dxl-client-responses')
