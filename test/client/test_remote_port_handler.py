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

"""The SDK's port handler over ROS: what is beside the SDK's own calls."""

from __future__ import annotations

from array import array
from concurrent.futures import ThreadPoolExecutor
import gc
import signal
import subprocess
import sys
import threading
import time

from dxl_port_driver.client import PortClient, RemotePortHandler
from dxl_port_driver.errors import (
    AnswerTimeoutError,
    BaudrateError,
    DriverMissingError,
    NotAvailableError,
    PortClosedError,
    RequestError,
)
from dynamixel_sdk import COMM_RX_TIMEOUT, COMM_SUCCESS, COMM_TX_FAIL, PacketHandler
import numpy
import pytest
import rclpy
from ros_support.graph import eventually
from ros_support.wire import ping, read

DRIVER = '/dxl_port_driver'


@pytest.fixture
def domain(shared_domain):
    return shared_domain


@pytest.fixture
def active_driver(shared_driver, joined):
    return shared_driver


@pytest.fixture
def port(active_driver):
    port = RemotePortHandler(DRIVER, timeout_s=1.0)
    assert port.openPort(), port.last_error
    yield port
    port.closePort()


def client_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith('dxl-client')]


def test_it_opens_by_itself_and_ends_as_garbage(active_driver):
    assert PacketHandler(2.0).ping(RemotePortHandler(DRIVER), 1) == (1020, COMM_SUCCESS, 0)
    # While another thread collects garbage, this one's call does nothing.
    eventually(lambda: gc.collect() >= 0 and not client_threads())


def test_it_ends_as_garbage_after_a_failure(joined):
    assert not RemotePortHandler('/nobody', wait_for_driver_s=0.1).openPort()
    port = RemotePortHandler('/nobody', wait_for_driver_s=0.1)
    assert PacketHandler(2.0).ping(port, 1) == (0, COMM_TX_FAIL, 0)
    assert isinstance(port.last_error, DriverMissingError)
    assert client_threads()
    del port
    # While another thread collects garbage, this one's call does nothing.
    eventually(lambda: gc.collect() >= 0 and not client_threads())


def test_the_global_context_of_rclpy_is_left_alone(active_driver):
    assert not rclpy.ok()
    port = RemotePortHandler(DRIVER)
    assert port.openPort()
    assert not rclpy.ok()
    rclpy.init()
    try:
        port.closePort()
        assert rclpy.ok()
    finally:
        rclpy.shutdown()


def test_a_program_that_ends_without_closing_ends_cleanly(active_driver):
    program = (
        'from dxl_port_driver.client import RemotePortHandler\n'
        'from dynamixel_sdk import PacketHandler\n'
        f'port = RemotePortHandler("{DRIVER}")\n'
        'print(PacketHandler(2.0).ping(port, 1))\n'
    )
    for end in ('', 'raise SystemExit(0)', 'port.me = port'):
        done = subprocess.run(
            [sys.executable, '-c', program + end],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, '(1020, 0, 0)\n', '')


def test_closing_is_safe_at_any_time_and_opening_works_again(port):
    port.closePort()
    port.closePort()
    assert not port.is_open
    assert port.writePort(ping(1)) == -1
    assert isinstance(port.last_error, PortClosedError)
    assert port.readPort(10) == b''
    assert port.getBytesAvailable() == -1
    assert not port.setBaudRate(57600)
    assert port.getBaudRate() == 1_000_000
    assert port.openPort()
    assert port.is_open
    assert port.last_error is None
    assert PacketHandler(2.0).ping(port, 1)[1] == COMM_SUCCESS


def test_a_handler_on_a_node_or_a_client_uses_these(active_driver, graph):
    handler = PacketHandler(2.0)
    before = threading.active_count()
    on_node = RemotePortHandler(graph.node, driver=DRIVER)
    client = PortClient(graph.node)
    on_client = RemotePortHandler(client)
    assert on_client.getPortName() == DRIVER
    for port in (on_node, on_client):
        assert port.openPort(), port.last_error
        assert handler.ping(port, 2)[1] == COMM_SUCCESS
        port.closePort()
    # What watches over calls that do not block ends a little later than they do.
    eventually(lambda: threading.active_count() == before)
    client.clear()
    client.close()


