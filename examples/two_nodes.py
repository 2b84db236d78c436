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
Two nodes that share a bus and know nothing of each other.

One moves a servo to and fro, and has priority. The other looks at the health of all servos, a
batch at a time, so that the values of one look belong together. Either could as well be a
process, or on a host, of its own: what they share is the name of the driver, and nothing else::

    ros2 launch dxl_port_driver sim.launch.py
    python3 examples/two_nodes.py --seconds 5
"""

from __future__ import annotations

import argparse
import contextlib
import sys

from dxl_port_driver.client import PortClient
from dxl_port_driver.protocol.instructions import Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket
from dxl_port_driver.protocol.transaction import Transaction
import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node

TORQUE_ENABLE = 64
GOAL_POSITION = 116
PRESENT_INPUT_VOLTAGE = 144  # 2 bytes, 0.1 V; the temperature, 1 byte, °C, is right behind it


def packet(servo: int, instruction: Instruction, address: int, data: bytes) -> bytes:
    """Give an instruction packet that begins with an address."""
    params = address.to_bytes(2, 'little') + data
    return InstructionPacket(Protocol.V2, servo, instruction, params).encode()


class Mover(Node):
    """Moves a servo to and fro."""

    def __init__(self, driver: str, servo: int) -> None:
        super().__init__('mover')
        self._port = PortClient(self, driver)
        self._servo = servo
        self.moves = 0
        self.failures = 0
        self._timer = self.create_timer(0.05, self._move)

    async def _move(self) -> None:
        # A callback must not block: it awaits, and its executor goes on with others meanwhile.
        goal = 1500 if self.moves % 2 else 2500
        for address, value in (
            (TORQUE_ENABLE, b'\x01'),
            (GOAL_POSITION, goal.to_bytes(4, 'little')),
        ):
            result = await self._port.transact_async(
                packet(self._servo, Instruction.WRITE, address, value),
                priority=10,  # who waits with a higher one goes first
                retries=1,
            )
            if not result.ok:  # it was not answered, or the servo refused it
                self.failures += 1
                self.get_logger().warning(result.message)
                return
        self.moves += 1


class Monitor(Node):
    """Looks at voltage and temperature of some servos."""

    def __init__(self, driver: str, servos: range) -> None:
        super().__init__('monitor')
        self._port = PortClient(self, driver)
        self._servos = servos
        self._batch = [
            Transaction(
                packet(servo, Instruction.READ, PRESENT_INPUT_VOLTAGE, (3).to_bytes(2, 'little'))
            )
            for servo in servos
        ]
        self.looks = 0
        self.failures = 0
        self._timer = self.create_timer(0.2, self._look)

    async def _look(self) -> None:
        results = await self._port.transact_batch_async(self._batch)
        told = []
        for servo, result in zip(self._servos, results, strict=False):
            if not result.ok:
                self.failures += 1
                told.append(f'{servo}: {result.message}')
                continue
            # Header, id, length, instruction and error are 9 bytes; the CRC is the last two.
            values = result.data[9:-2]
            volts, celsius = int.from_bytes(values[:2], 'little') / 10, values[2]
            told.append(f'{servo}: {volts:.1f} V, {celsius} °C')
        self.looks += 1
        self.get_logger().info('; '.join(told))


def main() -> int:
    """Run both nodes for a while."""
    parser = argparse.ArgumentParser(description='Two nodes on one bus.')
    parser.add_argument('--driver', default='/dxl_port_driver', help='name of the driver node')
    parser.add_argument('--servos', type=int, default=3, help='how many there are, from id 1')
    parser.add_argument('--seconds', type=float, default=5.0, help='how long')
    given = parser.parse_args()

    rclpy.init()
    mover = Mover(given.driver, 1)
    monitor = Monitor(given.driver, range(1, given.servos + 1))
    executor = SingleThreadedExecutor()
    executor.add_node(mover)
    executor.add_node(monitor)
    mover.create_timer(given.seconds, lambda: rclpy.try_shutdown())
    with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException):
        executor.spin()
    print(f'{mover.moves} moves and {monitor.looks} looks')
    failures = mover.failures + monitor.failures
    return 1 if failures or not (mover.moves and monitor.looks) else 0


if __name__ == '__main__':
    sys.exit(main())
