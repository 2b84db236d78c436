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

"""A ROS domain for each test, which no other test on this machine uses at the same time."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
import random
import tempfile
from typing import ClassVar

_DOMAINS = range(1, 101)
"""Those whose UDP ports lie below what the system hands out by itself."""


class Domain:
    """
    A domain id, held until :meth:`release`.

    A process that dies hard leaves traces of itself in its domain, which take the answers of
    those that come next; a domain where that happened is kept until the test run ends.
    """

    _kept: ClassVar[list[int]] = []

    def __init__(self) -> None:
        folder = Path(tempfile.gettempdir()) / f'dxl_port_driver_domains_{os.getuid()}'
        folder.mkdir(exist_ok=True)
        for number in random.sample(_DOMAINS, len(_DOMAINS)):
            lock = os.open(folder / str(number), os.O_RDWR | os.O_CREAT)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                continue
            self.id = number
            self._lock = lock
            self.poisoned = False
            return
        raise RuntimeError('all ROS domains are taken; wait for other test runs to end')

    def release(self) -> None:
        """Let others use the domain, unless something died in it."""
        if self.poisoned:
            self._kept.append(self._lock)
        else:
            os.close(self._lock)