def test_one_exchange_is_one_call_whose_answer_reading_hands_out(port):
    assert port.writePort(read(1, 132, 4)) == len(read(1, 132, 4))
    assert port.getBytesAvailable() == 15
    assert not port.isPacketTimeout()
    assert port.readPort(4) == b'\xff\xff\xfd\x00'
    assert port.readPort(0) == b''
    assert not port.isPacketTimeout()
    assert len(port.readPort(100)) == 11
    assert port.isPacketTimeout()
    assert port.readPort(1) == b''
    assert port.getBytesAvailable() == 0


def test_clearing_throws_the_rest_of_an_answer_away(port):
    port.writePort(ping(1))
    port.clearPort()
    assert port.readPort(20) == b''


@pytest.mark.parametrize(
    'kind', [bytes, bytearray, list, lambda data: array('i', list(data)), tuple]
)
def test_a_packet_may_be_any_series_of_ints(port, kind):
    assert port.writePort(kind(ping(1))) == 10
    assert len(port.readPort(14)) == 14


@pytest.mark.parametrize('packet', [[256], 7, 'FF', [None]], ids=repr)
def test_what_is_no_series_of_bytes_is_not_written(port, packet):
    assert port.writePort(packet) == -1
    assert isinstance(port.last_error, RequestError)


def test_a_mute_servo_is_told_in_a_sentence(active_driver):
    port = RemotePortHandler(DRIVER)
    assert PacketHandler(2.0).ping(port, 99) == (0, COMM_RX_TIMEOUT, 0)
    assert isinstance(port.last_error, AnswerTimeoutError)
    assert '99' in str(port.last_error)
    port.closePort()


def test_bytes_that_are_no_packet_go_out_raw_and_the_clock_bounds_reading(port):
    broken = ping(1)[:-1] + b'\x00'
    assert port.writePort(broken) == len(broken)
    port.setPacketTimeoutMillis(5000)
    assert len(port.readPort(11)) == 11  # it tells that the CRC is wrong
    assert port.writePort(b'\x00\x01') == 2
    port.setPacketTimeoutMillis(100)
    began = time.monotonic()
    while not port.isPacketTimeout():
        assert port.readPort(10) == b''
    assert 0.09 <= time.monotonic() - began < 10.0
    port.clearPort()
    assert port.getBytesAvailable() == 0
    # In two pieces, so that neither is a packet; the answer comes all the same.
    port.writePort(ping(1)[:3])
    port.writePort(ping(1)[3:])
    port.setPacketTimeoutMillis(5000)
    answer = b''
    while len(answer) < 14 and not port.isPacketTimeout():
        answer += port.readPort(14 - len(answer))
    assert answer[4] == 1
    assert PacketHandler(2.0).ping(port, 1)[1] == COMM_SUCCESS


def test_a_port_at_the_drivers_rate_sets_nothing(port):
    for rate in (1_000_000, 1e6, numpy.int64(1_000_000), numpy.float32(1e6)):
        assert port.setBaudRate(rate)
        assert port.last_error is None
    assert (port.baudrate, port.getBaudRate()) == (1_000_000, 1_000_000)
    assert type(port.baudrate) is int
    assert PacketHandler(2.0).ping(port, 1)[1] == COMM_SUCCESS


def test_a_port_does_not_take_the_bus_away_by_its_baudrate(port):
    other = RemotePortHandler(DRIVER)
    for rate in (57_600, 57_600.0, numpy.int32(57_600)):
        assert not port.setBaudRate(rate)
        assert isinstance(port.last_error, BaudrateError)
        for told in ('57600', '1000000', 'may_set_baudrate', f'ros2 param set {DRIVER} baudrate'):
            assert told in str(port.last_error)
        assert (port.getBaudRate(), other.getBaudRate()) == (1_000_000, 1_000_000)
        assert not port.setupPort(rate)
    assert port.setupPort(1_000_000)
    assert PacketHandler(2.0).ping(port, 1)[1] == COMM_SUCCESS
    other.closePort()


