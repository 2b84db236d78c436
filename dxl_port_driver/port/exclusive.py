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
Keeping other programs out of a tty, both those that ask and those that do not.

``flock`` keeps out every program that asks for it: pyserial, minicom, picocom, this driver. It
ends with the last process that has the descriptor, however that one ends.

``TIOCEXCL`` makes the kernel refuse every further open, except those of root (CAP_SYS_ADMIN):
processes of root are kept apart by the flock alone. A real tty forgets it at its last close; a
pty keeps it until its far end is closed, so that a program that was killed would leave a pty that
no ordinary user can ever open again. That is why a pty gets the flock alone: the DYNAMIXEL SDK's
own PortHandler, which asks for no lock, then still gets in.
"""

from __future__ import annotations

import contextlib
import fcntl
import termios
import time

from dxl_port_driver.port.holders import find_holders
from dxl_port_driver.port.open_errors import held_error

_LOOKS = 3
_LOOK_PERIOD_S = 0.03


def require_no_holder(device_path: str, name: str) -> None:
    """
    See that no other program has the device open already: no lock drives that one out.

    Processes that were forked from this one, or this one from them, have copies of the
    descriptors of this very program.

    A process that merely tried to open it and was refused has it open for a moment, so that one
    look is not enough to refuse.

    :param device_path: path of the device.
    :param name: port name, for the message.
    :raises PortHeldError: another process has it open.
    """
    for look in range(1, _LOOKS + 1):
        holders = [holder for holder in find_holders(device_path) if not holder.is_fork]
        if not holders:
            return
        if look < _LOOKS:
            time.sleep(_LOOK_PERIOD_S)
    raise held_error(name, holders)


def forbid_further_opens(fd: int) -> None:
    """
    Set ``TIOCEXCL``; the flock is taken by pyserial before it touches the line settings.

    :param fd: descriptor of a tty that is no pty.
    :raises OSError: the device is gone.
    """
    fcntl.ioctl(fd, termios.TIOCEXCL)


def release(fd: int) -> None:
    """
    Take back both locks, whatever state the device is in.

    Closing alone is not enough: a forked child keeps the flock, and another process that shares
    the tty keeps ``TIOCEXCL``.

    :param fd: descriptor of the tty.
    """
    with contextlib.suppress(OSError):
        fcntl.ioctl(fd, termios.TIOCNXCL)
    with contextlib.suppress(OSError):
        fcntl.flock(fd, fcntl.LOCK_UN)
