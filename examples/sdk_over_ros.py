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
A program for ROBOTIS' SDK, on a bus that others use as well.

It is any SDK program; only the port is another one: where ``PortHandler('/dev/ttyUSB0')`` stood,
a ``RemotePortHandler`` stands with the name of the driver. Start a driver first, here one with
emulated servos, then this program as often as you like, also at the same time::

    ros2 launch dxl_port_driver sim.launch.py
    python3 examples/sdk_over_ros.py --id 1 --goal 3000
"""

from __future__ import annotations

import argparse
import sys
import time

from dxl_port_driver.client import RemotePortHandler
from dynamixel_sdk import COMM_SUCCESS, PacketHandler

# Addresses of the X series; the e-Manual has a control table for each model.
TORQUE_ENABLE = 64
GOAL_POSITION = 116
PRESENT_POSITION = 132

CLOSE_ENOUGH = 10
PATIENCE_S = 10.0


def main() -> int:
    """Move a servo and watch it arrive."""
    parser = argparse.ArgumentParser(description='Move a servo over ROS with the DYNAMIXEL SDK.')
    parser.add_argument('--driver', default='/dxl_port_driver', help='name of the driver node')
    parser.add_argument('--id', type=int, default=1, help='of the servo')
    parser.add_argument('--goal', type=int, default=3000, help='position, 0 to 4095')
    given = parser.parse_args()

    # Neither rclpy.init() nor spinning is needed: the port has a node of its own.
    port = RemotePortHandler(given.driver)
    packets = PacketHandler(2.0)
    if not port.openPort():
        # What the SDK can only call a failure, last_error explains.
        print(f'no port: {port.last_error}', file=sys.stderr)
        return 1
    try:
        return move(port, packets, given.id, given.goal)
    finally:
        port.closePort()


def move(port: RemotePortHandler, packets: PacketHandler, servo: int, goal: int) -> int:
    """Let a servo go to a goal; from here on it is the SDK as its documentation tells."""
    model, result, error = packets.ping(port, servo)
    if result != COMM_SUCCESS:
        print(f'servo {servo}: {packets.getTxRxResult(result)}', file=sys.stderr)
        print(f'more exactly: {port.last_error}', file=sys.stderr)
        return 1
    print(f'servo {servo} is of model {model}')

    for address, length, value in ((TORQUE_ENABLE, 1, 1), (GOAL_POSITION, 4, goal)):
        data = list(value.to_bytes(length, 'little'))
        result, error = packets.writeTxRx(port, servo, address, length, data)
        if result != COMM_SUCCESS or error:
            why = packets.getTxRxResult(result) if result else packets.getRxPacketError(error)
            print(f'servo {servo} does not take {value} at {address}: {why}', file=sys.stderr)
            return 1

    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        position, result, error = packets.read4ByteTxRx(port, servo, PRESENT_POSITION)
        if result == COMM_SUCCESS and abs(position - goal) <= CLOSE_ENOUGH:
            print(f'arrived at {position}')
            return 0
        time.sleep(0.02)
    print(f'servo {servo} did not arrive at {goal}', file=sys.stderr)
    return 1


if __name__ == '__main__':
    sys.exit(main())
