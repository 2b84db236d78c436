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

from collections.abc import Iterator
from typing import NamedTuple

from dxl_port_driver.cli.access import BusAccess
from dxl_port_driver.cli.asker import Identity, Reply
from dxl_port_driver.cli.checks import Check, State
from dxl_port_driver.cli.lateness import more_time
from dxl_port_driver.cli.models import called, Registers, registers_of
from dxl_port_driver.cli.replies import id_list
from dxl_port_driver.cli.servo_errors import v1_remedies
from dxl_port_driver.cli.survey import Elsewhere, Present, Survey
from dxl_port_driver.cli.writing import status_level
from dxl_port_driver.protocol.instructions import Protocol

_DELAY_UNIT_S = 2e-6
_SLOW_S = 100e-6
_LEVELS = {0: 'answers pings alone', 1: 'answers pings and reads, but no writes'}


class Subject(NamedTuple):
    """
    A servo to look at.

    :param identity: what it is.
    :param registers: where its model keeps what is looked at; None when that is not known.
    :param level: its Status Return Level; None when that cannot be told.
    """

    identity: Identity
    registers: Registers | None
    level: int | None

    @property
    def id(self) -> int:
        """Its id."""
        return self.identity.reply.id

    @property
    def options(self) -> str:
        """What a command for it needs beside its id; empty, or with a blank before it."""
        return _options(self.identity.reply.protocol)

    @property
    def name(self) -> str:
        """How a sentence about it begins."""
        return called(self.id, self.identity.model)


def check_presence(
    access: BusAccess, survey: Survey, present: Present, other: Elsewhere | None
) -> Iterator[Check]:
    """
    Look at what was found, and what was not.

    :param other: what was found at other baudrates; None: none was tried.
    """
    at = f' at {access.baudrate} bit/s' if access.sets_baudrate else ''
    if present.servos:
        yield Check('servos', State.OK, f'servo {_ids(present.servos)}{at}')
    elif survey.ids is None:
        yield _nothing(present, other, at)
    if present.missing:
        yield _missing(present.missing, other, at)
    yield from _other_rates(other)
    yield from _late(access, present)
    if present.servos or present.garbled:
        yield _shared_ids(present)
    elif present.is_noise:
        yield _noise()
    yield from _protocols(present.servos)


def _nothing(present: Present, other: Elsewhere | None, at: str) -> Check:
    tried = f', nor at {_rates(other.tried)} bit/s' if other and other.tried else ''
    mend = (
        'check the power of the servos, the wiring (data line and ground), the ids, and that the '
        'adapter switches its direction'
    )
    if other is not None and other.servos:
        tried, mend = ', but there are servos at other baudrates', ''
    return Check('servos', State.FAIL, f'none answers{at}, in neither protocol{tried}', mend)


def _missing(missing: list[int], other: Elsewhere | None, at: str) -> Check:
    elsewhere = {one.reply.id for _, one in other.servos} if other else set()
    tried = f', nor at {_rates(other.tried)} bit/s' if other and other.tried else ''
    if other is not None and other.ignores_rate:
        tried = ''
    gone = [servo for servo in missing if servo not in elsewhere]
    if not gone:
        return Check(
            'missing', State.FAIL, f'servo {id_list(missing)} does not answer{at}, see below'
        )
    return Check(
        'missing',
        State.FAIL,
        f'servo {id_list(gone)} does not answer{at}, in neither protocol{tried}',
        'check its power and wiring, and whether it has another id: leave --ids out',
    )


def _other_rates(other: Elsewhere | None) -> Iterator[Check]:
    if other is None:
        return
    if other.ignores_rate:
        yield Check(
            'baudrate ignored',
            State.WARN,
            'the same servos answer at every baudrate: the adapter ignores the one that is asked '
            'for, or the servos are emulated',
            'do not conclude from answers which baudrate the servos have',
        )
        return
    by_rate: dict[int, list[Identity]] = {}
    for rate, identity in other.servos:
        by_rate.setdefault(rate, []).append(identity)
    for rate, servos in by_rate.items():
        yield Check(
            'other baudrate',
            State.FAIL,
            f'servo {_ids(servos)} at {rate} bit/s',
            f'use --baudrate {rate}, or set the Baud Rate register of the servos: all on a bus '
            'need the same',
        )


def _late(access: BusAccess, present: Present) -> Iterator[Check]:
    slow = [late for late in present.late if late.waited_s is not None]
    if slow:
        took_s = max(late.took_s for late in slow)
        by_s = max(late.by_s for late in slow)
        ids = id_list([late.identity.reply.id for late in slow])
        yield Check(
            'late answers',
            State.FAIL,
            f'servo {ids} is there, but answers after up to {took_s * 1e3:.1f} ms, which is '
            f'{by_s * 1e3:.1f} ms after its time is over',
            more_time(access, took_s),
        )
    lost = [late.identity.reply.id for late in present.late if late.waited_s is None]
    if lost:
        yield Check(
            'lost answers',
            State.WARN,
            f'servo {id_list(lost)} was silent at first, and answers now',
            'check wiring, termination and the power supply: answers get lost',
        )


def _shared_ids(present: Present) -> Check:
    if not present.garbled:
        return Check('ids', State.OK, 'every answer to a ping is whole')
    ids = id_list(sorted({identity.reply.id for identity in present.garbled}))
    return Check(
        'ids',
        State.FAIL,
        f'what answers at id {ids} is garbled: two servos share the id, or the wire is noisy',
        'connect one servo at a time and give each an id of its own; else check ground, '
        'termination and cable length',
    )


