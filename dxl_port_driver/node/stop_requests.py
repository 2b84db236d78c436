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

"""What asks the process of the driver to stop: a signal, or the end of its parent process."""

from __future__ import annotations

from collections.abc import Callable
import os
import select
import signal
import threading

from dxl_port_driver.node import PARENT_AT_START

SIGNALS = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    # Seldom meant for a driver, but each of them ends a process that says nothing about it.
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGALRM,
    signal.SIGVTALRM,
    signal.SIGPROF,
    signal.SIGPOLL,
    signal.SIGPWR,
    signal.SIGXCPU,
    # As the images of Docker that have systemd in them send SIGRTMIN+3 to stop.
    *range(signal.SIGRTMIN, signal.SIGRTMAX + 1),
)
"""Those that end a process unless it handles them, and leave it able to end in order."""

_PARENT_PERIOD_S = 0.2


class StopRequests:
    """
    Knows whether the process has been asked to stop; from its making on, no signal ends it.

    Python calls a signal handler between two of its own instructions, and the main thread may be
    deep in a wait of rcl for as long as nothing comes. But it writes the number of the signal to a
    descriptor at once, where another thread finds it.
    """

    def __init__(self) -> None:
        self.reason = ''
        """What asked the process to stop; empty: nothing has."""
        self._reader, writer = os.pipe()
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        for number in SIGNALS:
            # nohup, and it alone, has a process ignore the end of its terminal.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, lambda number, frame: None)

    def watch(self, on_request: Callable[[], object], *, parent: bool) -> None:
        """
        Begin to look, in a thread of its own.

        :param on_request: called in that thread, once.
        :param parent: whether the end of the parent process is a request to stop as well.
        """

        def run() -> None:
            self.reason = self._await_parent_or_signal() if parent else self._await_signal()
            on_request()

        threading.Thread(target=run, name='dxl-signals', daemon=True).start()

    def ignore(self) -> None:
        """
        Ignore all further signals; for the very end of the process.

        Ctrl-C reaches it from the terminal and from ros2 launch, and a handler of Python's does
        not outlive the interpreter: a second signal would turn an orderly end into a violent one.
        """
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    def _await_signal(self) -> str:
        return _name(os.read(self._reader, 1)[0])

    def _await_parent_or_signal(self) -> str:
        # A process whose parent ends gets another one at that moment. To ask for it is sound where
        # PR_SET_PDEATHSIG is not: that tells the end of a thread, and nothing of a parent that
        # had ended before it was set.
        while os.getppid() == PARENT_AT_START:
            if select.select([self._reader], [], [], _PARENT_PERIOD_S)[0]:
                return self._await_signal()
        return f'the end of its parent process {PARENT_AT_START}'


def _name(number: int) -> str:
    # Of the real-time signals only the first and the last one have names of their own.
    if signal.SIGRTMIN < number < signal.SIGRTMAX:
        return f'SIGRTMIN+{number - signal.SIGRTMIN}'
    return signal.Signals(number).name
