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

"""What can be wrong with the servos on a bus: nobody there, shared ids, slow or alarmed ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from dxl_port_driver.cli.access import BusAccess
from dxl_port_driver.cli.asker import Asker, Identity, in_protocol, Manner
from dxl_port_driver.cli.checks import Check, State
from dxl_port_driver.cli.output import Step
from dxl_port_driver.cli.replies import id_list
from dxl_port_driver.cli.sweep import sweep
from dxl_port_driver.protocol.instructions import Protocol

_DELAY_UNIT_S = 2e-6
_SLOW_S = 100e-6
_ASKED_AGAIN = 3
_PATIENCE_S = 0.1
_XL_320 = 350


@dataclass
class Find:
    """
    Who answers at one baudrate.

    :param servos: those who answer properly.
    :param shreds: those at whose id something comes that is no answer.
    """

    servos: list[Identity] = field(default_factory=list)
    shreds: list[Identity] = field(default_factory=list)


class Look:
    """
    Looks who is there.

    :param access: through this.
    :param manner: in this way; in both protocols.
    :param ids: at these.
    """

    def __init__(self, access: BusAccess, manner: Manner, ids: Sequence[int]) -> None:
        self.access = access
        self.steps = len(Protocol) * len(ids)
        """Steps of progress that looking around takes."""
        self._manner = manner
        self._ids = ids

    def around(self, step: Step) -> Find:
        """
        Ask every id in both protocols.

        :raises DxlPortError: the port or the driver cannot be used.
        """
        find = Find()
        for protocol in Protocol.V2, Protocol.V1:
            asker = Asker(self.access, in_protocol(self._manner, protocol))
            # All at once would be quicker, but servos that share an id are not heard then.
            for identity in sweep(asker, step, self._ids, each=True):
                sure = _sure_of(self.patient(protocol), identity.reply.id)
                if sure is not None:
                    (find.servos if sure.reply.ok else find.shreds).append(sure)
        return find

    def patient(self, protocol: Protocol) -> Asker:
        """Give a way to ask with time enough for a busy computer."""
        manner = in_protocol(self._manner, protocol)
        timeout_s = max(manner.timeout_s, _PATIENCE_S)
        return Asker(self.access, replace(manner, timeout_s=timeout_s))


def _sure_of(asker: Asker, servo: int) -> Identity | None:
    """
    Ask again.

    Two answers that begin at slightly different times collide most of the time, not always.

    :return: a broken answer if there is one, or a proper one; None where only silence comes.
    """
    answers = [asker.ping(servo) for _ in range(_ASKED_AGAIN)]
    heard = [answer for answer in answers if answer.reply.heard]
    return min(heard, key=lambda answer: answer.reply.ok, default=None)


def check_servos(look: Look, find: Find) -> Iterator[Check]:
    """Look at the servos that were found."""
    if find.servos:
        yield _there(look.access.baudrate, find.servos)
    yield _shared_ids(find)
    yield from _protocols(find.servos)
    for identity in find.servos:
        if identity.reply.alarm:
            yield Check(
                'alarm',
                State.FAIL,
                f'servo {identity.reply.id} tells: {identity.reply.alarm}',
                'read its Hardware Error Status (address 70, X series), mend the cause, reboot it',
            )
    yield from _return_delays(look, find.servos)


def _there(baudrate: int, servos: list[Identity]) -> Check:
    ids = id_list([identity.reply.id for identity in servos])
    return Check('servos', State.OK, f'servo {ids} at {baudrate} bit/s')


def _shared_ids(find: Find) -> Check:
    if not find.shreds:
        return Check('ids', State.OK, 'every answer to a ping is whole')
    ids = id_list(sorted({identity.reply.id for identity in find.shreds}))
    return Check(
        'ids',
        State.FAIL,
        f'what answers at id {ids} is garbled: two servos share the id, or the wire is noisy',
        'connect one servo at a time and give each an id of its own; else check ground, '
        'termination and cable length',
    )


def _protocols(servos: list[Identity]) -> Iterator[Check]:
    by_protocol = {
        protocol: [each.reply.id for each in servos if each.reply.protocol is protocol]
        for protocol in Protocol
    }
    if all(by_protocol.values()):
        told = ', '.join(f'{id_list(ids)} {protocol}' for protocol, ids in by_protocol.items())
        yield Check(
            'protocols',
            State.WARN,
            f'both are on this bus (servo {told})',
            'ROBOTIS advises against it: bytes of one may look like a packet of the other; set '
            'the Protocol Type register alike, or use two buses',
        )


def _return_delays(look: Look, servos: list[Identity]) -> Iterator[Check]:
    slow: dict[float, list[int]] = {}
    known = 0
    for identity in servos:
        protocol = identity.reply.protocol
        v1_table = protocol is Protocol.V1 or identity.model == _XL_320
        reply = look.patient(protocol).read(identity.reply.id, 5 if v1_table else 9, 1)
        if not reply.ok or not reply.params:
            continue
        known += 1
        delay_s = reply.params[0] * _DELAY_UNIT_S
        if delay_s > _SLOW_S:
            slow.setdefault(delay_s, []).append(identity.reply.id)
    if known and not slow:
        yield Check('return delay', State.OK, f'at most {_SLOW_S * 1e6:.0f} us')
    for delay_s, ids in sorted(slow.items()):
        yield Check(
            'return delay',
            State.WARN,
            f'servo {id_list(ids)} waits {delay_s * 1e6:.0f} us before each answer',
            'with torque off, set the Return Delay Time to 0: dxl_port write '
            f'{id_list(ids).replace(" ", "")} 9 0 (address 5 in Protocol 1.0 and on the XL-320)',
        )
