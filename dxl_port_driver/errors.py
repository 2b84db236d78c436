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
The result codes of an exchange and the one tree of errors that carry them.

::

    DxlPortError
    ├── PortBusyError          PORT_BUSY      (TimeoutError)  waited too long for the bus
    ├── TransmitError          TX_FAIL        (OSError)       the device failed while sending
    ├── ReceiveError           RX_FAIL        (OSError)       the device failed while receiving
    ├── RequestError           TX_ERROR       (ValueError)    the request itself is wrong
    │   └── DeadlockError                     (RuntimeError)  would wait for its own thread
    ├── AnswerTimeoutError     RX_TIMEOUT     (TimeoutError)  no whole answer in time
    │   └── DriverSilentError                                 the driver did not respond
    ├── AnswerCorruptError     RX_CORRUPT                     broken or foreign answer
    └── NotAvailableError      NOT_AVAILABLE                  there is no open port to use
        ├── DriverMissingError                                no such driver on the ROS graph
        ├── NotSpunError                      (RuntimeError)  nobody spins the client's node
        ├── PortNameError                     (ValueError)    no usable port name or URL
        ├── BaudrateError                     (ValueError)    a rate that cannot be set
        ├── PortClosedError                                   used while closed, or closed in use
        ├── PortNumberError                   (LookupError)   a number that names no port
        └── PortOpenError                     (OSError)       the port did not open
            ├── PortMissingError              (FileNotFoundError)
            ├── PortPermissionError           (PermissionError)
            ├── PortHeldError                                 another process holds it
            └── NotASerialPortError                           the path is no serial port

Each class that stands directly under the root owns one result code; those further down share
the code of their parent. Every message is one sentence that says what happened, to what, and
what to do about it.

Every class is made in the same way: the message, ``port=`` and ``partial=``, and what a class has
beyond that as further keywords with defaults. :func:`make_error` makes one from a result code.
"""

from __future__ import annotations

from enum import IntEnum


class ResultCode(IntEnum):
    """The communication results of the DYNAMIXEL SDK (``robotis_def``: ``COMM_*``)."""

    SUCCESS = 0
    PORT_BUSY = -1000
    TX_FAIL = -1001
    RX_FAIL = -1002
    TX_ERROR = -2000
    RX_WAITING = -3000
    RX_TIMEOUT = -3001
    RX_CORRUPT = -3002
    NOT_AVAILABLE = -9000


class DxlPortError(Exception):
    """
    Anything that this package reports about a port, a request or an answer.

    :param message: one sentence for a person.
    :param port: name of the port it happened on; empty when no port is involved.
    :param partial: bytes that did arrive before it happened.
    """

    code: ResultCode

    def __init__(self, message: str, *, port: str = '', partial: bytes = b'') -> None:
        super().__init__(message)
        self.message = message
        self.port = port
        self.partial = partial

    def __str__(self) -> str:
        """Give the sentence; OSError's own form would add an errno that nobody asked for."""
        return self.message


class PortBusyError(DxlPortError, TimeoutError):
    """
    The request waited for the bus longer than it said it would.

    :param waited_s: how long it did wait, s.
    """

    code = ResultCode.PORT_BUSY

    def __init__(
        self, message: str, *, port: str = '', partial: bytes = b'', waited_s: float = 0.0
    ) -> None:
        super().__init__(message, port=port, partial=partial)
        self.waited_s = waited_s


class TransmitError(DxlPortError, OSError):
    """The device failed while bytes were sent."""

    code = ResultCode.TX_FAIL


class ReceiveError(DxlPortError, OSError):
    """The device failed while bytes were awaited."""

    code = ResultCode.RX_FAIL


class RequestError(DxlPortError, ValueError):
    """The request is wrong in itself: empty, too long, no instruction packet, out of range."""

    code = ResultCode.TX_ERROR


class DeadlockError(RequestError, RuntimeError):
    """A blocking call in the very thread that would have to take the response."""


class AnswerTimeoutError(DxlPortError, TimeoutError):
    """No whole answer came in time; what did come is in ``partial``."""

    code = ResultCode.RX_TIMEOUT


class DriverSilentError(AnswerTimeoutError):
    """
    The driver did not respond, or its response got lost on the way.

    Whether it did what it was asked to is not known.
    """


class AnswerCorruptError(DxlPortError):
    """An answer came whole, but broken or from another servo; it is in ``partial``."""

    code = ResultCode.RX_CORRUPT


class NotAvailableError(DxlPortError):
    """There is nothing to talk through: no open port, or the driver is not active."""

    code = ResultCode.NOT_AVAILABLE


class DriverMissingError(NotAvailableError):
    """No driver of that name is on the ROS graph, or none that answers; nothing was sent."""


class NotSpunError(NotAvailableError, RuntimeError):
    """Responses to the client's node are taken by nobody."""


class PortNameError(NotAvailableError, ValueError):
    """The port name is no device path and no URL of an allowed scheme."""


class BaudrateError(NotAvailableError, ValueError):
    """
    The device cannot make the baudrate.

    :param closest: the nearest rate that the device did offer, bit/s; None when it told none.
    """

    def __init__(
        self, message: str, *, port: str = '', partial: bytes = b'', closest: int | None = None
    ) -> None:
        super().__init__(message, port=port, partial=partial)
        self.closest = closest


class PortClosedError(NotAvailableError):
    """The port was used while it was closed, or closed by someone while it was in use."""


class PortNumberError(NotAvailableError, LookupError):
    """The number was not given out by ``port_functions.portHandler``."""


class PortOpenError(NotAvailableError, OSError):
    """The port did not open."""


class PortMissingError(PortOpenError, FileNotFoundError):
    """There is no such device."""


class PortPermissionError(PortOpenError, PermissionError):
    """This user may not open the device."""


class PortHeldError(PortOpenError):
    """
    Another process holds the port.

    :param holder: ``name (pid N)`` where the system tells, else empty.
    """

    def __init__(
        self, message: str, *, port: str = '', partial: bytes = b'', holder: str = ''
    ) -> None:
        super().__init__(message, port=port, partial=partial)
        self.holder = holder


class NotASerialPortError(PortOpenError):
    """The path names something that is no serial port."""


_BY_CODE = {error.code: error for error in DxlPortError.__subclasses__()}


def make_error(
    code: ResultCode,
    message: str,
    *,
    port: str = '',
    partial: bytes = b'',
    waited_s: float = 0.0,
) -> DxlPortError:
    """
    Return the error that stands for a result code.

    :param code: any code of a failure.
    :param message: one sentence for a person.
    :param port: name of the port or driver it happened on.
    :param partial: bytes that did arrive.
    :param waited_s: how long the request waited for the bus, s; kept by PORT_BUSY alone.
    :raises LookupError: the code tells of no failure.
    """
    kind = _BY_CODE[code]
    if kind is PortBusyError:
        return PortBusyError(message, port=port, partial=partial, waited_s=waited_s)
    return kind(message, port=port, partial=partial)
