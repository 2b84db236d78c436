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

"""Looking for servos at every id."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dxl_port_driver.cli.asker import Asker, Identity
from dxl_port_driver.cli.output import Step
from dxl_port_driver.errors import (
    DxlPortError,
    NotAvailableError,
    PortBusyError,
    RequestError,
    ResultCode,
)
from dxl_port_driver.protocol.instructions import MAX_ID, Protocol

EVERY_ID = range(MAX_ID + 1)

_FROM_SERVOS = (ResultCode.SUCCESS, ResultCode.RX_TIMEOUT, ResultCode.RX_CORRUPT)
_ERRORS: dict[ResultCode, type[DxlPortError]] = {
    ResultCode.PORT_BUSY: PortBusyError,
    ResultCode.TX_ERROR: RequestError,
}


def sweep(
    asker: Asker, step: Step, ids: Sequence[int] | None = None, *, each: bool = False
) -> Iterator[Identity]:
    """
    Find the servos that are there; one whose answer is in shreds is given with that.

    In Protocol 2.0 one broadcast Ping finds them all within a second. Where its answers come in
    shreds, and in Protocol 1.0, where servos answer a broadcast all at once, each id is asked.

    :param step: told of the progress; a sweep has as many steps as there are ids.
    :param ids: look for these; None: all.
    :param each: ask each id in any case, which finds servos that spoil a broadcast.
    :raises DxlPortError: the port or the driver cannot be used.
    """
    wanted = EVERY_ID if ids is None else ids
    where = f'Protocol {asker.manner.protocol}'
    if ids is None and not each and asker.manner.protocol is Protocol.V2:
        step(0, f'{where}, all ids at once')
        found, result = asker.roll_call()
        _require_available(result.result, result.message)
        if result.result in (ResultCode.SUCCESS, ResultCode.RX_TIMEOUT) and not result.data:
            step(len(wanted), where)
            return
        if found:
            step(len(wanted), where)
            yield from found
            return
    for servo in wanted:
        step(0, f'{where}, id {servo}')
        answer = asker.ping(servo)
        _require_available(answer.reply.result, answer.reply.message)
        step(1, f'{where}, id {servo}')
        if answer.reply.result is not ResultCode.RX_TIMEOUT or answer.reply.heard:
            yield answer


def _require_available(code: ResultCode, message: str) -> None:
    """See that silence comes from the servos, not from a port that is gone or a bus in use."""
    if code not in _FROM_SERVOS:
        raise _ERRORS.get(code, NotAvailableError)(message)
