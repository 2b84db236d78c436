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
What a USB adapter holds received bytes back for: its latency timer and low latency mode.

An FTDI adapter (U2D2, USB2Dynamixel) hands over what it received when its buffer is full or its
latency timer ends: 16 ms unless told otherwise, 1 ms in low latency mode.
"""

from __future__ import annotations

from array import array
import fcntl
import os
from pathlib import Path
import termios

_ASYNC_LOW_LATENCY = 0x2000
_FLAGS_INDEX = 4  # of struct serial_struct taken as ints: type, line, port, irq, flags


def read_latency_timer_ms(device_path: str, sysfs: Path = Path('/sys')) -> float | None:
    """
    Read the latency timer off the adapter.

    :param device_path: path of the device; links such as ``/dev/serial/by-id/...`` are followed.
    :param sysfs: where sysfs is mounted.
    :return: ms; None when the adapter has no such timer.
    """
    name = os.path.basename(os.path.realpath(device_path))
    try:
        text = (sysfs / 'class' / 'tty' / name / 'device' / 'latency_timer').read_text('utf-8')
        return float(text)
    except (OSError, ValueError):
        return None


def is_low_latency(fd: int) -> bool:
    """
    Read back whether the adapter is in low latency mode.

    :param fd: descriptor of the open tty.
    :return: False also when the tty knows no such mode.
    """
    serial_struct = array('i', [0] * 32)
    try:
        fcntl.ioctl(fd, termios.TIOCGSERIAL, serial_struct)
    except OSError:
        return False
    return bool(serial_struct[_FLAGS_INDEX] & _ASYNC_LOW_LATENCY)
