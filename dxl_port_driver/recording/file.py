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

"""A recording on disk: a file that is valid after each line, also when the disk is full."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import os
import stat
from types import TracebackType
from typing import TextIO, TYPE_CHECKING

from dxl_port_driver.errors import NotAvailableError, RequestError
from dxl_port_driver.recording.format import (
    comment_line,
    Header,
    header_lines,
    MAX_LINE,
    Piece,
    piece_line,
    read_recording,
    Recording,
    RecordingError,
)

if TYPE_CHECKING:
    from typing_extensions import Self


class RecordingWriteError(NotAvailableError, OSError):
    """What is recorded cannot be written (any more)."""


class RecordingFile:
    """
    Writes a recording, a line at a time, until :meth:`close`.

    A line is written whole or not at all, so what is on disk can always be read.

    :param path: of the file.
    :param header: its first lines.
    :param overwrite: replace a file that is there.
    :raises RequestError: there is such a file already.
    :raises RecordingWriteError: it cannot be written.
    """

    def __init__(self, path: str, header: Header, *, overwrite: bool = False) -> None:
        self._path = path
        self.pieces = 0
        """Pieces written so far."""
        self.bytes = 0
        """Bytes of traffic written so far."""
        self._length = 0
        self._last_us = 0
        self._fd = self._opened(overwrite)
        try:
            self._truncatable = stat.S_ISREG(os.fstat(self._fd).st_mode)
            self._write(header_lines(header))
        except BaseException:
            os.close(self._fd)
            raise

    def _opened(self, overwrite: bool) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
        # What is no regular file, such as a pipe, has nothing in it that could be lost.
        if overwrite or (os.path.exists(self._path) and not os.path.isfile(self._path)):
            flags |= os.O_TRUNC
        else:
            flags |= os.O_EXCL
        try:
            return os.open(self._path, flags, 0o666)
        except FileExistsError:
            raise RequestError(
                f'{self._path} exists already; give another name, or --force to replace it'
            ) from None
        except OSError as error:
            raise self._failure(error) from error

    def write(self, piece: Piece) -> None:
        """
        Add a piece; one that seems to be earlier than the one before it gets that one's time.

        :raises RecordingWriteError: it cannot be written; the file ends with the piece before.
        """
        self._last_us = max(piece.at_us, self._last_us)
        self._write(piece_line(piece._replace(at_us=self._last_us)))
        self.pieces += 1
        self.bytes += len(piece.data)

    def comment(self, text: str) -> None:
        """
        Add a line that readers skip.

        :raises RecordingWriteError: it cannot be written.
        """
        self._write(comment_line(text))

    def _write(self, line: str) -> None:
        data = line.encode()
        done = 0
        try:
            while done < len(data):
                done += os.write(self._fd, data[done:])
        except OSError as error:
            if self._truncatable:
                with contextlib.suppress(OSError):
                    os.ftruncate(self._fd, self._length)
                    os.lseek(self._fd, self._length, os.SEEK_SET)
            raise self._failure(error) from error
        self._length += len(data)

    def _failure(self, error: OSError) -> RecordingWriteError:
        reason = error.strerror or str(error)
        kept = f' after {self.pieces} pieces, which are kept' if self.pieces else ''
        return RecordingWriteError(f'{self._path} cannot be written{kept}: {reason}')

    def close(self) -> None:
        """
        End the file; safe any number of times.

        :raises RecordingWriteError: what was written did not reach the disk.
        """
        fd, self._fd = self._fd, -1
        if fd >= 0:
            try:
                os.close(fd)
            except OSError as error:
                raise self._failure(error) from error

    def __enter__(self) -> Self:
        """Give itself for a ``with`` block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the file at the end of the block."""
        self.close()


def load_recording(path: str) -> Recording:
    """
    Read a recording from a file.

    :raises RecordingError: it cannot be read, or is no recording; says in which line.
    """
    try:
        # A byte that is no UTF-8 is no part of a recording, and is told as such by its line.
        with open(path, encoding='utf-8', errors='replace', newline='\n') as file:
            return read_recording(_lines(file))
    except RecordingError as error:
        raise RecordingError(f'{path}: {error.message}', line=error.line) from None
    except OSError as error:
        raise RecordingError(f'{path} cannot be read: {error.strerror or error}') from error


def _lines(file: TextIO) -> Iterator[str]:
    """Give the lines, none of them without bound."""
    while line := file.readline(MAX_LINE + 1):
        yield line
