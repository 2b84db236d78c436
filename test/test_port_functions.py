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
from pathlib import Path
import threading
import time
import tty
from typing import Any

from dxl_port_driver import (
    NotAvailableError,
    PortClosedError,
    PortNumberError,
    ReceiveError,
    RequestError,
)
from dxl_port_driver import (
    port_functions as functions,
)
import numpy
import pytest


@pytest.fixture
def line() -> Iterator[tuple[int, int]]:
    """Give the number of an open port and its far end's descriptor."""
    master, slave = os.openpty()
    tty.setraw(slave)
    number = functions.portHandler(os.ttyname(slave))
    assert functions.openPort(number)
    fds = [master, slave]
    yield number, master
    functions.closePort(number)
    # The next test's pty may have the same name, and is another port.
    functions.setPortName(number, '')
    for fd in fds:
        os.close(fd)


def test_a_known_name_keeps_its_number() -> None:
    first = functions.portHandler('/dev/ttyUSB90')
    second = functions.portHandler('/dev/ttyUSB91')
    assert first != second
    assert functions.portHandler('/dev/ttyUSB90') == first
    functions.setPortName(second, '/dev/ttyUSB92')
    assert functions.getPortName(second) == '/dev/ttyUSB92'
    assert functions.portHandler('/dev/ttyUSB92') == second
    assert functions.portHandler('/dev/ttyUSB91') not in (first, second)


