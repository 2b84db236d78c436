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
import contextlib
import errno
import gc
import os
import random
import re
import signal
import subprocess
import sys
import termios
import threading
import time
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
from dynamixel_sdk import (
    COMM_PORT_BUSY,
    COMM_RX_CORRUPT,
    COMM_RX_TIMEOUT,
    COMM_SUCCESS,
    COMM_TX_FAIL,
    PacketHandler,
)
from handler_support.fake_servo import Flood, Pty, wait_until
import pytest
import serial

PING_1 = bytes.fromhex('ffff fd00 0103 0001 194e')
PONG_1 = bytes.fromhex('ffff fd00 0107 0055 0006 0426 655d')


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
    for name in vars(dynamixel_sdk.PortHandler):
        assert name.startswith('__') or callable(getattr(ours, name))
    for name in vars(theirs):
        assert getattr(ours, name) == getattr(theirs, name)
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
    wait_until(lambda: handler.getBytesAvailable() == 5)
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
    wait_until(lambda: handler.getBytesAvailable() == 6)
    assert handler.readPort(2) == b'ab'
    assert handler.getBytesAvailable() == 4
    assert handler.readPort(0) == b''
    assert handler.readPort(-3) == b''
    assert handler.readPort(3) == b'cde'
    assert handler.readPort(10) == b'f'


def test_clearing_forgets_what_was_fetched_ahead(handler: PortHandler, pty_line: Pty) -> None:
    os.write(pty_line.master, b'abc')
    wait_until(lambda: handler.getBytesAvailable() == 3)
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
    assert handler.packet_timeout == 0.01 * 100 + 2 * 16.0 + 2.0
    assert before_s <= handler.packet_start_time / 1000.0 <= after_s
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


def test_a_success_clears_the_last_error(handler: PortHandler, pty_line: Pty) -> None:
    def succeeds(use: Callable[[], Any]) -> None:
        assert handler.writePort([300]) == -1
        assert handler.last_error is not None
        use()
        assert handler.last_error is None

    succeeds(lambda: handler.writePort(b'x'))
    succeeds(lambda: handler.readPort(1))
    succeeds(handler.getBytesAvailable)
    succeeds(handler.clearPort)
    succeeds(lambda: handler.setBaudRate(57600))
    succeeds(handler.openPort)
    os.write(pty_line.master, b'ab')
    wait_until(lambda: handler.getBytesAvailable() == 2)
    succeeds(lambda: handler.readPort(1))


def test_a_change_to_what_is_gone_says_that_it_is_gone(
    handler: PortHandler, pty_line: Pty
) -> None:
    pty_line.unplug()
    assert handler.setBaudRate(57600) is False
    assert isinstance(handler.last_error, PortMissingError)
    assert handler.is_open
    assert handler.getBaudRate() == 1_000_000


def test_a_change_on_the_same_device_keeps_other_programs_out(
    handler: PortHandler, pty_line: Pty
) -> None:
    assert handler.ser is not None
    fd = handler.ser.fileno()
    assert handler.setBaudRate(57600) is True
    assert handler.ser.fileno() == fd
    other = PortHandler(pty_line.name)
    assert other.openPort() is False


def test_what_a_handler_interrupts_stays_in_the_buffer(
    handler: PortHandler, pty_line: Pty
) -> None:
    class Interrupted(BaseException):
        pass

    def interrupt(*_: object) -> None:
        raise Interrupted

    main = threading.main_thread().ident
    assert main is not None

    def come_and_interrupt() -> None:
        os.write(pty_line.master, b'ab')
        # The reader has fetched them, and waits for more.
        wait_until(lambda: handler._ahead == b'ab')
        signal.pthread_kill(main, signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, interrupt)
    handler.setPacketTimeoutMillis(60_000)
    thread = threading.Thread(target=come_and_interrupt)
    thread.start()
    with pytest.raises(Interrupted):
        handler.readPort(5)
    thread.join()
    signal.signal(signal.SIGUSR1, before)
    os.write(pty_line.master, b'c')
    assert handler.readPort(3) == b'abc'


@pytest.mark.parametrize('length', [2.5, float('nan'), float('inf'), None, '2', [2]], ids=repr)
def test_a_length_that_is_none_reads_nothing_and_loses_nothing(
    handler: PortHandler, pty_line: Pty, length: Any
) -> None:
    os.write(pty_line.master, b'ab')
    handler.setPacketTimeoutMillis(10_000)
    assert handler.readPort(length) == b''
    assert isinstance(handler.last_error, RequestError)
    assert handler.isPacketTimeout()
    handler.setPacketTimeoutMillis(10_000)
    assert handler.readPort(2) == b'ab'


