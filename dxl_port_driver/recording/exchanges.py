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

"""Puts what was received to what it answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from dxl_port_driver.recording.format import Piece


class Exchange(NamedTuple):
    """
    An instruction and what was received until the next one.

    :param request: what was sent.
    :param replies: what was received.
    """

    request: Piece
    replies: tuple[Piece, ...]


def exchanges(pieces: Iterable[Piece]) -> list[Exchange]:
    """Give the exchanges in order; what was received before the first instruction is left out."""
    found: list[Exchange] = []
    request: Piece | None = None
    replies: list[Piece] = []
    for piece in pieces:
        if not piece.sent:
            replies.append(piece)
            continue
        if request is not None:
            found.append(Exchange(request, tuple(replies)))
        request, replies = piece, []
    if request is not None:
        found.append(Exchange(request, tuple(replies)))
    return found
