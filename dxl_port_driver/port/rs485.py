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
RS-485 lines whose direction the kernel switches (``TIOCSRS485``).

A USB adapter for DYNAMIXEL switches between sending and receiving by itself. A UART of the
board with a plain transceiver behind it does not: its driver in the kernel has to drive the
transceiver's enable pin with RTS, where it can (Linux, "RS485 Serial Communications").
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
import fcntl

MAX_DELAY_MS = 100
"""The longest delay that the kernel accepts, ms."""

_TIOCGRS485 = 0x542E
_TIOCSRS485 = 0x542F
_ENABLED = 1
_INTS = 8  # struct serial_rs485: flags, delay before, delay after, padding


@dataclass(frozen=True)
class Rs485:
    """
    How the kernel switches the direction.

    :param rts_level_for_tx: level of RTS while sending.
    :param rts_level_for_rx: level of RTS while receiving.
    :param delay_before_tx_ms: from RTS to the first bit, ms, up to :data:`MAX_DELAY_MS`.
    :param delay_before_rx_ms: from the last bit to RTS, ms, up to :data:`MAX_DELAY_MS`.
    """

    rts_level_for_tx: bool = True
    rts_level_for_rx: bool = False
    delay_before_tx_ms: int = 0
    delay_before_rx_ms: int = 0


def read_rs485(fd: int) -> array[int]:
    """
    Read how the kernel switches the direction now.

    :param fd: descriptor of the open tty.
    :return: ``struct serial_rs485``, for :func:`write_rs485`.
    :raises OSError: the driver of the tty switches nothing.
    """
    state = array('i', [0] * _INTS)
    fcntl.ioctl(fd, _TIOCGRS485, state)
    return state


def write_rs485(fd: int, state: array[int]) -> None:
    """
    Put back what :func:`read_rs485` gave.

    :raises OSError: the device is gone.
    """
    fcntl.ioctl(fd, _TIOCSRS485, state)


def is_enabled(state: array[int]) -> bool:
    """Tell whether the kernel switches the direction."""
    return bool(state[0] & _ENABLED)
