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

"""Which other processes have a device open, as far as /proc tells this user."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
import os
from pathlib import Path

from dxl_port_driver.port.device_check import is_pty, is_same_device
from dxl_port_driver.port.process_name import process_name

_PROC = Path('/proc')


@dataclass(frozen=True)
class Holder:
    """
    A process that has the device open.

    :param pid: process id.
    :param name: its name, as of :func:`process_name`; empty when the system does not tell.
    :param is_fork: it is this same program: forked from this process, or the other way round.
    :param has_lock: it holds the flock on the device.
    """

    pid: int
    name: str
    is_fork: bool = False
    has_lock: bool = False

    def __str__(self) -> str:
        """Give the process the way a person would look for it."""
        return f'{self.name} (pid {self.pid})' if self.name else f'pid {self.pid}'


def find_holders(device_path: str, proc: Path = _PROC) -> list[Holder]:
    """
    Find the other processes that have the device open.

    Processes of other users cannot be looked into; of those, only the one that holds a lock on
    the device shows. A process that holds the far end of a pty emulates the device and is no
    holder, whatever else it has open.

    :param device_path: path of the device.
    :param proc: where procfs is mounted.
    :return: none when nobody has it open, or the system does not tell.
    """
    try:
        device = os.stat(device_path)
    except OSError:
        return []
    own = os.getpid()
    pids = {pid for pid in _numbers(proc) if pid != own and _has_open(proc / str(pid), device)}
    # A lock goes by the process that took it, even when a forked child keeps it for a dead parent.
    owners = {pid for pid in _lock_owners(proc, device) - {own} if _is_running(proc, pid)}
    return [
        Holder(pid, process_name(proc / str(pid)), _is_fork(proc, pid), pid in owners)
        for pid in sorted(pids | owners)
    ]


def is_open_here(device_path: str, proc: Path = _PROC) -> bool:
    """
    Tell whether this process has the device open itself.

    :param device_path: path of the device.
    :param proc: where procfs is mounted.
    """
    try:
        return _has_open(proc / 'self', os.stat(device_path), far_end_counts=True)
    except OSError:
        return False


def _is_running(proc: Path, pid: int) -> bool:
    if (proc / str(pid)).exists():
        return True
    # Of other users' processes, procfs may show none.
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        pass
    return True


def _is_fork(proc: Path, pid: int) -> bool:
    """
    Tell whether a process was forked from this one, or this one from it, or both from one.

    The kernel draws a place for the stack whenever a program is started, and forking keeps it.
    """
    own = _stack_start(proc / 'self')
    return own != 0 and own == _stack_start(proc / str(pid))


def _stack_start(process: Path) -> int:
    try:
        # The name, in parentheses, may have anything in it.
        fields = (process / 'stat').read_text('utf-8', 'replace').rpartition(')')[2].split()
        return int(fields[25])
    except (OSError, ValueError, IndexError):
        return 0


def _numbers(folder: Path) -> Iterator[int]:
    try:
        names = os.listdir(folder)
    except OSError:
        return
    yield from (int(name) for name in names if name.isdecimal())


def _has_open(process: Path, device: os.stat_result, *, far_end_counts: bool = False) -> bool:
    found = False
    for number in _numbers(process / 'fd'):
        link = f'{process}/fd/{number}'
        try:
            target = os.readlink(link)
            # Only what looks like a device is worth the second system call.
            if not target.startswith('/dev/'):
                continue
            if target.endswith('/ptmx') and is_pty(device) and not far_end_counts:
                return False
            found = found or is_same_device(os.stat(link), device)
        except OSError:
            continue
    return found


def _lock_owners(proc: Path, device: os.stat_result) -> set[int]:
    """Read /proc/locks: ``1: FLOCK  ADVISORY  WRITE 4242 00:15:31 0 EOF``."""
    wanted = (os.major(device.st_dev), os.minor(device.st_dev), device.st_ino)
    owners: set[int] = set()
    try:
        lines = (proc / 'locks').read_text('utf-8', 'replace').splitlines()
    except OSError:
        return owners
    for line in lines:
        fields = line.split()
        if len(fields) < 6 or fields[1] != 'FLOCK':
            continue
        try:
            major, minor, inode = fields[5].split(':')
            where = (int(major, 16), int(minor, 16), int(inode))
            pid = int(fields[4])
        except ValueError:
            continue
        if where == wanted and pid > 0:
            owners.add(pid)
    return owners