@pytest.mark.parametrize('protocol', [1.0, 2.0])
@pytest.mark.parametrize(
    'data',
    [b'\xff', b'\0', b'\xff\xff\xfd\x00', PONG_1, bytes.fromhex('ffff 0902 00f4')],
    ids=bytes.hex,
)
def test_a_peer_that_sends_without_end_keeps_no_instruction(protocol: float, data: bytes) -> None:
    flood = Flood(data)
    handler = PortHandler(flood.name)
    assert handler.openPort()
    after = bytearray()
    read_port = handler.readPort

    def read(length: int) -> bytes:
        data = read_port(length)
        if time.monotonic() * 1000.0 > handler.packet_start_time + 100.0:
            after.extend(data)
        return data

    handler.readPort = read  # type: ignore[method-assign]
    handler.setPacketTimeout = (  # type: ignore[method-assign]
        lambda _: handler.setPacketTimeoutMillis(100.0)
    )
    assert PacketHandler(protocol).ping(handler, 2)[1] in (COMM_RX_CORRUPT, COMM_RX_TIMEOUT)
    # What was fetched before, and what was there at the last look.
    assert len(after) <= 2 * 4096 + 100
    handler.closePort()
    flood.close()


def test_an_end_comes_where_a_caller_is_slower_than_a_flood(pty_line: Pty) -> None:
    handler = PortHandler(pty_line.name)
    assert handler.openPort()
    os.write(pty_line.master, bytes(4000))
    handler.setPacketTimeoutMillis(20)
    count = 0
    while handler.readPort(1):
        time.sleep(0.001)
        count += 1
    assert count < 3000
    assert handler.isPacketTimeout()
    assert len(handler.readPort(5000)) == 4000 - count
    handler.closePort()


def test_what_came_while_the_thread_did_not_run_is_read_after_the_time_is_over(
    handler: PortHandler, pty_line: Pty
) -> None:
    handler.setPacketTimeoutMillis(1)
    os.write(pty_line.master, b'abc')
    wait_until(lambda: handler.getBytesAvailable() == 3 and handler.getTimeSinceStart() > 1.0)
    assert handler.readPort(2) == b'ab'
    assert handler.readPort(2) == b'c'
    assert handler.isPacketTimeout()
    for data in (b'd', b'e'):
        os.write(pty_line.master, data)
        wait_until(lambda: handler.getBytesAvailable() == 1)
        assert handler.readPort(9) == data


@pytest.mark.parametrize('tells', [True, False])
def test_a_device_that_cannot_make_the_default_rate_opens_at_what_it_can(
    pty_line: Pty,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tells: bool,
) -> None:
    if tells:
        monkeypatch.setattr(serial_port.SerialPort, '_achieved_baudrate', lambda *_: 115_200)
    else:
        reconfigure = serial.Serial._reconfigure_port

        def refuse(port: Any, force_update: bool = False) -> None:
            if port._baudrate > 115_200:
                raise termios.error(errno.EINVAL, 'Invalid argument')
            reconfigure(port, force_update)

        monkeypatch.setattr(serial.Serial, '_reconfigure_port', refuse)
    handler = PortHandler(pty_line.name)
    assert handler.openPort() is True
    assert handler.last_error is None
    assert handler.getBaudRate() == handler.baudrate == 115_200
    assert handler.tx_time_per_byte == pytest.approx(10_000 / 115_200)
    assert '1000000' in caplog.text
    assert 'open at 115200 bit/s' in caplog.text
    assert handler.writePort(b'x') == 1
    assert handler.openPort() is True
    # A rate that was asked for is that or none.
    assert handler.setBaudRate(1_000_000) is False
    assert isinstance(handler.last_error, BaudrateError)
    assert handler.getBaudRate() == 115_200
    handler.baudrate = 1_000_000
    assert handler.openPort() is False
    assert isinstance(handler.last_error, BaudrateError)
    assert not handler.is_open


def test_handlers_that_are_garbage_leave_no_descriptor(pty_line: Pty) -> None:
    before = len(os.listdir('/proc/self/fd'))
    for _ in range(200):
        handler = PortHandler(pty_line.name)
        assert handler.openPort()
        assert handler.writePort([300]) == -1
        handler.setPortName('/dev/ttyUSB_none')
        assert not handler.setBaudRate(57600)
        del handler
    assert len(os.listdir('/proc/self/fd')) == before


