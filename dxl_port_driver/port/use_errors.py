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

"""What went wrong with a port in use, as typed errors with advice."""

from __future__ import annotations

from dxl_port_driver.errors import PortClosedError, ReceiveError, TransmitError


def closed_error(name: str, *, cancelled: bool = False) -> PortClosedError:
    """
    Say that the port cannot be used as it is.

    :param name: port name.
    :param cancelled: it is open, but its use was cancelled.
    """
    if cancelled:
        return PortClosedError(
            f'The use of {name} was cancelled; open it again to go on.', port=name
        )
    return PortClosedError(f'{name} is closed; open it first.', port=name)


def receive_error(name: str, reason: object) -> ReceiveError:
    """
    Say that the device failed while bytes were awaited.

    :param name: port name.
    :param reason: the system's words for it, or an error.
    """
    return ReceiveError(
        f'{name} failed while receiving ({words_of(reason)}); {_advice(name)}.', port=name
    )


def transmit_error(name: str, reason: object) -> TransmitError:
    """
    Say that the device failed while bytes were sent.

    :param name: port name.
    :param reason: the system's words for it, or an error.
    """
    return TransmitError(
        f'{name} failed while sending ({words_of(reason)}); {_advice(name)}.', port=name
    )


def words_of(reason: object) -> str:
    """Return the system's own words for a failure, without what pyserial puts around them."""
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror
    if isinstance(reason, BaseException) and reason.args:
        return str(reason.args[-1])
    return str(reason)


def _advice(name: str) -> str:
    if '://' in name:
        return 'check the far end, then open the port again'
    return 'check that the adapter is plugged in and powered, then open the port again'