@pytest.mark.parametrize('rate', [0, -1, 57_600.5, float('nan'), '57600', None, True], ids=repr)
def test_what_is_no_baudrate_is_told(port, rate):
    port.may_set_baudrate = True
    assert not port.setBaudRate(rate)
    assert isinstance(port.last_error, BaudrateError)
    assert repr(rate) in str(port.last_error)
    assert port.getCFlagBaud(rate) == -1


def test_a_port_that_may_sets_the_drivers_baudrate(port):
    mighty = RemotePortHandler(DRIVER, True)
    assert mighty.setBaudRate(numpy.int64(57_600))
    assert (mighty.baudrate, mighty.getBaudRate()) == (57_600, 57_600)
    assert mighty.tx_time_per_byte == pytest.approx(10_000 / 57_600)
    assert port.getBaudRate() == 57_600
    assert port.setBaudRate(57_600)
    assert not mighty.setBaudRate(2**40)
    assert isinstance(mighty.last_error, BaudrateError)
    assert mighty.getBaudRate() == 57_600
    assert mighty.setBaudRate(1_000_000)
    mighty.closePort()


def test_the_last_error_is_that_of_the_last_use(port):
    handler = PacketHandler(2.0)
    assert handler.ping(port, 99)[1] == COMM_RX_TIMEOUT
    assert isinstance(port.last_error, AnswerTimeoutError)
    assert port.getBytesAvailable() == 0
    assert port.isPacketTimeout()
    assert port.last_error is not None
    assert handler.ping(port, 1)[1] == COMM_SUCCESS
    assert port.last_error is None
    for use in (
        lambda: port.clearPort(),
        lambda: port.getBaudRate(),
        lambda: port.setBaudRate(1_000_000),
        lambda: port.writePort(b'\x00'),
        lambda: port.getBytesAvailable(),
        lambda: port.readPort(1),
    ):
        assert port.setBaudRate(0) is False
        assert port.last_error is not None
        use()
        assert port.last_error is None


def test_a_program_may_put_its_own_packet_timeout_in_place(port):
    def patched(packet_length):
        port.packet_start_time = port.getCurrentTime()
        port.packet_timeout = port.tx_time_per_byte * packet_length + 50.0

    port.setPacketTimeout = patched
    assert PacketHandler(2.0).ping(port, 1) == (1020, COMM_SUCCESS, 0)
    assert PacketHandler(2.0).ping(port, 99) == (0, COMM_RX_TIMEOUT, 0)
    assert port.packet_timeout == pytest.approx(50.0, abs=5.0)
    assert 0.0 <= port.getTimeSinceStart() < 60_000.0
    port.writePort(b'\x00\x01')  # no packet, so that the clock counts
    port.setPacketTimeout(1)
    began = time.monotonic()
    while not port.isPacketTimeout():
        assert port.readPort(10) == b''
    assert 0.04 <= time.monotonic() - began < 10.0
    assert port.packet_timeout == 0


def test_each_thread_has_a_packet_clock_of_its_own(port):
    port.setPacketTimeoutMillis(60_000.0)
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(lambda: port.packet_timeout).result() == 0.0
    assert port.packet_timeout == 60_000.0
    assert port.packet_start_time <= port.getCurrentTime()


