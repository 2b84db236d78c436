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

"""What the stack of the calling thread tells about who runs it."""

from __future__ import annotations

import asyncio
import asyncio.events
from collections.abc import Callable
from traceback import walk_stack
from typing import Any

from rclpy.node import Node
import rclpy.task

_RCLPY_TASK = rclpy.task.__file__
_ASYNCIO_EVENTS = asyncio.events.__file__


def is_spun_by_this_thread(node: Node) -> bool:
    """
    Tell whether this thread is within a callback that the node's own executor waits for.

    As long as it is, no response to the node can be taken. The threads of a
    ``MultiThreadedExecutor`` run callbacks for another thread, which goes on: it is not meant.
    """
    executor = node.executor
    if executor is None:
        return False
    for frame, _ in walk_stack(None):
        if frame.f_code.co_name.lstrip('_').startswith('spin') and (
            frame.f_locals.get('self') is executor
        ):
            return True
    return False


def run_in_executor(node: Node, function: Callable[..., object], *arguments: object) -> Any:
    """
    Have the executor of a node call a function.

    :return: the task; None when the node is in no executor that turns.
    """
    executor = node.executor
    if executor is None:
        return None
    try:
        return executor.create_task(function, *arguments)
    except AttributeError:
        return None  # what an executor of Jazzy raises that has been shut down


def awaiting_task() -> rclpy.task.Task[Any] | None:
    """Give the task of rclpy that runs the coroutine which awaits right now; None: asyncio's."""
    try:
        asyncio.get_running_loop()
        is_in_asyncio = True
    except RuntimeError:
        is_in_asyncio = False
    # Both can be there: an asyncio task that spins a node, whose callback awaits.
    for frame, _ in walk_stack(None):
        path = frame.f_code.co_filename
        if path == _RCLPY_TASK and isinstance(task := frame.f_locals.get('self'), rclpy.task.Task):
            return task
        if path == _ASYNCIO_EVENTS and is_in_asyncio:
            return None
    return None


def wake_executor(task: rclpy.task.Task[Any]) -> None:
    """Have a task look at what it awaits: rclpy does so only when something else wakes it."""
    # The executor of the task, not of any node: it may await what another node brings.
    executor = task._executor() if task._executor is not None else None
    if executor is not None:
        executor.wake()
