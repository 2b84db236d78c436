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
The busy flag of a port handler, ``is_using``, of which no exception makes a lasting one.

The DYNAMIXEL SDK's packet handlers look at ``is_using`` before an instruction, set it, and clear
it when the answer is there. An exception in between, such as Ctrl-C or one that a signal handler
raises, leaves it set, and with the SDK's own port every later instruction is refused: also the
one that was to switch the torque off. It may come between any two of the SDK's own steps, where
no port handler can catch it. So this flag remembers which thread set it:

- To the thread that set it, it is set until the instruction is written. Then the thread is either
  still inside that exchange, and asks from a signal handler, or it has left it. In both cases its
  next instruction goes out. A packet that is half written is never interrupted.
- To other threads it is set as long as the exchange can be going on: the thread that set it runs,
  and it is still inside the code that set it, or the answer's time is not over.
"""

from __future__ import annotations

import sys
from threading import get_ident
from time import monotonic
from types import CodeType, FrameType


class BusyFlag:
    """One flag, and which function of which thread set it."""

    __slots__ = ('_code', '_is_left', '_owner', '_setter')

    def __init__(self) -> None:
        # The thread that set it; None while it is not set.
        self._owner: int | None = None
        # The function that set it, until the instruction is written.
        self._setter: FrameType | None = None
        self._code: CodeType | None = None
        # Whether an exception ended the exchange that had set it.
        self._is_left = False

    def set(self, setter: FrameType) -> bool:
        """
        Set it.

        :param setter: the function that does so.
        :return: whether an earlier exchange did not come to its end, so that its answer may
            still come.
        """
        was_left = self._is_left or self._owner is not None
        self._code = setter.f_code
        self._setter = setter
        self._owner = get_ident()
        self._is_left = False  # last: an exception may come after each call
        return was_left

    def clear(self) -> None:
        """Clear it, no matter which thread set it."""
        self._owner = self._setter = None

    def written(self) -> None:
        """Take note that the instruction is written."""
        self._setter = None

    def leave(self) -> None:
        """Clear it because of an exception, if it is this thread's."""
        if self._owner == get_ident():
            self._is_left = True
            self.clear()

    def is_set(self, deadline: float) -> bool:
        """
        Return whether this thread has to leave the port to an exchange that is going on.

        :param deadline: monotonic time at which the answer's time is over, s.
        """
        owner = self._owner
        if owner is None:
            return False
        setter, code = self._setter, self._code
        frame = sys._current_frames().get(owner)  # None when the thread has ended
        if setter is None and frame is not None:
            if owner == get_ident():
                return False
            if monotonic() < deadline:
                return True
        file = code.co_filename if code is not None and setter is None else None
        while frame is not None:
            if frame is setter or frame.f_code.co_filename == file:
                return True
            frame = frame.f_back
        return False
