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

"""Strangers: whatever is asked of whichever service, it is answered, and the driver lives on."""

from __future__ import annotations

from collections import Counter
import random
import threading
from typing import Any

from builtin_interfaces.msg import Duration
from dxl_port_driver.conversions import octets
from dxl_port_driver.errors import ResultCode
from dxl_port_driver.protocol.checksums import crc16
from dxl_port_interfaces.msg import Transaction
from dxl_port_interfaces.srv import (
    GetBytesAvailable,
    ReadPort,
    StartCyclic,
    StopCyclic,
    Transact,
    TransactBatch,
    WritePort,
)
from fault_support.driver import a_driver
from fault_support.held import held
from rcl_interfaces.srv import (
    DescribeParameters,
    GetParameters,
    ListParameters,
    SetParameters,
    SetParametersAtomically,
)
from rclpy.parameter import Parameter
from ros_support.calls import transact
from ros_support.graph import eventually, RemoteDriver
from ros_support.wire import ping
from std_srvs.srv import Trigger

CODES = {int(code) for code in ResultCode}
AT_ONCE = 8
"""Requests under way at a time; DDS keeps ten for a client or a service that is busy."""


class Stranger:
    """
    Makes up requests, wrong ones and nearly right ones.

    :param seed: of what it makes up.
    """

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def bytes(self) -> bytes:
        chance = self.chance
        kind = chance.random()
        if kind < 0.3:
            return chance.randbytes(chance.choice([0, 1, 3, 10, 60, 5000]))
        body = bytes(
            (
                *b'\xff\xff\xfd\x00',
                chance.choice([0, 1, 2, 3, 252, 254, 255]),
            )
        )
        inner = bytes((chance.choice([1, 2, 3, 4, 0x82, 0x8A, 0x92, 0x9A, 0x55, 0xEE]),))
        inner += chance.randbytes(chance.choice([0, 1, 4, 5, 9]))
        packet = body + (len(inner) + 2).to_bytes(2, 'little') + inner
        packet += crc16(packet).to_bytes(2, 'little')
        if kind < 0.6:
            changed = bytearray(packet)
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
            packet = bytes(changed)
        return packet * chance.choice([1, 1, 1, 2])

    def time(self) -> Duration:
        sec = self.chance.choice([0, 0, 0, 0, 0, -1, 1 << 30, -(1 << 31), (1 << 31) - 1])
        return Duration(sec=sec, nanosec=self.chance.choice([0, 10**6, 10**7, (1 << 32) - 1]))

    def transaction(self) -> Transaction:
        chance = self.chance
        return Transaction(
            data=octets(self.bytes()),
            framing=chance.choice([0, 0, 0, 1, 2, 3, 255]),
            response_length=chance.choice([0, 1, 14, 4096, 1 << 31, (1 << 32) - 1]),
            response_count=chance.choice([0, 0, 1, 3, 65535]),
            timeout=self.time(),
            queue_timeout=self.time(),
            priority=chance.choice([0, 1, 255]),
            retries=chance.choice([0, 0, 1, 255]),
        )

    def number(self) -> float:
        return self.chance.choice([0.0, -1.0, 1.0, 50.0, 1e9, float('nan'), float('inf')])

    def text(self) -> str:
        return self.chance.choice(['', 'a', 'b', 'x' * 65, 'x' * 10_000, '\x00', 'ü\n', '../..'])

    def parameter(self) -> Any:
        name = self.chance.choice(['baudrate', 'reconnect', 'stop_packets', self.text()])
        value = self.chance.choice([0, -1, 1 << 62, 1.5, True, self.text(), [self.text()], [1]])
        return Parameter(name, value=value).to_parameter_msg()

    def request(self) -> tuple[str, Any]:
        """Give the name of a service, and what to ask it."""
        few = range(self.chance.choice([0, 1, 1, 3, 300]))
        makers: dict[str, Any] = {
            'transact': lambda: Transact.Request(transaction=self.transaction()),
            'transact_batch': lambda: TransactBatch.Request(
                transactions=[self.transaction() for _ in few],
                stop_on_error=self.chance.random() < 0.5,
            ),
            'write': lambda: WritePort.Request(data=octets(self.bytes())),
            'read': lambda: ReadPort.Request(
                length=self.chance.choice([0, 1, 4096, (1 << 32) - 1]), timeout=self.time()
            ),
            'clear': Trigger.Request,
            'get_bytes_available': GetBytesAvailable.Request,
            'start_cyclic': lambda: StartCyclic.Request(
                name=self.text(),
                rate=self.number(),
                transactions=[self.transaction() for _ in few[:3]],
                stop_on_error=False,
                lease=self.time(),
            ),
            'stop_cyclic': lambda: StopCyclic.Request(name=self.text()),
            'set_parameters': lambda: SetParameters.Request(
                parameters=[self.parameter() for _ in few[:5]]
            ),
            'set_parameters_atomically': lambda: SetParametersAtomically.Request(
                parameters=[self.parameter() for _ in few[:5]]
            ),
            'get_parameters': lambda: GetParameters.Request(names=[self.text()]),
            'describe_parameters': lambda: DescribeParameters.Request(names=[self.text()]),
            'list_parameters': lambda: ListParameters.Request(
                prefixes=[self.text()], depth=self.chance.choice([0, 1, (1 << 64) - 1])
            ),
        }
        name = self.chance.choice(list(makers))
        return name, makers[name]()


