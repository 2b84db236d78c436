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

"""Boards that reset when their port is opened: what is done with DTR, and the wait for them."""

from __future__ import annotations

import os
import threading
import time
import tty

import pytest
from ros_support.calls import transact
from ros_support.graph import eventually
from ros_support.wire import ping

STATUS = bytes.fromhex('ff ff fd 00 01 07 00 55 00 06 04 26 65 5d')
DEAF_S = 1.0


class DeafBoard:
    """A board that hears nothing for a while from when it is reset, and then is servo 1."""

    def __init__(self) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.name = os.ttyname(self._slave)
        self.deaf_until = time.monotonic() + DEAF_S
        self._thread = threading.Thread(target=self._serve, name='board')
        self._thread.start()

    def _serve(self) -> None:
        while True:
            data = os.read(self._master, 4096)
            if data == b'end':
                return
            if time.monotonic() >= self.deaf_until:
                os.write(self._master, STATUS)

    def close(self) -> None:
        os.write(self._slave, b'end')
        self._thread.join()
        os.close(self._slave)
        os.close(self._master)


@pytest.fixture
def board():
    board = DeafBoard()
    yield board
    board.close()


def test_the_first_request_waits_until_the_board_hears(start_driver, board):
    _, driver = start_driver(port_name=board.name, open_delay=DEAF_S, exclusive=False)
    assert driver.change_state('configure')
    board.deaf_until = time.monotonic() + DEAF_S  # as if the opening had reset it
    assert driver.change_state('activate')
    # The board was reset a moment after the port was opened, and a moment is what is left then.
    result = transact(driver, ping(), timeout=0.5, retries=8)
    assert (result.result, result.message) == (0, '')


def test_without_open_delay_the_same_request_fails(start_driver, board):
    _, driver = start_driver(port_name=board.name, exclusive=False)
    assert driver.change_state('configure')
    assert driver.change_state('activate')
    board.deaf_until = time.monotonic() + 30.0
    assert 'no status packet' in transact(driver, ping(), timeout=10.0).message


@pytest.mark.parametrize(('given', 'taken'), [('off', 'off'), ('leave', 'leave'), ('on', 'on')])
def test_dtr_is_taken_as_it_is_written_though_yaml_makes_a_bool_of_it(start_driver, given, taken):
    _, driver = start_driver(port_name='sim://', dtr=given)
    assert driver.get('dtr') == taken
    driver.activate()
    assert transact(driver, ping(), timeout=5.0).result == 0


def test_dtr_may_be_set_as_yaml_reads_it(idle):
    assert idle.set(dtr=False) is None
    assert idle.get('dtr') == 'off'
    assert idle.set(dtr='leave') is None
    assert idle.set(dtr='up') == "dtr is 'up'; give on, leave or off"
    assert idle.set(dtr=3) == 'dtr is 3; give a string'
    assert idle.get('dtr') == 'leave'


def test_a_wrong_dtr_ends_the_start(start_driver):
    program, _ = start_driver(port_name='sim://', dtr='up')
    eventually(lambda: "dtr is 'up'; give on, leave or off" in program.output)


def test_a_network_port_has_no_dtr_of_this_machine(start_driver):
    program, driver = start_driver(port_name='socket://127.0.0.1:9', dtr='leave')
    assert not driver.change_state('configure')
    eventually(lambda: 'set dtr to on' in program.output)