def _noise() -> Check:
    return Check(
        'noise',
        State.FAIL,
        'bytes come that are no answer, whichever id is asked: it is the wrong baudrate, or the '
        'line is noisy',
        'check the baudrate of the servos, ground, termination, and that nothing else sends',
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


def check_servos(survey: Survey, servos: list[Identity]) -> Iterator[Check]:
    """Look into the servos that were found."""
    subjects = [_subject(survey, identity) for identity in servos]
    for subject in subjects:
        if subject.identity.reply.alarm:
            yield _alarm(survey, subject)
    yield from _status_levels(subjects)
    yield from _return_delays(survey, subjects)
    unknown = [
        f'servo {subject.id} ({_model(subject.identity.model)})'
        for subject in subjects
        if subject.registers is None
    ]
    if unknown:
        yield Check(
            'models',
            State.NOTE,
            'where these keep their Status Return Level and Return Delay Time is not known; both '
            f'were left out: {", ".join(unknown)}',
        )


def _model(number: int | None) -> str:
    return 'did not tell its model' if number is None else f'model {number}'


def _subject(survey: Survey, identity: Identity) -> Subject:
    registers = registers_of(identity.model)
    asker = survey.patient(identity.reply.protocol)
    level = status_level(asker, identity.reply.id, identity.model)
    return Subject(identity, registers, level)


def _alarm(survey: Survey, subject: Subject) -> Check:
    reply, registers = subject.identity.reply, subject.registers
    told = f'{subject.name} tells: {reply.alarm}'
    command = f'dxl_port reboot {subject.id}{subject.options}'
    reboot = f'mend the cause, then: {command} (its torque goes off)'
    if registers is not None and registers.hardware_error is not None:
        name, address = registers.hardware_error_name, registers.hardware_error
        why = _read_byte(survey, subject, address)
        if isinstance(why, int):
            words = registers.hardware_errors(why) or f'its {name} is 0'
            return Check('alarm', State.FAIL, f'{told}: {words}', reboot)
        return Check('alarm', State.FAIL, f'{told}; its {name} (address {address}) {why}', reboot)
    if reply.protocol is Protocol.V1:
        remedy = v1_remedies(reply.error) or 'look up the error bits on its page of the e-Manual'
        return Check('alarm', State.FAIL, told, remedy)
    return Check(
        'alarm',
        State.FAIL,
        told,
        'read its Hardware Error Status (its page of the e-Manual tells the address); ' + reboot,
    )


def _status_levels(subjects: list[Subject]) -> Iterator[Check]:
    for level, words in _LEVELS.items():
        alike: dict[tuple[int, str], list[int]] = {}
        for each in subjects:
            if each.level == level and each.registers is not None:
                alike.setdefault((each.registers.status_level, each.options), []).append(each.id)
        for (address, options), ids in sorted(alike.items()):
            yield Check(
                'status return',
                State.WARN,
                f'servo {id_list(ids)} {words} (Status Return Level {level}): a write '
                'waits in vain for an answer',
                f'dxl_port write {_typed(ids)} {address} 2 --no-answer{options}; where it is '
                'wanted so, await no answer: FRAMING_NONE in a program, write --no-answer here',
            )

    for subject in subjects:
        if subject.registers is not None and subject.level is None:
            yield Check(
                'status return',
                State.WARN,
                f'the Status Return Level of {subject.name} (address '
                f'{subject.registers.status_level}) could not be read',
            )


def _return_delays(survey: Survey, subjects: list[Subject]) -> Iterator[Check]:
    slow: dict[tuple[float, int, str], list[int]] = {}
    known = 0
    for subject in subjects:
        if subject.registers is None or subject.level == 0:
            continue
        address = subject.registers.return_delay
        value = _read_byte(survey, subject, address)
        if isinstance(value, str):
            yield Check(
                'return delay',
                State.WARN,
                f'the Return Delay Time of {subject.name} (address {address}) {value}',
            )
            continue
        known += 1
        delay_s = value * _DELAY_UNIT_S
        if delay_s > _SLOW_S:
            slow.setdefault((delay_s, address, subject.options), []).append(subject.id)
    if known and not slow:
        yield Check('return delay', State.OK, f'at most {_SLOW_S * 1e6:.0f} us')
    for (delay_s, address, options), ids in sorted(slow.items()):
        yield Check(
            'return delay',
            State.WARN,
            f'servo {id_list(ids)} waits {delay_s * 1e6:.0f} us before each answer',
            'with torque off, set the Return Delay Time to 0: '
            f'dxl_port write {_typed(ids)} {address} 0{options}',
        )


def _read_byte(survey: Survey, subject: Subject, address: int) -> int | str:
    """Return what is at an address, or how it could not be read, as the end of a sentence."""
    asker = survey.patient(subject.identity.reply.protocol)
    if address > 0xFF and asker.manner.protocol is Protocol.V1:
        return 'cannot be reached in Protocol 1.0'
    reply: Reply = asker.read(subject.id, address, 1)
    return reply.params[0] if reply.ok else f'could not be read: {reply.message}'


def _ids(servos: list[Identity]) -> str:
    return id_list(sorted({one.reply.id for one in servos}))


def _options(protocol: Protocol) -> str:
    return f' --protocol {protocol}' if protocol is Protocol.V1 else ''


def _typed(ids: list[int]) -> str:
    """Write ids as they are typed."""
    return id_list(ids).replace(' ', '')


def _rates(rates: list[int]) -> str:
    return ', '.join(map(str, sorted(rates)))
