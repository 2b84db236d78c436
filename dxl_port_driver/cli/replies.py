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

"""What several servos answered, told to a person without saying one thing many times."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dxl_port_driver.cli.asker import Identity, Reply
from dxl_port_driver.cli.output import Output


def tell_failures(output: Output, replies: Iterable[Reply]) -> None:
    """Print one sentence for each way in which servos failed, and who failed in the same way."""
    ways: dict[tuple[object, ...], list[Reply]] = {}
    for reply in replies:
        if not reply.ok:
            ways.setdefault((reply.result, reply.error, reply.late), []).append(reply)
    for alike in ways.values():
        others = id_list(sorted({reply.id for reply in alike} - {alike[0].id}))
        output.fail(alike[0].message + (f'; the same with {others}' if others else ''))


def tell_notes(output: Output, answers: Iterable[Identity]) -> None:
    """Print what a person should know about servos that are there."""
    for answer in answers:
        if answer.note:
            output.note(answer.note)


def id_list(ids: Sequence[int]) -> str:
    """Write ids as people do: ``1-3, 7``."""
    ranges: list[list[int]] = []
    for servo in sorted(ids):
        if ranges and servo == ranges[-1][1] + 1:
            ranges[-1][1] = servo
        else:
            ranges.append([servo, servo])
    return ', '.join(f'{a}' if a == b else f'{a}-{b}' for a, b in ranges)


def as_signed(data: bytes) -> int:
    """Give the value of a register that can be negative."""
    return int.from_bytes(data, 'little', signed=True)


def as_unsigned(data: bytes) -> int:
    """Give the value of a register that cannot be negative."""
    return int.from_bytes(data, 'little')
