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

"""
A control loop on cyclic reads: one servo follows another one.

The driver reads the positions of both by itself, a hundred times a second, and publishes them:
the loop neither asks for each reading nor waits for it. What it writes needs no answer. If this
program dies, nothing renews the lease of its cycle: the driver stops reading a second later, and
the Bus Watchdog, if it is set, stops the servos::

    ros2 launch dxl_port_driver sim.launch.py
    python3 examples/control_loop.py --seconds 5
"""

from __future__ import annotations

import argparse
import math
import sys
import time

from dxl_port_driver.client import PortClient
from dxl_port_driver.errors import DxlPortError, ResultCode
from dxl_port_driver.protocol.framer import Framer
from dxl_port_driver.protocol.instructions import BROADCAST_ID, Instruction, Protocol, V2Error
from dxl_port_driver.protocol.packets import InstructionPacket
from dxl_port_driver.protocol.transaction import Transaction
from dxl_port_interfaces.msg import CyclicResult
import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node

TORQUE_ENABLE = 64
GOAL_POSITION = 116
PRESENT_POSITION = 132
LEADER, FOLLOWER = 1, 2
CYCLE = 'control_loop'


def to_all(instruction: Instruction, address: int, length: int, data: bytes) -> bytes:
    """Give a Sync Read or Sync Write packet."""
    params = address.to_bytes(2, 'little') + length.to_bytes(2, 'little') + data
    return InstructionPacket(Protocol.V2, BROADCAST_ID, instruction, params).encode()


def positions(answers: bytes) -> dict[int, int]:
    """Give the position of each servo that answered a Sync Read without an error."""
    found = {}
    for frame in Framer(Protocol.V2).feed(answers):
        error, value = frame.params[0], frame.params[1:]
        if not error & ~V2Error.ALERT:  # with an alert alone, the servo has answered all the same
            found[frame.id] = int.from_bytes(value, 'little', signed=True)
    return found


class ControlLoop(Node):
    """Leads one servo along a sine and has the other one follow where the first one really is."""

    def __init__(self, driver: str, rate: float) -> None:
        super().__init__(CYCLE)
        self._rate = rate
        self._port = PortClient(self, driver)
        self._subscription = self.create_subscription(
            CyclicResult, f'{driver}/cyclic', self._step, 10
        )
        self.steps = 0
        self.missed = 0
        self.apart = 0
        """How far the servos are from each other."""
        self.problem = ''

    async def begin(self) -> None:
        """Switch the torque on and have the positions read from now on."""
        on = to_all(Instruction.SYNC_WRITE, TORQUE_ENABLE, 1, bytes((LEADER, 1, FOLLOWER, 1)))
        read = to_all(Instruction.SYNC_READ, PRESENT_POSITION, 4, bytes((LEADER, FOLLOWER)))
        # A priority above that of others keeps the rate when the bus is busy.
        transaction = Transaction(read, priority=100)
        try:
            await self._port.transact_async(on)
            await self._port.start_cyclic_async(CYCLE, [transaction], self._rate, lease_s=1.0)
        except DxlPortError as error:
            # A rate that the bus cannot carry, for example, is refused with what it can.
            self.problem = str(error)

    async def end(self) -> None:
        """Stop the readings."""
        try:
            self.missed = (await self._port.stop_cyclic_async(CYCLE)).missed
        except DxlPortError as error:
            self.problem = str(error)

    async def _step(self, message: CyclicResult) -> None:
        # The topic brings the cycles of all programs; and a missed cycle has no results.
        if message.name != CYCLE:
            return
        if message.ended:
            self.problem = message.message
        if not message.results:
            return
        result = message.results[0]
        if result.result != ResultCode.SUCCESS or result.error:
            self.get_logger().warning(result.message)
            return
        at = positions(result.data.tobytes())
        self.steps += 1
        self.apart = abs(at[LEADER] - at[FOLLOWER])
        leader = round(2048 + 500 * math.sin(2 * math.pi * 0.25 * time.monotonic()))
        goals = bytes((LEADER,)) + leader.to_bytes(4, 'little')
        goals += bytes((FOLLOWER,)) + at[LEADER].to_bytes(4, 'little', signed=True)
        await self._port.transact_async(
            to_all(Instruction.SYNC_WRITE, GOAL_POSITION, 4, goals), priority=100
        )


def main() -> int:
    """Run the loop for a while."""
    parser = argparse.ArgumentParser(description='A control loop on cyclic reads.')
    parser.add_argument('--driver', default='/dxl_port_driver', help='name of the driver node')
    parser.add_argument('--rate', type=float, default=100.0, help='Hz')
    parser.add_argument('--seconds', type=float, default=5.0, help='how long')
    given = parser.parse_args()

    rclpy.init()
    loop = ControlLoop(given.driver, given.rate)
    executor = SingleThreadedExecutor()
    executor.add_node(loop)
    try:
        executor.spin_until_future_complete(executor.create_task(loop.begin))
        until = time.monotonic() + given.seconds
        while not loop.problem and time.monotonic() < until:
            executor.spin_once(timeout_sec=0.1)
        if not loop.problem:
            executor.spin_until_future_complete(executor.create_task(loop.end))
    except (KeyboardInterrupt, ExternalShutdownException):
        return 130
    finally:
        rclpy.try_shutdown()
    if loop.problem:
        print(f'the loop could not go on: {loop.problem}', file=sys.stderr)
        return 1
    print(f'{loop.steps} steps, {loop.missed} missed, {loop.apart} units apart at the end')
    return 0 if loop.steps else 1


if __name__ == '__main__':
    sys.exit(main())
