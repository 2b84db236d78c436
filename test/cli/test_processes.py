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

"""The tool as a process: signals, pipes, terminals, and what it loads."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ('number', 'status'), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_ends_it_in_order_and_without_a_traceback(begin_dxl_port, number, status):
    process = begin_dxl_port('watch', '1', '132', '4', '--rate', '50', '--port', 'sim://')
    assert process.stdout.readline()
    assert process.stdout.readline()
    process.send_signal(number)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == status
    assert not errors


def test_ctrl_c_in_a_scan_still_shows_what_was_found(begin_dxl_port):
    process = begin_dxl_port(
        'scan', '--port', 'sim://?ids=&ids1=1', '--baudrates', '1M', '--protocol', '1.0'
    )
    # Each id that is not there costs 34 ms, so it would go on for nine seconds.
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(2)
    process.send_signal(signal.SIGINT)
    written, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert written.splitlines()[1].split()[:5] == ['1000000', '1.0', '1', '29', 'MX-28']
    assert not errors


def test_a_reader_that_went_away_is_no_reason_to_complain(begin_dxl_port):
    process = begin_dxl_port('watch', '1', '132', '4', '--rate', '50', '--port', 'sim://')
    assert process.stdout.readline()
    process.stdout.close()
    assert process.wait(20) == 141
    assert not process.stderr.read()
    process.stderr.close()


def test_a_port_needs_no_ros_and_help_needs_neither_port_nor_tables(begin_dxl_port):
    code = (
        'import sys; from dxl_port_driver.cli.main import main;'
        'status = main(sys.argv[1:]);'
        "print(status, *sorted({'rclpy', 'serial', 'rich'} & set(sys.modules)))"
    )

    def loaded(*arguments):
        done = subprocess.run(
            [sys.executable, '-c', code, *arguments], capture_output=True, text=True, timeout=30
        )
        return done.stdout.splitlines()[-1]

    assert loaded('--help') == '0'
    assert loaded('ping', '1', '--timeout', '1', '--json', '--port', 'sim://') == '0 serial'
    assert loaded('ping', '1', '--timeout', '1', '--port', 'sim://') == '0 rich serial'


def on_a_terminal(*arguments, **environment):
    """Give what the tool writes on a terminal of its own."""
    pid, terminal = pty.fork()
    if pid == 0:
        try:
            os.environ.update(environment)
            os.execv(
                sys.executable, [sys.executable, '-m', 'dxl_port_driver.cli.main', *arguments]
            )
        finally:
            os._exit(99)
    written = b''
    try:
        while part := os.read(terminal, 4096):
            written += part
    except OSError:
        pass  # Linux's way to tell that the far end is closed
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    return written.decode()


# Python 3.12 warns of every fork in a process that has threads; this child execs at once.
@pytest.mark.filterwarnings('ignore:This process:DeprecationWarning')
def test_a_terminal_gets_a_live_table_and_a_pipe_plain_lines(begin_dxl_port):
    arguments = ('watch', '1', '132', '4', '--count', '2', '--timeout', '1', '--port', 'sim://')
    shown = on_a_terminal(*arguments, TERM='xterm', COLUMNS='100')
    assert '\x1b[' in shown
    assert 'LOWEST' in shown
    piped, _ = begin_dxl_port(*arguments).communicate(timeout=20)
    assert '\x1b' not in piped
    assert piped.isascii()


@pytest.mark.filterwarnings('ignore:This process:DeprecationWarning')
def test_colours_are_left_out_when_asked_for():
    shown = on_a_terminal(
        'ping', '1', '--timeout', '1', '--port', 'sim://', TERM='xterm', NO_COLOR='1'
    )
    assert '\x1b[3' not in shown
    assert 'XM430-W350' in shown
