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

"""Waiting until a tty has sent what it was given; bounded, unlike ``tcdrain``."""

from __future__ import annotations

import fcntl
import struct
import termios
import time
from time import monotonic

_BITS_PER_BYTE = 10
_SLACK_S = 0.1
_LOOK_PERIOD_S = 0.0005


def wait_until_sent(fd: int, baudrate: int) -> None:
    """
    Wait until the output queue is empty, or has had twice the time that it takes.

    :param fd: descriptor of the tty.
    :param baudrate: bit/s that the tty sends at.
    :raises OSError: the device is gone.
    """
    left = output_waiting(fd)
    deadline = monotonic() + 2.0 * left * _BITS_PER_BYTE / baudrate + _SLACK_S
    while left and monotonic() < deadline:
        time.sleep(_LOOK_PERIOD_S)
        left = output_waiting(fd)


def output_waiting(fd: int) -> int:
    """
    Count the bytes that the tty was given and has not sent; ptys always say 0.

    :param fd: descriptor of the tty.
    :raises OSError: the device is gone.
    """
    return int(struct.unpack('i', fcntl.ioctl(fd, termios.TIOCOUTQ, bytes(4)))[0])
