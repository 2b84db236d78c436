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
Looking for servos thoroughly: late ones, those that share an id, those at other baudrates.

What is found at another baudrate is asked at the present one again, with as much time: a servo
that answers late on an adapter that ignores the baudrate is at none but this one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from dxl_port_driver.cli.access import BusAccess
from dxl_port_driver.cli.asker import Asker, Identity, in_protocol, Manner, Reply
from dxl_port_driver.cli.lateness import broadcast_ping, Late, LateProbe, measure, patient
from dxl_port_driver.cli.output import Step
from dxl_port_driver.cli.scan import rate_kept
from dxl_port_driver.cli.sweep import ids_in, is_heard, require_available, sweep
from dxl_port_driver.errors import BaudrateError
from dxl_port_driver.protocol.instructions import Protocol

_ORDER = (Protocol.V2, Protocol.V1)
_ASKED_AGAIN = 3
_MOST_GARBLED = 8
"""So many garbled answers and no whole one: it is not for servos that share an id."""
_RATES_TO_BE_SURE = 2
_LIKELY_IDS = range(1, 21)


@dataclass
class Present:
    """
    What answers at the present baudrate.

    :param servos: those that answer properly.
    :param garbled: those at whose id something comes that is no answer.
    :param late: those of ``servos`` that are late, or were silent at first.
    :param missing: ids that were named, and silent.
    :param is_noise: bytes come that are no answer, whichever id is asked.
    """

    servos: list[Identity] = field(default_factory=list)
    garbled: list[Identity] = field(default_factory=list)
    late: list[Late] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    is_noise: bool = False


@dataclass
class Elsewhere:
    """
    What answers at other baudrates.

    :param servos: a baudrate, and what answers at it.
    :param tried: baudrates that were asked at, bit/s.
    :param not_made: baudrates that the adapter does not make, bit/s.
    :param ignores_rate: whatever the baudrate, the same servos answer.
    """

    servos: list[tuple[int, Identity]] = field(default_factory=list)
    tried: list[int] = field(default_factory=list)
    not_made: list[int] = field(default_factory=list)
    ignores_rate: bool = False