KINDS: dict[str, Any] = {
    'transact': Transact,
    'transact_batch': TransactBatch,
    'write': WritePort,
    'read': ReadPort,
    'clear': Trigger,
    'get_bytes_available': GetBytesAvailable,
    'start_cyclic': StartCyclic,
    'stop_cyclic': StopCyclic,
    'set_parameters': SetParameters,
    'set_parameters_atomically': SetParametersAtomically,
    'get_parameters': GetParameters,
    'describe_parameters': DescribeParameters,
    'list_parameters': ListParameters,
}


def check(name: str, response: Any) -> str:
    """Demand that a response says what came of the request; give that in a word."""
    if name == 'transact_batch':
        assert response.results
        for result in response.results:
            check('transact', type('One', (), {'result': result}))
        return str(response.results[-1].result)
    if name.startswith(('set_', 'get_p', 'describe', 'list')):
        for result in getattr(response, 'results', ()):
            assert result.successful or result.reason
        return 'answered'
    if name == 'clear':
        assert response.success or response.message
        return str(response.success)
    told = response.result if name == 'transact' else response
    assert told.result in CODES
    assert bool(told.result) == bool(told.message)
    return str(told.result)


def ask_all(driver: RemoteDriver, stranger: Stranger, count: int) -> Counter[str]:
    """Ask so many, several at a time; give what came of them."""
    told: Counter[str] = Counter()
    errors: list[BaseException] = []
    room = threading.Semaphore(AT_ONCE)

    def done(name: str, future: Any) -> None:
        try:
            told[f'{name} {check(name, future.result())}'] += 1
        except BaseException as error:
            errors.append(error)
        room.release()

    for _ in range(count):
        assert room.acquire(timeout=30.0), f'no response; so far {told}'
        name, request = stranger.request()
        future = driver.graph.begin(KINDS[name], f'{driver.name}/{name}', request)
        future.add_done_callback(lambda future, name=name: done(name, future))
        if errors:
            break
    for _ in range(AT_ONCE):
        assert room.acquire(timeout=30.0), f'no response; so far {told}'
    if errors:
        raise errors[0]
    return told


def test_requests_at_random_to_every_service_are_answered(adapter, tmp_path, often, figure):
    servos = adapter(ids='1-3', pace='off')
    with a_driver(
        tmp_path, port_name=servos.link, max_timeout=0.05, latency_timer=1.0, max_queue_time=0.2
    ) as (program, driver):
        driver.activate()
        stranger = Stranger(2)
        told = ask_all(driver, stranger, 300)
        settled = held(program.pid)
        count = often(1200, 100_000)
        told += ask_all(driver, stranger, count)
        assert program.is_running
        assert driver.call(StopCyclic, 'stop_cyclic').result in CODES
        assert driver.set(max_timeout=10.0, baudrate=1_000_000, stop_packets=[]) is None
        result = transact(driver, ping(1), timeout=5.0, retries=5, queue_timeout=0.2)
        assert result.result == ResultCode.SUCCESS, result.message
        assert 'unexpected' not in program.output
        assert 'Traceback' not in program.output
        gained_kib = held(program.pid).memory_kib - settled.memory_kib
        assert gained_kib < 32 * 1024
        eventually(lambda: held(program.pid).descriptors <= settled.descriptors)
        assert {name.partition(' ')[0] for name in told} == set(KINDS)
        figure('requests', sum(told.values()))
        figure('kinds_of_outcome', len(told))
        figure('memory_gained_kib', gained_kib)
