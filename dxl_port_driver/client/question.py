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

"""One request to a driver, together with all that is known about its response."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar('T')


@dataclass(frozen=True)
class Question(Generic[T]):
    """
    A service call that is yet to be made.

    :param kind: type of the service.
    :param service: last part of its name, as in ``transact``.
    :param request: the request message.
    :param answer: makes of the response what the caller wants; may raise DxlPortError.
    :param queue_timeout_s: longest wait for the bus, s; None: the driver's ``max_queue_time``.
    :param hold_s: longest time on the bus, s; None: the driver's ``max_timeout``.
    :param proof: a call of the same service that changes nothing and sends nothing to the bus,
        however often it is made: it proves that responses of the service come back. None: the
        service has no such call.
    """

    kind: Any
    service: str
    request: Any
    answer: Callable[[Any], T]
    queue_timeout_s: float | None = None
    hold_s: float | None = None
    proof: Question[None] | None = None

    @property
    def needs_bus(self) -> bool:
        """Whether the response may have to wait for the bus."""
        return self.queue_timeout_s != 0.0 or self.hold_s != 0.0


def harmless(
    kind: Any, service: str, request: Any = None, *, needs_bus: bool = False
) -> Question[None]:
    """
    Return a call that the service refuses, or that changes nothing.

    :param kind: type of the service.
    :param service: last part of its name.
    :param request: what to ask; None: an empty request does nothing.
    :param needs_bus: whether the driver answers it only in its turn on the bus.
    """
    limit_s = None if needs_bus else 0.0
    return Question(kind, service, request or kind.Request(), _no_value, limit_s, limit_s)


def _no_value(_: Any) -> None:
    """Take any response."""
