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

"""The SDK's ``read4ByteTxRx`` on our PortHandler, against the same on the SDK's own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from benchmarks.figures import Figure, over_rounds
from benchmarks.least_port import LeastPort
from benchmarks.programs import VirtualBus
from benchmarks.questions import PRESENT_POSITION
from benchmarks.sampling import alternate, ratios, summary_us
from benchmarks.setting import Setting
from dxl_port_driver import PortHandler
import dynamixel_sdk

_REFERENCE = "the SDK's PortHandler"
_NOTES = {
    'off': 'The answer comes as soon as the virtual bus can give it.',
    'on': 'The 0.29 ms that the bytes are on the wire are the same for both.',
}


def measure(setting: Setting) -> list[Figure]:
    """Measure with answers that come at once, and as a wire at 1 Mbit/s would bring them."""
    return [
        *_measure(setting, 'sdk_read', 'off', goal=0.95, goal_of='5 (2: ≤ 1.0)'),
        *_measure(setting, 'sdk_read_paced', 'on', goal=1.0, goal_of='2'),
    ]


def _measure(setting: Setting, key: str, pace: str, **about: Any) -> list[Figure]:
    reader = Reader()
    with ExitStack() as stack:

        def reads(make_port: Callable[[str], Any]) -> Callable[[], None]:
            bus = stack.enter_context(VirtualBus(pace=pace, return_delay=0))
            port = make_port(bus.path)
            stack.callback(port.closePort)
            return reader.call(port)

        blocks = alternate(
            {
                'ours': reads(PortHandler),
                'SDK': reads(dynamixel_sdk.PortHandler),
                'least that sleeps': reads(lambda path: LeastPort(path, sleeps=True)),
                'least that spins': reads(lambda path: LeastPort(path, sleeps=False)),
            },
            setting.pick(60, 5),
            setting.pick(300, 60),
        )
    what = f'SDK read4ByteTxRx on {{}}, median, pace {pace}'
    return [
        Figure(
            key,
            what.format('our PortHandler'),
            _REFERENCE,
            **over_rounds(ratios(blocks, 'ours', ['SDK'])),
            details={**summary_us(blocks), 'reads that failed': reader.failed},
            note=_NOTES[pace],
            **about,
        ),
        Figure(
            f'{key}_sleeping',
            what.format('the least port that sleeps'),
            _REFERENCE,
            **over_rounds(ratios(blocks, 'least that sleeps', ['SDK'])),
            note='Three system calls, no deadline, no care for errors: nothing that waits asleep '
            'can be quicker. What it needs more than the one that spins is the time in which the '
            'system wakes a sleeping process up.',
        ),
        Figure(
            f'{key}_spinning',
            what.format('the least port that spins'),
            _REFERENCE,
            **over_rounds(ratios(blocks, 'least that spins', ['SDK'])),
        ),
    ]


class Reader:
    """Reads the position of servo 1 with the SDK's handler, and counts what failed."""

    def __init__(self) -> None:
        self.failed = 0

    def call(self, port: Any) -> Callable[[], None]:
        """Give a function that reads through an open port."""
        if not port.openPort():
            raise RuntimeError(f'{port.port_name} does not open')
        handler = dynamixel_sdk.PacketHandler(2.0)

        def read() -> None:
            _, result, _ = handler.read4ByteTxRx(port, 1, PRESENT_POSITION)
            self.failed += result != dynamixel_sdk.COMM_SUCCESS

        return read
