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

"""Which instructions may reach the bus."""

from __future__ import annotations

from collections.abc import Iterable

from dxl_port_driver.errors import RequestError
from dxl_port_driver.protocol.framer import Framer
from dxl_port_driver.protocol.instructions import Instruction, Protocol
from dxl_port_driver.protocol.packets import V2_HEADER

ALL = 'all'

_NAMES = {
    instruction.name.lower(): int(instruction)
    for instruction in Instruction
    if instruction is not Instruction.STATUS
}


class Permission:
    """
    Lets some instructions through.

    :param names: names as in ``ping`` or ``sync_read``, numbers as in ``0x92``, or ``all``.
    :raises RequestError: a name that no instruction has.
    """

    def __init__(self, names: Iterable[str] = (ALL,)) -> None:
        self._allowed: set[int] | None = set()
        for name in names:
            if name.strip().lower() == ALL:
                self._allowed = None
                return
            self._allowed.add(_number(name))

    def check(self, data: bytes) -> None:
        """
        Check bytes that somebody wants to send, in whatever framing.

        :raises RequestError: they hold an instruction that is not allowed; or, unless all are,
            anything but whole instruction packets.
        """
        if self._allowed is None:
            return
        framer = Framer(Protocol.V2 if data.startswith(V2_HEADER) else Protocol.V1)
        frames = framer.feed(data)
        if not frames or framer.noise or framer.pending or not all(one.intact for one in frames):
            raise RequestError(
                'allowed_instructions lets only whole instruction packets through, and this is '
                'something else'
            )
        for frame in frames:
            if frame.code not in self._allowed:
                raise RequestError(
                    f'instruction {_name(frame.code)} is not among allowed_instructions; whoever '
                    'starts the driver can allow it'
                )


def _number(name: str) -> int:
    known = _NAMES.get(name.strip().lower())
    if known is not None:
        return known
    try:
        number = int(name, 0)
    except ValueError:
        number = -1
    if not 0 <= number <= 0xFF:
        raise RequestError(
            f'{name!r} is no instruction; give {ALL}, a number such as 0x92, or some of '
            f'{", ".join(_NAMES)}'
        )
    return number


def _name(code: int) -> str:
    return next((name for name, number in _NAMES.items() if number == code), f'0x{code:02x}')
