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
How the value of each kind of option is read from text.

A reader gives the value, or raises ValueError with what would be right, as the end of a sentence
that begins with what was given.
"""

from __future__ import annotations

from collections.abc import Callable
import math

from dxl_port_driver.protocol.instructions import Protocol
from dxl_port_driver.sim.models import find_model, list_models, Model, suggest_model

_ON, _OFF = ('on', 'true', 'yes', '1'), ('off', 'false', 'no', '0')
_MAX_SERVOS = 253
_MAX_RATE = 20_000_000


def whole(low: int, high: int) -> Callable[[str], int]:
    """Make the reader of a whole number."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 20):
            raise ValueError(f'give a whole number from {low} to {high}')
        value = int(text)
        if not low <= value <= high:
            raise ValueError(f'give a whole number from {low} to {high}')
        return value

    return read


def real(low: float, high: float) -> Callable[[str], float]:
    """Make the reader of a number with a decimal point."""

    def read(text: str) -> float:
        try:
            value = float(text) if text.isascii() else math.nan
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise ValueError(f'give a number from {low:g} to {high:g}')
        return value

    return read


def switch(text: str) -> bool:
    """Read on or off."""
    lowered = text.lower()
    if lowered in _ON:
        return True
    if lowered in _OFF:
        return False
    raise ValueError('give on or off')


def choice(*allowed: str) -> Callable[[str], str]:
    """Make the reader of one of several words."""

    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError(f'give {" or ".join(allowed)}')
        return text

    return read


def protocol(text: str) -> Protocol:
    """Read a protocol: 1.0 or 2.0."""
    found = {'1.0': Protocol.V1, '1': Protocol.V1, '2.0': Protocol.V2, '2': Protocol.V2}.get(text)
    if found is None:
        raise ValueError('give 1.0 or 2.0')
    return found


def ids(text: str) -> tuple[int, ...]:
    """Read servo ids: ``1-6``, ``1,3,10-12``; the same id twice means two servos that share it."""
    found: list[int] = []
    for part in text.split(',') if text else ():
        first, dash, last = part.partition('-')
        low = _servo_id(first)
        high = _servo_id(last) if dash else low
        if high < low:
            raise ValueError('give ranges with the lower id first, such as 1-6')
        found.extend(range(low, high + 1))
        if len(found) > _MAX_SERVOS:
            raise ValueError(f'give at most {_MAX_SERVOS} servos')
    return tuple(found)


def _servo_id(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 4 and int(text) <= 253):
        raise ValueError('give ids from 0 to 252 such as 1-6 or 1,3,10-12')
    return int(text)


def models(text: str) -> tuple[Model, ...]:
    """Read model numbers or names: one for all servos, or one for each."""
    found = []
    for part in text.split(','):
        model = find_model(part)
        if model is None:
            which = '' if part == text else f'{part[:40]!r} is none; '
            near = suggest_model(part[:40])
            hint = f'did you mean {near}? The' if near else 'the'
            raise ValueError(f'{which}{hint} virtual bus has {list_models()}')
        found.append(model)
        if len(found) > _MAX_SERVOS:
            raise ValueError(f'give at most {_MAX_SERVOS} models')
    return tuple(found)


def rate(text: str) -> int | None:
    """Read a baudrate, or ``any``."""
    return None if text == 'any' else whole(1, _MAX_RATE)(text)


def rates(text: str) -> tuple[int, ...]:
    """Read a list of baudrates, or ``any``."""
    if text == 'any':
        return ()
    parts = text.split(',')
    if len(parts) > 64:
        raise ValueError('give at most 64 rates')
    return tuple(whole(1, _MAX_RATE)(part) for part in parts)


def factory_or(low: int, high: int) -> Callable[[str], int | None]:
    """Make the reader of a whole number, or ``factory`` for the model's own value."""

    def read(text: str) -> int | None:
        return None if text == 'factory' else whole(low, high)(text)

    return read
