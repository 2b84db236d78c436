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

"""Going through ids, to find which servos are there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dxl_port_driver.cli.asker import Asker, Identity, Reply, status_packets
from dxl_port_driver.cli.lateness import measure, PATIENCE_S, patient
from dxl_port_driver.cli.output import Step
from dxl_port_driver.errors import (
    DxlPortError,
    NotAvailableError,
    PortBusyError,
    RequestError,
    ResultCode,
)
from dxl_port_driver.protocol.instructions import MAX_ID, Protocol
from dxl_port_driver.protocol.transaction import TransactionResult

_EVERY_ID = {Protocol.V1: range(MAX_ID + 2), Protocol.V2: range(MAX_ID + 1)}
_MAY_BE_UNDER_WAY = 2
"""Late answers that may come while a servo is asked: those of so many silent ones before it."""
_FROM_SERVOS = (ResultCode.SUCCESS, ResultCode.RX_TIMEOUT, ResultCode.RX_CORRUPT)
_ERRORS: dict[ResultCode, type[DxlPortError]] = {
    ResultCode.PORT_BUSY: PortBusyError,
    ResultCode.TX_ERROR: RequestError,
}


def every_id(protocol: Protocol) -> range:
    """Return all ids that a servo can have."""
    return _EVERY_ID[protocol]


def ids_in(protocol: Protocol, ids: Sequence[int] | None) -> Sequence[int]:
    """Return those ids that a servo can have; None: all."""
    every = every_id(protocol)
    return every if ids is None else [servo for servo in ids if servo in every]


def sweep(
    asker: Asker, step: Step, ids: Sequence[int] | None = None, *, each: bool = False
) -> Iterator[Identity]:
    """
    Find the servos that are there; one whose answer is garbled is given with that.

    In Protocol 2.0 one broadcast Ping finds them all within a second. Where its answers come
    garbled, and in Protocol 1.0, where servos answer a broadcast all at once, each id is asked.
    One whose answer comes while the next id is asked is late, and given with a note.

    :param step: told of the progress; a sweep has as many steps as there are ids.
    :param ids: look for these; None: all.
    :param each: ask each id in any case, which finds servos that spoil a broadcast.
    :raises DxlPortError: the port or the driver cannot be used.
    """
    protocol = asker.manner.protocol
    wanted = ids_in(protocol, ids)
    where = f'Protocol {protocol}'
    if ids is None and not each and protocol is Protocol.V2:
        step(0, f'{where}, all ids at once')
        found, result = asker.roll_call()
        require_available(result)
        if result.result in (ResultCode.SUCCESS, ResultCode.RX_TIMEOUT) and not result.data:
            step(len(wanted), where)
            return
        if found:
            step(len(wanted), where)
            yield from found
            return
    given: set[int] = set()
    silent: list[int] = []
    for servo in wanted:
        step(0, f'{where}, id {servo}')
        answer = asker.ping(servo)
        require_available(answer.reply)
        step(1, f'{where}, id {servo}')
        suspects = senders_in(answer.reply) & set(wanted) - {servo}
        if answer.reply.ok:
            # A late answer to one of those before may have come meanwhile, and was set aside.
            suspects |= set(silent)
        for identity in _late_ones(asker, suspects - given):
            given.add(identity.reply.id)
            yield identity
        if senders_in(answer.reply):
            answer = patient(asker).ping(servo)
        silent = [] if answer.reply.ok else [*silent, servo][-_MAY_BE_UNDER_WAY:]
        if servo not in given and is_heard(answer.reply):
            given.add(servo)
            yield answer
    if ids is not None:
        yield from _late_ones(asker, set(silent) - given)


def is_heard(reply: Reply) -> bool:
    """Return whether anything came that may be from the servo asked, whole or garbled."""
    if reply.result is ResultCode.SUCCESS:
        return True
    senders = senders_in(reply)
    return not reply.silent and (not senders or reply.id in senders)


def senders_in(reply: Reply) -> set[int]:
    """Return whose whole packets came where there should have been one from the servo asked."""
    if reply.result is ResultCode.SUCCESS:
        return set()
    return {packet.id for packet in status_packets(reply.protocol, reply.received)}


def _late_ones(asker: Asker, suspects: set[int]) -> Iterator[Identity]:
    """Ask servos once more whose answers may have come while others were asked."""
    if asker.manner.timeout_s >= PATIENCE_S:
        return
    for servo in sorted(suspects):
        late = measure(asker, servo)
        if late is not None:
            note = '' if late.waited_s is None else late.sentence(asker.access)
            yield late.identity._replace(note=note)


def require_available(came: TransactionResult | Reply) -> None:
    """
    See that silence comes from the servos, not from a port that is gone or a bus in use.

    :raises DxlPortError: the port or the driver cannot be used.
    """
    if came.result not in _FROM_SERVOS:
        raise _ERRORS.get(came.result, NotAvailableError)(came.message)
