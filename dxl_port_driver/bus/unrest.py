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
Answers that may be on the wire though nobody can tell how many there are, or how long they take.

A raw write may be anything, and so may the answers to an instruction that the driver does not
know; and a read that was sent without waiting for its data, which an adapter may keep back, looks
like the answer to the next one. After such bytes the next request waits until nothing came for
the packet timeout. What is in the receive buffer stays there: it may be for a raw read.

A raw write does not wait behind a raw read that brought something: then the program that wrote
has its answer, and a loop of raw writes and reads is as quick as its device. Nor does one that
goes on with half a packet, which no servo answers before it is whole.
"""

from __future__ import annotations

from collections.abc import Iterator
import time

from dxl_port_driver.port.base import Port
from dxl_port_driver.protocol.framer import goes_on

_LONGEST_S = 1.0
"""How long the line is waited for at the most when it does not fall quiet, s."""


class Unrest:
    """Whether unknown answers may be on the wire, and since when nothing has come."""

    def __init__(self) -> None:
        self.is_there = False
        """Whether it is not known that the line is quiet."""
        self._quiet_s = 0.0
        self._quiet_from = 0.0
        self._was_read = False
        self._written = b''

    def begin(self, now: float, quiet_s: float, data: bytes = b'') -> None:
        """
        Note that bytes were sent whose answers are not known.

        :param now: when, monotonic time, s.
        :param quiet_s: for how long nothing may come until nothing more will, s.
        :param data: the bytes, if they were a raw write.
        """
        self.is_there = True
        self._quiet_s = quiet_s
        self._quiet_from = now + quiet_s
        self._was_read = False
        # Behind half a packet that was there when this was written; else there is none.
        self._written += data

    def read(self, now: float, *, is_all: bool) -> None:
        """
        Note that a raw read brought something.

        :param now: when, monotonic time, s.
        :param is_all: whether it was what was asked for.
        """
        self._quiet_from = now + self._quiet_s
        self._was_read |= is_all

    def ended(self) -> None:
        """Note that nothing is on the wire."""
        self.is_there = False
        self._written = b''

    def waits(self, port: Port, raw: bytes) -> Iterator[float]:
        """
        Wait until the line is quiet, or has not been for a second.

        :param raw: the bytes of the raw write that follows; empty for a transaction.
        :return: until when to let time pass, again and again, monotonic time, s.
        :raises ReceiveError: the device failed.
        """
        came = port.available()
        if raw and goes_on(self._written, raw):
            return
        self._written = b''
        if raw and self._was_read and not came:
            return
        now = time.monotonic()
        give_up = now + _LONGEST_S
        if came:
            # Nobody knows since when.
            self._quiet_from = now + self._quiet_s
        while now < min(self._quiet_from, give_up):
            yield min(self._quiet_from, give_up)
            now, before, came = time.monotonic(), came, port.available()
            if came != before:
                self._quiet_from = now + self._quiet_s
        self.ended()
