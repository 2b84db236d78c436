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

"""What the exit status of ``dxl_port`` tells a script."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from dxl_port_driver.errors import (
    DxlPortError,
    NotAvailableError,
    PortNameError,
    RequestError,
    ResultCode,
)


class ExitStatus(IntEnum):
    """The exit statuses, as ``docs/dxl_port.md`` lists them."""

    OK = 0
    FAILED = 1
    """No answer, a broken one, or a servo that refused."""
    USAGE = 2
    """The command line is wrong, or asks for something that cannot be sent."""
    NOT_AVAILABLE = 3
    """There is no port or driver to use, or it went away."""
    INTERRUPTED = 130
    """Ctrl-C; after other signals it is 128 and their number."""
    READER_GONE = 141
    """Whoever read the output went away, as in ``dxl_port ... | head``."""


_OF_RESULT = {
    ResultCode.SUCCESS: ExitStatus.OK,
    ResultCode.TX_ERROR: ExitStatus.USAGE,
    ResultCode.TX_FAIL: ExitStatus.NOT_AVAILABLE,
    ResultCode.RX_FAIL: ExitStatus.NOT_AVAILABLE,
    ResultCode.NOT_AVAILABLE: ExitStatus.NOT_AVAILABLE,
}


def status_of_result(result: ResultCode) -> ExitStatus:
    """Give the exit status for the result of a transaction."""
    return _OF_RESULT.get(result, ExitStatus.FAILED)


def status_of_error(error: DxlPortError) -> ExitStatus:
    """Give the exit status for an error that ended the command."""
    if isinstance(error, (PortNameError, RequestError)):
        return ExitStatus.USAGE
    if isinstance(error, NotAvailableError):
        return ExitStatus.NOT_AVAILABLE
    return status_of_result(error.code)


def worst(statuses: Iterable[ExitStatus]) -> ExitStatus:
    """Give the one that tells most: a port that is gone before a servo that is mute."""
    return max(statuses, default=ExitStatus.OK)
