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

"""The executable ``port_driver``: one driver node, until SIGINT or SIGTERM."""

from __future__ import annotations

from collections.abc import Callable
import gc
import os
import signal
import sys
import threading
import time

from dxl_port_driver.errors import DxlPortError
from dxl_port_driver.node.autostart import Autostart
from dxl_port_driver.node.driver_node import DriverNode
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

    :param args: command line, ROS arguments included; None: that of the process.
    :return: exit status: 0 after SIGINT or SIGTERM, 1 when the node could not be made.
    """
    # rclpy's own handlers would end the context before the port is closed in order.
    try:
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as error:  # what rclpy raises for arguments that it cannot read
        print(f'port_driver: {error}; correct the arguments and start again', file=sys.stderr)
        return 1
    executor = SingleThreadedExecutor()
    stop = _stop_on_signals(executor)
    try:
        node = DriverNode()
    except (
        DxlPortError,
        InvalidParameterTypeException,
        InvalidParameterValueException,
        ParameterException,
    ) as error:
        print(f'port_driver: {error}; correct the parameter and start again', file=sys.stderr)
        executor.shutdown()
        rclpy.try_shutdown()
        return 1
    executor.add_node(node)
    # All that there is now stays to the end. The collector would look through it again and again,
    # and stop every thread for 15 ms and more each time.
    gc.freeze()
    try:
        if node.settings.autostart:
            Autostart(node).begin()
        _spin(executor, node, lambda: bool(stop))
        if rclpy.ok():
            if not node.is_finalized:
                node.trigger_shutdown()
            give_up = time.monotonic() + _LAST_ANSWERS_S
            _spin(executor, node, lambda: node.has_left or time.monotonic() > give_up, _LOOK_UP_S)
    finally:
        node.close('is shutting down')
        node.destroy_node()
        executor.shutdown()
        rclpy.try_shutdown()
        # Ctrl-C reaches it from the terminal and from ros2 launch. A handler of Python's does not
        # outlive the interpreter, whose end a second one would turn into a violent death.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
    return 0


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


def _stop_on_signals(executor: SingleThreadedExecutor) -> list[int]:
    """
    Give a list that is empty until the process is asked to stop.

    Python calls a signal handler between two of its own instructions, and the main thread may be
    deep in a wait of rcl for as long as nobody asks for anything. But it writes the number of the
    signal to a descriptor at once, for a thread that has nothing else to do.
    """
    stop: list[int] = []
    reader, writer = os.pipe()
    os.set_blocking(writer, False)

    def await_signal() -> None:
        stop.extend(os.read(reader, 1))
        # Something to do, which is all that ends a wait of an executor.
        executor.create_task(lambda: None)

    threading.Thread(target=await_signal, name='dxl-signals', daemon=True).start()
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: None)
    return stop


if __name__ == '__main__':
    sys.exit(main())
