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
The kernel's own line settings of a tty, with the baudrate that it really has.

``termios.tcgetattr`` knows the standard rates only. ``TCGETS2`` has the rate in bit/s, and the
drivers of real adapters write there what their divisor makes of the rate asked for.

The layout is that of Linux's ``asm-generic/termbits.h``; x86, arm, aarch64, riscv, loongarch
and s390 share it. On anything else :func:`get_termios2` says None and the rate asked for is
taken on trust.
"""

from __future__ import annotations

from dataclasses import dataclass
import fcntl
import platform
import struct
import sys
import termios

_TCGETS2 = 0x802C542A
_TCSETS2 = 0x402C542B
_LAYOUT = struct.Struct('=4I B 19s 2I')
_SAME_LAYOUT = ('x86_64', 'i386', 'i686', 'aarch64', 'arm', 'riscv', 'loongarch', 's390')

_KNOWN = sys.platform == 'linux' and platform.machine().startswith(_SAME_LAYOUT)


@dataclass
class Termios2:
    """Linux's ``struct termios2``; the speeds are in bit/s."""

    iflag: int
    oflag: int
    cflag: int
    lflag: int
    line: int
    cc: bytes
    ispeed: int
    ospeed: int


def get_termios2(fd: int) -> Termios2 | None:
    """
    Read the line settings.

    :return: None where the layout is not known.
    :raises OSError: the device is gone, or is no tty.
    """
    if not _KNOWN:
        return None
    return Termios2(*_LAYOUT.unpack(fcntl.ioctl(fd, _TCGETS2, bytes(_LAYOUT.size))))


def set_raw(fd: int) -> None:
    """
    Make the line carry bytes as they are: 8 data bits, no parity, 1 stop bit, no flow control.

    pyserial leaves a few flags as the last user of the tty set them. Two matter: with ``VMIN`` 0
    a read that finds nothing looks like one of a hung-up line, and ``HUPCL`` drops DTR at each
    close, which resets some boards.

    :raises OSError: the device is gone, or is no tty.
    """
    settings = get_termios2(fd)
    if settings is None:
        return
    settings.iflag = settings.oflag = settings.lflag = 0
    settings.cflag |= termios.CREAD | termios.CLOCAL | termios.CS8
    settings.cflag &= ~(termios.HUPCL | termios.PARENB | termios.CSTOPB | termios.CRTSCTS)
    cc = bytearray(settings.cc)
    cc[termios.VMIN] = 1
    cc[termios.VTIME] = 0
    settings.cc = bytes(cc)
    fcntl.ioctl(fd, _TCSETS2, _LAYOUT.pack(*vars(settings).values()))
