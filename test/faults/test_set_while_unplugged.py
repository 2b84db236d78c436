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

"""Parameters that concern the port are set while its adapter is pulled out and put back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import contextlib
import itertools
import random
import threading
import time

from dxl_port_driver.errors import ResultCode
from fault_support.adapter import Adapter
from fault_support.listeners import Diagnoses, ERROR
import pytest
from ros_support.calls import transact
from ros_support.graph import eventually, RemoteDriver
from ros_support.wire import ping

PERIOD_S = 0.05
RATES = (57600, 115_200, 1_000_000, 2_000_000)


@contextlib.contextmanager
def coming_and_going(adapter: Adapter) -> Iterator[None]:
    """Pull the adapter out and put it back all the time; it is in at the end."""
    over = threading.Event()
    pauses = random.Random(4)

    def run() -> None:
        while not over.is_set():
            adapter.unplug()
            time.sleep(pauses.uniform(0.0, 0.06))
            adapter.plug()
            time.sleep(pauses.uniform(0.02, 0.2))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def answers(driver: RemoteDriver) -> bool:
    return bool(transact(driver, ping(1), timeout=0.0, retries=1).result == ResultCode.SUCCESS)


@pytest.mark.parametrize('state', ['inactive', 'active'])
def test_what_is_set_while_it_comes_and_goes_holds_and_the_driver_goes_on(
    start_driver: Callable[..., tuple[object, RemoteDriver]],
    adapter: Callable[..., Adapter],
    often: Callable[[int, int], int],
    state: str,
) -> None:
    servos = adapter(ids='1')
    program, driver = start_driver(port_name=servos.link, reconnect_period=PERIOD_S)
    assert driver.change_state('configure')
    if state == 'active':
        assert driver.change_state('activate')
    rates, pauses = itertools.cycle(RATES), random.Random(8)
    done = 0
    with coming_and_going(servos):
        for turn in range(often(50, 1000)):
            # A refusal takes less than a millisecond; these have to meet it in as well.
            time.sleep(pauses.uniform(0.0, 0.08))
            done += driver.set(baudrate=next(rates)) is None
            assert driver.set(low_latency=bool(turn % 2)) is None
            if state == 'inactive' and turn % 5 == 0:
                # Taken afresh, or refused because it is out just now.
                driver.set(port_name=servos.link)
    assert done
    assert program.is_running
    assert driver.state == state
    if state == 'inactive':
        # Also what comes back after all this is noticed: its keeper lives.
        eventually(lambda: driver.change_state('activate'))
    eventually(lambda: answers(driver))
    diagnoses = Diagnoses(driver)
    try:
        status = diagnoses.status()
        values = {item.key: item.value for item in status.values}
        assert values['baudrate real [bit/s]'] == str(driver.get('baudrate')), values
        assert status.level != ERROR, status.message
    finally:
        diagnoses.close()
    gone = program.output.count('is gone')
    servos.unplug()
    eventually(lambda: program.output.count('is gone') > gone)
    servos.plug()
    eventually(lambda: answers(driver))
    assert 'Traceback' not in program.output
