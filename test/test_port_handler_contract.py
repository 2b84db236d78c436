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
One contract, of the SDK's own ``PortHandler`` and of ours, on the same servos.

What a program can rely on is tested on both. Where the two differ the test says in its name what
the SDK's does, and holds it to that, so that a difference is known and meant.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
import os
from pathlib import Path
import time
import types
from typing import Any

import dxl_port_driver
import dynamixel_sdk
from dynamixel_sdk import (
    COMM_PORT_BUSY,
    COMM_RX_CORRUPT,
    COMM_RX_TIMEOUT,
    COMM_SUCCESS,
    GroupBulkRead,
    GroupSyncRead,
    GroupSyncWrite,
    PacketHandler,
)
from handler_support.fake_servo import FakeServo, MODEL, Pty, wait_until
import numpy
import pytest
import serial

PACKETS = PacketHandler(2.0)
KINDS = {'the SDK': dynamixel_sdk.PortHandler, 'ours': dxl_port_driver.PortHandler}


@pytest.fixture
def servo() -> Iterator[FakeServo]:
    servo = FakeServo()
    yield servo
    servo.close()


@pytest.fixture(params=KINDS)
def new(request: pytest.FixtureRequest, servo: FakeServo) -> Iterator[Any]:
    """Give a port handler that was not opened yet."""
    port = KINDS[request.param](servo.name)
    yield port
    if port.is_open:
        port.closePort()


@pytest.fixture
def port(new: Any) -> Any:
    assert new.openPort() is True
    return new


def arrived(port: Any, count: int) -> None:
    wait_until(lambda: port.getBytesAvailable() == count)


def in_time(ask: Callable[[], tuple[int, ...]]) -> tuple[int, ...]:
    """
    Ask until an answer comes in time.

    A busy machine may let the fake servo's thread wait for more than the 34 ms that there are.
    """
    answer = ask()
    for _ in range(20):
        if COMM_RX_TIMEOUT not in answer:
            break
        answer = ask()
    return answer


