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
A tour of the driver on emulated servos: ``make demo``.

This process starts the driver as a second one and talks to it over DDS only, as any node of a
robot would. The exit status is 0 only if every step did what it should.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from typing import Any

from dxl_port_driver.client import PortClient
from dxl_port_driver.errors import ResultCode
from dxl_port_driver.protocol.instructions import Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket, V2_STATUS_LENGTH
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.srv import SetParameters
from rclpy.node import Node
from rclpy.parameter import Parameter
from rich.console import Console
from rich.table import Table

DRIVER = '/dxl_port_driver'
PATIENCE_S = 20.0
SERVO = 1
TORQUE_ENABLE, GOAL_POSITION, PRESENT_POSITION = 64, 116, 132


class Failed(Exception):
    """A step did not do what it should."""


class Tour:
    """The steps, each of which tells in a few words what it saw."""

    def __init__(self, client: PortClient) -> None:
        self._client = client
        self._node = client.node

    def steps(self) -> Iterator[tuple[str, Callable[[], str]]]:
        """Give what is done, in order, in words and as a function."""
        yield 'find the driver', self._find
        yield 'call it before it is active', self._refused
        yield 'configure: open the port', lambda: self._transition('configure', 'inactive')
        yield 'activate: let requests in', lambda: self._transition('activate', 'active')
        yield f'ping servo {SERVO}', self._ping
        yield 'switch its torque on', lambda: self._write(TORQUE_ENABLE, 1, 1)
        yield 'write a goal position', lambda: self._write(GOAL_POSITION, 1024, 4)
        yield 'read where it is until it is there', self._arrive
        yield 'ask a servo that is not there', self._mute
        yield 'change the baudrate by parameter', lambda: self._set_baudrate(57600)
        yield 'ping again at the new rate', self._ping
        yield 'ask for a rate that cannot be', self._bad_baudrate
        yield 'deactivate', lambda: self._transition('deactivate', 'inactive')
        yield 'clean up: close the port', lambda: self._transition('cleanup', 'unconfigured')

    def _find(self) -> str:
        state = self._call(GetState, 'get_state', GetState.Request()).current_state.label
        _expect(state == 'unconfigured', f'it is {state}')
        return f'{DRIVER} is {state}'

    def _refused(self) -> str:
        result = self._client.transact(_packet(Instruction.PING))
        _expect(result.result is ResultCode.NOT_AVAILABLE, result.message)
        return result.message

    def _transition(self, name: str, state: str) -> str:
        request = ChangeState.Request()
        request.transition.id = getattr(Transition, f'TRANSITION_{name.upper()}')
        self._call(ChangeState, 'change_state', request)
        now = self._call(GetState, 'get_state', GetState.Request()).current_state.label
        _expect(now == state, f'it is {now}')
        return f'it is {now}'

    def _ping(self) -> str:
        params = self._answer(_packet(Instruction.PING))
        model = int.from_bytes(params[:2], 'little')
        _expect(len(params) == 3, f'{len(params)} bytes')
        return f'model {model}, firmware {params[2]}'

    def _write(self, address: int, value: int, length: int) -> str:
        params = address.to_bytes(2, 'little') + value.to_bytes(length, 'little')
        self._answer(_packet(Instruction.WRITE, params))
        return f'{value} at address {address}: accepted'

    def _position(self) -> int:
        params = PRESENT_POSITION.to_bytes(2, 'little') + (4).to_bytes(2, 'little')
        return int.from_bytes(self._answer(_packet(Instruction.READ, params)), 'little')

    def _arrive(self) -> str:
        start = self._position()
        deadline = time.monotonic() + PATIENCE_S
        reads = 1
        while abs((now := self._position()) - 1024) > 5:
            reads += 1
            _expect(time.monotonic() < deadline, f'it stays at {now}')
            time.sleep(0.02)
        return f'from {start} to {now} in {reads} readings'

    def _mute(self) -> str:
        packet = InstructionPacket(Protocol.V2, 200, Instruction.PING).encode()
        result = self._client.transact(packet)
        _expect(result.result is ResultCode.RX_TIMEOUT, result.message or 'it answered')
        return result.message

    def _baudrate(self, baudrate: int) -> Any:
        request = SetParameters.Request(
            parameters=[Parameter('baudrate', value=baudrate).to_parameter_msg()]
        )
        return self._call(SetParameters, 'set_parameters', request).results[0]

    def _set_baudrate(self, baudrate: int) -> str:
        answer = self._baudrate(baudrate)
        _expect(answer.successful, answer.reason)
        return f'{baudrate} bit/s'

    def _bad_baudrate(self) -> str:
        answer = self._baudrate(0)
        _expect(not answer.successful, 'it was accepted')
        return f'refused: {answer.reason}'

    def _answer(self, packet: bytes) -> bytes:
        result = self._client.transact(packet)
        _expect(result.result is ResultCode.SUCCESS, result.message)
        error = result.data[V2_STATUS_LENGTH - 3]
        _expect(error == 0, f'the servo reports error {error}')
        return result.data[V2_STATUS_LENGTH - 2 : -2]

    def _call(self, kind: Any, service: str, request: Any) -> Any:
        return _call(self._node, kind, f'{DRIVER}/{service}', request)


