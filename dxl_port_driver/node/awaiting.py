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

"""Awaiting, in a callback of an rclpy executor, what another thread brings."""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import Future
from typing import TypeVar

from rclpy.executors import Executor

R = TypeVar('R')


class Pause:
    """Lets the executor go on with others; it comes back whenever something wakes it."""

    def __await__(self) -> Generator[None, None, None]:
        """Yield once."""
        yield


async def finished(future: Future[R], executor: Executor | None) -> R:
    """
    Await a future.

    :param executor: the one that runs the callback; rclpy does not wake it by itself.
    :return: what the future brings.
    """
    if not future.done():
        wake: Callable[[], object] = executor.wake if executor is not None else int
        future.add_done_callback(lambda _: wake())
        while not future.done():
            await Pause()
    return future.result()