class TestOnBoth:
    """What holds on either."""

    def test_a_new_one_has_the_same_attributes(self, new: Any, servo: FakeServo) -> None:
        assert not new.is_open
        assert not new.is_using
        assert new.port_name == new.getPortName() == servo.name
        assert new.baudrate == new.getBaudRate() == 1_000_000
        assert (new.packet_start_time, new.packet_timeout, new.tx_time_per_byte) == (0, 0, 0)
        assert new.ser is None

    def test_opening_and_closing(self, new: Any) -> None:
        for _ in range(2):
            assert new.openPort() is True
            assert new.is_open
            assert new.tx_time_per_byte == 0.01
            assert new.closePort() is None
            assert not new.is_open
        assert new.openPort() is True
        assert new.openPort() is True

    def test_set_baudrate_opens_what_is_closed(self, new: Any) -> None:
        assert new.setBaudRate(57_600) is True
        assert new.is_open
        assert in_time(lambda: PACKETS.ping(new, 1)) == (MODEL, COMM_SUCCESS, 0)

    @pytest.mark.parametrize(
        'rate', [57_600, 115_200.0, 1e6, numpy.int64(57_600), numpy.float64(2e6)], ids=repr
    )
    def test_set_baudrate_takes_every_kind_of_number(self, port: Any, rate: Any) -> None:
        assert port.setBaudRate(rate) is True
        assert port.getBaudRate() == rate
        assert port.tx_time_per_byte == pytest.approx(10_000.0 / float(rate))
        assert in_time(lambda: PACKETS.ping(port, 1)) == (MODEL, COMM_SUCCESS, 0)

    def test_set_baudrate_empties_the_receive_buffer(self, port: Any, servo: FakeServo) -> None:
        os.write(servo.line.master, b'stale')
        arrived(port, 5)
        assert port.setBaudRate(57_600) is True
        assert port.getBytesAvailable() == 0
        assert port.readPort(9) == b''

    def test_set_baudrate_follows_a_new_name(self, port: Any) -> None:
        other = FakeServo()
        port.setPortName(other.name)
        assert port.setBaudRate(57_600) is True
        assert in_time(lambda: PACKETS.ping(port, 1)) == (MODEL, COMM_SUCCESS, 0)
        assert len(other.asked) == 1
        port.closePort()
        other.close()

    def test_set_baudrate_follows_a_link(self, new: Any, servo: FakeServo, tmp_path: Any) -> None:
        link = tmp_path / 'arm'
        link.symlink_to(servo.name)
        new.setPortName(str(link))
        assert new.openPort() is True
        other = FakeServo()
        link.unlink()
        link.symlink_to(other.name)
        assert new.setBaudRate(1_000_000) is True
        assert in_time(lambda: PACKETS.ping(new, 1)) == (MODEL, COMM_SUCCESS, 0)
        assert (len(servo.asked), len(other.asked)) == (0, 1)
        new.closePort()
        other.close()

    def test_set_baudrate_takes_another_spelling_of_the_same_device(
        self, new: Any, servo: FakeServo, tmp_path: Any
    ) -> None:
        link = tmp_path / 'arm'
        link.symlink_to(servo.name)
        assert new.openPort() is True
        new.setPortName(str(link))
        assert new.setBaudRate(57_600) is True
        assert in_time(lambda: PACKETS.ping(new, 1)) == (MODEL, COMM_SUCCESS, 0)
        assert new.getPortName() == str(link)

    def test_set_baudrate_takes_a_device_that_came_back(self, new: Any, tmp_path: Any) -> None:
        first = FakeServo()
        link = tmp_path / 'arm'
        link.symlink_to(first.name)
        new.setPortName(str(link))
        assert new.openPort() is True
        first.close()
        link.unlink()
        second = FakeServo()
        link.symlink_to(second.name)
        assert new.setBaudRate(57_600) is True
        assert in_time(lambda: PACKETS.ping(new, 1)) == (MODEL, COMM_SUCCESS, 0)
        new.closePort()
        second.close()

    def test_setup_port_opens_at_the_baudrate_that_is_set(self, port: Any) -> None:
        port.baudrate = 57_600
        assert port.setupPort(115_200) is True
        assert port.is_open
        assert port.getBaudRate() == 57_600
        assert port.tx_time_per_byte == pytest.approx(10_000 / 57_600)

    def test_the_rate_of_a_standard_baudrate_is_itself(self, new: Any) -> None:
        assert [new.getCFlagBaud(rate) for rate in (9600, 57_600, 4_000_000, 0, -1)] == [
            9600, 57_600, 4_000_000, -1, -1,
        ]  # fmt: skip

    def test_reading_and_clearing_without_a_clock(self, port: Any, servo: FakeServo) -> None:
        assert port.readPort(5) == b''
        os.write(servo.line.master, b'abcdef')
        arrived(port, 6)
        assert port.readPort(2) == b'ab'
        assert port.getBytesAvailable() == 4
        assert port.readPort(0) == b''
        assert port.readPort(numpy.int32(3)) == b'cde'
        assert port.clearPort() is None
        assert port.getBytesAvailable() == 0
        assert port.readPort(9) == b''

    @pytest.mark.parametrize(
        'packet',
        [b'\xff\x01', bytearray(b'\xff\x01'), [255, 1], (255, 1), array('B', [255, 1]),
         memoryview(b'\xff\x01'), numpy.array([255, 1], numpy.uint8)],
        ids=lambda packet: type(packet).__name__,
    )  # fmt: skip
    def test_writing(self, new: Any, packet: Any) -> None:
        line = Pty()
        new.setPortName(line.name)
        assert new.openPort() is True
        assert new.writePort(packet) == 2
        assert os.read(line.master, 9) == b'\xff\x01'
        assert new.writePort([]) == 0
        new.closePort()
        line.unplug()

    def test_the_packet_handlers_get_the_same(self, port: Any, servo: FakeServo) -> None:
        assert in_time(lambda: PACKETS.ping(port, 3)) == (MODEL, COMM_SUCCESS, 0)
        assert in_time(lambda: PACKETS.read1ByteTxRx(port, 1, 7)) == (7, COMM_SUCCESS, 0)
        assert in_time(lambda: PACKETS.read4ByteTxRx(port, 1, 1)) == (0x01010101, COMM_SUCCESS, 0)
        assert in_time(lambda: PACKETS.write4ByteTxRx(port, 1, 116, 2048)) == (COMM_SUCCESS, 0)
        assert PACKETS.write1ByteTxOnly(port, 1, 64, 1) == COMM_SUCCESS
        assert in_time(lambda: PACKETS.reboot(port, 1)) == (COMM_SUCCESS, 0)
        writing = GroupSyncWrite(port, PACKETS, 116, 1)
        assert writing.addParam(1, [5])
        assert writing.txPacket() == COMM_SUCCESS
        assert not port.is_using
        servo.is_mute = True
        assert PACKETS.ping(port, 1) == (0, COMM_RX_TIMEOUT, 0)
        assert PACKETS.broadcastPing(port) == ({}, COMM_RX_TIMEOUT)
        reading, gathering = GroupSyncRead(port, PACKETS, 132, 4), GroupBulkRead(port, PACKETS)
        assert reading.addParam(1)
        assert gathering.addParam(1, 132, 4)
        assert reading.txRxPacket() == gathering.txRxPacket() == COMM_RX_TIMEOUT
        assert not port.is_using

    def test_a_broken_answer_is_corrupt(self, port: Any, servo: FakeServo) -> None:
        servo.is_mute = True
        assert PACKETS.txPacket(port, PING_1.copy()) == COMM_SUCCESS
        os.write(servo.line.master, bytes.fromhex('fffffd000107005500060426655e'))
        port.setPacketTimeoutMillis(1000.0)
        assert PACKETS.rxPacket(port, False)[1] == COMM_RX_CORRUPT

    def test_a_port_that_is_in_use_is_busy(self, port: Any, servo: FakeServo) -> None:
        port.is_using = True
        assert PACKETS.ping(port, 1) == (0, COMM_PORT_BUSY, 0)
        port.is_using = False
        assert in_time(lambda: PACKETS.ping(port, 1)) == (MODEL, COMM_SUCCESS, 0)
        assert len(servo.asked) == 1

    @pytest.mark.parametrize('length', [0, 1, 11, 1000])
    def test_the_packet_timeout_is_the_same(self, port: Any, length: int) -> None:
        before = port.getCurrentTime()
        port.setPacketTimeout(length)
        assert port.packet_timeout == pytest.approx(0.01 * length + 34.0)
        assert before <= port.packet_start_time <= port.getCurrentTime()
        assert port.isPacketTimeout() is False

    @pytest.mark.parametrize(
        ('msec', 'is_over'),
        [(-5, True), (0.0, True), (60_000, False), (float('inf'), False), (10**400, False),
         (numpy.float32(6e4), False), (numpy.int16(30_000), False)],
        ids=repr,
    )  # fmt: skip
    def test_a_timeout_of_any_number(self, port: Any, msec: Any, is_over: bool) -> None:
        port.setPacketTimeoutMillis(msec)
        time.sleep(0.001)
        assert port.isPacketTimeout() is is_over
        assert port.isPacketTimeout() is is_over

    def test_times_are_in_milliseconds(self, port: Any) -> None:
        port.setPacketTimeoutMillis(5.0)
        began = port.getCurrentTime()
        assert not port.isPacketTimeout()
        time.sleep(0.02)
        assert 20.0 <= port.getCurrentTime() - began < 5000.0
        assert 20.0 <= port.getTimeSinceStart() < 5000.0
        assert port.isPacketTimeout()
        assert port.packet_timeout == 0

    def test_programs_replace_set_packet_timeout(self, port: Any, servo: FakeServo) -> None:
        def patient(self: Any, packet_length: int) -> None:
            self.packet_start_time = self.getCurrentTime()
            self.packet_timeout = self.tx_time_per_byte * packet_length + 2000.0

        port.setPacketTimeout = types.MethodType(patient, port)
        servo.delay_s = 0.1
        assert in_time(lambda: PACKETS.ping(port, 1)) == (MODEL, COMM_SUCCESS, 0)
        port.packet_timeout = 1.0
        time.sleep(0.002)
        assert port.isPacketTimeout()

    def test_a_start_in_the_future_is_now(self, port: Any) -> None:
        port.packet_start_time = port.getCurrentTime() + 1e9
        port.packet_timeout = 1.0
        port.isPacketTimeout()
        time.sleep(0.005)
        assert port.isPacketTimeout()

    def test_an_infinite_latency_waits(self, port: Any, servo: FakeServo) -> None:
        port.setPacketTimeout = lambda _: port.setPacketTimeoutMillis(float('inf'))
        servo.delay_s = 0.1
        assert in_time(lambda: PACKETS.ping(port, 1)) == (MODEL, COMM_SUCCESS, 0)

    def test_programs_use_ser(self, port: Any, servo: FakeServo) -> None:
        assert port.ser.is_open
        assert port.ser.isOpen()
        assert port.ser.baudrate == 1_000_000
        assert os.ttyname(port.ser.fileno()) == servo.name
        assert port.ser.port == servo.name
        os.write(servo.line.master, b'abcdef')
        wait_until(lambda: port.ser.in_waiting == 6)
        assert port.ser.read() == b'a'
        assert port.ser.read(2) == b'bc'
        assert port.ser.in_waiting == port.ser.inWaiting() == 3
        assert port.ser.read_all() == b'def'
        os.write(servo.line.master, b'stale')
        arrived(port, 5)
        port.ser.reset_input_buffer()
        assert port.ser.in_waiting == 0
        assert port.ser.read(9) == b''
        port.ser.timeout = 0.02
        assert port.ser.read(9) == b''
        port.ser.timeout = None
        os.write(servo.line.master, b'gh')
        assert port.ser.read(2) == b'gh'
        port.ser.timeout = 0
        assert port.ser.write(bytes(PING_1)) == len(PING_1)
        port.ser.flush()
        wait_until(lambda: len(servo.asked) == 1)
        port.ser.reset_output_buffer()
        port.ser.flushInput()
        port.ser.flushOutput()
        assert port.ser.out_waiting == 0
        port.ser.write_timeout = 1.0
        assert in_time(lambda: PACKETS.ping(port, 1)) == (MODEL, COMM_SUCCESS, 0)
        port.ser.baudrate = 57_600
        assert port.ser.baudrate == 57_600
        ser = port.ser
        port.closePort()
        assert not ser.is_open
        assert port.ser is ser
        ser.close()

    def test_closing_ser_closes_the_line(self, port: Any, servo: FakeServo) -> None:
        port.ser.close()
        assert not port.ser.is_open
        assert port.openPort() is True
        assert in_time(lambda: PACKETS.ping(port, 1)) == (MODEL, COMM_SUCCESS, 0)

    def test_a_pty_has_no_rs485_mode(self, port: Any) -> None:
        with pytest.raises((ValueError, dxl_port_driver.NotAvailableError)):
            port.ser.rs485_mode = serial.rs485.RS485Settings()
        assert in_time(lambda: PACKETS.ping(port, 1)) == (MODEL, COMM_SUCCESS, 0)


