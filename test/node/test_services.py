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

"""The raw services: write, read, clear, get_bytes_available."""

from __future__ import annotations

from builtin_interfaces.msg import Duration
from dxl_port_driver.errors import ResultCode
from dxl_port_interfaces.srv import ReadPort
import pytest
from ros_support.calls import available, clear, read_port, write
from ros_support.graph import eventually
from ros_support.wire import mute, ping, pong


def test_what_is_written_goes_out_and_its_length_comes_back(driver, servos):
    servos.answer = mute
    answer = write(driver, b'\x00\x01\xff any bytes')
    assert (answer.result, answer.message, answer.length) == (ResultCode.SUCCESS, '', 13)
    servos.wait_for(b'\x00\x01\xff any bytes')


def test_a_write_takes_as_many_bytes_as_max_bytes_and_no_more(driver, servos):
    servos.answer = mute
    most = driver.get('max_bytes')
    assert write(driver, bytes(most)).length == most
    refused = write(driver, bytes(most + 1))
    assert refused.result == ResultCode.TX_ERROR
    assert f'{most + 1} bytes' in refused.message
    assert 'max_bytes' in refused.message
    assert refused.length == 0


def test_a_write_of_nothing_is_refused(driver):
    answer = write(driver, b'')
    assert (answer.result, answer.length) == (ResultCode.TX_ERROR, 0)
    assert 'empty' in answer.message


def test_what_a_write_brings_is_there_to_count_and_to_read(driver):
    assert write(driver, ping()).result == ResultCode.SUCCESS
    eventually(lambda: available(driver).length == len(pong()))
    answer = read_port(driver, 100)
    assert (answer.result, answer.message) == (ResultCode.SUCCESS, '')
    assert bytes(answer.data) == pong()
    assert available(driver).length == 0


def test_a_read_takes_no_more_than_it_asks_for(driver, servos):
    servos.send(b'abcdef')
    eventually(lambda: available(driver).length == 6)
    assert bytes(read_port(driver, 4).data) == b'abcd'
    assert bytes(read_port(driver, 4).data) == b'ef'


def test_a_read_without_timeout_gives_what_is_there_even_if_that_is_nothing(driver):
    answer = read_port(driver, 10)
    assert (answer.result, bytes(answer.data)) == (ResultCode.SUCCESS, b'')


def test_a_read_with_timeout_ends_as_soon_as_all_bytes_are_there(driver, servos):
    servos.send(b'ab')
    waiting = driver.begin(ReadPort, 'read', length=4, timeout=Duration(sec=10))
    assert not waiting.done()
    servos.send(b'cd')
    answer = driver.graph.result(waiting)
    assert (answer.result, bytes(answer.data)) == (ResultCode.SUCCESS, b'abcd')


def test_a_read_that_times_out_tells_so_and_gives_what_came(driver, servos):
    servos.send(b'abc')
    answer = read_port(driver, 5, 0.1)
    assert answer.result == ResultCode.RX_TIMEOUT
    assert bytes(answer.data) == b'abc'
    assert '3 of 5 bytes' in answer.message


@pytest.mark.parametrize(
    ('length', 'timeout', 'word'),
    [
        (0, 0.0, 'length is 0'),
        (4097, 0.0, 'max_bytes'),
        (2**32 - 1, 0.0, 'max_bytes'),
        (1, Duration(sec=-1), 'timeout is -1'),
        (1, Duration(sec=-(2**31)), 'timeout is -'),
        (1, Duration(sec=2**31 - 1, nanosec=2**32 - 1), 'max_timeout'),
        (1, 10.001, 'max_timeout'),
    ],
)
def test_a_read_that_asks_for_what_nobody_grants_is_refused(driver, length, timeout, word):
    answer = read_port(driver, length, timeout)
    assert (answer.result, bytes(answer.data)) == (ResultCode.TX_ERROR, b'')
    assert word in answer.message


def test_clear_empties_the_receive_buffer(driver, servos):
    servos.send(b'stale')
    eventually(lambda: available(driver).length == 5)
    answer = clear(driver)
    assert (answer.success, answer.message) == (True, '')
    counted = available(driver)
    assert (counted.result, counted.message, counted.length) == (ResultCode.SUCCESS, '', 0)
