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

"""A bus behind a pty: unplugged, left alone, opened and closed a thousand times."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
import subprocess
import sys
import termios
import threading
import time

from dxl_port_driver.errors import (
    BaudrateError,
    PortMissingError,
    PortNameError,
    PortOpenError,
    ReceiveError,
)
from dxl_port_driver.port.open_port import make_port
from dxl_port_driver.port.serial_port import SerialPort
from dxl_port_driver.protocol.instructions import Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket
from dxl_port_driver.sim.sim_port import SimPort
import pytest

PATIENCE_S = 10.0
PING = InstructionPacket(Protocol.V2, 1, Instruction.PING).encode()
LIGHT = InstructionPacket(Protocol.V2, 1, Instruction.WRITE, b'\x41\0\1').encode()
READ_LED = InstructionPacket(Protocol.V2, 1, Instruction.READ, b'\x41\0\1\0').encode()


def ask(port, packet=PING, length=14):
    deadline = time.monotonic() + PATIENCE_S
    port.clear()
    port.write(packet, deadline)
    got = b''
    while len(got) < length:
        piece = port.read(length - len(got), deadline)
        assert piece, f'only {got.hex(" ")} came'
        got += piece
    return got


def eventually(true):
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def open_descriptors():
    return len(os.listdir('/proc/self/fd'))


def test_sim_is_a_port_like_any_other(unique_url):
    with make_port(unique_url) as port:
        assert isinstance(port, SimPort)
        assert ask(port)[:5] == b'\xff\xff\xfd\0\1'
        assert port.real_baudrate == 1_000_000
        assert port.latency_timer_ms is None


@pytest.fixture
def unique_url(request):
    """Give a URL whose bus no other test meets."""
    return f'sim://t{abs(hash(request.node.nodeid)) % 10**12}?ids=1-3&return_delay=0'


def test_a_wrong_url_names_the_port_and_the_option():
    with pytest.raises(PortNameError) as caught:
        make_port('sim://?idz=3')
    assert caught.value.port == 'sim://?idz=3'
    assert 'did you mean ids?' in str(caught.value)


def test_servos_keep_their_state_while_no_port_has_them(unique_url):
    with make_port(unique_url) as port:
        ask(port, LIGHT, 11)
    with make_port(unique_url) as port:
        assert ask(port, READ_LED, 12)[9] == 1
    with make_port(unique_url.replace('?', 'x?')) as port:
        assert ask(port, READ_LED, 12)[9] == 0


def test_two_ports_of_one_url_meet_one_bus(unique_url):
    first = make_port(unique_url, exclusive=False)
    second = make_port(unique_url, exclusive=False)
    with first, second:
        assert first._device.tty.path == second._device.tty.path
        ask(first, LIGHT, 11)
        assert ask(second, READ_LED, 12)[9] == 1


def test_a_second_exclusive_open_is_refused_and_harms_nobody(unique_url):
    first, second = make_port(unique_url), make_port(unique_url)
    with first:
        with pytest.raises(PortOpenError):
            second.open()
        assert ask(first)
    with second:
        assert ask(second)


def test_an_adapter_of_few_rates_refuses_the_others(unique_url):
    with make_port(f'{unique_url}&rates=57600,1000000') as port:
        with pytest.raises(BaudrateError) as caught:
            port.set_baudrate(4_000_000)
        assert caught.value.closest == 1_000_000
        assert ask(port)
        port.set_baudrate(57600)
        assert ask(port)


def test_low_latency_takes_the_latency_timer_down(unique_url):
    with make_port(f'{unique_url}&latency_timer=16') as port:
        assert port.latency_timer_ms == 16
        assert port.set_low_latency(True)
        assert port.latency_timer_ms == 1
        assert not port.set_low_latency(False)
        assert port.latency_timer_ms == 16


def test_unplugging_ends_reads_and_opens_until_it_is_plugged_in(unique_url):
    port = make_port(unique_url)
    with port:
        server = port.server
        ask(port)
        assert server.unplug()
        assert not server.unplug()
        with pytest.raises(ReceiveError):
            port.read(1, time.monotonic() + PATIENCE_S)
    with pytest.raises(PortMissingError):
        port.open()
    assert server.plug()
    assert not server.plug()
    with port:
        ask(port)


def test_it_is_plugged_in_again_by_itself(unique_url):
    port = make_port(f'{unique_url}&unplug_after=2&replug_after=0.2')
    with port:
        ask(port)
        port.write(PING, time.monotonic() + PATIENCE_S)
        with pytest.raises(ReceiveError):
            port.read(64, time.monotonic() + PATIENCE_S)
        eventually(lambda: port.server.path is not None)
    with port:
        assert ask(port)
    assert port.server.bus.statistics.unplugs == 1


def test_replugging_counts_while_no_port_is_open(unique_url):
    port = make_port(unique_url)
    with port:
        port.server.unplug(0.05)
    with pytest.raises(PortMissingError):
        port.open()
    time.sleep(0.1)
    with port:
        assert ask(port)


def test_a_link_survives_unplugging(serve, tmp_path):
    link = tmp_path / 'servos'
    server = serve(link=link, lasting=True)
    for _ in range(3):
        assert os.readlink(link) == server.path
        with SerialPort(str(link)) as port:
            assert ask(port)
        server.unplug()
        assert not link.is_symlink()
        server.plug()
    server.stop()
    assert not link.is_symlink()
    assert list(tmp_path.iterdir()) == []


def test_a_port_closed_in_the_middle_gets_no_old_answers(serve):
    server = serve('delay=100', lasting=True)
    with SerialPort(server.path) as port:
        port.write(PING, time.monotonic() + PATIENCE_S)
        eventually(lambda: server.bus.statistics.instructions == 1)
    eventually(lambda: server.bus.next_due is None)
    with SerialPort(server.path) as port:
        assert port.read(64, time.monotonic() + 0.2) == b''


def test_the_lock_of_a_program_that_was_killed_is_taken_off(serve):
    server = serve(lasting=True)
    script = (
        'import fcntl, os, signal, sys, termios\n'
        'fd = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)\n'
        'fcntl.ioctl(fd, termios.TIOCEXCL)\n'
        'os.kill(os.getpid(), signal.SIGKILL)\n'
    )
    subprocess.run([sys.executable, '-c', script, server.path], check=False, timeout=30)

    def is_free():
        slave = os.open(server.path, os.O_RDWR | os.O_NOCTTY)
        try:
            locked = fcntl.ioctl(slave, 0x80045440, b'\0\0\0\0')
        finally:
            os.close(slave)
        return locked == b'\0\0\0\0'

    eventually(is_free)
    with SerialPort(server.path) as port:
        assert ask(port)


def test_a_host_that_does_not_read_does_no_harm(serve):
    server = serve('pace=off')
    slave = os.open(server.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        for _ in range(3000):
            try:
                os.write(slave, PING * 10)
            except BlockingIOError:
                time.sleep(0.001)
        termios.tcflush(slave, termios.TCIOFLUSH)
    finally:
        os.close(slave)
    with SerialPort(server.path) as port:
        eventually(lambda: server.bus.next_due is None)
        time.sleep(0.05)
        assert ask(port)


def test_an_idle_bus_uses_no_processor(serve):
    server = serve()
    with SerialPort(server.path) as port:
        ask(port)
        before = time.process_time()
        time.sleep(0.5)
        assert time.process_time() - before < 0.05
    before = time.process_time()
    time.sleep(0.5)
    assert time.process_time() - before < 0.05


def test_answers_are_not_early(serve):
    server = serve('ids=1&return_delay=0')
    with SerialPort(server.path, baudrate=9600) as port:
        ask(port)
        start = time.monotonic()
        for _ in range(5):
            ask(port)
        # 24 bytes at 9600 bit/s are 25 ms; what the bus knows of its own lag is well below 1 ms.
        assert time.monotonic() - start > 5 * 0.024


@pytest.mark.slow
def test_a_thousand_opens_leave_nothing_behind(unique_url):
    port = make_port(unique_url, exclusive=False)
    with port:
        ask(port)
    threads, descriptors = threading.active_count(), open_descriptors()
    for _ in range(1000):
        with port:
            pass
    assert (threading.active_count(), open_descriptors()) == (threads, descriptors)


def test_a_port_that_does_not_open_leaves_nothing_behind(unique_url):
    port = make_port(f'{unique_url}&rates=57600', baudrate=1_000_000)
    threads, descriptors = threading.active_count(), open_descriptors()
    for _ in range(20):
        with pytest.raises(BaudrateError):
            port.open()
    assert (threading.active_count(), open_descriptors()) == (threads, descriptors)


def test_a_link_in_a_missing_folder_is_an_os_error(serve):
    with pytest.raises(FileNotFoundError):
        serve(link=Path('/nonexistent/servos'))
