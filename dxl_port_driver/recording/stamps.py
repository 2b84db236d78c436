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

"""Makes of the stamps of a driver, which follow a wall clock, times that never go back."""

from __future__ import annotations

_STEP_US = 1_000_000


class Stamps:
    """
    Times since the start of a recording.

    Another machine's clock may show another time, and any wall clock may be set while it is
    recorded. Then the recorder's own count of time tells how far the recording is.

    :param start_ns: what the recorder's clock showed at the start, ns since 1970.
    """

    def __init__(self, start_ns: int) -> None:
        self._base_ns = start_ns
        self._last_us = 0

    def at_us(self, stamp_ns: int, elapsed_s: float) -> int:
        """
        Give the time of a piece, us.

        :param stamp_ns: its stamp, ns since 1970.
        :param elapsed_s: how long it is recorded for by now, s.
        """
        at_us = (stamp_ns - self._base_ns) // 1000
        now_us = round(elapsed_s * 1e6)
        if at_us > now_us + _STEP_US or at_us < self._last_us - _STEP_US:
            # No piece is from the future, and they come in order: the clock is another one.
            self._base_ns = stamp_ns - now_us * 1000
            at_us = now_us
        self._last_us = max(at_us, self._last_us)
        return self._last_us
