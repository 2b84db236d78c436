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

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
import os
import subprocess
import sys
import threading
import time
import tty
from typing import Any

from dxl_port_driver import (
    BaudrateError,
    DxlPortError,
    PortClosedError,
    PortHandler,
    PortMissingError,
    PortNameError,
    ReceiveError,
    RequestError,
    TransmitError,
)
from dxl_port_driver.port import serial_port
import dynamixel_sdk
from dynamixel_sdk import COMM_RX_TIMEOUT, COMM_SUCCESS, COMM_TX_FAIL, PacketHandler
import pytest

PING_1 = bytes.fromhex('ffff fd00 0103 0001 194e')
PONG_1 = bytes.fromhex('ffff fd00 0107 0055 0006 0426 655d')


class Pty:
    def __init__(self) -> None:
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.name = os.ttyname(self.slave)

    def unplug(self) -> None:
        for fd in {self.slave, self.master} - {-1}:
            os.close(fd)
        self.master = self.slave = -1


@pytest.fixture
def pty_line() -> Iterator[Pty]:
    line = Pty()
    yield line
    line.unplug()


@pytest.fixture
def handler(pty_line: Pty) -> Iterator[PortHandler]:
    handler = PortHandler(pty_line.name)
    assert handler.openPort() is True
    yield handler
    handler.closePort()


def test_it_has_all_that_the_sdks_has(pty_line: Pty) -> None:
    theirs = dynamixel_sdk.PortHandler(pty_line.name)
    ours = PortHandler(pty_line.name)
    for name in ('is_open', 'is_using', 'baudrate', 'port_name', 'tx_time_per_byte'):
        assert getattr(ours, name) == getattr(theirs, name)
    not_ours = {'setupPort', 'getCFlagBaud', 'getCurrentTime', 'getTimeSinceStart'}
    methods = {name for name in vars(dynamixel_sdk.PortHandler) if not name.startswith('_')}
    for name in methods - not_ours:
        assert callable(getattr(ours, name))
    assert ours.isPacketTimeout() is theirs.isPacketTimeout() is True
    assert ours.setPacketTimeoutMSec.__func__ is ours.setPacketTimeoutMillis.__func__


def test_opens_at_the_rate_set_so_far_and_closes_any_number_of_times(pty_line: Pty) -> None:
    handler = PortHandler(pty_line.name)
    handler.closePort()
    assert handler.getBaudRate() == 1_000_000
    assert handler.openPort() is True
    assert handler.is_open
    assert handler.last_error is None
    assert handler.tx_time_per_byte == 0.01
    assert handler.latency_timer == 16.0
    assert handler.openPort() is True
    handler.is_using = True
    handler.closePort()
    handler.closePort()
    assert not handler.is_open
    assert not handler.is_using


def test_the_latency_timer_of_the_adapter_counts(
    pty_line: Pty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serial_port, 'read_latency_timer_ms', lambda path: 1.0)
    handler = PortHandler(pty_line.name)
    assert handler.openPort()
    assert handler.latency_timer == 1.0
    handler.closePort()


@pytest.mark.parametrize(
    ('name', 'error'),
    [
        ('/dev/ttyUSB_none', PortMissingError),
        ('spy:///dev/null', PortNameError),
        ('', PortNameError),
    ],
)
def test_a_port_that_does_not_open_says_why(name: str, error: type[DxlPortError]) -> None:
    handler = PortHandler(name)
    assert handler.openPort() is False
    assert not handler.is_open
    assert isinstance(handler.last_error, error)
    assert handler.setBaudRate(57600) is False
    assert handler.getBaudRate() == 1_000_000


def test_a_closed_port_fails_without_raising() -> None:
    handler = PortHandler('/dev/ttyUSB_none')
    for use, answer in (
        (handler.clearPort, None),
        (handler.getBytesAvailable, -1),
        (lambda: handler.readPort(3), b''),
        (lambda: handler.writePort([1]), -1),
    ):
        handler.last_error = None
        assert use() == answer
        assert isinstance(handler.last_error, PortClosedError)


def test_set_baudrate_on_an_open_port_changes_it(handler: PortHandler, pty_line: Pty) -> None:
    os.write(pty_line.master, b'stale')
    wait_for(lambda: handler.getBytesAvailable() == 5)
    for rate in (57600, 4_500_000, 10_500_000):
        assert handler.setBaudRate(rate) is True
        assert handler.getBaudRate() == handler.baudrate == rate
        assert handler.tx_time_per_byte == pytest.approx(10_000.0 / rate)
        assert handler.readPort(10) == b''


