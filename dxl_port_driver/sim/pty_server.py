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
Gives a virtual bus a pty, so that any program can open it like a USB adapter.

One thread waits in ``epoll`` for the host's bytes, and sleeps until an answer is due; while
nothing is under way it does not wake up at all. The pty's own end is not kept open here: so a
program that closes the port is noticed, and the locks of one that died can be taken off.
"""

from __future__ import annotations

import contextlib
from contextlib import AbstractContextManager
import errno
import fcntl
import os
from pathlib import Path
import select
import termios
import threading
import time
from time import monotonic
import tty
from typing import Any, Protocol

from dxl_port_driver.port.termios2 import get_termios2
from dxl_port_driver.sim.bus import Bus

_CHUNK = 65536
_NAP_S = 0.002
_MOST_LAG_S = 0.0002
_LAG_STEP_S = 0.0000005
_DEFAULT_RATE = 38400
_JOIN_S = 5.0


class Source(Protocol):
    """What is behind a pty: bytes and the time go in, bytes and the time they are due come out."""

    @property
    def next_due(self) -> float | None:
        """When the next bytes for the host are due, s; None when none are under way."""

    def take(self, now: float) -> bytes:
        """Give the bytes that have reached the host by now."""

    def receive(self, data: bytes, now: float, baudrate: int) -> None:
        """Take what the host sent."""

    def hang_up(self) -> None:
        """Forget what is under way: nobody is there to hear it."""


class PtyHost:
    """
    Serves a source on one pty at a time; unplugging ends the pty, plugging in makes a new one.

    :param source: what to serve; use it under :attr:`lock` only, while the server runs.
    :param link: a symbolic link to keep pointing at the pty; None for none.
    :param lasting: the pty outlives the programs that open it, so clean up after them.
    """

    def __init__(self, source: Source, link: Path | None = None, *, lasting: bool = False) -> None:
        self._source = source
        self.lock: AbstractContextManager[Any] = threading.RLock()
        self._link = link
        self._lasting = lasting
        self._thread: threading.Thread | None = None
        # Waited for in place of Thread.join, which leaves a record of each thread that was not
        # started as a Thread: one that gives back a port that is garbage is none.
        self._over = threading.Event()
        self._epoll: select.epoll | None = None
        self._wake = -1
        self._master = -1
        self._path: str | None = None
        self._plugged = True
        self._replug_at: float | None = None
        self._stopping = False
        self._lag_s = 0.00001
        self._released = 0.0
        self._slept_for: float | None = None
        self._own_hangup = False

    @property
    def path(self) -> str | None:
        """Path of the pty; None while unplugged or not started."""
        return self._path

    def start(self) -> None:
        """
        Make the pty, unless unplugged, and serve it.

        :raises OSError: there is no pty to be had; nothing is left of the attempt.
        """
        with self.lock:
            self._stopping = False
            try:
                self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
                self._epoll = select.epoll()
                self._epoll.register(self._wake, select.EPOLLIN)
                if self._is_replug_due():
                    self._plugged, self._replug_at = True, None
                if self._plugged:
                    self._make_pty()
                self._over = threading.Event()
                thread = threading.Thread(target=self._run, name='virtual bus', daemon=True)
                thread.start()
            except BaseException:
                self._give_back()
                raise
            self._thread = thread

    def stop(self) -> None:
        """End serving and give everything back; the servos keep their state."""
        self._stopping = True
        is_served = self._thread is not None
        if is_served:
            os.eventfd_write(self._wake, 1)
            self._over.wait(_JOIN_S)
        with self.lock:
            self._thread = None
            self._give_back()

    def _give_back(self) -> None:
        self._end_pty()
        if self._epoll is not None:
            self._epoll.close()
            self._epoll = None
        if self._wake >= 0:
            os.close(self._wake)
            self._wake = -1

    def leave_to_parent(self) -> None:
        """Give back the copies of what is another process's, from which this one was forked."""
        # The lock may be held by a thread that this process does not have.
        self.lock = threading.RLock()
        for fd in (self._master, self._wake):
            if fd >= 0:
                os.close(fd)
        if self._epoll is not None:
            self._epoll.close()
        self._master = self._wake = -1
        self._epoll = self._thread = self._path = None

    def unplug(self, replug_after_s: float | None = None) -> bool:
        """
        Pull the adapter out.

        :param replug_after_s: plug it in again after so long, s; None: not by itself.
        :return: False when it was out already.
        """
        with self.lock:
            if replug_after_s is not None:
                self._replug_at = monotonic() + replug_after_s
            was_plugged = self._plugged
            self._plugged = False
            if was_plugged:
                self._end_pty()
            self._ring()
            return was_plugged

    def plug(self) -> bool:
        """
        Plug the adapter in.

        :return: False when it was in already.
        """
        with self.lock:
            if self._plugged:
                return False
            self._plugged, self._replug_at = True, None
            if self._epoll is not None:
                self._make_pty()
            self._ring()
            return True

    def _ring(self) -> None:
        if self._wake >= 0:
            os.eventfd_write(self._wake, 1)

    def _is_replug_due(self) -> bool:
        return self._replug_at is not None and monotonic() >= self._replug_at

    # --- the pty ---------------------------------------------------------------------------

    def _make_pty(self) -> None:
        assert self._epoll is not None
        master, slave = os.openpty()
        try:
            # Raw from the start: a tty that echoes would send each answer back as an instruction.
            tty.setraw(slave)
            path = os.ttyname(slave)
        finally:
            os.close(slave)
        os.set_blocking(master, False)
        self._master, self._path = master, path
        # Edge-triggered: while no program has the port open, a hang-up is pending all the time.
        self._epoll.register(master, select.EPOLLIN | select.EPOLLET)
        if self._link is not None:
            fresh = self._link.with_name(f'.{self._link.name}.{os.getpid()}')
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(path)
            fresh.replace(self._link)

    def _end_pty(self) -> None:
        master, path = self._master, self._path
        self._master, self._path = -1, None
        self._source.hang_up()
        if master < 0:
            return
        if self._link is not None:
            with contextlib.suppress(OSError):
                if os.readlink(self._link) == path:
                    self._link.unlink()
        # Last: with this the host knows, and by then there must be nothing left to find.
        os.close(master)

    def _line_rate(self) -> int:
        """Give the rate that the host set its end of the pty to, bit/s."""
        settings = get_termios2(self._master)
        return _DEFAULT_RATE if settings is None else settings.ospeed

    # --- the thread ------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._serve()
        finally:
            self._over.set()

    def _serve(self) -> None:
        _sharpen_timer()
        while not self._stopping:
            events = self._wait()
            now = monotonic()
            with self.lock:
                for fd, event in events:
                    if fd == self._wake:
                        os.eventfd_read(fd)
                    elif fd == self._master:
                        self._take_in(event, now)
                if self._is_replug_due():
                    self.plug()
                data = self._source.take(now + self._lag_s)
                if data:
                    self._give_out(data)
                    self._learn_lag()
                self._after_turn()

    def _after_turn(self) -> None:
        """Do what is due besides, under the lock."""

    def _wait(self) -> list[tuple[int, int]]:
        """Wait for the host, or until something is due."""
        assert self._epoll is not None
        with self.lock:
            due = self._source.next_due
        if self._replug_at is not None and (due is None or self._replug_at < due):
            due = self._replug_at
        if due is None:
            return self._epoll.poll()
        target = due - self._lag_s
        left = target - monotonic()
        if left > _NAP_S:
            # epoll counts in ms; the rest is slept, which is exact.
            return self._epoll.poll((int(left * 1000) - 1) / 1000)
        if left > 0.0:
            time.sleep(left)
            self._slept_for = due
        return self._epoll.poll(0)

    def _learn_lag(self) -> None:
        """
        Learn how much too late answers go out after a sleep, to get up earlier by as much.

        How long this machine takes to wake a sleeper up, and this thread to hand over the bytes,
        is no delay of the bus that is emulated.
        """
        due, self._slept_for = self._slept_for, None
        if due is not None:
            # Follows the quicker quarter, so that few answers are early, and those by little.
            step = _LAG_STEP_S if self._released > due else -3 * _LAG_STEP_S
            self._lag_s = min(max(self._lag_s + step, 0.0), _MOST_LAG_S)

    def _take_in(self, event: int, now: float) -> None:
        if event & select.EPOLLIN:
            try:
                data = os.read(self._master, _CHUNK)
                # It took this thread a moment to wake up: the host sent that much earlier.
                sent = max(now - self._lag_s, self._released)
                self._source.receive(data, sent, self._line_rate())
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EIO):
                    raise
        if event & select.EPOLLHUP:
            self._hung_up()

    def _hung_up(self) -> None:
        """Do what is due when the last program has closed the port."""
        self._source.hang_up()
        if self._own_hangup or not self._lasting:
            self._own_hangup = False
            return
        # A program that was killed leaves TIOCEXCL behind, which a pty keeps as long as this end
        # is open. Closing what is opened here is a hang-up as well.
        assert self._path is not None
        try:
            slave = os.open(self._path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno == errno.EBUSY and self._is_hung_up():
                self._end_pty()
                self._make_pty()
            return
        self._own_hangup = True
        fcntl.ioctl(slave, termios.TIOCNXCL)
        os.close(slave)

    def _is_hung_up(self) -> bool:
        poller = select.poll()
        poller.register(self._master, 0)
        return bool(poller.poll(0))

    def _give_out(self, data: bytes) -> None:
        if self._master >= 0:
            # A host that does not read loses bytes, as with any adapter.
            with contextlib.suppress(BlockingIOError):
                os.write(self._master, data)
        self._released = monotonic()


class PtyServer(PtyHost):
    """
    Serves one bus.

    :param bus: what to serve; use it under :attr:`lock` only, while the server runs.
    :param link: a symbolic link to keep pointing at the pty; None for none.
    :param lasting: the pty outlives the programs that open it, so clean up after them.
    """

    def __init__(self, bus: Bus, link: Path | None = None, *, lasting: bool = False) -> None:
        super().__init__(bus, link, lasting=lasting)
        self.bus = bus

    def unplug(self, replug_after_s: float | None = None) -> bool:
        """Pull the adapter out, and count that; see :meth:`PtyHost.unplug`."""
        with self.lock:
            was_plugged = super().unplug(replug_after_s)
            self.bus.statistics.unplugs += was_plugged
            return was_plugged

    def _after_turn(self) -> None:
        if self.bus.unplug_due:
            self.bus.unplug_due = False
            self.unplug(self.bus.options.replug_after or None)


def _sharpen_timer() -> None:
    """Have this thread woken up on time: a thread's timers may be 50 us late by default."""
    with contextlib.suppress(OSError):
        Path(f'/proc/{threading.get_native_id()}/timerslack_ns').write_bytes(b'1')
