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

"""A recorded session, played as a port: so that a bug from the field becomes a test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from dxl_port_driver.recording.file import load_recording
from dxl_port_driver.recording.format import Recording
from dxl_port_driver.recording.player import Player
from dxl_port_driver.sim.pty_server import PtyHost

if TYPE_CHECKING:
    from typing_extensions import Self


class ReplayServer:
    """
    Plays a recording behind a pty, from :meth:`start` to :meth:`stop` or in a ``with`` block.

    ::

        with ReplayServer('session.dxl') as replay:
            port = PortHandler(replay.path)

    :param recording: what to play, or the path of its file.
    :param fast: answer at once instead of after the recorded time.
    :param link: a symbolic link to keep pointing at the pty; None for none.
    :param on_unknown: is told, in another thread, of instructions that were not recorded.
    :raises RecordingError: the file cannot be read, or is no recording.
    """

    def __init__(
        self,
        recording: Recording | str | Path,
        *,
        fast: bool = False,
        link: Path | None = None,
        on_unknown: Callable[[bytes], None] | None = None,
    ) -> None:
        if not isinstance(recording, Recording):
            recording = load_recording(str(recording))
        self.recording = recording
        self._player = Player(recording, fast=fast, on_unknown=on_unknown)
        self._host = PtyHost(self._player, link, lasting=True)

    @property
    def path(self) -> str:
        """Path of the pty, for whoever opens ports; empty while it is not started."""
        return self._host.path or ''

    @property
    def matched(self) -> int:
        """How many instructions came that were recorded."""
        return self._player.matched

    @property
    def unknown(self) -> int:
        """How many instructions came that were not."""
        return self._player.unknown

    def start(self) -> None:
        """
        Make the pty and play.

        :raises OSError: there is no pty to be had, or the link cannot be made.
        """
        try:
            self._host.start()
        except BaseException:
            self._host.stop()
            raise

    def stop(self) -> None:
        """End; safe any number of times."""
        self._host.stop()

    def __enter__(self) -> Self:
        """Start, and give itself for a ``with`` block."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End at the end of the block."""
        self.stop()