def _packet(instruction: Instruction, params: bytes = b'') -> bytes:
    return InstructionPacket(Protocol.V2, SERVO, instruction, params).encode()


def _call(node: Node, kind: Any, name: str, request: Any) -> Any:
    client = node.create_client(kind, name)
    try:
        _expect(client.wait_for_service(PATIENCE_S), f'there is no service {name}')
        # DDS may lose the first response to a client that the driver has only half met. To ask
        # again harms nobody here.
        for patience_s in (1.0, 4.0, PATIENCE_S):
            future = client.call_async(request)
            deadline = time.monotonic() + patience_s
            while not future.done() and time.monotonic() < deadline:
                time.sleep(0.001)
            if future.done():
                return future.result()
        raise Failed(f'{name} does not respond')
    finally:
        node.destroy_client(client)


def _expect(condition: bool, otherwise: str) -> None:
    if not condition:
        raise Failed(otherwise)


@contextlib.contextmanager
def _driver() -> Iterator[None]:
    """Run the driver on the virtual bus in a process of its own."""
    command = [sys.executable, '-m', 'dxl_port_driver.node.main']
    process = subprocess.Popen(
        [*command, '--ros-args', '--log-level', 'warn', '-p', 'port_name:=sim://?ids=1-3']
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        status = process.wait(PATIENCE_S)
    _expect(status == 0, f'the driver ended with status {status}')


def main() -> int:
    """
    Take the tour and print it.

    :return: 0 if every step did what it should, else 1.
    """
    parser = argparse.ArgumentParser(description='Show the driver at work on emulated servos.')
    # Nobody else's robot is to be met, nor another tour on this machine.
    parser.add_argument(
        '--domain', type=int, default=random.randint(1, 100), help='ROS domain; else any'
    )
    os.environ['ROS_DOMAIN_ID'] = str(parser.parse_args().domain)
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    console = Console(width=None if sys.stdout.isatty() else 120)
    table = Table(title='dxl_port_driver on emulated servos, called from another process')
    for heading in ('step', 'what came of it', 'ms', ''):
        table.add_column(heading, overflow='fold', justify='right' if heading == 'ms' else 'left')
    failed = ''
    try:
        with _driver(), PortClient.in_background(DRIVER, wait_for_driver_s=PATIENCE_S) as client:
            for step, do in Tour(client).steps():
                began = time.perf_counter()
                try:
                    outcome, mark = do(), 'ok'
                except Failed as error:
                    outcome, mark, failed = str(error), 'FAILED', step
                spent_ms = (time.perf_counter() - began) * 1e3
                table.add_row(step, outcome, f'{spent_ms:.1f}', mark)
                if failed:
                    break
    except Failed as error:
        failed = str(error)
    console.print(table)
    console.print(f'failed: {failed}' if failed else 'every step did what it should')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