def test_handlers_of_a_virtual_bus_that_are_garbage_leave_no_thread() -> None:
    before = len(os.listdir('/proc/self/task'))
    for number in range(20):
        handler = PortHandler(f'sim://?ids=1&seed={number}')
        assert handler.openPort()
        del handler
    wait_until(lambda: len(os.listdir('/proc/self/task')) <= before)


def test_a_program_that_uses_ser_and_drops_the_port_leaves_nothing(pty_line: Pty) -> None:
    before = len(os.listdir('/proc/self/fd'))
    handler = PortHandler(pty_line.name)
    assert handler.openPort()
    assert handler.ser is not None
    del handler
    # While another thread collects garbage, this one's call does nothing.
    wait_until(lambda: gc.collect() >= 0 and len(os.listdir('/proc/self/fd')) <= before)


USES: dict[str, tuple[Callable[[PortHandler], Any], tuple[Any, ...]]] = {
    'openPort': (lambda port: port.openPort(), (True, False)),
    'closePort': (lambda port: port.closePort(), (None,)),
    'setupPort': (lambda port: port.setupPort(57600), (True, False)),
    'clearPort': (lambda port: port.clearPort(), (None,)),
    'setBaudRate': (lambda port: port.setBaudRate(57600), (True, False)),
    'getBytesAvailable': (lambda port: port.getBytesAvailable(), (0, -1)),
    'readPort': (lambda port: port.readPort(3), (b'',)),
    'writePort': (lambda port: port.writePort(b'x'), (1, -1)),
    'setPacketTimeout': (lambda port: port.setPacketTimeout(1), (None,)),
    'setPacketTimeoutMillis': (lambda port: port.setPacketTimeoutMillis(2), (None,)),
    'isPacketTimeout': (lambda port: port.isPacketTimeout(), (True, False)),
    'is_using': (lambda port: port.is_using, (True, False)),
    'ping': (
        lambda port: PacketHandler(2.0).ping(port, 1)[1],
        (COMM_RX_TIMEOUT, COMM_TX_FAIL, COMM_PORT_BUSY),
    ),
}


@pytest.mark.parametrize('exclusive', [True, False])
def test_random_interleavings_of_all_methods_give_what_they_promise(
    pty_line: Pty, request: pytest.FixtureRequest, exclusive: bool
) -> None:
    handler = PortHandler(pty_line.name, exclusive=exclusive)
    handler.latency_timer = 0.0
    handler.openPort()
    wrong: list[object] = []
    rounds = 2500 if request.config.getoption('--long') else 60
    os.set_blocking(pty_line.master, False)

    def use(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(rounds):
            name = chance.choice(list(USES))
            what, promised = USES[name]
            try:
                gave = what(handler)
            except BaseException as error:
                wrong.append((name, error))
                raise
            if gave not in promised:
                wrong.append((name, gave))
            with contextlib.suppress(BlockingIOError):
                os.read(pty_line.master, 4096)

    threads = [threading.Thread(target=use, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    handler.closePort()
    assert handler.openPort() is True
    handler.closePort()


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


def test_a_board_that_resets_is_waited_for_once_after_each_opening(pty_line: Pty) -> None:
    handler = PortHandler(pty_line.name, open_delay_s=0.4, dtr='leave')
    boot = threading.Timer(0.1, os.write, [pty_line.master, b'booting'])
    boot.start()
    begun = time.monotonic()
    assert handler.openPort()
    assert time.monotonic() - begun >= 0.4
    boot.join()
    assert handler.getBytesAvailable() == 0
    # The same device, still open: no board resets for a change of the rate.
    os.write(pty_line.master, b'x')
    begun = time.monotonic()
    assert handler.setBaudRate(57600)
    assert time.monotonic() - begun < 0.3
    handler.closePort()


@pytest.mark.parametrize(
    ('options', 'sentence'),
    [
        ({'open_delay_s': -1.0}, 'open_delay_s is -1.0; give 0 to 10 s'),
        ({'open_delay_s': float('nan')}, 'open_delay_s is nan'),
        ({'dtr': 'up'}, "dtr is 'up'; give on, leave or off"),
        ({'dtr': False}, 'dtr is False; give on, leave or off'),
    ],
)
def test_what_cannot_be_done_at_opening_is_refused(options: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        PortHandler('/dev/null', **options)
