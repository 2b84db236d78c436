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

"""A node in a context of its own, spun by a thread of its own, for those who spin nothing."""

from __future__ import annotations

import itertools
import os
import threading

from dxl_port_driver.client.executor_state import run_in_executor
from dxl_port_driver.wait_thread import WaitThread
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, ShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter

_numbers = itertools.count(1)


class BackgroundNode:
    """
    Spins a node until :meth:`close`, which has to be called before the process ends.

    The global context of rclpy and its logging are left alone. Whatever the process ends with,
    the thread must be joined first: rclpy aborts a process that leaves it spinning.
    """

    def __init__(self) -> None:
        self._context = Context()
        self._context.init(args=[], initialize_logging=False)
        # Nobody asks this node anything, or hears it.
        self.node = Node(
            f'dxl_port_client_{os.getpid()}_{next(_numbers)}',
            context=self._context,
            use_global_arguments=False,
            enable_rosout=False,
            start_parameter_services=False,
            parameter_overrides=[Parameter('start_type_description_service', value=False)],
        )
        self.responses = WaitThread(self.node, 'dxl-client-responses')
        """Takes the responses to requests; all else is the executor's."""
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._stopping = False
        self._closing = threading.Lock()
        # The interpreter waits for threads that are no daemons before it calls what ends this.
        self._thread = threading.Thread(target=self._spin, name='dxl-client-node', daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop spinning, end the thread and the context; safe any number of times."""
        if threading.current_thread() is self._thread or self.responses.is_this_thread():
            # Garbage is collected wherever memory is asked for, and a thread cannot join itself.
            threading.Thread(target=self.close, name='dxl-client-end').start()
            return
        with self._closing:
            if not self._stopping:
                self._stopping = True
                self.responses.close()
                # The executor's wake() alone does not bring it out of a wait for work.
                run_in_executor(self.node, lambda: None)
                self._thread.join()

    def _spin(self) -> None:
        try:
            while not self._stopping:
                self._executor.spin_once()
        except (ExternalShutdownException, ShutdownException):
            pass  # a signal has ended every context of the process
        finally:
            self._executor.shutdown()
            self.node.destroy_node()
            self._context.try_shutdown()
