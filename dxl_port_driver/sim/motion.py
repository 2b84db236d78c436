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
Where a shaft is at a given time: at rest, on its way to a goal, or turning on.

Each state is a closed formula of the time, so nothing has to be stepped.
"""

from __future__ import annotations

import math


class Motion:
    """
    One shaft.

    :param position: where it is, position units.
    """

    def __init__(self, position: float) -> None:
        self._start = position
        self._since = 0.0
        self._goal = position
        self._entry = 0.0
        self._cruise = 0.0
        self._ramp_s = 0.0
        self._end = 0.0
        self._turning = False

    @property
    def goal(self) -> float:
        """Where it goes, or rests."""
        return self._goal

    def hold(self, now: float) -> None:
        """Stop where it is."""
        self.place(self.at(now)[0])

    def place(self, position: float) -> None:
        """Be at rest at a position."""
        self._start = self._goal = position
        self._cruise = 0.0
        self._turning = False

    def turn(self, speed: float, now: float, ramp_s: float = 0.0) -> None:
        """
        Turn on and on; with speed 0, come to rest.

        :param speed: position units a second.
        :param ramp_s: time to get there from the speed that it has, s; 0: at once.
        """
        start, entry = self.at(now)
        self.place(start)
        if speed != 0.0 or (ramp_s > 0.0 and entry != 0.0):
            self._entry, self._cruise = entry, speed
            self._since, self._ramp_s = now, ramp_s
            self._turning = True

    def go(self, goal: float, speed: float, acceleration: float, now: float) -> None:
        """
        Go to a goal: speed up, cruise, slow down.

        :param goal: position.
        :param speed: highest speed, position units a second, above 0.
        :param acceleration: position units a second squared; 0: at once.
        """
        start, _ = self.at(now)
        distance = abs(goal - start)
        ramp_s = 0.0
        if acceleration > 0.0:
            # A short way has no time to reach full speed.
            speed = min(speed, math.sqrt(distance * acceleration))
            ramp_s = speed / acceleration
        self._begin(start, goal, speed, ramp_s, now)

    def go_in(self, goal: float, duration_s: float, ramp_s: float, now: float) -> None:
        """
        Go to a goal in a given time.

        :param goal: position.
        :param duration_s: time for the whole way, above 0.
        :param ramp_s: time to speed up, at most half of it.
        """
        start, _ = self.at(now)
        ramp_s = min(ramp_s, duration_s / 2)
        self._begin(start, goal, abs(goal - start) / (duration_s - ramp_s), ramp_s, now)

    def _begin(self, start: float, goal: float, speed: float, ramp_s: float, now: float) -> None:
        self._turning = False
        self._start, self._goal, self._since = start, goal, now
        self._cruise = math.copysign(speed, goal - start)
        self._ramp_s = ramp_s
        distance = abs(goal - start)
        self._end = now + (distance / speed + ramp_s if distance else 0.0)

    def at(self, now: float) -> tuple[float, float]:
        """Give position and velocity (position units a second) at a time."""
        if self._turning:
            return self._at_turning(now - self._since)
        if self._cruise == 0.0 or now >= self._end:
            return self._goal, 0.0
        passed, left = max(0.0, now - self._since), self._end - now
        if passed < self._ramp_s:
            part = passed / self._ramp_s
            return self._start + self._cruise * part * passed / 2, self._cruise * part
        if left < self._ramp_s:
            part = left / self._ramp_s
            return self._goal - self._cruise * part * left / 2, self._cruise * part
        return self._start + self._cruise * (passed - self._ramp_s / 2), self._cruise

    def _at_turning(self, passed: float) -> tuple[float, float]:
        if passed < self._ramp_s:
            speed = self._entry + (self._cruise - self._entry) * passed / self._ramp_s
            return self._start + (self._entry + speed) / 2 * passed, speed
        ramp = (self._entry + self._cruise) / 2 * self._ramp_s
        return self._start + ramp + self._cruise * (passed - self._ramp_s), self._cruise

    def is_moving(self, now: float) -> bool:
        """Tell whether it turns, or has not reached its goal."""
        if self._turning:
            return self._cruise != 0.0 or now - self._since < self._ramp_s
        return self._cruise != 0.0 and now < self._end
