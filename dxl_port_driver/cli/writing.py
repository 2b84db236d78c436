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
Writing registers of servos that may not answer writes, and telling obeyed from lost.

A servo whose Status Return Level is 1 answers pings and reads, with 0 pings alone. It obeys all
the same. So a write without an answer is looked into before it is called a failure or sent again.

Source: e-Manual, "Status Return Level" of the models' Control Tables.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from dxl_port_driver.cli.asker import Asker, Identity, Reply
from dxl_port_driver.cli.lateness import measure, patient
from dxl_port_driver.cli.models import called, registers_of
from dxl_port_driver.cli.servo_errors import refusal
from dxl_port_driver.errors import ResultCode
from dxl_port_driver.protocol.instructions import BROADCAST_ID, Instruction, Protocol

_UNCONFIRMED = (ResultCode.SUCCESS, ResultCode.RX_TIMEOUT)
_WORTH_A_RETRY = (ResultCode.RX_TIMEOUT, ResultCode.RX_CORRUPT)
_ADDRESSES = {Protocol.V1: 0xFF, Protocol.V2: 0xFFFF}


class Written(NamedTuple):
    """
    What became of a write.

    :param reply: successful when it was obeyed, or, for a servo that answers pings alone, sent.
    :param note: how that is known, where it is not from an answer; empty otherwise.
    :param sure: whether it is known.
    """

    reply: Reply
    note: str = ''
    sure: bool = True


def write_register(asker: Asker, servo: int, address: int, data: bytes) -> Written:
    """
    Write registers of one servo; of all with the broadcast id, which none answers.

    :raises RequestError: the protocol has no such address.
    """
    once = Asker(asker.access, replace(asker.manner, retries=0))
    tries = 0
    while True:
        tries += 1
        reply = once.write(servo, address, data)._replace(attempts=tries)
        # A driver that has learnt that a servo answers no writes says success without an answer.
        unconfirmed = not reply.received and reply.result in _UNCONFIRMED
        if unconfirmed and servo != BROADCAST_ID:
            written = _look_into(once, reply, address, data)
        else:
            written = Written(_without_standing_alarms(once, reply))
        reply = written.reply
        if reply.ok or reply.result not in _WORTH_A_RETRY or tries > asker.manner.retries:
            if not reply.ok and tries > 1:
                message = f'{reply.message} (after {tries} attempts)'
                written = written._replace(reply=reply._replace(message=message))
            return written


def status_level(asker: Asker, servo: int, model: int | None) -> int | None:
    """
    Find out the Status Return Level of a servo that answers pings.

    :param asker: one with patience.
    :param model: its model number; None when that is not known.
    :return: 2, 1, 0, or None when it cannot be told.
    """
    registers = registers_of(model)
    if registers is None or registers.status_level > _ADDRESSES[asker.manner.protocol]:
        return None
    for _ in range(2):
        reply = asker.read(servo, registers.status_level, 1)
        if reply.ok:
            return reply.params[0]
        if not reply.silent:
            return None
    # It answers pings, and does not answer reads.
    return 0 if asker.is_there(servo).ok else None


def _without_standing_alarms(asker: Asker, reply: Reply) -> Reply:
    """
    Tell a refusal from an alarm that stands in every answer of a Protocol 1.0 servo.

    Feetech's servos set for other reasons the bits that say that a value is out of its limits.
    """
    if reply.protocol is not Protocol.V1 or not reply.refused:
        return reply
    standing = patient(asker).is_there(reply.id)
    refused = reply.refused & ~(standing.error if standing.ok else 0)
    if refused == reply.refused:
        return reply
    why = refusal(reply.protocol, refused, Instruction.WRITE)
    message = f'servo {reply.id} refused: {why}' if why else ''
    return reply._replace(refused=refused, message=message)


def _look_into(asker: Asker, reply: Reply, address: int, data: bytes) -> Written:
    """Find out whether a write was obeyed that nothing came back for."""
    waiting = patient(asker)
    identity = waiting.ping(reply.id)
    if not identity.reply.ok:
        return Written(identity.reply if reply.ok else reply)
    reply = reply._replace(result=ResultCode.RX_TIMEOUT)
    level = status_level(waiting, reply.id, identity.model)
    servo = called(reply.id, identity.model)
    if level == 0:
        return Written(
            _obeyed(reply, identity),
            f'{servo} answers pings alone (Status Return Level 0): sent, but whether it obeyed '
            'cannot be read back',
            sure=False,
        )
    back = waiting.read(reply.id, address, len(data))
    mute = f'{servo} does not answer writes' + (' (Status Return Level 1)' if level == 1 else '')
    if back.ok and back.params == data:
        if level == 1:
            return Written(_obeyed(reply, identity), f'{mute}; read back, the value is there')
        late = measure(asker, reply.id)
        if late is not None and late.waited_s is not None:
            note = late.sentence(asker.access)
        else:
            note = f'{mute}, or its answer was lost'
        return Written(_obeyed(reply, identity), f'{note}; read back, the value is there')
    if back.ok:
        found = int.from_bytes(back.params, 'little')
        why = (
            f'read back, the register has {found}: the servo refused the value, or did not get it'
        )
    else:
        why = f'it cannot be read back: {back.message}'
    if level == 1:
        return Written(reply._replace(message=f'{mute}, and {why}; with Status Return Level 2 it '
                                      'would say which'))  # fmt: skip
    return Written(reply._replace(message=f'{servo} answers pings, but not this write; {why}'))


def _obeyed(reply: Reply, identity: Identity) -> Reply:
    """Return the reply as if it had come, with the alarm that the servo's ping told of."""
    trouble = identity.reply.error
    return reply._replace(result=ResultCode.SUCCESS, message='', error=trouble)
