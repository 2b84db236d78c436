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
Whether a path is a serial device, told without opening it: opening has side effects.

To open ``/dev/watchdog`` arms it, a FIFO blocks, ``/dev/ptmx`` makes a pty, and raw mode on
``/dev/tty`` makes the user's own terminal unusable.
"""

from __future__ import annotations

import os
from pathlib import Path
import stat

from dxl_port_driver.errors import NotASerialPortError

_PTY_MAJORS = range(136, 144)
_KINDS = {
    stat.S_IFREG: 'a regular file',
    stat.S_IFDIR: 'a directory',
    stat.S_IFBLK: 'a block device',
    stat.S_IFIFO: 'a FIFO',
    stat.S_IFSOCK: 'a socket',
}


def is_pty(device: os.stat_result) -> bool:
    """Tell whether the device is the near end of a pseudo terminal (``/dev/pts/N``)."""
    return os.major(device.st_rdev) in _PTY_MAJORS


def is_same_device(one: os.stat_result, other: os.stat_result) -> bool:
    """Tell whether two files, of whatever names, are one and the same character device."""
    if not stat.S_ISCHR(one.st_mode) or one.st_rdev != other.st_rdev:
        return False
    # Each container counts its ptys from 0.
    return not is_pty(other) or one.st_dev == other.st_dev


def require_serial_device(device_path: str, name: str, sysfs: Path = Path('/sys')) -> None:
    """
    See that the path can be opened as a serial port without harm.

    :param device_path: the path.
    :param name: port name, for the message.
    :param sysfs: where sysfs is mounted.
    :raises NotASerialPortError: it is something else.
    :raises OSError: the path cannot be looked at: it is missing, or not this user's to see.
    """
    status = os.stat(device_path)
    what = _other_kind(status, sysfs)
    if what is not None:
        raise NotASerialPortError(
            f'{name} is {what} and no serial port; give the path of a serial device, such as '
            '/dev/ttyUSB0.',
            port=name,
        )


def _other_kind(status: os.stat_result, sysfs: Path) -> str | None:
    if not stat.S_ISCHR(status.st_mode):
        return _KINDS.get(stat.S_IFMT(status.st_mode), 'no character device')
    major, minor = os.major(status.st_rdev), os.minor(status.st_rdev)
    if major == 4 and minor < 64:
        return 'a virtual console'
    if major == 5 and minor < 64:
        return 'a terminal of this computer'
    try:
        subsystem = os.readlink(sysfs / 'dev' / 'char' / f'{major}:{minor}' / 'subsystem')
    except OSError:
        # Ptys are not in sysfs, and containers may have none: opening as a tty will tell.
        return None
    kind = os.path.basename(subsystem)
    return None if kind == 'tty' else f'a device of the kind "{kind}"'
