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

"""The wall clock jumps an hour, forth and back, while the driver is at work."""

from __future__ import annotations

import random
import time

from dxl_port_driver.errors import ResultCode
from dxl_port_interfaces.srv import StartCyclic
from fault_support.driver import a_driver
from fault_support.listeners import cycles_of, Diagnoses, ERROR
from fault_support.shifted_clock import ShiftedClock, wall_time_s
from fault_support.truth import Client, Truth
import pytest
from ros_support.calls import message, transact
from ros_support.graph import eventually
from ros_support.wire import ping

HOUR_S = 3600


@pytest.fixture
def clock(tmp_path):
    clock = ShiftedClock(tmp_path)
    yield clock
    clock.close()


def test_the_clock_of_the_driver_is_another_than_that_of_the_machine(clock):
    for hours in (0, 1, -1):
        clock.shift(hours * HOUR_S)
        shown = wall_time_s(clock.environment)
        assert abs(shown - time.time() - hours * HOUR_S) < 60


def test_a_jump_of_the_wall_clock_changes_no_answer_no_timeout_and_no_rate(
    clock, adapter, tmp_path, figure
):
    servos = adapter(ids='1-3', mute='3')
    with a_driver(tmp_path, clock.environment, port_name=servos.link) as (_, driver):
        driver.activate()
        truth = Truth(driver, range(1, 3))
        client, chance = Client(driver), random.Random(1)
        diagnoses, cycles = Diagnoses(driver), cycles_of(driver)
        answer = driver.call(
            StartCyclic,
            'start_cyclic',
            name='loop',
            rate=20.0,
            transactions=[message(ping(1), timeout=0.0)],
        )
        assert answer.result == ResultCode.SUCCESS
        start = cycles.next().stamp.sec
        try:
            for hours in (1, -1):
                clock.shift(hours * HOUR_S)
                eventually(lambda shift=hours * HOUR_S: is_near(cycles, start + shift))
                codes = client.ask_many(truth, 20, chance, timeout=2.0, retries=3)
                assert set(codes) == {int(ResultCode.SUCCESS)}
                result = transact(driver, ping(3), timeout=0.5)
                took_s = result.elapsed.sec + result.elapsed.nanosec / 1e9
                assert result.result == ResultCode.RX_TIMEOUT
                assert 0.5 <= took_s < 5.0
                figure(f'timeout_of_500_ms_took_s_at_{hours:+d}_h', round(took_s, 3))
                count = len(cycles.messages)
                eventually(lambda count=count: len(cycles.messages) > count + 10)
                diagnoses.status()
            servos.unplug()
            diagnoses.wait_for(ERROR)
            plugged_in = servos.plug()
            eventually(lambda: transact(driver, ping(1)).result == ResultCode.SUCCESS)
            back_s = time.monotonic() - plugged_in
            assert back_s < 5.0
            figure('back_s', round(back_s, 3))
        finally:
            diagnoses.close()
            cycles.close()


def is_near(cycles, second: int) -> bool:
    return abs(cycles.next().stamp.sec - second) < 60