@pytest.mark.parametrize('rate', [0, -1, 2**31, True, '57600', None])
def test_a_refused_rate_leaves_the_port_as_it_was(handler: PortHandler, rate: Any) -> None:
    assert handler.setBaudRate(rate) is False
    assert isinstance(handler.last_error, BaudrateError)
    assert handler.is_open
    assert handler.getBaudRate() == 1_000_000
    assert handler.writePort(b'on') == 2


def test_a_rate_that_the_adapter_cannot_make_names_the_closest(
    handler: PortHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serial_port.SerialPort, '_achieved_baudrate', lambda *_: 3_000_000)
    assert handler.setBaudRate(4_500_000) is False
    assert isinstance(handler.last_error, BaudrateError)
    assert handler.last_error.closest == 3_000_000
    assert (handler.getBaudRate(), handler.tx_time_per_byte) == (1_000_000, 0.01)
    assert handler.writePort(b'on') == 2


def test_set_baudrate_opens_a_closed_port_as_the_sdk_does(pty_line: Pty) -> None:
    handler = PortHandler(pty_line.name)
    assert handler.setBaudRate(57600) is True
    assert handler.is_open
    assert handler.getBaudRate() == 57600
    handler.closePort()


def test_another_name_is_opened_next_and_not_before(handler: PortHandler, pty_line: Pty) -> None:
    other = Pty()
    try:
        handler.setPortName('/dev/ttyUSB_none')
        assert handler.getPortName() == '/dev/ttyUSB_none'
        assert handler.setBaudRate(57600) is False
        assert handler.writePort(b'old') == 3
        assert os.read(pty_line.master, 10) == b'old'
        handler.setPortName(other.name)
        assert handler.setBaudRate(57600) is True
        assert handler.writePort(b'new') == 3
        assert os.read(other.master, 10) == b'new'
        handler.setPortName(pty_line.name)
        assert handler.openPort() is True
        assert handler.writePort(b'back') == 4
        assert os.read(pty_line.master, 10) == b'back'
    finally:
        handler.closePort()
        other.unplug()


@pytest.mark.parametrize(
    'packet',
    [
        b'\xff\x01',
        bytearray(b'\xff\x01'),
        [255, 1],
        (255, 1),
        array('B', [255, 1]),
        array('i', [255, 1]),
        memoryview(b'\xff\x01'),
    ],
    ids=lambda packet: type(packet).__name__,
)
def test_writes_every_kind_of_packet(handler: PortHandler, pty_line: Pty, packet: Any) -> None:
    assert handler.writePort(packet) == 2
    assert os.read(pty_line.master, 10) == b'\xff\x01'


@pytest.mark.parametrize('packet', [[256], [-1], ['a'], [1.5], 'text', 7, None, array('f', [1])])
def test_what_is_no_packet_is_refused_and_not_sent(
    handler: PortHandler, pty_line: Pty, packet: Any
) -> None:
    assert handler.writePort(packet) == -1
    assert isinstance(handler.last_error, RequestError)
    assert handler.writePort([]) == 0
    assert handler.writePort(b'x') == 1
    assert os.read(pty_line.master, 10) == b'x'


def test_reads_what_is_there_when_no_clock_runs(handler: PortHandler, pty_line: Pty) -> None:
    assert handler.readPort(10) == b''
    os.write(pty_line.master, b'abcdef')
    wait_for(lambda: handler.getBytesAvailable() == 6)
    assert handler.readPort(2) == b'ab'
    assert handler.getBytesAvailable() == 4
    assert handler.readPort(0) == b''
    assert handler.readPort(-3) == b''
    assert handler.readPort(3) == b'cde'
    assert handler.readPort(10) == b'f'


def test_clearing_forgets_what_was_fetched_ahead(handler: PortHandler, pty_line: Pty) -> None:
    os.write(pty_line.master, b'abc')
    wait_for(lambda: handler.getBytesAvailable() == 3)
    assert handler.readPort(1) == b'a'
    handler.clearPort()
    assert handler.getBytesAvailable() == 0
    assert handler.readPort(2) == b''


def test_reading_waits_for_all_bytes_while_the_clock_runs(
    handler: PortHandler, pty_line: Pty
) -> None:
    sender = threading.Thread(target=drip, args=(pty_line.master, b'abcde'))
    handler.setPacketTimeoutMillis(10_000)
    sender.start()
    assert handler.readPort(5) == b'abcde'
    assert not handler.isPacketTimeout()
    sender.join()


