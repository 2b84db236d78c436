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
The packet clock of the DYNAMIXEL SDK's ``PortHandler``, under the SDK's names.

It is the clock that says how long the answer to a packet may take. The SDK keeps it in two
attributes that programs replace: ``packet_start_time`` and ``packet_timeout``, both in ms. Here
assigning either one has the same effect as in the SDK, but the time is monotonic, so a step of
the wall clock changes no timeout.
"""

from __future__ import annotations

from time import monotonic

# An infinite timeout, as a deadline that can still be counted in: some thirty years.
_LONGEST_MS = 1e12


class PacketClock:
    """
    One packet clock.

    :ivar deadline: monotonic time at which the time is over, s; 0.0 while the clock does not run,
        which is before its first start and after :meth:`end`.
    """

    __slots__ = ('_start_ms', '_timeout_ms', 'deadline')

    def __init__(self) -> None:
        self._start_ms = 0.0
        self._timeout_ms = 0.0
        self.deadline = 0.0

    @property
    def start_ms(self) -> float:
        """When it was started, ms on the monotonic clock."""
        return self._start_ms

    @start_ms.setter
    def start_ms(self, value: float) -> None:
        # The SDK as well lets a clock that is ahead of the time begin now.
        self._start_ms = min(milliseconds(value), monotonic() * 1000.0)
        self._set_deadline()

    @property
    def timeout_ms(self) -> float:
        """How long it runs, ms; 0.0 once it was seen to be over."""
        return self._timeout_ms

    @timeout_ms.setter
    def timeout_ms(self, value: float) -> None:
        self._timeout_ms = milliseconds(value)
        self._set_deadline()

    def start(self, timeout_ms: float) -> None:
        """
        Start anew.

        :param timeout_ms: how long to run, ms; infinity is allowed.
        :raises TypeError: it is no number.
        """
        self._timeout_ms = milliseconds(timeout_ms)
        self._start_ms = monotonic() * 1000.0
        self._set_deadline()

    def end(self) -> None:
        """Let the time be over."""
        self._timeout_ms = 0.0
        self.deadline = 0.0

    def is_over(self) -> bool:
        """Return whether the time is over; True while the clock does not run."""
        if monotonic() < self.deadline:
            return False
        self.end()
        return True

    def _set_deadline(self) -> None:
        timeout_ms = self._timeout_ms
        if timeout_ms > _LONGEST_MS:
            timeout_ms = _LONGEST_MS
        elif not timeout_ms > 0.0:
            timeout_ms = 0.0  # what is negative or no number is over at once
        self.deadline = (self._start_ms + timeout_ms) / 1000.0


def milliseconds(value: float) -> float:
    """
    Return a time in ms as a float.

    :param value: any real number, infinity included.
    :raises TypeError: it is no number.
    """
    if isinstance(value, float):
        return value
    if isinstance(value, str | bytes | bytearray):
        raise TypeError(f'{value!r} is no time; give a number of milliseconds.')
    try:
        return float(value)
    except OverflowError:
        return float('inf') if value > 0 else float('-inf')
    except (TypeError, ValueError) as error:
        raise TypeError(f'{value!r} is no time; give a number of milliseconds.') from error


class SdkClockMethods:
    """
    The SDK's methods and attributes of the packet clock, for a port handler to inherit.

    The port handler has ``tx_time_per_byte`` and ``latency_timer``, both in ms, and gives its
    clock as ``_packet_clock``: an attribute, or a property where each thread has its own.
    """

    tx_time_per_byte: float
    latency_timer: float
    _packet_clock: PacketClock

    @property
    def packet_start_time(self) -> float:
        """When the packet clock was started, ms, as of :meth:`getCurrentTime`; may be assigned."""
        return self._packet_clock.start_ms

    @packet_start_time.setter
    def packet_start_time(self, value: float) -> None:
        self._packet_clock.start_ms = value

    @property
    def packet_timeout(self) -> float:
        """How long the packet clock runs, ms; may be assigned."""
        return self._packet_clock.timeout_ms

    @packet_timeout.setter
    def packet_timeout(self, value: float) -> None:
        self._packet_clock.timeout_ms = value

    def setPacketTimeout(self, packet_length: int) -> None:
        """
        Start the packet clock with the time that an answer may take at most.

        That is its time on the wire, two latency timers (the request's way and the answer's),
        and 2 ms.

        :param packet_length: length of the answer, bytes.
        """
        wire_ms = self.tx_time_per_byte * packet_length
        self._packet_clock.start(wire_ms + 2.0 * self.latency_timer + 2.0)

    def setPacketTimeoutMillis(self, msec: float) -> None:
        """
        Start the packet clock.

        :param msec: how long to run, ms; infinity is allowed.
        """
        self._packet_clock.start(msec)

    setPacketTimeoutMSec = setPacketTimeoutMillis

    def isPacketTimeout(self) -> bool:
        """Return whether the packet clock's time is over; True before the clock was started."""
        return self._packet_clock.is_over()

    def getCurrentTime(self) -> float:
        """Return the time, ms; monotonic, so only differences mean something."""
        return monotonic() * 1000.0

    def getTimeSinceStart(self) -> float:
        """Return the time since the packet clock was started, ms."""
        return self.getCurrentTime() - self._packet_clock.start_ms

    def getCFlagBaud(self, baudrate: int) -> int:
        """
        Return the baudrate to set up a port with.

        :param baudrate: bit/s.
        :return: the same, whether standard or not; -1 when it can be no baudrate.
        """
        rate = whole_number(baudrate)
        return rate if isinstance(rate, int) and not isinstance(rate, bool) and rate > 0 else -1


def whole_number(value: object) -> object:
    """
    Return a whole number of any numeric type as an int.

    Programs calculate with floats and numpy, so a baudrate or a length comes as ``57600.0``,
    ``1e6`` or ``numpy.int64(57600)``, and the SDK takes them.

    :param value: anything.
    :return: an int where the value is a whole number, else the value itself.
    """
    if isinstance(value, int) or not hasattr(value, '__int__'):
        return value
    try:
        number = int(value)
        return number if bool(number == value) else value
    except (TypeError, ValueError, OverflowError):
        return value
