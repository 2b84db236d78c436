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

"""Puts functions around functions, which note when they begin and end."""

from __future__ import annotations

from collections.abc import Callable
import functools
import inspect
from time import perf_counter_ns
from typing import Any

STAMPS: list[tuple[str, int]] = []
"""Every point that was passed in this process, and when, ns; one clock for all processes."""


def stamp(point: str) -> None:
    """Note that a point is passed now."""
    STAMPS.append((point, perf_counter_ns()))


def trace(owner: Any, name: str, point: str) -> None:
    """
    Note each call of a function: ``POINT>`` when it begins, ``>POINT`` when it is over.

    :param owner: module or class that has the function; callers must look it up there.
    :param name: its name.
    :param point: what to call it.
    """
    traced = getattr(owner, name)
    begins, ends = f'{point}>', f'>{point}'
    add, now = STAMPS.append, perf_counter_ns
    if inspect.iscoroutinefunction(traced):

        @functools.wraps(traced)
        async def noted_coroutine(*args: Any, **kwargs: Any) -> Any:
            add((begins, now()))
            result = await traced(*args, **kwargs)
            add((ends, now()))
            return result

        setattr(owner, name, noted_coroutine)
        return

    @functools.wraps(traced)
    def noted(*args: Any, **kwargs: Any) -> Any:
        add((begins, now()))
        result = traced(*args, **kwargs)
        add((ends, now()))
        return result

    setattr(owner, name, noted)


def trace_wait_set() -> None:
    """Note when an executor of rclpy begins to wait for work and when it is woken."""
    from rclpy.executors import _rclpy  # type: ignore[attr-defined]

    plain: Callable[..., Any] = _rclpy.WaitSet.wait
    add, now = STAMPS.append, perf_counter_ns

    class NotedWaitSet(_rclpy.WaitSet):  # type: ignore[misc, name-defined]
        def wait(self, timeout_ns: int) -> None:
            add(('wait>', now()))
            plain(self, timeout_ns)
            add(('>wait', now()))

    _rclpy.WaitSet = NotedWaitSet