def test_threads_that_ask_for_one_name_get_one_number() -> None:
    numbers = set()
    threads = [
        threading.Thread(target=lambda: numbers.add(functions.portHandler('/dev/ttyUSB99')))
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(numbers) == 1


@pytest.mark.parametrize('kind', [str.encode, numpy.str_, numpy.bytes_, Path])
def test_a_name_of_any_kind_is_the_same_name(kind: Callable[[str], Any]) -> None:
    number = functions.portHandler('/dev/ttyUSB93')
    assert functions.portHandler(kind('/dev/ttyUSB93')) == number
    other = functions.portHandler('')
    functions.setPortName(other, kind('/dev/ttyUSB94'))
    assert functions.getPortName(other) == '/dev/ttyUSB94'
    functions.setPortName(other, '')


@pytest.mark.parametrize('kind', [numpy.int64, numpy.uint8])
def test_a_number_of_numpys_is_a_number(line: tuple[int, int], kind: Any) -> None:
    number, far_end = line
    assert functions.writePort(kind(number), b'abc', kind(2)) == 2
    assert os.read(far_end, 10) == b'ab'
    assert functions.setBaudRate(kind(number), kind(100)) is True
    assert functions.getBaudRate(number) == 100


@pytest.mark.parametrize('number', [-1, 10**6, None, '0', 0.0, True, 2**100])
def test_a_number_that_names_no_port_is_told_by_every_function(number: Any) -> None:
    for call in (
        lambda: functions.openPort(number),
        lambda: functions.closePort(number),
        lambda: functions.clearPort(number),
        lambda: functions.setPortName(number, 'x'),
        lambda: functions.getPortName(number),
        lambda: functions.setBaudrate(number, 57600),
        lambda: functions.getBaudrate(number),
        lambda: functions.getBytesAvailable(number),
        lambda: functions.readPort(number, [], 1),
        lambda: functions.writePort(number, [], 0),
        lambda: functions.setPacketTimeout(number, 1),
        lambda: functions.setPacketTimeoutMSec(number, 1),
        lambda: functions.isPacketTimeout(number),
        lambda: functions.getLastError(number),
    ):
        with pytest.raises(PortNumberError, match='is the number of no port; use one that'):
            call()
    assert issubclass(PortNumberError, NotAvailableError)
    assert issubclass(PortNumberError, LookupError)


def test_both_spellings_of_the_baudrate_work(line: tuple[int, int]) -> None:
    number, _ = line
    assert functions.getBaudrate(number) == 1_000_000
    assert functions.setBaudrate(number, 57600)
    assert functions.getBaudRate(number) == 57600
    assert functions.setBaudRate(number, 4_500_000)
    assert functions.getBaudrate(number) == 4_500_000
    assert not functions.setBaudrate(number, -1)
    assert 'out of range' in str(functions.getLastError(number))


def test_writes_as_many_bytes_as_told(line: tuple[int, int]) -> None:
    number, far_end = line
    for packet in (b'abcd', bytearray(b'abcd'), list(b'abcd'), array('B', b'abcd')):
        assert functions.writePort(number, packet, 3) == 3
        assert os.read(far_end, 10) == b'abc'
    assert functions.writePort(number, b'abc', 0) == 0
    for length in (-1, 4):
        assert functions.writePort(number, b'abc', length) == -1
        assert isinstance(functions.getLastError(number), RequestError)
    assert functions.writePort(number, [300], 1) == -1


@pytest.mark.parametrize(
    ('packet', 'length'),
    [
        (None, 1),
        (iter(b'abc'), 1),
        ((value for value in b'abc'), 1),
        ({1, 2}, 1),
        ({0: 1}, 1),
        (7, 1),
        ('abc', 1),
        (b'abc', None),
        (b'abc', 1.0),
        (b'abc', '1'),
        ([1.5], 1),
        ([None], 1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_be_written_is_minus_1(
    line: tuple[int, int], packet: Any, length: Any
) -> None:
    number, far_end = line
    assert functions.writePort(number, packet, length) == -1
    assert isinstance(functions.getLastError(number), RequestError)
    assert functions.writePort(number, b'next', 4) == 4
    assert functions.getLastError(number) is None
    assert os.read(far_end, 10) == b'next'


@pytest.mark.parametrize('length', [None, '1', 1.5, float('inf')], ids=repr)
def test_a_length_that_is_none_reads_nothing(line: tuple[int, int], length: Any) -> None:
    number, far_end = line
    os.write(far_end, b'ab')
    functions.setPacketTimeoutMSec(number, 10_000)
    packet = [7]
    assert functions.readPort(number, packet, length) == -1
    assert isinstance(functions.getLastError(number), RequestError)
    assert packet == [7]
    functions.setPacketTimeoutMSec(number, 10_000)
    assert functions.readPort(number, packet, 2) == 2
    assert packet == [97, 98]


def test_a_packet_that_cannot_grow_leaves_the_bytes_in_the_buffer(line: tuple[int, int]) -> None:
    number, far_end = line
    os.write(far_end, b'abcd')
    functions.setPacketTimeoutMSec(number, 10_000)
    packet = bytearray(1)
    with memoryview(packet):
        assert functions.readPort(number, packet, 4) == -1
        assert isinstance(functions.getLastError(number), RequestError)
    assert packet == b'\0'
    assert functions.getBytesAvailable(number) == 4
    assert functions.readPort(number, packet, 3) == 3
    assert packet == b'abc'
    assert functions.getLastError(number) is None


def test_fills_the_packet_from_its_start(line: tuple[int, int]) -> None:
    number, far_end = line
    for packet, filled in (
        ([0] * 5, [97, 98, 99, 0, 0]),
        (bytearray(5), bytearray(b'abc\0\0')),
        ([], [97, 98, 99]),
        (bytearray(), bytearray(b'abc')),
    ):
        os.write(far_end, b'abcd')
        functions.setPacketTimeoutMSec(number, 10_000)
        assert functions.readPort(number, packet, 3) == 3
        assert packet == filled
        assert functions.getBytesAvailable(number) == 1
        functions.clearPort(number)
        assert functions.getBytesAvailable(number) == 0


def test_nothing_there_is_0_and_a_failure_is_minus_1(line: tuple[int, int]) -> None:
    number, _ = line
    packet = [7, 7]
    assert functions.readPort(number, packet, 2) == 0
    assert functions.readPort(number, b'', 2) == -1  # type: ignore[arg-type]
    assert isinstance(functions.getLastError(number), RequestError)
    functions.closePort(number)
    for _ in range(2):
        assert functions.readPort(number, packet, 2) == -1
        assert isinstance(functions.getLastError(number), PortClosedError)
    assert packet == [7, 7]


def test_the_end_of_file_of_an_unplugged_port_is_0_and_told() -> None:
    master, slave = os.openpty()
    number = functions.portHandler(os.ttyname(slave))
    assert functions.openPort(number)
    os.close(slave)
    os.close(master)
    for _ in range(2):
        assert functions.readPort(number, [], 1) == 0
        assert isinstance(functions.getLastError(number), ReceiveError)
    assert functions.writePort(number, b'x', 1) == -1
    assert functions.getBytesAvailable(number) == -1
    functions.closePort(number)
    functions.closePort(number)
    functions.setPortName(number, '')


def test_the_packet_clock_says_true_when_its_time_is_over(line: tuple[int, int]) -> None:
    number, _ = line
    functions.setPacketTimeout(number, 10)
    assert functions.isPacketTimeout(number) is False
    functions.setPacketTimeoutMSec(number, 5)
    deadline = time.monotonic() + 10.0
    assert functions.readPort(number, [], 1) == 0
    assert functions.isPacketTimeout(number) is True
    assert time.monotonic() < deadline


def test_to_read_no_bytes_is_0_whatever_failed_before(line: tuple[int, int]) -> None:
    number, _ = line
    assert functions.readPort(number, None, 3) == -1  # type: ignore[arg-type]
    assert functions.readPort(number, [], 0) == 0
    assert functions.getLastError(number) is None
