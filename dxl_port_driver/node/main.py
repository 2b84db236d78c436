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

"""The executable ``port_driver``: one driver node, until it is asked to stop."""

from __future__ import annotations

from collections.abc import Callable
import contextlib
import gc
import sys
import time

from dxl_port_driver.errors import DxlPortError
from dxl_port_driver.node import command_line
from dxl_port_driver.node.autostart import Autostart
from dxl_port_driver.node.driver_node import DriverNode
from dxl_port_driver.node.parameter_files import unused_files
from dxl_port_driver.node.stop_requests import StopRequests
import rclpy
from rclpy.exceptions import (
    InvalidParameterTypeException,
    InvalidParameterValueException,
    ParameterException,
)
from rclpy.executors import ExternalShutdownException, ShutdownException, SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

_LOOK_UP_S = 0.1
_LAST_ANSWERS_S = 2.0
"""How long those who wait may take to be sent away before the process ends, s."""


def main(args: list[str] | None = None) -> int:
    """
    Run the node.

    :param args: command line, the program's name and ROS arguments included; None: that of the
        process.
    :return: exit status: 0 once it was asked to stop, 1 when the node could not be made, 2 for
        words on the command line that mean nothing.
    """
    arguments = sys.argv if args is None else args
    words = command_line.own_words(arguments[1:])
    if command_line.is_help(words):
        print(command_line.help_text())
        return 0
    if words:
        return _end_with(command_line.complaint(words), 2)
    stop = StopRequests()
    try:
        # rclpy's own handlers would end the context before the port is closed in order.
        rclpy.init(args=arguments, signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as error:  # what rclpy raises for arguments that it cannot read
        return _end_with(f'{error}; correct the arguments and start again', 1)
    executor = SingleThreadedExecutor()
    try:
        node = DriverNode()
    except (
        DxlPortError,
        InvalidParameterTypeException,
        InvalidParameterValueException,
        ParameterException,
    ) as error:
        executor.shutdown()
        rclpy.try_shutdown()
        return _end_with(f'{error}; correct the parameter and start again', 1)
    executor.add_node(node)
    # Something to do, which is all that ends a wait of an executor.
    stop.watch(lambda: executor.create_task(lambda: None), parent=node.settings.stop_with_parent)
    # All that there is now stays to the end. The collector would look through it again and again,
    # and stop every thread for 15 ms and more each time.
    gc.freeze()
    try:
        if node.settings.autostart:
            Autostart(node).begin()
        executor.create_task(lambda: _tell_start(node, arguments))
        _spin(executor, node, lambda: bool(stop.reason))
        if rclpy.ok():
            if not node.is_finalized:
                node.trigger_shutdown()
            node.get_logger().info(f'it ends because of {stop.reason}')
            give_up = time.monotonic() + _LAST_ANSWERS_S
            _spin(executor, node, lambda: node.has_left or time.monotonic() > give_up, _LOOK_UP_S)
    finally:
        node.close('is shutting down')
        node.destroy_node()
        executor.shutdown()
        rclpy.try_shutdown()
        stop.ignore()
    return 0


def _end_with(message: str, status: int) -> int:
    with contextlib.suppress(OSError):  # the terminal may be gone, and the status tells as well
        print(f'port_driver: {message}', file=sys.stderr)
    return status


def _tell_start(node: DriverNode, arguments: list[str]) -> None:
    """Log what may not be as it was meant; called once the start is over, which it would delay."""
    for sentence in unused_files(arguments, node.get_fully_qualified_name()):
        node.get_logger().warning(sentence)
    if not node.settings.autostart and not node.is_configured:
        settings = node.settings
        more = '; "port_driver --help" tells more' if len(arguments) == 1 else ''
        node.get_logger().info(
            f'waiting to be configured, which opens {settings.port_name} at {settings.baudrate} '
            f'bit/s: "ros2 lifecycle set {node.get_fully_qualified_name()} configure", then '
            f'"activate"; or start it with -p autostart:=true{more}'
        )


def _spin(
    executor: SingleThreadedExecutor,
    node: DriverNode,
    is_over: Callable[[], bool],
    look_up_s: float | None = None,
) -> None:
    """
    Serve requests until it is over.

    :param look_up_s: how often to see whether it is, s; None: whenever something was done, which
        spares the executor a timer for every single wait.
    """
    while not is_over():
        try:
            executor.spin_once(timeout_sec=look_up_s)
        except (ExternalShutdownException, ShutdownException):
            return
        except Exception as error:
            # One broken request must not take the bus away from all others.
            node.get_logger().error(f'a callback failed: {error!r}')


if __name__ == '__main__':
    sys.exit(main())
