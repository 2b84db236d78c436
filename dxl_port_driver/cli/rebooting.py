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
Rebooting servos, and telling whether they did.

Source: e-Manual, "DYNAMIXEL Protocol 2.0", section Reboot; "Shutdown" of the models' pages.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from dxl_port_driver.cli.asker import Asker, Identity, Reply
from dxl_port_driver.cli.lateness import patient
from dxl_port_driver.cli.models import called, registers_of

MOST_S = 3.0
"""So long a servo is waited for to be back, s."""
_PAUSE_S = 0.05


class Rebooted(NamedTuple):
    """
    What became of a reboot.

    :param reply: successful when the servo is back without an alarm; its error is that of now.
    :param alarm_before: what was wrong with it before; empty when nothing was.
    :param back_s: how long it took to be back, s; None when it is not, or was not rebooted.
    :param note: what a person should know beside that.
    """

    reply: Reply
    alarm_before: str = ''
    back_s: float | None = None
    note: str = ''


def reboot(asker: Asker, servo: int) -> Rebooted:
    """
    Reboot a servo and wait until it is back; its torque is off then.

    A servo that does not answer pings, or that refuses, is not waited for.
    """
    waiting = patient(asker)
    before = waiting.ping(servo)
    if not before.reply.ok:
        return Rebooted(before.reply)
    begun = time.monotonic()
    told = waiting.reboot(servo)
    alarm = before.reply.alarm
    if not told.ok and not told.silent:
        return Rebooted(told, alarm)
    back = _await(waiting, servo, begun + MOST_S)
    name = called(servo, before.model)
    if not back.ok:
        message = (
            f'{name} was told to reboot, and has not answered a ping since, for {MOST_S:g} s; '
            'switch its power off and on'
        )
        return Rebooted(back._replace(message=message), alarm)
    back_s = time.monotonic() - begun
    if back.alarm:
        why = _why(waiting, before, back)
        message = (
            f'{name} is back, and still tells: {why}; mend the cause first'
            if told.ok
            else f'{name} did not answer to the reboot, and tells as before: {why}'
        )
        return Rebooted(back._replace(message=message), alarm, back_s)
    note = ''
    if told.silent and not alarm:
        note = (
            f'{name} did not answer to the reboot, as with a Status Return Level of 1 or 0; that '
            'it answers pings does not show that it rebooted'
        )
    return Rebooted(back, alarm, back_s, note)


def _await(asker: Asker, servo: int, until: float) -> Reply:
    """Ping a servo until it answers."""
    while True:
        # It may not be down yet at first; and what it sends while it starts may be anything.
        time.sleep(_PAUSE_S)
        reply = asker.is_there(servo)
        if reply.ok or time.monotonic() >= until:
            return reply


def _why(asker: Asker, before: Identity, back: Reply) -> str:
    """Say what the alarm is about, as far as the servo tells."""
    registers = registers_of(before.model)
    if (
        registers is None
        or registers.hardware_error is None
        or registers.hardware_error > (0xFF if asker.manner.protocol == 1 else 0xFFFF)
    ):
        return back.alarm
    status = asker.read(back.id, registers.hardware_error, 1)
    words = registers.hardware_errors(status.params[0]) if status.ok else ''
    return f'{back.alarm} ({words})' if words else back.alarm
