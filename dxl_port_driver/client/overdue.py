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
Why a response does not come.

A response may take as long as the driver's own limits allow, which only the driver knows; or it
may never come: nobody takes it, the driver died, or DDS lost it. So nothing is asked while a
response is as quick as most are. After that the driver is asked for its limits, which tells two
things at once: whether it is alive, and how long to wait on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dxl_port_driver.client.question import Question
from dxl_port_driver.client.service_clients import ServiceClients
from dxl_port_driver.errors import (
    DriverMissingError,
    DriverSilentError,
    DxlPortError,
    NotSpunError,
)
from dxl_port_driver.protocol.transaction import Limits
from rcl_interfaces.srv import GetParameters
from rclpy.parameter import parameter_value_to_python

SOON_S = 1.0
"""A response that takes longer is looked after, s."""

LOOK_S = 0.1
"""How often that is done, s."""

_SLACK_S = 2.0
"""More than the way there and back takes, and the quiet that the bus needs between requests, s."""

_SIGN_OF_LIFE_S = 2.0
"""A driver never takes that long to tell a parameter, s."""

_SIGNS_OF_LIFE = 2
"""Asked for so many times, as the response to a first question is lost more often than others."""


class Overdue:
    """
    Looks after one response that takes long; never blocks.

    :param clients: how the question was sent.
    :param question: the question.
    :param sent: when it was sent, monotonic time, s.
    """

    def __init__(self, clients: ServiceClients, question: Question[Any], sent: float) -> None:
        self._clients = clients
        self._question = question
        self._sent = sent
        self._has_been_taken: Callable[[], bool] | None = None
        self._limits: Any = None
        self._limits_asked = 0
        self._limits_due = 0.0
        self._deadline = 0.0

    def look(self, now: float) -> DxlPortError | None:
        """
        Find out whether to wait on.

        :param now: monotonic time, s.
        :return: why not; None to wait on and look again :data:`LOOK_S` later.
        """
        if not self._clients.node.context.ok():
            return self._clients.shut_down()
        if self._has_been_taken is None:
            self._has_been_taken = self._clients.look_for_taker()
        if self._has_been_taken is None or not self._has_been_taken():
            return self._not_taken(now)
        if not self._question.needs_bus:
            return self._not_answered(now)
        if self._deadline == 0.0:
            return self._ask_for_limits(now)
        if now < self._deadline:
            return None
        return self._silent(
            f'{self._clients.driver} is there, but its response to {self._question.service} did '
            f'not come within {now - self._sent:.1f} s, longer than its limits allow: DDS lost '
            'it, as it may after another process died hard'
        )

    def _not_taken(self, now: float) -> NotSpunError | None:
        waited_s = now - self._sent
        if waited_s < SOON_S + self._clients.wait_for_driver_s:
            return None
        return self._clients.not_taken(waited_s)

    def _not_answered(self, now: float) -> DriverMissingError | None:
        """Give up a call that the driver answers at once and that sends nothing."""
        waited_s = now - self._sent
        if waited_s < max(_SIGN_OF_LIFE_S, self._clients.wait_for_driver_s):
            return None
        if not self._clients.is_ready(self._question):
            return self._clients.missing(self._question, waited_s)
        return DriverMissingError(
            f'{self._clients.driver} is on the graph, but answered nothing on its service '
            f'{self._question.service} within {waited_s:.1f} s: it died, hangs, or the network '
            'is down; nothing was sent to the bus, so it is safe to try again',
            port=self._clients.driver,
        )

    def _ask_for_limits(self, now: float) -> DxlPortError | None:
        if self._limits is not None and self._limits.done():
            queue_s, hold_s = _told(self._limits.result())
            question = self._question
            if question.queue_timeout_s is not None:
                queue_s = min(queue_s, question.queue_timeout_s)
            if question.hold_s is not None:
                hold_s = min(hold_s, question.hold_s)
            self._deadline = self._sent + queue_s + hold_s + _SLACK_S
            return None
        if self._limits is not None and now < self._limits_due:
            return None
        if self._limits_asked >= _SIGNS_OF_LIFE:
            return self._silent(
                f'{self._clients.driver} does not respond to anything since '
                f'{now - self._sent:.1f} s: it died, hangs, or the network is down'
            )
        if self._clients.is_ready(_LIMITS):
            self._limits = self._clients.send(_LIMITS)
        self._limits_asked += 1
        self._limits_due = now + _SIGN_OF_LIFE_S
        return None

    def _silent(self, what: str) -> DriverSilentError:
        return DriverSilentError(
            f'{what}; whether it did what it was asked is not known, and it is not asked again '
            'by itself',
            port=self._clients.driver,
        )


def _told(response: Any) -> tuple[float, float]:
    """Give ``max_queue_time`` and ``max_timeout``, s; their defaults when they are not told."""
    told = [parameter_value_to_python(value) for value in response.values]
    if len(told) == len(_LIMITS.request.names) and all(isinstance(one, float) for one in told):
        return told[0], told[1]
    usual = Limits()
    return usual.max_queue_time_s, usual.max_timeout_s


_LIMITS: Question[Any] = Question(
    GetParameters,
    'get_parameters',
    GetParameters.Request(names=['max_queue_time', 'max_timeout']),
    answer=lambda response: response,
)