def test_reading_ends_with_the_clock_and_keeps_what_came(
    handler: PortHandler, pty_line: Pty
) -> None:
    os.write(pty_line.master, b'ab')
    started_s = time.monotonic()
    handler.setPacketTimeoutMillis(50)
    assert handler.readPort(5) == b'ab'
    assert handler.isPacketTimeout()
    assert handler.isPacketTimeout()
    assert 0.05 <= time.monotonic() - started_s < 5.0


def test_the_packet_timeout_is_the_contracts(handler: PortHandler) -> None:
    before_s = time.monotonic()
    handler.setPacketTimeout(100)
    after_s = time.monotonic()
    wanted_s = (0.01 * 100 + 2 * 16.0 + 2.0) / 1000.0
    assert before_s + wanted_s <= handler._deadline <= after_s + wanted_s
    assert not handler.isPacketTimeout()


@pytest.mark.parametrize('msec', [0, -5, float('nan')])
def test_a_time_that_is_none_is_over(handler: PortHandler, msec: float) -> None:
    handler.setPacketTimeoutMillis(msec)
    assert handler.isPacketTimeout()
    assert handler.readPort(1) == b''


def test_a_step_of_the_wall_clock_changes_no_timeout(
    handler: PortHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stepped() -> float:
        raise AssertionError('the wall clock was asked')

    monkeypatch.setattr(time, 'time', stepped)
    monkeypatch.setattr(time, 'time_ns', stepped)
    handler.setPacketTimeoutMillis(5)
    assert handler.readPort(1) == b''
    assert handler.isPacketTimeout()
    handler.setPacketTimeout(1)
    assert handler.writePort(b'x') == 1


@pytest.mark.parametrize('length', [10, 0])
def test_the_sdks_waiting_loop_costs_no_cpu(handler: PortHandler, length: int) -> None:
    handler.setPacketTimeoutMillis(500)
    before_s = time.process_time()
    rounds = 0
    while True:
        handler.readPort(length)
        rounds += 1
        if handler.isPacketTimeout():
            break
    assert time.process_time() - before_s < 0.1
    assert rounds == 1 if length else rounds <= 501


def test_an_unplugged_port_ends_the_clock_and_says_so(handler: PortHandler, pty_line: Pty) -> None:
    handler.setPacketTimeoutMillis(60_000)
    threading.Timer(0.05, pty_line.unplug).start()
    assert handler.readPort(5) == b''
    assert isinstance(handler.last_error, ReceiveError)
    assert handler.isPacketTimeout()
    assert handler.writePort(b'x') == -1
    assert isinstance(handler.last_error, TransmitError)
    assert handler.getBytesAvailable() == -1
    handler.clearPort()
    assert handler.setBaudRate(57600) is False
    assert handler.getBaudRate() == 1_000_000
    handler.closePort()
    assert handler.openPort() is False


def test_closing_from_another_thread_ends_a_read(handler: PortHandler) -> None:
    handler.setPacketTimeoutMillis(60_000)
    closer = threading.Timer(0.05, handler.closePort)
    closer.start()
    assert handler.readPort(5) == b''
    assert isinstance(handler.last_error, PortClosedError)
    closer.join()


def test_the_sdks_handler_talks_through_it(handler: PortHandler, pty_line: Pty) -> None:
    servo = threading.Thread(target=answer_ping, args=(pty_line.master,))
    servo.start()
    model, result, error = PacketHandler(2.0).ping(handler, 1)
    servo.join()
    assert (model, result, error) == (0x0406, COMM_SUCCESS, 0)
    assert not handler.is_using


def test_the_sdks_handler_times_out_and_fails_as_it_should(
    handler: PortHandler, pty_line: Pty
) -> None:
    packets = PacketHandler(2.0)
    assert packets.ping(handler, 2)[1] == COMM_RX_TIMEOUT
    pty_line.unplug()
    assert packets.ping(handler, 2)[1] == COMM_TX_FAIL
    assert not handler.is_using


def test_importing_the_package_is_light() -> None:
    script = (
        'import sys, dxl_port_driver; from dxl_port_driver import PortHandler;'
        'print([m for m in sys.modules if m.split(".")[0] in ("rclpy", "serial")'
        ' or m.startswith("dxl_port_driver.sim")])'
    )
    done = subprocess.run(
        [sys.executable, '-c', script], capture_output=True, text=True, check=True
    )
    assert done.stdout == '[]\n'


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10.0
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def drip(fd: int, data: bytes) -> None:
    for value in data:
        os.write(fd, bytes([value]))
        time.sleep(0.005)


def answer_ping(fd: int) -> None:
    got = b''
    while len(got) < len(PING_1):
        got += os.read(fd, 100)
    assert got == PING_1
    os.write(fd, PONG_1)
