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
``virtual_bus``: emulated servos behind a pty, as a process of its own.

Prints the path of the pty on its first line, takes commands on standard input, and ends with
SIGINT, SIGTERM or the command ``quit``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import contextlib
import os
from pathlib import Path
import signal
import sys
import threading
import time

from dxl_port_driver.errors import PortNameError
from dxl_port_driver.sim.bus import Bus
from dxl_port_driver.sim.console import Console, Quit
from dxl_port_driver.sim.models import list_models
from dxl_port_driver.sim.option_table import OPTIONS
from dxl_port_driver.sim.options import make_options, parse_url, SimOptions
from dxl_port_driver.sim.pty_server import PtyServer

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run the command.

    :param arguments: of the command line; None: those of this process.
    :return: exit code: 0 after a signal or ``quit``, 1 when there is no pty to be had or the
        link cannot be made; wrong options end the process with 2.
    """
    parser = _make_parser()
    given = parser.parse_args(arguments)
    try:
        options = _make_options(given)
    except PortNameError as error:
        parser.error(str(error))
    link: Path | None = given.link
    if link is not None and os.path.lexists(link) and not link.is_symlink():
        parser.error(f'{link} exists and is no symbolic link; give another --link')
    # Every thread inherits the mask, so that the signals wait for sigwait below.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    # In the background of a terminal, reading commands must fail instead of stopping the bus.
    signal.signal(signal.SIGTTIN, signal.SIG_IGN)
    server = PtyServer(Bus(options), link, lasting=True)
    try:
        server.start()
    except OSError as error:
        server.stop()
        print(f'virtual_bus: no pty: {error}', file=sys.stderr)
        return 1
    try:
        _print(str(server.path))
        threading.Thread(target=_serve_commands, args=(server,), daemon=True).start()
        signal.sigwait(_ENDING)
    finally:
        server.stop()
    return 0


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='virtual_bus',
        description='Emulated DYNAMIXEL servos behind a pty. Prints the path of the pty, then '
        'takes commands on standard input ("help" lists them) until it is interrupted.',
        epilog=f'Models: {list_models()}.',
    )
    parser.add_argument(
        'url', nargs='?', default='', help='options as a URL: sim://?ids=1-6&drop=0.01'
    )
    parser.add_argument('--link', type=Path, help='symbolic link to keep pointing at the pty')
    for option in OPTIONS:
        parser.add_argument(
            f'--{option.name.replace("_", "-")}',
            dest=option.name,
            metavar='VALUE',
            help=f'{option.about} ({option.form}; default: {option.default or "none"})'.replace(
                '%', '%%'
            ),
        )
    return parser


def _make_options(given: argparse.Namespace) -> SimOptions:
    texts = {
        option.name: getattr(given, option.name)
        for option in OPTIONS
        if getattr(given, option.name) is not None
    }
    if not given.url:
        return make_options(texts)
    if texts:
        raise PortNameError('give the options as a URL or one by one, not both')
    return parse_url(given.url)


def _serve_commands(server: PtyServer) -> None:
    console = Console(server, time.monotonic)
    # Standard input may be closed, /dev/null, or a terminal that is not ours to read.
    with contextlib.suppress(OSError, ValueError):
        for line in sys.stdin or ():
            try:
                answer = console.run(line)
            except Quit:
                os.kill(os.getpid(), signal.SIGTERM)
                return
            if answer:
                _print(answer)


def _print(text: str) -> None:
    # Who started the bus may have stopped listening.
    with contextlib.suppress(OSError, ValueError):
        print(text, flush=True)


if __name__ == '__main__':
    sys.exit(main())