PING_1 = list(bytes.fromhex('fffffd000103000119 4e'))


class TestWhereTheSdkDiffers:
    """What ours does better; the name says what the SDK's does."""

    @pytest.fixture
    def is_ours(self, new: Any) -> bool:
        return isinstance(new, dxl_port_driver.PortHandler)

    def differs(
        self, is_ours: bool, what: Callable[[], Any], ours: Any, raises: type[Exception]
    ) -> None:
        if is_ours:
            assert what() == ours
        else:
            with pytest.raises(raises):
                what()

    def test_the_sdk_raises_when_it_does_not_open(self, new: Any, is_ours: bool) -> None:
        new.setPortName('/dev/ttyUSB_none')
        for what in (new.openPort, lambda: new.setBaudRate(57_600), lambda: new.setupPort(1)):
            self.differs(is_ours, what, False, serial.SerialException)

    def test_the_sdk_raises_when_it_was_never_open(self, new: Any, is_ours: bool) -> None:
        for what, ours in (
            (new.closePort, None),
            (new.clearPort, None),
            (new.getBytesAvailable, -1),
            (lambda: new.readPort(3), b''),
            (lambda: new.writePort([1]), -1),
        ):
            self.differs(is_ours, what, ours, AttributeError)

    def test_the_sdk_raises_when_it_is_closed(self, port: Any, is_ours: bool) -> None:
        port.closePort()
        for what, ours in (
            (port.clearPort, None),
            (lambda: port.readPort(3), b''),
            (lambda: port.writePort([1]), -1),
        ):
            self.differs(is_ours, what, ours, serial.PortNotOpenError)
        self.differs(is_ours, port.getBytesAvailable, -1, TypeError)

    def test_the_sdk_raises_and_stays_busy_when_the_device_is_gone(
        self, new: Any, is_ours: bool
    ) -> None:
        line = Pty()
        new.setPortName(line.name)
        assert new.openPort() is True
        line.unplug()
        self.differs(
            is_ours,
            lambda: PACKETS.ping(new, 1),
            (0, dynamixel_sdk.COMM_TX_FAIL, 0),
            Exception,
        )
        assert new.is_using is not is_ours

    def test_the_sdk_refuses_the_rates_4_5_and_10_5_mbit(self, port: Any, is_ours: bool) -> None:
        for rate in (4_500_000, 10_500_000):
            assert (port.getCFlagBaud(rate), port.setBaudRate(rate)) == (
                (rate, True) if is_ours else (-1, False)
            )

    def test_the_sdk_is_left_closed_by_a_change_that_failed(
        self, port: Any, is_ours: bool
    ) -> None:
        name = port.getPortName()
        port.setPortName('/dev/ttyUSB_none')
        self.differs(is_ours, lambda: port.setBaudRate(57_600), False, serial.SerialException)
        assert port.getBaudRate() == (1_000_000 if is_ours else 57_600)
        assert port.is_open is is_ours
        if is_ours:
            assert isinstance(port.last_error, dxl_port_driver.PortMissingError)
            assert in_time(lambda: PACKETS.ping(port, 1)) == (MODEL, COMM_SUCCESS, 0)
        port.setPortName(name)
        assert port.setBaudRate(57_600) is True

    @pytest.mark.parametrize('kind', [str.encode, numpy.str_, Path], ids=repr)
    def test_the_sdk_takes_no_name_but_text(
        self, new: Any, servo: FakeServo, is_ours: bool, kind: Callable[[str], Any]
    ) -> None:
        name = kind(servo.name)
        new.setPortName(name)
        if isinstance(name, str) or is_ours:
            assert new.openPort() is True
            assert new.getPortName() == servo.name
            assert in_time(lambda: PACKETS.ping(new, 1)) == (MODEL, COMM_SUCCESS, 0)
        else:
            with pytest.raises(ValueError, match='port'):
                new.openPort()

    def test_the_sdk_raises_for_a_length_that_is_whole_but_a_float(
        self, port: Any, servo: FakeServo, is_ours: bool
    ) -> None:
        os.write(servo.line.master, b'ab')
        arrived(port, 2)
        self.differs(is_ours, lambda: port.readPort(2.0), b'ab', TypeError)

    def test_the_sdk_raises_for_what_cannot_be_written(self, port: Any, is_ours: bool) -> None:
        for packet in ('text', None, [256], ['a'], [1.5]):
            self.differs(is_ours, lambda packet=packet: port.writePort(packet), -1, Exception)

    def test_the_sdk_stays_busy_after_an_exception(
        self, port: Any, is_ours: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(PACKETS, 'updateCRC', fail)
            with pytest.raises(KeyboardInterrupt):
                PACKETS.ping(port, 1)
        result = (MODEL, COMM_SUCCESS, 0) if is_ours else (0, COMM_PORT_BUSY, 0)
        assert PACKETS.ping(port, 1) == result

    def test_the_sdk_goes_by_the_wall_clock(
        self, port: Any, is_ours: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        port.setPacketTimeoutMillis(60_000.0)
        later = time.time() + 3600.0
        monkeypatch.setattr(time, 'time', lambda: later)
        assert port.isPacketTimeout() is not is_ours

    def test_the_sdk_counts_a_time_that_is_no_number_as_never_over(
        self, port: Any, is_ours: bool
    ) -> None:
        port.setPacketTimeoutMillis(float('nan'))
        assert port.isPacketTimeout() is is_ours
