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
The port-number functions of the DYNAMIXEL SDK's C API, in its Python spelling.

A port is a number here, which :func:`portHandler` gives out; behind each number is a
:class:`~dxl_port_driver.port_handler.PortHandler`, and like it these functions never raise for
what a device does. A number that names no port raises
:class:`~dxl_port_driver.errors.PortNumberError`.

The SDK's reference page says that ``isPacketTimeout`` gives false when the time is over. Its
name, the SDK's code and every caller say true, and true it is.
"""

from __future__ import annotations

from array import array
from collections.abc import MutableSequence, Sequence
import operator
import os
import threading

from dxl_port_driver.errors import DxlPortError, PortNumberError, ReceiveError, RequestError
from dxl_port_driver.port_handler import PortHandler

# How a device, or the peer of a connection, says that nothing more will come.
_ENDS = ('(end of file)', '(the peer closed the connection)')

_ports: list[PortHandler] = []
_ports_lock = threading.Lock()


def portHandler(port_name: str | bytes | os.PathLike[str]) -> int:
    """
    Give the number of a port; the port stays closed.

    :param port_name: device path or URL, also as bytes; a name that is known gives the number
        that it has.
    """
    new = PortHandler(port_name)
    with _ports_lock:
        for port_num, port in enumerate(_ports):
            if port.port_name == new.port_name:
                return port_num
        _ports.append(new)
        return len(_ports) - 1


def openPort(port_num: int) -> bool:
    """
    Open the port at its baudrate, 1 000 000 bit/s at first.

    :param port_num: number of the port.
    :return: False when it did not open; :func:`getLastError` tells why.
    :raises PortNumberError: no port has the number.
    """
    return _port(port_num).openPort()


def closePort(port_num: int) -> None:
    """
    Close the port; safe at any time, any number of times.

    :param port_num: number of the port.
    :raises PortNumberError: no port has the number.
    """
    _port(port_num).closePort()


def clearPort(port_num: int) -> None:
    """
    Throw away what is in the receive buffer.

    :param port_num: number of the port.
    :raises PortNumberError: no port has the number.
    """
    _port(port_num).clearPort()


def setPortName(port_num: int, port_name: str) -> None:
    """
    Give the number another port, from the next :func:`openPort` on.

    :param port_num: number of the port.
    :param port_name: device path or URL.
    :raises PortNumberError: no port has the number.
    """
    _port(port_num).setPortName(port_name)


def getPortName(port_num: int) -> str:
    """
    Give the port's name.

    :param port_num: number of the port.
    :raises PortNumberError: no port has the number.
    """
    return _port(port_num).getPortName()


def setBaudRate(port_num: int, baudrate: int) -> bool:
    """
    Change the baudrate and empty the receive buffer; a closed port is opened by it.

    :param port_num: number of the port.
    :param baudrate: bit/s; any that the device can make.
    :return: False when it cannot be made; the port stays as it was.
    :raises PortNumberError: no port has the number.
    """
    return _port(port_num).setBaudRate(baudrate)


def getBaudRate(port_num: int) -> int:
    """
    Give the baudrate, bit/s.

    :param port_num: number of the port.
    :raises PortNumberError: no port has the number.
    """
    return _port(port_num).getBaudRate()


# The reference page's spelling.
setBaudrate = setBaudRate
getBaudrate = getBaudRate


def getBytesAvailable(port_num: int) -> int:
    """
    Count the bytes in the receive buffer.

    :param port_num: number of the port.
    :return: -1 when the device failed or the port is closed.
    :raises PortNumberError: no port has the number.
    """
    return _port(port_num).getBytesAvailable()


def readPort(port_num: int, packet: MutableSequence[int], length: int) -> int:
    """
    Read up to ``length`` bytes into ``packet``, from its start.

    :param port_num: number of the port.
    :param packet: list or bytearray to fill; it grows when it is shorter than what was read, and
        keeps what it has behind that.
    :param length: most bytes to read.
    :return: number of bytes read; 0 when there are none, and at end of file, which
        :func:`getLastError` tells apart; -1 when the device failed, or ``packet`` cannot take
        the bytes, which then stay in the receive buffer.
    :raises PortNumberError: no port has the number.
    """
    port = _port(port_num)
    if not isinstance(packet, list | bytearray):
        return _refuse(
            port,
            f'The packet to read into is a {type(packet).__name__}; give a list or bytearray.',
        )
    data = port.readPort(length)
    if not data:
        return -1 if port.last_error and not _is_end_of_file(port.last_error) else 0
    try:
        packet[: len(data)] = data
    except BaseException as error:
        port._unread(data)
        if not isinstance(error, BufferError | MemoryError):
            raise
        return _refuse(port, f'The packet to read into does not take the bytes ({error}); give '
                       'one that is long enough, or that can grow.')  # fmt: skip
    return len(data)


def writePort(port_num: int, packet: Sequence[int] | array[int], length: int) -> int:
    """
    Send the first ``length`` bytes of ``packet``.

    :param port_num: number of the port.
    :param packet: bytes, bytearray, or a list or array of ints from 0 to 255.
    :param length: number of bytes to send, 0 to ``len(packet)``.
    :return: number of bytes written, -1 when that failed.
    :raises PortNumberError: no port has the number.
    """
    port = _port(port_num)
    try:
        count, most = operator.index(length), len(packet)
        part = packet[:count]
    except (TypeError, LookupError) as error:
        return _refuse(
            port, f'That is no packet, or no length of one ({error}); give bytes, a bytearray, '
            'or a list or array of ints, and a whole number of bytes.'
        )  # fmt: skip
    if not 0 <= count <= most:
        return _refuse(
            port, f'{count} bytes of a packet of {most} cannot be sent; give the length '
            'that it has.'
        )  # fmt: skip
    return port.writePort(part)


def setPacketTimeout(port_num: int, packet_length: int) -> None:
    """
    Start the packet clock with the time that an answer may take at most.

    :param port_num: number of the port.
    :param packet_length: length of the answer, bytes.
    :raises PortNumberError: no port has the number.
    """
    _port(port_num).setPacketTimeout(packet_length)


def setPacketTimeoutMSec(port_num: int, msec: float) -> None:
    """
    Start the packet clock.

    :param port_num: number of the port.
    :param msec: its time, ms.
    :raises PortNumberError: no port has the number.
    """
    _port(port_num).setPacketTimeoutMSec(msec)


def isPacketTimeout(port_num: int) -> bool:
    """
    Tell whether the packet clock's time is over.

    :param port_num: number of the port.
    :return: True when it is over, whatever the reference page says.
    :raises PortNumberError: no port has the number.
    """
    return _port(port_num).isPacketTimeout()


def getLastError(port_num: int) -> DxlPortError | None:
    """
    Tell why the last call on this port that failed did so.

    :param port_num: number of the port.
    :return: None when none failed.
    :raises PortNumberError: no port has the number.
    """
    return _port(port_num).last_error


def _port(port_num: int) -> PortHandler:
    if not isinstance(port_num, bool):
        try:
            number = operator.index(port_num)  # numpy has ints of its own
            if number >= 0:
                return _ports[number]
        except (TypeError, IndexError):
            pass
    raise PortNumberError(
        f'{port_num!r} is the number of no port; use one that portHandler(port_name) gave.'
    )


def _refuse(port: PortHandler, why: str) -> int:
    port.last_error = RequestError(why, port=port.port_name)
    return -1


def _is_end_of_file(error: DxlPortError) -> bool:
    return isinstance(error, ReceiveError) and any(end in error.message for end in _ENDS)
