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
What a recording looks like: text, one line for each piece of traffic.

::

    # dxl_port recording, version 1
    # port: /dev/ttyUSB0
    # baudrate: 1000000
    # start: 2026-03-01T12:00:00.000000Z
    0.000000 TX FF FF FD 00 01 03 00 01 19 4E
    0.000618 RX FF FF FD 00 01 07 00 55 00 FC 03 30 AA 7C

``docs/dxl_port.md`` tells users about it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
import re
from typing import NamedTuple

from dxl_port_driver.errors import RequestError

VERSION = 1
MAX_PIECE = 1 << 20
"""Most bytes in one piece; a longer line is none of ours."""
MAX_LINE = 3 * MAX_PIECE + 64
"""Most characters in a line."""

_FIRST = re.compile(r'# dxl_port recording, version ([0-9]{1,9})')
_FACT = re.compile(r'# (port|baudrate|start): (.*)')
_PIECE = re.compile(r'([0-9]{1,12})\.([0-9]{6}) (TX|RX)((?: [0-9A-Fa-f]{2})+)')
_START = '%Y-%m-%dT%H:%M:%S.%fZ'
_FORM = 'SECONDS.MICROSECONDS TX|RX HEX HEX ...'


class RecordingError(RequestError):
    """
    A file is no recording that can be read.

    :param message: what is wrong with it.
    :param line: number of the line that it is wrong in, from 1; None: with all of it.
    """

    def __init__(self, message: str, *, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class Piece(NamedTuple):
    """
    Bytes that were sent or received at once.

    :param at_us: when, us since the start; for bytes received, when they were there.
    :param sent: whether they were sent (TX), else they were received (RX).
    :param data: the bytes, at least one.
    """

    at_us: int
    sent: bool
    data: bytes


@dataclass(frozen=True)
class Header:
    """
    What a recording says about itself.

    :param port: name of the port.
    :param baudrate: at the start, bit/s.
    :param start: time 0 of the recording; naive is taken for UTC.
    """

    port: str
    baudrate: int
    start: datetime


@dataclass(frozen=True)
class Recording:
    """
    A recording in memory.

    :param header: what it says about itself.
    :param pieces: the traffic, in order.
    """

    header: Header
    pieces: tuple[Piece, ...]


def header_lines(header: Header) -> str:
    """Give the lines that a recording begins with."""
    start = header.start
    if start.tzinfo is not None:
        start = start.astimezone(timezone.utc)
    # A name with a line break in it would end its line early.
    port = ''.join(sign if sign.isprintable() else '?' for sign in header.port).strip() or '?'
    return (
        f'# dxl_port recording, version {VERSION}\n'
        f'# port: {port}\n'
        f'# baudrate: {header.baudrate}\n'
        # Not strftime: it gives years before 1000 fewer digits than strptime takes.
        f'# start: {start.replace(tzinfo=None).isoformat(timespec="microseconds")}Z\n'
    )


def piece_line(piece: Piece) -> str:
    """Give the line of a piece."""
    seconds, micros = divmod(piece.at_us, 1_000_000)
    way = 'TX' if piece.sent else 'RX'
    return f'{seconds}.{micros:06d} {way} {piece.data.hex(" ").upper()}\n'


def comment_line(text: str) -> str:
    """Give a line that readers skip."""
    return f'# {" ".join(text.split())}\n'


def read_recording(lines: Iterable[str]) -> Recording:
    """
    Read a recording.

    :param lines: each with its line break.
    :raises RecordingError: it is none, of another version, or broken; says in which line.
    """
    numbered = _whole(lines)
    header, rest = _read_header(numbered)
    pieces: list[Piece] = []
    for number, line in rest:
        if line.startswith('#') or not line:
            continue
        piece = _read_piece(number, line)
        if pieces and piece.at_us < pieces[-1].at_us:
            raise RecordingError(
                f'line {number} is earlier than the one before it; times never go back',
                line=number,
            )
        pieces.append(piece)
    return Recording(header, tuple(pieces))


def _whole(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Give the lines with their numbers and without line breaks."""
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_LINE:
            raise RecordingError(
                f'line {number} is longer than {MAX_PIECE} bytes of traffic can be', line=number
            )
        if not line.endswith('\n'):
            raise RecordingError(
                f'line {number} has no end: the file is cut off there; remove that line',
                line=number,
            )
        yield number, line.rstrip('\r\n')


def _read_header(
    numbered: Iterator[tuple[int, str]],
) -> tuple[Header, Iterator[tuple[int, str]]]:
    first = next(numbered, (1, ''))[1]
    match = _FIRST.fullmatch(first)
    if match is None:
        raise RecordingError(
            f'it is no recording: line 1 is not "# dxl_port recording, version {VERSION}"', line=1
        )
    if int(match[1]) != VERSION:
        raise RecordingError(
            f'line 1: it is a recording of version {match[1]}, and this tool reads version '
            f'{VERSION}; read it with the dxl_port that wrote it',
            line=1,
        )
    facts: dict[str, tuple[int, str]] = {}
    number = 1
    for number, line in numbered:
        fact = _FACT.fullmatch(line)
        if fact is None:
            if line.startswith('#'):
                continue
            break
        facts[fact[1]] = number, fact[2]
        if len(facts) == 3:
            break
    for name in ('port', 'baudrate', 'start'):
        if name not in facts:
            raise RecordingError(
                f'line {number}: the header has no line "# {name}: ..." before the traffic',
                line=number,
            )
    return Header(facts['port'][1], _baudrate(*facts['baudrate']), _start(*facts['start'])), (
        numbered
    )


def _baudrate(number: int, text: str) -> int:
    if not re.fullmatch('[1-9][0-9]{0,8}', text):
        raise RecordingError(
            f'line {number}: {text[:40]!r} is no baudrate; write bit/s', line=number
        )
    return int(text)


def _start(number: int, text: str) -> datetime:
    try:
        return datetime.strptime(text, _START).replace(tzinfo=timezone.utc)
    except ValueError:
        raise RecordingError(
            f'line {number}: {text[:40]!r} is no time; write it as 2026-03-01T12:00:00.000000Z',
            line=number,
        ) from None


def _read_piece(number: int, line: str) -> Piece:
    match = _PIECE.fullmatch(line)
    if match is None:
        raise RecordingError(
            f'line {number} is not of the form "{_FORM}": {line[:40]!r}', line=number
        )
    at_us = int(match[1]) * 1_000_000 + int(match[2])
    return Piece(at_us, match[3] == 'TX', bytes.fromhex(match[4]))
