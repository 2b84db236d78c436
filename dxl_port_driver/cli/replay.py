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

"""``dxl_port replay``: a recorded session, played as a port."""

from __future__ import annotations

import os
from pathlib import Path
import threading

import click
from dxl_port_driver.cli.examples import examples
from dxl_port_driver.cli.exits import ExitStatus
from dxl_port_driver.cli.output import complain, Output
from dxl_port_driver.errors import NotAvailableError
from dxl_port_driver.recording.server import ReplayServer

_MOST_SHOWN = 32


@click.command(
    'replay',
    epilog=examples(
        'replay session.dxl',
        'replay session.dxl --fast --link /tmp/servos',
    ),
)
@click.argument('file', type=click.Path(dir_okay=False))
@click.option('--fast', is_flag=True, help='Answer at once instead of after the recorded time.')
@click.option(
    '--link',
    type=click.Path(dir_okay=False, path_type=Path),
    help='Symbolic link to keep pointing at the pty.',
)
def command(file: str, fast: bool, link: Path | None) -> ExitStatus:
    """
    Play the recording FILE as a port, until Ctrl-C.

    Prints the path of a pty, which programs open like an adapter. Each instruction is answered as
    it was in the recording; of one that is there several times, the next one counts. One that was
    not recorded gets no answer, and a line on stderr.
    """
    if link is not None and os.path.lexists(link) and not link.is_symlink():
        raise click.UsageError(f'{link} exists and is no symbolic link; give another --link')
    server = ReplayServer(file, fast=fast, link=link, on_unknown=_tell_unknown)
    try:
        with server:
            Output(as_json=False).line(server.path)
            # Only a signal ends it.
            threading.Event().wait()
    except OSError as error:
        raise NotAvailableError(f'there is no pty to play {file} on: {error}') from error
    return ExitStatus.OK


def _tell_unknown(data: bytes) -> None:
    shown = data[:_MOST_SHOWN].hex(' ').upper()
    rest = ' ...' if len(data) > _MOST_SHOWN else ''
    complain(f'not in the recording, no answer: {shown}{rest}')
