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

"""The commands of ``dxl_port`` by name; each is imported when it is called."""

from __future__ import annotations

import importlib

import click
from dxl_port_driver.cli.examples import examples
from dxl_port_driver.cli.exits import ExitStatus

_COMMANDS = {
    'ping': 'Ask servos whether they are there, and what they are.',
    'scan': 'Look for servos at all ids, in both protocols and at many baudrates.',
    'read': 'Read a register of servos.',
    'write': 'Write a register of servos.',
    'reboot': 'Reboot servos, which clears their alarms.',
    'transact': 'Send bytes and show what comes back.',
    'watch': 'Show a register of several servos, live.',
    'info': 'Tell what there is to know about a port or a driver.',
    'bench': 'Measure how many transactions a second the bus carries.',
    'record': 'Write what goes over a bus into a file.',
    'replay': 'Play a recording as a port.',
    'timeline': 'Draw a recording: who talked when, and who did not answer.',
    'doctor': 'Check what users trip over, and say how to mend each.',
}
"""Name, which is that of the module as well, and what ``--help`` says of it."""


class CommandsByName(click.Group):
    """A group whose commands need not be imported for ``--help`` to list them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names in the order in which they are met."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None when there is none of that name."""
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f'dxl_port_driver.cli.{cmd_name}')
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands."""
        with formatter.section('Commands'):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(
    cls=CommandsByName,
    invoke_without_command=True,
    context_settings={'help_option_names': ['-h', '--help']},
    epilog=examples(
        'scan --port /dev/ttyUSB0',
        'ping 1-6 --port /dev/ttyUSB0 --baudrate 57600',
        'read 1 132 4 --driver /arm/dxl_port_driver',
        'watch 1-6 132 4 --port sim://',
    )
    + '\n\nExit status: 0 done, 1 no answer or a refusal, 2 wrong usage, 3 no port or driver, '
    '130 interrupted.',
)
@click.version_option(package_name='dxl_port_driver')
@click.pass_context
def dxl_port(ctx: click.Context) -> None:
    """
    Talk to DYNAMIXEL servos, through a driver node or straight on a port.

    While a driver node holds a port, reach the bus through the node: --driver. Numbers may be
    written in any base: 132, 0x84. Each command has its own --help.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
        ctx.exit(ExitStatus.USAGE)
