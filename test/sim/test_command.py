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

"""``virtual_bus`` as a process of its own."""

from __future__ import annotations

import json
import os
from pathlib import Path
import signal
import stat
import subprocess
import sys
import time

from dxl_port_driver.port.serial_port import SerialPort
from dxl_port_driver.protocol.instructions import Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket
from dxl_port_driver.sim.command import main
import pytest

PATIENCE_S = 20.0
COMMAND = [sys.executable, '-m', 'dxl_port_driver.sim.command']
ROOT = Path(__file__).resolve().parents[2]
PING = InstructionPacket(Protocol.V2, 1, Instruction.PING).encode()


class Running:
    """The command, running."""

    def __init__(self, *arguments, stdin=subprocess.PIPE):
        self.process = subprocess.Popen(
            [*COMMAND, *arguments],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self.path = self.process.stdout.readline().strip()

    def say(self, line):
        self.process.stdin.write(f'{line}\n')
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)


@pytest.fixture
def run():
    """Give a function that starts the command."""
    started = []

    def start(*arguments, **kinds):
        started.append(Running(*arguments, **kinds))
        return started[-1]

    yield start
    for running in started:
        running.process.kill()
        running.process.wait()
        for stream in (
            running.process.stdin,
            running.process.stdout,
            running.process.stderr,
        ):
            if stream is not None:
                stream.close()


def ping(path):
    with SerialPort(path) as port:
        deadline = time.monotonic() + PATIENCE_S
        port.write(PING, deadline)
        return port.read(64, deadline)


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_it_serves_a_pty_until_a_signal_and_removes_its_link(run, tmp_path, number):
    link = tmp_path / 'bus'
    bus = run('--link', str(link), 'sim://?ids=1-2&return_delay=0')
    assert stat.S_ISCHR(os.stat(bus.path).st_mode)
    assert os.readlink(link) == bus.path
    assert len(ping(str(link))) == 14
    assert bus.end(number) == 0
    assert not link.is_symlink()
    assert bus.process.stderr.read() == ''


def test_options_one_by_one(run):
    bus = run('--ids', '1,5', '--return-delay', '0', '--pace', 'off')
    assert ping(bus.path)
    assert bus.say('servos').startswith('ok: 1 XM430-W350 Protocol 2.0')


def test_commands(run):
    bus = run('--ids', '1-2')
    assert ping(bus.path)
    counts = json.loads(bus.say('stats'))
    assert (counts['instructions'], counts['violations']) == (1, 0)
    assert bus.say('clear') == 'ok: all counts are 0'
    assert bus.say('mute 1,2') == 'ok: mute is 1,2'
    assert bus.say('unmute 1') == 'ok: mute is 2'
    assert bus.say('unmute all') == 'ok: mute is nobody'
    assert bus.say('drop 0.5') == 'ok: drop is 0.5'
    assert bus.say('drop 5') == "error: drop='5' is no drop; give a number from 0 to 1"
    assert bus.say('drp 5') == "error: there is no command 'drp'; did you mean drop?"
    assert bus.say('drop') == 'error: write drop VALUE (part of 1)'
    assert bus.say('set 1 present_temperature 200') == 'ok: present_temperature is 200'
    assert bus.say('set 1 hardware_error_status 4') == 'ok: hardware_error_status is 4'
    assert bus.say('get 1 hardware_error_status') == 'ok: hardware_error_status is 4'
    assert bus.say('get 1 colour').startswith('error: the XM430-W350 has no register')
    assert bus.say('get 9 led').startswith('error: there is no servo')
    assert bus.say('get 1') == 'error: write get ID REGISTER'
    assert bus.say('unplug now') == 'error: write unplug [SECONDS]'
    assert bus.say('unplug') == 'ok: unplugged'
    assert bus.say('path').startswith('error: the adapter is out')
    assert bus.say('plug').startswith('ok: plugged in at /dev/pts/')
    assert bus.say('path').startswith('/dev/pts/')
    bus.process.stdin.write('quit\n')
    bus.process.stdin.flush()
    assert bus.process.wait(PATIENCE_S) == 0


def test_a_bus_watchdog_is_seen_to_strike_while_the_bus_is_silent(run):
    bus = run('--ids', '1', '--model', 'XL330-M288-T')
    assert bus.say('servos') == 'ok: 1 XL330-M288 Protocol 2.0 57600 bit/s'
    assert bus.say('set 1 torque_enable 1') == 'ok: torque_enable is 1'
    assert bus.say('set 1 bus_watchdog 1') == 'ok: bus_watchdog is 1'
    deadline = time.monotonic() + PATIENCE_S
    while bus.say('get 1 bus_watchdog') != 'ok: bus_watchdog is -1':
        assert time.monotonic() < deadline


def test_a_killed_driver_leaves_the_port_free(run):
    bus = run('--return-delay', '0')
    script = (
        'import os, signal, sys, time\n'
        'from dxl_port_driver.port.serial_port import SerialPort\n'
        'port = SerialPort(sys.argv[1]); port.open()\n'
        'os.kill(os.getpid(), signal.SIGKILL)\n'
    )
    subprocess.run([sys.executable, '-c', script, bus.path], check=False, cwd=ROOT, timeout=30)
    assert len(ping(bus.path)) == 14


def test_it_runs_on_without_commands(run):
    bus = run('--return-delay', '0', stdin=subprocess.DEVNULL)
    time.sleep(0.2)
    assert len(ping(bus.path)) == 14
    assert bus.end() == 0


def test_it_runs_on_with_its_input_closed():
    process = subprocess.Popen(
        ['sh', '-c', 'exec "$@" <&-', 'sh', *COMMAND, '--return-delay', '0'],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        path = process.stdout.readline().strip()
        time.sleep(0.2)
        assert len(ping(path)) == 14
        process.terminate()
        assert process.wait(PATIENCE_S) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize(
    ('arguments', 'said'),
    [
        (['--ids', '999'], 'ids from 0 to 252'),
        (['sim://?idz=1'], 'did you mean ids?'),
        (['--model', 'XL330'], 'did you mean XL330-M288'),
        (['--model', '1010'], 'the virtual bus has AX-12A (12), MX-28 (29), MX-64 (310), XM430'),
        (['sim://?ids=1', '--ids', '2'], 'not both'),
        (['--link', '/etc/passwd'], 'no symbolic link'),
    ],
)
def test_wrong_options_end_with_2_and_a_sentence(arguments, said, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert said in capsys.readouterr().err


def test_help_lists_the_options_and_the_models(capsys):
    with pytest.raises(SystemExit) as caught:
        main(['--help'])
    assert caught.value.code == 0
    said = capsys.readouterr().out
    assert '--unplug-after' in said
    assert 'XL330-M288 (1200)' in said
