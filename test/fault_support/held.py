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

"""What a process holds: descriptors, threads, memory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple


class Held(NamedTuple):
    """
    What a process holds.

    :param descriptors: how many are open.
    :param threads: how many there are.
    :param memory_kib: resident memory, KiB.
    """

    descriptors: int
    threads: int
    memory_kib: int


def held(pid: int) -> Held:
    """Look at a process."""
    proc = Path(f'/proc/{pid}')
    status = (proc / 'status').read_text()
    memory = next(line for line in status.splitlines() if line.startswith('VmRSS'))
    return Held(
        len(os.listdir(proc / 'fd')), len(os.listdir(proc / 'task')), int(memory.split()[1])
    )


def holds(pid: int, path: str) -> bool:
    """Tell whether a process has a device open."""
    for entry in Path(f'/proc/{pid}/fd').iterdir():
        try:
            if os.readlink(entry) == path:
                return True
        except FileNotFoundError:
            continue
    return False
