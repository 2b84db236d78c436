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

"""A descriptor that ends another thread's wait in poll."""

from __future__ import annotations

import contextlib
import os
import sys


class Wakeup:
    """Readable from :meth:`set` to :meth:`clear`; an eventfd, or a pipe where there is none."""

    _reader = _writer = -1

    def __init__(self) -> None:
        if hasattr(os, 'eventfd'):
            self._reader = self._writer = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        else:
            self._reader, self._writer = os.pipe()
            os.set_blocking(self._reader, False)
            os.set_blocking(self._writer, False)

    def fileno(self) -> int:
        """Give the descriptor to poll for reading."""
        return self._reader

    def set(self) -> None:
        """Make the descriptor readable; harmless when it is closed."""
        if self._writer >= 0:
            # Eight bytes in this machine's order are what an eventfd counts in.
            os.write(self._writer, (1).to_bytes(8, sys.byteorder))

    def clear(self) -> None:
        """Make the descriptor unreadable; harmless when it is so already, or closed."""
        if self._reader < 0:
            return
        with contextlib.suppress(BlockingIOError):
            os.read(self._reader, 4096)

    def close(self) -> None:
        """Give the descriptors back; safe to call twice."""
        fds = {self._reader, self._writer} - {-1}
        self._reader = self._writer = -1
        for fd in fds:
            os.close(fd)

    def __del__(self) -> None:
        """Give the descriptors back that nobody has closed."""
        self.close()
