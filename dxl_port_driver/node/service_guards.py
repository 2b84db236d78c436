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

"""
Keeps rclpy's own services of a node from taking the node down.

In rclpy a service callback that raises ends ``spin()`` and leaves its client without an answer.
Its own parameter services raise on malformed requests, and on Jazzy ``change_state`` raises
where Kilted answers that the transition failed.
"""

from __future__ import annotations

from collections.abc import Callable
import inspect
from typing import Any
from weakref import WeakSet

from dxl_port_driver.errors import ResultCode
from dxl_port_interfaces.msg import TransactionResult
from rclpy.node import Node

Callback = Callable[[Any, Any], Any]

_guards: WeakSet[Callback] = WeakSet()


def wrap_service(node: Node, name: str, wrapper: Callable[[Callback], Callback]) -> None:
    """
    Put something around the callback of a service that the node has already.

    :param name: last part of the service's name, as in ``set_parameters``.
    :param wrapper: takes the callback, gives the one to use in its place.
    """
    for service in node.services:
        if service.srv_name.rsplit('/', 1)[-1] == name:
            service.callback = wrapper(service.callback)


def guard_services(node: Node) -> None:
    """
    Let each service that the node has answer its client, whatever its callback does.

    May be called again after others were made; those that are guarded stay as they are.
    """
    for service in node.services:
        if service.callback not in _guards:
            service.callback = _guarded(service.callback, node, service.srv_name)
            _guards.add(service.callback)


def _guarded(callback: Callback, node: Node, name: str) -> Callback:
    async def answer(request: Any, response: Any) -> Any:
        try:
            answered = callback(request, response)
            return await answered if inspect.isawaitable(answered) else answered
        except Exception as error:
            # The client waits for an answer and the node for the next request: both go on.
            node.get_logger().error(f'a request to {name} failed: {error!r}')
            _tell(response, f'{name} failed unexpectedly ({error!r})')
            return response

    return answer


def _tell(response: Any, message: str) -> None:
    """Make a response that nobody filled in say so: an untouched one would mean success."""
    told = response
    if isinstance(getattr(response, 'result', None), TransactionResult):
        told = response.result
    if isinstance(getattr(told, 'result', None), int) and told.result == ResultCode.SUCCESS:
        told.result = int(ResultCode.NOT_AVAILABLE)
        told.message = message
