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
What becomes of DTR, with which many boards reset themselves (Arduino, ESP32).

The kernel raises DTR and RTS whenever a tty is opened. A board that resets on the edge is deaf for
a second or two then. No port of this package drops them at its end (``HUPCL``, termios(3), see
:func:`~dxl_port_driver.port.termios2.set_raw`), so that the next opening makes no edge.
"""

from __future__ import annotations

from enum import Enum
import errno
import fcntl
import struct
import termios

MAX_OPEN_DELAY_S = 10.0
"""The longest wait for a board that resets when its port is opened, s."""

_NO_SUCH_LINE = (errno.EINVAL, errno.ENOTTY)


class Dtr(str, Enum):
    """
    What is done with DTR when a device is opened.

    ``ON`` raises it, as the SDK and pyserial do; ``LEAVE`` leaves it as the kernel made it.
    ``OFF`` lowers it, and RTS at the same moment: with one of both raised an ESP32 stays in reset.
    """

    ON = 'on'
    LEAVE = 'leave'
    OFF = 'off'


def lower_dtr(fd: int) -> None:
    """
    Lower DTR and RTS at once; a tty without such lines, as a pty, is left alone.

    :param fd: descriptor of the tty.
    :raises OSError: the device is gone.
    """
    try:
        fcntl.ioctl(fd, termios.TIOCMBIC, struct.pack('i', termios.TIOCM_DTR | termios.TIOCM_RTS))
    except OSError as error:
        if error.errno not in _NO_SUCH_LINE:
            raise
