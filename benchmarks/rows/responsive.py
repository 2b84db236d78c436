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

"""Whether the node answers others while a slow servo is awaited."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

from benchmarks.caller import Caller
from benchmarks.domains import ros_domain
from benchmarks.figures import Figure, over_rounds
from benchmarks.programs import Driver, VirtualBus
from benchmarks.questions import READ
from benchmarks.sampling import Block, ratios, summary_us, time_calls
from benchmarks.setting import Setting
from dxl_port_driver.conversions import transaction_to_message
from dxl_port_driver.protocol.transaction import Transaction
from dxl_port_interfaces.srv import Transact
from lifecycle_msgs.srv import GetState

_WAIT_S = 2.0
_SETTLE_S = 0.05


def measure(setting: Setting) -> list[Figure]:
    """Call ``~/get_state`` on the idle node, and while a transaction waits out 2 s."""
    request = Transact.Request(
        transaction=transaction_to_message(Transaction(READ, timeout_s=_WAIT_S))
    )
    blocks: dict[str, list[Block]] = {'idle': [], 'waiting': []}
    with (
        ros_domain() as domain,
        VirtualBus(mute=1) as bus,
        Driver(domain, bus.path) as driver,
        Caller(domain, driver.name) as caller,
    ):
        get_state = caller.call(GetState, 'get_state', GetState.Request())
        transact = caller.client(Transact, 'transact')
        time_calls(get_state, 200)
        for _ in range(setting.pick(12, 2)):
            blocks['idle'].append(Block.of(time_calls(get_state, 500)))
            waiting = transact.call_async(request)
            until = perf_counter() + _SETTLE_S
            while perf_counter() < until:
                get_state()
            blocks['waiting'].append(Block.of(_calls_while(waiting, get_state)))
    return [
        Figure(
            'get_state_while_waiting',
            f'get_state while a transaction waits out {_WAIT_S:g} s',
            'get_state on the idle node',
            **over_rounds(ratios(blocks, 'waiting', ['idle'])),
            goal=2.0,
            goal_of='5',
            details=summary_us(blocks),
        )
    ]


def _calls_while(future: Any, call: Callable[[], object]) -> list[float]:
    times: list[float] = []
    begun = perf_counter()
    while not future.done() and perf_counter() - begun < _WAIT_S - 2 * _SETTLE_S:
        times += time_calls(call, 10)
    while not future.done():
        call()
    return times
