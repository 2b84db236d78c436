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

"""What comes and goes while many wait for the bus: the driver, a client, a baudrate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import importlib.util
import termios
import time

from dxl_port_driver.errors import ResultCode
from dxl_port_interfaces.srv import Transact
from lifecycle_msgs.srv import ChangeState
import pytest
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile
from ros_support.calls import message, result_of, transact
from ros_support.graph import eventually, PATIENCE_S, RemoteDriver
from ros_support.wire import mute, ping, pong, servo_1, Wire
from sharing_support.crowd import crowd, everyone

WAITING = 50


@pytest.fixture
def wire() -> Iterator[Wire]:
    """Give a wire on which servo 9 takes its time."""
    wire = Wire(lambda data: mute(data) if data == ping(9) else servo_1(data))
    yield wire
    wire.unplug()


@pytest.fixture
def driver(start_driver: Callable[..., object], wire: Wire) -> RemoteDriver:
    """Give a driver on the wire, that is at work."""
    _, driver = start_driver(port_name=wire.path, autostart=True, max_queue_time=10.0)
    eventually(lambda: driver.state == 'active')
    # Requests that do nothing: the response to the first one of a client may be lost.
    driver.begin(ChangeState, 'change_state')
    driver.begin(SetParameters, 'set_parameters')
    return driver


def hold_and_wait(driver: RemoteDriver, wire: Wire) -> tuple[object, list[object]]:
    """Have one request hold the bus, and many wait for it; give their futures."""
    # Each client of a service gets the responses of all, so the depth has to do for all.
    client = driver.graph.node.create_client(
        Transact, f'{driver.name}/transact', qos_profile=QoSProfile(depth=2 * WAITING)
    )
    assert client.wait_for_service(PATIENCE_S)

    def begin(data: bytes) -> object:
        asked = message(data, timeout=10.0, queue_timeout=10.0)
        return client.call_async(Transact.Request(transaction=asked))

    begin(ping(1))  # whose response may be lost, as to a newcomer
    wire.wait_for(ping(1))
    time.sleep(0.5)
    wire.heard.clear()
    holding = begin(ping(9))
    wire.wait_for(ping(9))
    waiting = [begin(ping(1)) for _ in range(WAITING)]
    time.sleep(0.5)  # for most of them to arrive
    return holding, waiting


def test_deactivation_answers_all_who_wait_at_once(driver, wire):
    holding, waiting = hold_and_wait(driver, wire)
    begun = time.monotonic()
    assert driver.change_state('deactivate')
    results = [result_of(driver, one) for one in [holding, *waiting]]
    assert time.monotonic() - begun < 5.0  # and they would have waited for ten
    assert {one.result for one in results} == {ResultCode.NOT_AVAILABLE}
    assert 'was deactivated' in results[0].message
    assert ping(1) not in wire.heard


def test_a_baudrate_change_takes_its_turn_ahead_of_the_queue(driver, wire):
    holding, waiting = hold_and_wait(driver, wire)
    rates = []

    def answer(data: bytes) -> bytes:
        rates.append(termios.tcgetattr(wire._master)[4])
        return servo_1(data)

    wire.answer = answer
    change = driver.begin(
        SetParameters,
        'set_parameters',
        parameters=[Parameter('baudrate', value=57600).to_parameter_msg()],
    )
    time.sleep(1.0)  # for it to arrive
    assert not change.done()  # not into the transaction that is under way
    wire.send(pong(9))
    assert driver.graph.result(change).results[0].successful
    assert result_of(driver, holding).result == ResultCode.SUCCESS
    assert {result_of(driver, one).result for one in waiting} == {ResultCode.SUCCESS}
    assert rates == [termios.B57600] * WAITING


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec('dynamixel_sdk') is None, reason='dynamixel_sdk is not installed'
)
def test_a_client_that_dies_holds_up_nobody(tmp_path):
    with crowd(tmp_path, 'sim://?ids=1-17&delay=5') as many:
        # What dies hard leaves traces of itself in the domain, for those who come later.
        many.domain.poisoned = True
        many.begin(everyone(3, 3.0, ['read_only', 'batch']))
        time.sleep(1.0)
        dead = many.talkers.pop()
        dead.kill()
        dead.communicate()
        came = [many.hear(0), many.hear(1)]
        assert [one.failures + one.foreign for one in came] == [[], []]
        assert all(one.asked > 20 for one in came)
        # Nothing of it is left in the queue, and it does not come back.
        assert transact(many.driver, ping(1), timeout=5.0).queued.sec == 0
        statistics = many.bus.statistics()
        assert statistics['violations'] == 0
