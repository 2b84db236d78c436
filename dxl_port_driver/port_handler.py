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
The DYNAMIXEL SDK's ``PortHandler`` on this package's ports.

In the SDK's names and in its unit, ms: the port raises typed errors, and here they become the
SDK's return values.
"""

from __future__ import annotations

from collections.abc import Iterable
import logging
import os
import sys
import time
from time import monotonic

from dxl_port_driver.errors import BaudrateError, DxlPortError, PortClosedError, RequestError
from dxl_port_driver.local_serial import LocalSerial
from dxl_port_driver.port.base import Port
from dxl_port_driver.port.baudrate import DEFAULT_BAUDRATE
from dxl_port_driver.port.dtr import Dtr, MAX_OPEN_DELAY_S
from dxl_port_driver.port.open_port import make_port
from dxl_port_driver.sdk_busy import BusyFlag
from dxl_port_driver.sdk_clock import PacketClock, SdkClockMethods, whole_number

DEFAULT_LATENCY_TIMER_MS = 16.0
# As much as the receive buffer of a tty holds.
_READ_AHEAD = 4096
# More than this, fetched and not asked for, may be a flood.
_MUCH = 512
_WRITE_SLACK_S = 1.0
_IDLE_S = 0.001
# How long an answer to an instruction that was left is waited for at most.
_LONGEST_PASS_S = 0.1
# For a device that does not make the default, and does not tell what it makes either.
_SLOWER_RATES = (500_000, 460_800, 230_400, 115_200, 57_600, 38_400, 19_200, 9_600)

_log = logging.getLogger(__name__)


class PortHandler(SdkClockMethods):
    """
    A serial port for the DYNAMIXEL SDK's packet handlers.

    No method raises for what a device does: it returns the SDK's value for failure, and
    :attr:`last_error` holds the typed error with a sentence about what happened and what to do.

    The SDK's handlers call :meth:`readPort` and :meth:`isPacketTimeout` in a loop. With the
    packet clock running :meth:`readPort` waits for the bytes asked for, asleep, so that the loop
    goes round once an answer instead of some thousand times.

    An exception in the middle of an instruction (Ctrl-C, one of a signal handler) costs that
    instruction only, the next one goes out; see :mod:`~dxl_port_driver.sdk_busy`. So does one
    that a signal handler sends while another waits for its answer, which is lost then.

    :ivar baudrate: bit/s; :meth:`openPort` opens at it.
    :ivar port_name: device path or URL; :meth:`openPort` opens it.
    :ivar tx_time_per_byte: time of a byte on the wire, ms; 0.0 until the port was opened.
    :ivar latency_timer: how long the adapter may hold bytes back, ms; read off the adapter by
        :meth:`openPort` where it tells, else 16.
    :ivar last_error: why the last call failed; None when it did not.

    :param port_name: device path such as ``/dev/ttyUSB0``, or URL of an allowed scheme; bytes and
        path objects as well.
    :param exclusive: keep other processes out of the port.
    :param open_delay_s: how long to wait, whenever the device was opened, for a board that resets
        then (Arduino, ESP32), s.
    :param dtr: what is done with DTR, with which such boards reset: ``on``, ``leave`` or ``off``.
    :raises ValueError: ``open_delay_s`` or ``dtr`` is none of these.
    """

    def __init__(
        self,
        port_name: str | bytes | os.PathLike[str],
        *,
        exclusive: bool = True,
        open_delay_s: float = 0.0,
        dtr: str = Dtr.ON.value,
    ) -> None:
        if not 0.0 <= open_delay_s <= MAX_OPEN_DELAY_S:
            raise ValueError(f'open_delay_s is {open_delay_s}; give 0 to {MAX_OPEN_DELAY_S:g} s')
        self._open_delay_s = open_delay_s
        if dtr not in [one.value for one in Dtr]:
            raise ValueError(f'dtr is {dtr!r}; give on, leave or off')
        self._dtr = Dtr(dtr)
        self.baudrate = DEFAULT_BAUDRATE
        self.tx_time_per_byte = 0.0
        self.latency_timer = DEFAULT_LATENCY_TIMER_MS
        self.port_name = _as_text(port_name)
        self.last_error: DxlPortError | None = None
        self._exclusive = exclusive
        self._is_rate_chosen = False
        self._port: Port | None = None
        self._packet_clock = PacketClock()
        # The deadline after which the device was looked at for the last time.
        self._looked_after = 0.0
        # The deadline that has passed while much was there to read, and when that has to end.
        self._late_after = self._late_until = 0.0
        # Received, and not asked for yet: one read fetches all there is. It is taken from and
        # added to without a call in between, where no thread and no signal handler gets in.
        self._ahead = b''
        self._busy = BusyFlag()
        # When the answer to the last packet is surely over.
        self._answer_over = 0.0
        self._ser: LocalSerial | None = None

    @property
    def is_open(self) -> bool:
        """Whether the port is open: from a successful :meth:`openPort` to :meth:`closePort`."""
        return self._port is not None

    @property
    def is_using(self) -> bool:
        """
        Whether an instruction is under way: set, looked at and cleared by the SDK's handlers.

        Only what can be going on counts, see :mod:`~dxl_port_driver.sdk_busy`.
        """
        return self._busy.is_set(self._packet_clock.deadline)

    @is_using.setter
    def is_using(self, value: bool) -> None:
        if not value:
            self._busy.clear()
        elif self._busy.set(sys._getframe(1)):
            self._let_answer_pass()

    @property
    def ser(self) -> LocalSerial | None:
        """The port with pyserial's names, for programs that use it so; None before it opened."""
        if self._ser is None and self.tx_time_per_byte:
            # Not made before: the two refer to each other, so that they end with the garbage
            # collector's next round, and not at once.
            self._ser = LocalSerial(self, exclusive=self._exclusive)
        return self._ser

    def openPort(self) -> bool:
        """
        Open the port at :attr:`baudrate`; one that is open is opened afresh.

        A device that cannot make the default baudrate, when no other was set yet, is opened at
        one that it can make; the log and :meth:`getBaudRate` tell which.

        :return: False when it did not open; it is closed then.
        """
        self.closePort()
        if self._open(self.baudrate):
            return True
        reason = self.last_error
        if (
            isinstance(reason, BaudrateError)
            and self.baudrate == DEFAULT_BAUDRATE
            and not self._is_rate_chosen
        ):
            for rate in _SLOWER_RATES if reason.closest is None else (reason.closest,):
                if self._open(rate):
                    _log.warning('%s It is open at %d bit/s; set the one you need.', reason, rate)
                    return True
            self.last_error = reason
        return False

    def closePort(self) -> None:
        """Close the port; safe at any time, any number of times."""
        port, self._port = self._port, None
        self._busy.clear()
        self._ahead = b''
        if port is not None:
            port.close()

    def setupPort(self, cflag_baud: int) -> bool:
        """
        Open the port afresh at :attr:`baudrate`.

        :param cflag_baud: of no effect, as with the SDK, which opens at :attr:`baudrate` too.
        :return: False when it did not open; it is closed then.
        """
        return self.openPort()

    def clearPort(self) -> None:
        """Throw away what is in the receive buffer."""
        try:
            self._ahead = b''
            self._opened().clear()
            self.last_error = None
        except DxlPortError as error:
            self._failed(error)
        except BaseException:
            self._busy.leave()
            raise

    def setPortName(self, port_name: str | bytes | os.PathLike[str]) -> None:
        """
        Name the port that the next :meth:`openPort` or :meth:`setBaudRate` opens.

        :param port_name: device path or URL.
        """
        self.port_name = _as_text(port_name)

    def getPortName(self) -> str:
        """Return the port's name."""
        return self.port_name

    def setBaudRate(self, baudrate: int) -> bool:
        """
        Open the port at another baudrate, with an empty receive buffer.

        As with the SDK, a closed port is opened by it, a device that has been away is taken
        again, and a name that was changed, or a link that leads elsewhere now, is followed.

        :param baudrate: bit/s; any that the device can make.
        :return: False when that failed: the port, its device and its rate stay as they were, and
            the closest rate on offer is told in :attr:`last_error`.
        """
        self._is_rate_chosen = True
        return self._open(baudrate, self._port)

    def getBaudRate(self) -> int:
        """Return the baudrate, bit/s."""
        return self.baudrate

    def getBytesAvailable(self) -> int:
        """
        Count the bytes in the receive buffer.

        :return: -1 when the device failed or the port is closed.
        """
        try:
            count = self._opened().available()
            self.last_error = None
            return count + len(self._ahead)
        except DxlPortError as error:
            self._failed(error)
            return -1
        except BaseException:
            self._busy.leave()
            raise

    def readPort(self, length: int) -> bytes:
        """
        Read up to ``length`` bytes.

        While the packet clock runs this waits for them, asleep, until they are there or its time
        is over; when it does not run, this returns what is there. After a failure there is no
        answer to wait for: the clock's time is over then, which ends the SDK's loops at once.

        After the time is over the device is looked at once more, for what has come while this
        thread did not run. Then there is an end: a device that sends without pause does not keep
        a loop that never asks for the time.

        :param length: most bytes to return.
        :return: fewer bytes, or none, when there are no more in time, or the device failed.
        """
        try:
            if type(length) is not int:
                length = _as_length(length)
            if length < 1:
                # The SDK asks for nothing, again and again, when broadcastPing() has its fill
                # before the time is over.
                self._opened()
                self.last_error = None
                time.sleep(max(0.0, min(_IDLE_S, self._packet_clock.deadline - monotonic())))
                return b''
            if len(self._ahead) < length:
                self._fetch(length)
            elif len(self._ahead) > _MUCH and self._is_far_too_late():
                return b''
        except DxlPortError as error:
            self._failed(error)
            self._packet_clock.end()
            if type(length) is not int:
                return b''
        except BaseException:
            self._busy.leave()
            raise
        data = self._ahead
        try:
            self._ahead = data[length:]
            return data[:length]
        except BaseException:
            self._ahead = data
            raise

    def _fetch(self, length: int) -> None:
        clock = self._packet_clock
        port = self._port or self._opened()
        deadline = clock.deadline
        while len(self._ahead) < length:
            is_running = monotonic() < deadline
            if deadline and not is_running:
                if self._looked_after == deadline:
                    clock.end()
                    break
                self._looked_after = deadline
            chunk = port.read(_READ_AHEAD, deadline)
            self._ahead += chunk
            if not chunk or not is_running:
                break
        self.last_error = None

    def _is_far_too_late(self) -> bool:
        """
        Return whether the time has been over for half as long as it was.

        Then a device that sends without pause keeps a caller that does not ask for the time, and
        takes a few bytes in each round.
        """
        clock = self._packet_clock
        deadline = clock.deadline
        now = monotonic()
        if not deadline or now < deadline:
            return False
        if self._late_after != deadline:
            # Counted from here: a thread that did not run for long finds its answers yet.
            self._late_after = deadline
            self._late_until = now + 0.5 * (deadline - clock.start_ms / 1000.0)
            return False
        if now < self._late_until:
            return False
        clock.end()
        return True

    def _unread(self, data: bytes) -> None:
        """Put bytes back that :meth:`readPort` gave."""
        self._ahead = data + self._ahead

    def writePort(self, packet: bytes | bytearray | Iterable[int]) -> int:
        """
        Send bytes.

        :param packet: bytes, or a list, array or other series of ints from 0 to 255.
        :return: number of bytes written, all of them; -1 when that failed.
        """
        try:
            data = packet if isinstance(packet, bytes | bytearray) else _as_bytes(packet)
            port = self._port or self._opened()
            wire_over = monotonic() + self.tx_time_per_byte * len(data) / 1000.0
            self._answer_over = wire_over + (2.0 * self.latency_timer + 2.0) / 1000.0
            written = port.write(data, wire_over + _WRITE_SLACK_S)
            self._busy.written()
            self.last_error = None
            return written
        except DxlPortError as error:
            self._failed(error)
            return -1
        except BaseException:
            self._busy.leave()
            raise

    def setPacketTimeout(self, packet_length: int) -> None:
        """
        Start the packet clock with the time that an answer may take at most.

        That is its time on the wire, two latency timers (the request's way and the answer's),
        and 2 ms.

        :param packet_length: length of the answer, bytes.
        """
        try:
            wire_ms = self.tx_time_per_byte * packet_length
            self._answer_over += wire_ms / 1000.0
            self._packet_clock.start(wire_ms + 2.0 * self.latency_timer + 2.0)
        except BaseException:
            self._busy.leave()
            raise

    def setPacketTimeoutMillis(self, msec: float) -> None:
        """
        Start the packet clock.

        :param msec: how long to run, ms; infinity is allowed.
        """
        try:
            self._packet_clock.start(msec)
        except BaseException:
            self._busy.leave()
            raise

    setPacketTimeoutMSec = setPacketTimeoutMillis

    def isPacketTimeout(self) -> bool:
        """Return whether the packet clock's time is over; True before the clock was started."""
        try:
            return self._packet_clock.is_over()
        except BaseException:
            self._busy.leave()
            raise

    def _opened(self) -> Port:
        port = self._port
        if port is None:
            raise PortClosedError(
                f'{self.port_name} is closed; call openPort() first.', port=str(self.port_name)
            )
        return port

    def _open(self, baudrate: int, old: Port | None = None) -> bool:
        """
        Open the port that the name names now.

        :param baudrate: bit/s.
        :param old: the port to open it in place of, which is as it was when that fails; None for
            one that is closed.
        """
        try:
            port = make_port(
                _as_text(self.port_name),
                baudrate=whole_number(baudrate),  # type: ignore[arg-type]  # it tells what is none
                exclusive=self._exclusive,
                dtr=self._dtr,
            )
            if old is None:
                port.open()
            else:
                port.open_instead_of(old)
        except DxlPortError as error:
            self._failed(error)
            return False
        before, self._port = self._port, port
        if before is not None and before is not old:
            before.close()
        self._busy.clear()
        self._ahead = b''
        self.baudrate = port.baudrate
        self.tx_time_per_byte = 10_000.0 / port.baudrate
        if old is None or old.name != port.name:
            latency_timer_ms = port.latency_timer_ms
            self.latency_timer = (
                DEFAULT_LATENCY_TIMER_MS if latency_timer_ms is None else latency_timer_ms
            )
        self.last_error = None
        try:
            deaf_s = port.opened_at + self._open_delay_s - monotonic()
            if deaf_s > 0.0:
                time.sleep(deaf_s)
            if old is not None or deaf_s > 0.0:
                port.clear()
        except DxlPortError as error:
            self._failed(error)
        return self.last_error is None

    def _let_answer_pass(self) -> None:
        """
        Wait until no answer can come to an instruction that was left before its end.

        It would be taken for the answer to the next one, or collide with it on the wire.
        """
        port = self._port
        over = min(self._answer_over, monotonic() + _LONGEST_PASS_S)
        try:
            while port is not None and port.read(_READ_AHEAD, over):
                # All that comes of it comes close together.
                over = min(over, monotonic() + (self.latency_timer + 2.0) / 1000.0)
        except DxlPortError:
            pass  # the instruction's own use of the port tells why

    def _failed(self, error: DxlPortError) -> None:
        # The stacks in them would keep this handler, and its port, from ending as garbage.
        part: BaseException | None = error
        while part is not None:
            part.__traceback__ = part.__context__ = None
            part = part.__cause__
        self.last_error = error


def _as_text(port_name: str | bytes | os.PathLike[str]) -> str:
    if isinstance(port_name, str):
        return str(port_name)  # plain, where numpy has one of its own
    if isinstance(port_name, bytes | os.PathLike):
        return os.fsdecode(port_name)
    return port_name  # opening it tells that this is no name


def _as_length(length: object) -> int:
    number = whole_number(length)
    if isinstance(number, int):
        return int(number)
    raise RequestError(f'{length!r} bytes cannot be read; give a whole number of bytes.')


def _as_bytes(packet: Iterable[int]) -> bytes:
    try:
        # By way of a list: bytes() of a number is that many zeros, and of an array its memory.
        return bytes(packet if type(packet) is list else list(packet))
    except (TypeError, ValueError) as error:
        raise RequestError(
            f'The packet to write is no series of ints from 0 to 255 ({error}); give bytes, a '
            'bytearray, or a list of such ints.'
        ) from error
