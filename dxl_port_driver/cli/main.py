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

"""The executable ``dxl_port``: runs a command, and turns whatever ends it into an exit status."""

from __future__ import annotations

from collections.abc import Sequence
import os
import sys

from dxl_port_driver.cli.exits import ExitStatus, status_of_error
from dxl_port_driver.cli.interrupts import Interrupted, orderly_end
from dxl_port_driver.cli.output import complain, ReaderGoneError, sentence
from dxl_port_driver.errors import DxlPortError


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run the tool.

    :param arguments: command line without the program's name; None: that of the process.
    :return: exit status, see :class:`ExitStatus`.
    """
    try:
        with orderly_end():
            return _run(sys.argv[1:] if arguments is None else list(arguments))
    except Interrupted as interrupted:
        if sys.stderr.isatty():
            print(file=sys.stderr)  # the terminal has shown ^C
        return 128 + interrupted.number
    except ReaderGoneError:
        _forget_stdout()
        return ExitStatus.READER_GONE


def _run(arguments: list[str]) -> int:
    import click
    from dxl_port_driver.cli.commands import dxl_port

    try:
        status = dxl_port.main(arguments, prog_name='dxl_port', standalone_mode=False)
        return int(status or ExitStatus.OK)
    except click.ClickException as error:
        error.show()
        return ExitStatus.USAGE
    except click.exceptions.Exit as end:
        return end.exit_code
    except DxlPortError as error:
        complain(sentence(error))
        return status_of_error(error)


def _forget_stdout() -> None:
    """Keep the interpreter from complaining, at its end, of what it cannot flush any more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == '__main__':
    sys.exit(main())
