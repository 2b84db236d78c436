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
What is behind an open port: its descriptor, from its opening to its closing.

A port gets a new :class:`OpenDevice` each time that it is opened. Threads and signal handlers may
be inside a method of the port while another thread closes it, and it may even be open again
before they come out. Each works to its end on the device that it began with, whose descriptor is
closed by the last of them: its number is never one that the system has given to another file.

A forked child has copies of the descriptors, but not the threads; and locks, which are shared
through those copies, are not its own. It uses the device as its parent does, wakes only itself,
and gives back the copies alone.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable
import functools
import os
import select
import threading
import time
from typing import Any, Concatenate, ParamSpec, TypeVar
import weakref

from dxl_port_driver.port.wakeup import Wakeup


class OpenDevice:
    """
    The descriptor of one open port, and who is using it.

    :param fd: the descriptor; :meth:`_give_back` closes it.
    """

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.opened_at = time.monotonic()
        self.wakeup = Wakeup()
        # False once ended or cancelled: the one thing that the hot path looks at.
        self.usable = True
        self.is_ended = False
        # Why nothing more can be sent, as a read has found out; None while that is not known.
        self.lost: str | None = None
        # One entry for each call that is under way; adding and discarding one is atomic.
        self.users: set[object] = set()
        # Poll objects that no call is using; one must not be used by two at a time.
        self.idle_readers: list[select.poll] = []
        self.settings_lock = threading.RLock()
        self._lock = threading.RLock()
        self._is_closed = False
        self._owner = os.getpid()
        self._finalizer: weakref.finalize[Any, Any] | None = None
        _devices[id(self)] = self

    def belong_to(self, port: object) -> None:
        """
        End with the port at the latest, as of now.

        :param port: which is garbage, and not closed, when this ends it.
        """
        if self._finalizer is not None:
            self._finalizer.detach()
        finalizer = weakref.finalize(port, self._end_as_garbage)
        # What a program does in its own exit handlers, such as to switch off the torque, comes
        # after those of finalizers, and needs the port.
        finalizer.atexit = False
        self._finalizer = finalizer

    def reader(self) -> select.poll:
        """Return a poll object that waits for bytes; put it into :attr:`idle_readers` again."""
        try:
            return self.idle_readers.pop()
        except IndexError:
            return self._poll_for(select.POLLIN)

    def writer(self) -> select.poll:
        """Return a new poll object that waits for room to write."""
        return self._poll_for(select.POLLOUT)

    def _poll_for(self, event: int) -> select.poll:
        poll = select.poll()
        poll.register(self.fd, event)
        poll.register(self.wakeup, select.POLLIN)
        return poll

    def cancel(self) -> None:
        """Make every call that uses the device end at once, until :meth:`resume`."""
        with self._lock:
            if self.usable:
                self.usable = False
                self.wakeup.set()

    def resume(self) -> None:
        """Take back a :meth:`cancel`; harmless where there was none."""
        with self._lock:
            if not self.is_ended:
                # In this order: the cancel of a signal handler that comes between is not lost.
                self.usable = True
                self.wakeup.clear()
            if self.is_ended:
                self.usable = False

    def end(self) -> None:
        """
        Let go of the locks, wake all who wait, and close the descriptor after the last of them.

        Safe any number of times, which also finishes what an exception has interrupted.
        """
        self.is_ended = True
        with self._lock:
            self.usable = False
            if not self._is_closed:
                # Closing descriptors ends no poll on them.
                self.wakeup.set()
                if self.is_own:
                    self._restore()
                    self.unlock()
        self.close_if_unused()
        if self._finalizer is not None:
            self._finalizer.detach()

    def close_if_unused(self) -> None:
        """Close the descriptor of a device that has ended, unless a call still uses it."""
        with self._lock:
            if self.users or self._is_closed:
                return
            self._is_closed = True
        try:
            self.wakeup.close()
        finally:
            self._give_back(is_garbage=False)

    def _end_as_garbage(self) -> None:
        """End in whatever thread, and inside whatever call, the garbage collector runs."""
        self.usable = False
        self.is_ended = True
        if not self._is_closed:
            self._is_closed = True
            if self.is_own:
                self._restore()
                self.unlock()
            self.wakeup.close()
            self._give_back(is_garbage=True)

    @property
    def is_own(self) -> bool:
        """Whether this process opened the device, and is not a child that was forked later."""
        return self._owner == os.getpid()

    def unlock(self) -> None:
        """Let other programs have the device; nothing to do unless overridden."""

    def _restore(self) -> None:
        """Put settings back that outlast the descriptor; nothing to do unless overridden."""

    def _give_back(self, *, is_garbage: bool) -> None:
        """
        Close the descriptor.

        :param is_garbage: the garbage collector does this: no lock may be waited for.
        """
        raise NotImplementedError

    def _unlock_at_exit(self) -> None:
        with self._lock:
            if self.is_own and not self._is_closed:
                self.unlock()

    def _after_fork(self) -> None:
        """Leave to the parent what is its own; the threads in the calls are not here."""
        self._lock = threading.RLock()
        self.settings_lock = threading.RLock()
        self.users.clear()
        self.idle_readers.clear()
        if not self._is_closed:
            self.wakeup.close()
            self.wakeup = Wakeup()
            if not self.usable:
                self.wakeup.set()


Device = TypeVar('Device', bound=OpenDevice)
P = ParamSpec('P')
R = TypeVar('R')


def uses_device(
    method: Callable[Concatenate[Any, Device, P], R],
) -> Callable[Concatenate[Any, P], R]:
    """
    Hand a port's device to a method, and keep its descriptor open until the method is over.

    A method may find that the device has ended, at its beginning and at any later moment.

    :param method: of a port with ``_device``, the device, and ``_closed()``, the error to raise
        when there is none.
    """

    @functools.wraps(method)
    def call(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> R:
        device = self._device
        if device is None:
            raise self._closed()
        use = object()
        # An exception of a signal handler may come after any call: no use is forgotten by one.
        try:
            device.users.add(use)
            if device.is_ended:
                raise self._closed()
            return method(self, device, *args, **kwargs)
        finally:
            device.users.discard(use)
            if device.is_ended:
                device.close_if_unused()

    return call


_devices: weakref.WeakValueDictionary[int, OpenDevice] = weakref.WeakValueDictionary()


def _known_devices() -> list[OpenDevice]:
    # Other threads may open ports just now, for which iterating is no match.
    found = (reference() for reference in _devices.valuerefs())
    return [device for device in found if device is not None]


def _unlock_all() -> None:
    """
    Give the locks back when the program ends without having closed its ports.

    A child that was forked from it may live on, and keeps them through its descriptors.
    """
    for device in _known_devices():
        device._unlock_at_exit()


def _after_fork() -> None:
    for device in _known_devices():
        device._after_fork()


atexit.register(_unlock_all)
os.register_at_fork(after_in_child=_after_fork)