def test_programs_find_under_ser_what_they_call_there(port):
    ser = port.ser
    assert port.ser is ser
    assert (ser.is_open, ser.baudrate, ser.port) == (True, 1_000_000, DRIVER)
    assert ser.write(ping(1)) == 10
    assert ser.in_waiting == 14
    assert ser.read(4) == b'\xff\xff\xfd\x00'
    assert len(ser.read_all()) == 10
    assert ser.read(1) == b''
    # A servo that does not answer is no failure of a serial port.
    assert ser.write(ping(99)) == 10
    assert ser.read(14) == b''
    assert isinstance(port.last_error, AnswerTimeoutError)
    ser.reset_input_buffer()
    ser.reset_output_buffer()
    ser.flush()
    with pytest.raises(BaudrateError, match='may_set_baudrate'):
        ser.baudrate = 57_600
    ser.baudrate = 1_000_000
    with pytest.raises(NotAvailableError, match='in the driver'):
        ser.rs485_mode = object()
    assert PacketHandler(2.0).ping(port, 1) == (1020, COMM_SUCCESS, 0)
    ser.close()
    assert not port.is_open
    assert not ser.is_open
    with pytest.raises(PortClosedError):
        ser.write(ping(1))


def test_a_serial_read_waits_as_long_as_its_timeout(port):
    ser = port.ser
    ser.write(ping(1)[:-1] + b'\x00')  # no packet, so that the answer is read from the bus
    ser.timeout = 20.0
    assert len(ser.read(11)) == 11  # it tells that the CRC is wrong
    ser.timeout = 1.3
    began = time.monotonic()
    assert ser.read(1) == b''
    assert 1.2 <= time.monotonic() - began < 15.0


@pytest.mark.parametrize('error', [AttributeError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize('method', ['clearPort', 'writePort', 'setPacketTimeout', 'readPort'])
def test_an_exception_inside_the_sdk_keeps_no_instruction_from_going_out(port, method, error):
    def fail(*_):
        delattr(port, method)
        raise error

    handler = PacketHandler(2.0)
    setattr(port, method, fail)
    with pytest.raises(error):
        handler.ping(port, 1)
    assert handler.ping(port, 1) == (1020, COMM_SUCCESS, 0)
    with pytest.raises(TypeError):
        handler.writeTxRx(port, 1, 65, 1, [None])
    assert handler.readTxRx(port, 1, 65, 1) == ([0], COMM_SUCCESS, 0)


def test_an_instruction_out_of_a_signal_handler_goes_out_once(active_driver):
    port = RemotePortHandler(DRIVER, timeout_s=1.0)
    handler = PacketHandler(2.0)
    gave = []

    def on_signal(*_):
        gave.append(handler.write1ByteTxRx(port, 1, 65, 1))

    before = signal.signal(signal.SIGUSR1, on_signal)
    timer = threading.Timer(0.2, signal.raise_signal, [signal.SIGUSR1])
    try:
        assert port.openPort()
        timer.start()
        assert handler.ping(port, 99) == (0, COMM_RX_TIMEOUT, 0)
        eventually(lambda: gave)
    finally:
        timer.join()
        signal.signal(signal.SIGUSR1, before)
    assert gave == [(COMM_SUCCESS, 0)]
    assert handler.read1ByteTxRx(port, 1, 65) == (1, COMM_SUCCESS, 0)
    assert handler.write1ByteTxRx(port, 1, 65, 0) == (COMM_SUCCESS, 0)
    port.closePort()


def test_threads_share_a_handler_and_get_their_own_answers(port):
    handler = PacketHandler(2.0)

    def ask(servo):
        gave = [handler.read2ByteTxRx(port, servo, 0) for _ in range(30)]
        gave += [handler.read1ByteTxRx(port, servo, 7) for _ in range(30)]
        return gave

    with ThreadPoolExecutor(6) as threads:
        for servo, gave in zip((1, 2, 3) * 2, threads.map(ask, (1, 2, 3) * 2), strict=True):
            assert gave == [(1020, COMM_SUCCESS, 0)] * 30 + [(servo, COMM_SUCCESS, 0)] * 30


def test_another_driver_can_be_named(port):
    port.setPortName('/another')
    assert port.getPortName() == '/another'
    assert PacketHandler(2.0).ping(port, 1)[1] == COMM_SUCCESS
    port.setPortName(DRIVER)
    assert port.openPort()
    unopened = RemotePortHandler('/another')
    unopened.setPortName(DRIVER)
    assert PacketHandler(2.0).ping(unopened, 1)[1] == COMM_SUCCESS
