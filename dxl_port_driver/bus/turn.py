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

"""A piece of work from the moment when it is submitted until it is over."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from dxl_port_driver.bus.work import Steps, Wait, Work


@dataclass(frozen=True)
class Entry:
    """A piece of work and the one who waits for it."""

    work: Work[Any]
    future: Future[Any]
    submitted: float


@dataclass
class Begun:
    """A piece of work that has the port, and what it waits for; None before its first step."""

    entry: Entry
    steps: Steps[Any]
    wait: Wait | None = None
    end: BaseException | None = None
    """What its first step ended with, if that was the last one."""

    def first_step(self) -> None:
        """Begin, which most of all sends something, and leave the rest for later."""
        try:
            self.wait = next(self.steps)
        except BaseException as end:
            self.end = end
