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
Telling servos that answer late from those that do not answer.

A link may hold answers back for longer than the packet timeout rule allows: a virtual machine, a
network gateway, an adapter with a long latency timer. So who was silent is asked once more, with
more time, before anything is said about it.
"""

from __future__ import annotations

from dataclasses import replace
import math
import re
from typing import NamedTuple

from dxl_port_driver.cli.access import BusAccess
from dxl_port_driver.cli.asker import Asker, Identity, in_protocol, Reply
from dxl_port_driver.protocol.instructions import Protocol
from dxl_port_driver.protocol.transaction import TransactionResult

PATIENCE_S = 0.2
"""How long a servo that was silent is waited for when it is asked once more, s."""

_SAMPLES = 3
_MOST_BY_ONE = 4
"""So many silent servos are asked once more; a broadcast Ping says which others are worth it."""
_MOST_V1 = 10
"""The same in Protocol 1.0, where no broadcast tells."""
_MARGIN = 1.25
_WITHIN = re.compile(r'within ([0-9]+(?:\.[0-9]+)?) ms')


def patient(asker: Asker, protocol: Protocol | None = None) -> Asker:
    """
    Return an asker that gives a servo time enough for a slow link and a busy computer.

    :param protocol: in this packet form; None: in that of ``asker``.
    """
    manner = in_protocol(asker.manner, protocol or asker.manner.protocol)
    timeout_s = max(manner.timeout_s, PATIENCE_S)
    return Asker(asker.access, replace(manner, timeout_s=timeout_s, retries=0))


class Late(NamedTuple):
    """
    A servo that is there, though it was silent.

    :param identity: what it answered when it was given more time.
    :param took_s: how long its answers took at the most, s.
    :param waited_s: how long an answer is waited for, s; None when it came within that time now,
        so that the first answer was lost rather than late.
    """

    identity: Identity
    took_s: float
    waited_s: float | None

    def sentence(self, access: BusAccess) -> str:
        """Say so, and what to do about it."""
        servo = f'servo {self.identity.reply.id}'
        if self.waited_s is None:
            return (
                f'{servo} was silent, but answers when it is asked again: its answers get lost, '
                'or are late now and then; check the wiring, or ask with --retries or a longer '
                '--timeout'
            )
        return (
            f'{servo} is there, but answers late: after {self.took_s * 1e3:.1f} ms, '
            f'{self.by_s * 1e3:.1f} ms after its time was over; {more_time(access, self.took_s)}'
        )

    @property
    def by_s(self) -> float:
        """How long after its time was over the answer came, s."""
        return 0.0 if self.waited_s is None else max(0.0, self.took_s - self.waited_s)


def more_time(access: BusAccess, took_s: float) -> str:
    """
    Say how to wait long enough.

    :param took_s: how long an answer took, s.
    """
    # The packet timeout rule counts the latency timer twice, and 2 ms.
    timer_ms = math.ceil((took_s * _MARGIN * 1e3 - 2.0) / 2)
    if access.is_driver:
        return f"raise the driver's latency_timer: ros2 param set {access.name} latency_timer " + (
            f'{timer_ms:.1f}'
        )
    timeout_s = math.ceil(took_s * _MARGIN * 1e2) / 1e2
    return (
        f'give --timeout {timeout_s:g} here, and raise latency_timer to {timer_ms:.1f} ms for a '
        'driver on this port'
    )


class LateProbe:
    """
    Asks servos once more that were silent, of many of them only some.

    :param asker: it was asked in this manner.
    """

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        self._asked = 0
        self._found = 0
        self._present: set[int] | None = None
        self.left_out: list[int] = []
        """Ids of those that were not asked once more."""

    def ask(self, reply: Reply) -> Late | None:
        """
        Ask a servo once more.

        :param reply: what became of the question that it did not answer.
        :return: None when it is silent again, or was waited for long enough the first time.
        """
        if not reply.silent or self._asker.manner.timeout_s >= PATIENCE_S:
            return None
        if not self._is_worth_it(reply.id):
            return None
        self._asked += 1
        late = measure(self._asker, reply.id)
        self._found += late is not None
        return late

    def _is_worth_it(self, servo: int) -> bool:
        if self._asker.manner.protocol is Protocol.V1:
            # Lateness is the link's: where it has shown, more are worth the time.
            if self._asked < _MOST_V1 or self._found:
                return True
            self.left_out.append(servo)
            return False
        if self._asked < _MOST_BY_ONE:
            return True
        if self._present is None:
            there, _ = broadcast_ping(self._asker)
            self._present = {identity.reply.id for identity in there}
        return servo in self._present


def broadcast_ping(asker: Asker) -> tuple[list[Identity], TransactionResult]:
    """Ask in one Ping who is there, for as long as all servos take to answer in their turns."""
    return Asker(asker.access, replace(asker.manner, timeout_s=0.0, retries=0)).roll_call()


def measure(asker: Asker, servo: int) -> Late | None:
    """
    Find out how late a servo is that was silent.

    :param asker: it was silent when it was asked in this manner.
    :return: None when it is silent again.
    """
    waiting = patient(asker)
    first = waiting.is_there(servo)
    if not first.ok and first.received:
        first = waiting.is_there(servo)  # what was late was still on its way, and spoilt this
    if not first.ok:
        return None
    # The first one may have waited until a late answer had come; these have not.
    samples = [waiting.is_there(servo) for _ in range(_SAMPLES)]
    took_s = max([sample.elapsed_s for sample in samples if sample.ok] or [first.elapsed_s])
    identity = waiting.identify(first._replace(elapsed_s=took_s))
    # Late is what the manner that was silent at first is silent about again.
    once = Asker(asker.access, replace(asker.manner, retries=0))
    for _ in range(_SAMPLES):
        again = once.is_there(servo)
        if not again.ok:
            # With this the late answer comes now, and not while another servo is asked.
            waiting.is_there(servo)
            return Late(identity, took_s, _waited_s(again))
    return Late(identity, took_s, None)


def _waited_s(silent: Reply) -> float:
    """Return how long a servo was waited for."""
    told = _WITHIN.search(silent.message)
    # The bus may be held for longer than that, as for an answer that is still to come.
    return float(told[1]) / 1e3 if told else silent.elapsed_s


def explained(asker: Asker, reply: Reply, probe: LateProbe) -> Reply:
    """
    Tell in the message of a servo that was silent whether it is there after all.

    :param asker: it was asked in this manner.
    :param probe: kept over all servos that are asked.
    """
    late = probe.ask(reply)
    if late is None:
        return reply
    return reply._replace(message=late.sentence(asker.access), late=True)