class Survey:
    """
    Looks for servos in both protocols.

    :param access: through this.
    :param manner: in this way, but for the protocol.
    :param ids: these; None: all.
    """

    def __init__(self, access: BusAccess, manner: Manner, ids: Sequence[int] | None) -> None:
        self.access = access
        self.ids = ids
        self.steps = sum(len(ids_in(protocol, ids)) for protocol in _ORDER)
        """Steps of progress that looking at one baudrate takes."""
        self._manner = manner

    def patient(self, protocol: Protocol) -> Asker:
        """Return an asker with time enough for a slow link."""
        return patient(self._asker(protocol))

    def _asker(self, protocol: Protocol) -> Asker:
        return Asker(self.access, in_protocol(self._manner, protocol))

    def here(self, step: Step) -> Present:
        """
        Look at the present baudrate.

        :raises DxlPortError: the port or the driver cannot be used.
        """
        present = Present()
        for protocol in _ORDER:
            self._look(protocol, present, step)
        if self.ids is not None:
            heard = {one.reply.id for one in (*present.servos, *present.garbled)}
            present.missing = [servo for servo in self.ids if servo not in heard]
            if not present.is_noise:
                self._ask_missing(present)
        return present

    def hears_any(self) -> bool:
        """
        Ask some again in short, when none has answered: those named, or those that are likely.

        :raises DxlPortError: the port or the driver cannot be used.
        """
        there, result = broadcast_ping(self._asker(Protocol.V2))
        require_available(result)
        if there:
            return True
        likely = self._asker(Protocol.V1)
        return any(likely.is_there(servo).ok for servo in self.ids or _LIKELY_IDS)

    def _look(self, protocol: Protocol, present: Present, step: Step) -> None:
        asker = self._asker(protocol)
        candidates: dict[int, None] = {}
        if self.ids is None and protocol is Protocol.V2:
            # Hears late ones as well; servos that share an id it does not.
            there, result = broadcast_ping(asker)
            require_available(result)
            candidates |= dict.fromkeys(identity.reply.id for identity in there)
        quick: set[int] = set()
        garbled = 0
        for identity in sweep(asker, step, self.ids, each=True):
            candidates[identity.reply.id] = None
            if identity.reply.ok:
                if not identity.note:
                    quick.add(identity.reply.id)
            else:
                garbled += 1
            if garbled > _MOST_GARBLED and not quick:
                present.is_noise = True
                return
        for servo in candidates:
            sure = _sure_of(self.patient(protocol), servo)
            if sure is None:
                continue
            if not sure.reply.ok:
                present.garbled.append(sure)
                continue
            late = measure(asker, servo) if servo not in quick else None
            if late is not None:
                present.late.append(late)
            present.servos.append(sure)

    def _ask_missing(self, present: Present) -> None:
        for protocol in _ORDER:
            probe = LateProbe(self._asker(protocol))
            for servo in tuple(present.missing):
                silent = Reply.silence(servo, protocol)
                late = probe.ask(silent) if servo in ids_in(protocol, self.ids) else None
                if late is not None:
                    present.missing.remove(servo)
                    present.late.append(late)
                    present.servos.append(late.identity)

    def elsewhere(self, rates: Iterable[int], present: Present, step: Step) -> Elsewhere:
        """
        Look at other baudrates; at the end the present one is set again.

        :param rates: bit/s.
        :param present: what was found at the present one; late ones may be added.
        :raises DxlPortError: the port cannot be used.
        """
        other = Elsewhere()
        here = self.access.baudrate
        with rate_kept(self.access):
            for rate in rates:
                try:
                    self.access.set_baudrate(rate)
                except BaudrateError:
                    other.not_made.append(rate)
                    continue
                other.tried.append(rate)
                answering = self._answering(present.servos)
                if present.servos and len(answering) == len(present.servos):
                    other.ignores_rate = True
                    if len(other.tried) >= _RATES_TO_BE_SURE:
                        return other
                    continue
                other.ignores_rate = False
                other.servos += [(rate, one) for one in self._found_now(present, step)]
            self.access.set_baudrate(here)
            for found in tuple(other.servos):
                late = measure(self._asker(found[1].reply.protocol), found[1].reply.id)
                if late is not None:
                    other.servos.remove(found)
                    _add_late(present, late)
        return other

    def _answering(self, servos: Iterable[Identity]) -> list[Identity]:
        """Return those that answer, up to the first that does not."""
        answering = []
        for one in servos:
            if not self.patient(one.reply.protocol).is_there(one.reply.id).ok:
                break
            answering.append(one)
        return answering

    def _found_now(self, present: Present, step: Step) -> list[Identity]:
        known = {one.reply.id for one in present.servos}
        wanted = None if self.ids is None else [one for one in self.ids if one not in known]
        found: list[Identity] = []
        for protocol in _ORDER:
            garbled = 0
            for identity in sweep(self._asker(protocol), step, wanted):
                garbled += not identity.reply.ok
                if garbled > _MOST_GARBLED:
                    break
                if identity.reply.id in known or identity.reply.silent:
                    continue
                sure = _sure_of(self.patient(protocol), identity.reply.id)
                if sure is not None and sure.reply.ok:
                    found.append(sure)
        return found


def _add_late(present: Present, late: Late) -> None:
    servo = late.identity.reply.id
    with suppress(ValueError):
        present.missing.remove(servo)
    if all(one.reply.id != servo for one in present.servos):
        present.late.append(late)
        present.servos.append(late.identity)


def _sure_of(asker: Asker, servo: int) -> Identity | None:
    """
    Ask again.

    Two answers that begin at slightly different times collide most of the time, not always.

    :return: a broken answer if there is one, or a proper one; None where only silence comes.
    """
    answers = [asker.ping(servo) for _ in range(_ASKED_AGAIN)]
    heard = [answer for answer in answers if is_heard(answer.reply)]
    return min(heard, key=lambda answer: answer.reply.ok, default=None)
