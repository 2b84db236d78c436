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

"""Long work: lifecycle rounds, parameters at random, many clients on a line that is never well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
import random
import threading
import time
from typing import Any

from dxl_port_driver.errors import ResultCode
from dxl_port_driver.node.declarations import DECLARATIONS
from fault_support.driver import a_driver
from fault_support.held import held
from fault_support.truth import Client, Truth
from rcl_interfaces.srv import GetParameters, SetParameters
from rclpy.parameter import Parameter, parameter_value_to_python
from ros_support.calls import transact
from ros_support.graph import eventually
from ros_support.wire import ping

SUCCESS = int(ResultCode.SUCCESS)


class Crew:
    """
    Threads whose failures reach the test.

    :param tasks: what each does, again and again until :meth:`end`.
    """

    def __init__(self, tasks: list[Callable[[], None]]) -> None:
        self._stop = threading.Event()
        self._errors: list[BaseException] = []
        self._threads = [threading.Thread(target=self._run, args=(task,)) for task in tasks]
        for thread in self._threads:
            thread.start()

    def _run(self, task: Callable[[], None]) -> None:
        try:
            while not self._stop.is_set():
                task()
        except BaseException as error:
            self._errors.append(error)

    @property
    def failed(self) -> bool:
        return bool(self._errors)

    def end(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        if self._errors:
            raise self._errors[0]


def test_rounds_through_the_states_leave_nothing_behind(adapter, tmp_path, often, figure):
    servos = adapter(ids='1-3')
    rounds = often(15, 1000)
    with a_driver(tmp_path, port_name=servos.link) as (program, driver):

        def round_trip() -> None:
            for transition in ('configure', 'activate'):
                assert driver.change_state(transition)
            result = transact(driver, ping(1), timeout=5.0)
            assert result.result == SUCCESS, result.message
            for transition in ('deactivate', 'cleanup'):
                assert driver.change_state(transition)

        for _ in range(3):
            round_trip()
        before = held(program.pid)
        for _ in range(rounds):
            round_trip()
        eventually(lambda: held(program.pid)[:2] <= before[:2])
        gained_kib = held(program.pid).memory_kib - before.memory_kib
        assert gained_kib < 8192
        figure('rounds', rounds)
        figure('memory_gained_kib', gained_kib)


_FIXED = {'port_name', 'late_answer_time', 'max_queue_time', 'stop_packets'}


def _any_value(declaration: Any, chance: random.Random) -> Any:
    """Give a value that may or may not do."""
    if chance.random() < 0.1:
        return chance.choice([True, 7, -1, 3.5, float('nan'), 'x', ['x'], [1.5], 1 << 62, ''])
    if isinstance(declaration.default, bool):
        return chance.random() < 0.5
    low, high = declaration.lowest, declaration.highest
    if declaration.name == 'baudrate':
        return chance.choice([9600, 57600, 1_000_000, 4_500_000])
    if isinstance(declaration.default, int):
        return chance.randint(int(low) - 1, int(min(high, 3_000_000)) + 1)
    if isinstance(declaration.default, float):
        return chance.uniform(low - 0.1, min(high, 5.0))
    return chance.choice(['', 'x', 'sim://'])


def test_parameters_at_random_from_four_clients_under_load(adapter, tmp_path, often, figure):
    servos = adapter(ids='1-3')
    with a_driver(tmp_path, port_name=servos.link) as (program, driver):
        driver.activate()
        truth = Truth(driver, range(1, 4))
        codes: Counter[int] = Counter()
        asked: Counter[str] = Counter()
        graph = driver.graph
        free = [one for one in DECLARATIONS if one.name not in _FIXED]

        def a_setter(seed: int) -> Callable[[], None]:
            chance = random.Random(seed)
            client = graph.node.create_client(SetParameters, f'{driver.name}/set_parameters')
            assert client.wait_for_service(20.0)

            def set_one() -> None:
                declaration = chance.choice(free)
                parameter = Parameter(declaration.name, value=_any_value(declaration, chance))
                request = SetParameters.Request(parameters=[parameter.to_parameter_msg()])
                (done,) = graph.result(client.call_async(request)).results
                assert done.successful or done.reason
                asked['accepted' if done.successful else 'refused'] += 1

            return set_one

        def an_asker(seed: int) -> Callable[[], None]:
            client, chance = Client(driver), random.Random(seed)
            return lambda: codes.update(client.ask_many(truth, 1, chance))

        crew = Crew([a_setter(seed) for seed in range(4)] + [an_asker(9)])
        end = time.monotonic() + often(5, 120)
        while time.monotonic() < end and not crew.failed:
            time.sleep(0.1)
        crew.end()
        assert program.is_running
        for declaration in DECLARATIONS:
            answer = driver.call(GetParameters, 'get_parameters', names=[declaration.name])
            value = parameter_value_to_python(answer.values[0])
            if isinstance(declaration.default, (int, float)) and not isinstance(
                declaration.default, bool
            ):
                assert declaration.lowest <= value <= declaration.highest, declaration.name
        back = {
            one.name: one.default
            for one in free
            if isinstance(one.default, (bool, int, float))
            and one.while_active
            and not one.at_start_only
        }
        assert driver.set(**back) is None
        # What was under way at another rate may garble the first ones.
        eventually(lambda: transact(driver, ping(1), timeout=1.0).result == SUCCESS)
        assert asked['accepted'] > 0 < asked['refused']
        figure('parameters_accepted', asked['accepted'])
        figure('parameters_refused', asked['refused'])
        figure('questions_meanwhile', sum(codes.values()))


_FAULTS: tuple[tuple[str, ...], ...] = (
    ('drop 0.1',),
    ('corrupt 0.2',),
    ('wrong_id 0.2',),
    ('noise 9', 'noise_rate 0.5'),
    ('split 1', 'split_gap 0.1'),
    ('delay 60', 'delay_rate 0.1'),
    ('mute 1-2',),
    ('unplug 0.3',),
)
_NO_FAULTS = (
    *('drop 0', 'corrupt 0', 'wrong_id 0', 'noise 0', 'noise_rate 1', 'split 0', 'split_gap 0'),
    *('delay 0', 'delay_rate 1', 'mute 7'),
)


def test_eight_clients_on_a_line_with_faults_at_random_get_the_right_answer_or_an_error(
    adapter, tmp_path, often, figure
):
    servos = adapter(ids='1-6', seed=3)
    chance = random.Random(4)
    with a_driver(tmp_path, port_name=servos.link, reconnect_period=0.1, late_answer_time=0.5) as (
        program,
        driver,
    ):
        driver.activate()
        truth = Truth(driver, range(1, 7))
        codes: Counter[int] = Counter()

        def an_asker(seed: int) -> Callable[[], None]:
            client, random_one = Client(driver), random.Random(seed)
            return lambda: codes.update(client.ask_many(truth, 1, random_one))

        crew = Crew([an_asker(seed) for seed in range(8)])
        memory_kib, count = [], 0
        end = time.monotonic() + often(12, 600)
        while time.monotonic() < end and not crew.failed:
            for command in _NO_FAULTS:
                servos.say(command)
            time.sleep(0.2)
            for faults in chance.sample(_FAULTS, 2):
                for command in faults:
                    servos.say(command)
            count += 1
            time.sleep(0.8)
            memory_kib.append(held(program.pid).memory_kib)
        crew.end()
        for command in _NO_FAULTS:
            servos.say(command)
        eventually(lambda: transact(driver, ping(1)).result == SUCCESS)
        assert program.is_running
        assert codes[SUCCESS] > 0
        assert len(codes) > 2
        settled = memory_kib[len(memory_kib) // 4]
        assert memory_kib[-1] - settled < 8192
        figure('changes_of_faults', count)
        for code, times in sorted(codes.items(), reverse=True):
            figure(ResultCode(code).name, times)
        figure('memory_kib_after_a_quarter', settled)
        figure('memory_kib_at_the_end', memory_kib[-1])
