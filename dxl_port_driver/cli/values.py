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

"""How people write numbers, ids, rates and bytes on the command line."""

from __future__ import annotations

import math
import re
from typing import Any

import click
from dxl_port_driver.port.baudrate import MAX_BAUDRATE

MAX_SERVO_ID = 253
_RANGE = re.compile(r'(\w+)(?:-(\w+))?')
_RATE = re.compile(r'([0-9_]+(?:\.[0-9]+)?)([kM]?)')
_NODE_NAME = re.compile(r'(/[A-Za-z_][A-Za-z0-9_]*)+')
_FACTORS = {'': 1, 'k': 1_000, 'M': 1_000_000}


def number(text: str) -> int:
    """
    Read a whole number in any base: ``132``, ``0x84``, ``0b1000_0100``, ``-5``.

    :raises ValueError: it is none.
    """
    try:
        return int(text, 0)
    except ValueError:
        # Base 0 refuses leading zeros, which 007 may have where ids are written with them.
        return int(text, 10)


class NumberType(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4
    """
    A whole number in any base.

    :param name: what it is, for the message.
    :param lowest: smallest.
    :param highest: largest.
    """

    def __init__(self, name: str, lowest: int, highest: int) -> None:
        self.name = name
        self._lowest = lowest
        self._highest = highest

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read it, or fail with a sentence."""
        try:
            read = value if isinstance(value, int) else number(value)
        except ValueError:
            self.fail(f'{value!r} is no number; write one such as 132 or 0x84', param, ctx)
        if not self._lowest <= read <= self._highest:
            self.fail(
                f'{value} is no {self.name}; give {self._lowest} to {self._highest}', param, ctx
            )
        return read


class RealType(click.FloatRange):
    """A number with limits; unlike click's own it lets no NaN through."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read it, or fail with a sentence."""
        read = float(super().convert(value, param, ctx))
        if math.isnan(read):
            self.fail(f'{value!r} is no number; give {self.min} to {self.max}', param, ctx)
        return read


class IdsType(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4
    """Ids of servos: ``1``, ``1-6``, ``1-6,9,0x10``."""

    name = 'ids'

    def __init__(self, *, broadcast: bool = False) -> None:
        self._highest = MAX_SERVO_ID + broadcast

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Read them, each once, in the order given; or fail with a sentence."""
        if isinstance(value, tuple):
            return value
        ids: dict[int, None] = {}
        for part in str(value).split(','):
            match = _RANGE.fullmatch(part.strip())
            try:
                if match is None:
                    raise ValueError
                first = number(match[1])
                last = first if match[2] is None else number(match[2])
            except ValueError:
                self.fail(f'{part!r} is no id; write them as 1-6,9', param, ctx)
            if last < first:
                self.fail(f'{part!r} runs backwards; write {last}-{first}', param, ctx)
            if last > self._highest:
                self.fail(
                    f'{part!r} is no id of a servo; give 0 to {MAX_SERVO_ID}'
                    + (', or 254 for all' if self._highest > MAX_SERVO_ID else ''),
                    param,
                    ctx,
                )
            ids.update(dict.fromkeys(range(first, last + 1)))
        return tuple(ids)


class RateType(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4
    """A baudrate: ``57600``, ``57.6k``, ``1M``."""

    name = 'bit/s'

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read it, or fail with a sentence."""
        if isinstance(value, int):
            return value
        match = _RATE.fullmatch(value.strip())
        rate = round(float(match[1]) * _FACTORS[match[2]]) if match else 0
        if not 1 <= rate <= MAX_BAUDRATE:
            self.fail(
                f'{value!r} is no baudrate; give bit/s such as 57600, 115200 or 1M', param, ctx
            )
        return rate


class RatesType(RateType):
    """Baudrates: ``57600,1M``."""

    name = 'bit/s,...'

    def convert(  # type: ignore[override]
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Read them, each once; or fail with a sentence."""
        if isinstance(value, tuple):
            return value
        convert = super().convert
        return tuple(dict.fromkeys(convert(part, param, ctx) for part in value.split(',')))


class NodeNameType(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4
    """The name of a ROS node, with its namespace."""

    name = 'name'

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Give it with a leading slash, or fail with a sentence."""
        name = value if value.startswith('/') else f'/{value}'
        if not _NODE_NAME.fullmatch(name):
            self.fail(
                f'{value!r} is no name of a node; write one such as /arm/dxl_port_driver',
                param,
                ctx,
            )
        return name


class HexType(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4
    """Bytes in hex: ``FFFF01``, ``FF FF 01``, ``0xff,0xff,0x1``, ``ff:ff:01``."""

    name = 'hex'

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> bytes:
        """Read them, or fail with a sentence."""
        if isinstance(value, bytes):
            return value
        data = bytearray()
        for part in re.split(r'[\s,:]+', value.strip()):
            digits = part[2:] if part[:2].lower() == '0x' else part
            if len(digits) == 1:
                digits = f'0{digits}'
            try:
                if not re.fullmatch('[0-9A-Fa-f]+', digits):
                    raise ValueError
                data += bytes.fromhex(digits)
            except ValueError:
                self.fail(
                    f'{part!r} is not bytes in hex; write two digits a byte, such as '
                    'FF FF FD 00 01 03 00 01 19 4E',
                    param,
                    ctx,
                )
        return bytes(data)
