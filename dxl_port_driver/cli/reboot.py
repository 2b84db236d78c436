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

"""``dxl_port reboot``: start servos anew, which clears their alarms."""

from __future__ import annotations

import click
from dxl_port_driver.cli.asker import Asker, Manner
from dxl_port_driver.cli.examples import examples
from dxl_port_driver.cli.exits import ExitStatus, worst
from dxl_port_driver.cli.options import asking_options, target_options
from dxl_port_driver.cli.output import Output
from dxl_port_driver.cli.rebooting import reboot, Rebooted
from dxl_port_driver.cli.replies import tell_failures
from dxl_port_driver.cli.target import Target
from dxl_port_driver.cli.values import IdsType


@click.command(
    'reboot',
    epilog=examples(
        'reboot 3 --port /dev/ttyUSB0',
        'reboot 1-6 --driver /arm/dxl_port_driver',
    ),
)
@click.argument('ids', type=IdsType())
@target_options
@asking_options
def command(ids: tuple[int, ...], target: Target, output: Output, manner: Manner) -> ExitStatus:
    """
    Reboot servos, one after another, and see that they are back without an alarm.

    That is the way out of a shutdown by overload, heat or voltage, once its cause is mended. The
    torque is off afterwards: what a servo holds up falls. Models of Protocol 1.0 only, such as
    the AX-12, know no reboot: switch their power off and on.
    """
    done: list[Rebooted] = []
    with target.open() as access:
        asker = Asker(access, manner)
        for servo in ids:
            each = reboot(asker, servo)
            done.append(each)
            output.record(
                **each.reply.fields(),
                alarm_before=each.alarm_before,
                back_s=None if each.back_s is None else round(each.back_s, 3),
                note=each.note,
            )
            if each.note:
                output.note(each.note)
            elif each.reply.ok and each.back_s is not None:
                gone = f'; gone is: {each.alarm_before}' if each.alarm_before else ''
                output.line(
                    f'servo {servo} rebooted, back after {each.back_s:.2f} s, torque off{gone}'
                )
    replies = [each.reply for each in done]
    for reply in replies:
        tell_failures(output, [reply])
    return worst(reply.status for reply in replies)
