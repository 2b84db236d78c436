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
The motor of an AX or MX series servo that speaks Protocol 1.0.

Source: e-Manual, "AX-12A" and "MX-64T/R/AT/AR" (Angle Limit, Goal Position, Moving Speed, Present
items, Lock).
"""

from __future__ import annotations

from dxl_port_driver.protocol.instructions import V2Error
from dxl_port_driver.sim.actuator import Actuator, WHOLE_TICK
from dxl_port_driver.sim.control_table import Register

_DIRECTION = 0x400


class V1Actuator(Actuator):
    """The motor of an AX or MX series servo that speaks Protocol 1.0."""

    def middle(self) -> float:
        """Give the position that it is in at first."""
        return float((self.value('ccw_angle_limit') + 1) // 2)

    def _is_wheel(self) -> bool:
        return self.value('cw_angle_limit') == 0 == self.value('ccw_angle_limit')

    def _is_multi_turn(self) -> bool:
        return self.value('cw_angle_limit') == 4095 == self.value('ccw_angle_limit')

    def check(self, register: Register, value: int) -> V2Error:
        """Tell whether a value is within the limits that other items set."""
        if register.name == 'goal_position' and not self._is_wheel():
            low, high = self.value('cw_angle_limit'), self.value('ccw_angle_limit')
            if not self._is_multi_turn() and not low <= value <= high:
                return V2Error.DATA_LIMIT
        if register.name == 'lock' and value < self.value('lock'):
            return V2Error.DATA_RANGE
        return V2Error.NONE

    def written(self, names: set[str], now: float) -> None:
        """Do what items that were just written ask for."""
        if 'goal_position' in names:
            # Writing a goal switches the torque on by itself on these models.
            self.store('torque_enable', 1)
        if not self.torque:
            self.motion.hold(now)
            return
        if names & {'goal_position', 'moving_speed', 'torque_enable'}:
            self._start(names, now)

    def _start(self, names: set[str], now: float) -> None:
        asked = self.value('moving_speed')
        speed = self.speed_per_unit * (asked & (_DIRECTION - 1))
        if self._is_wheel():
            speed = min(speed, self.fastest)
            self.motion.turn(-speed if asked & _DIRECTION else speed, now)
            return
        if 'goal_position' not in names and not self.motion.is_moving(now):
            self.store('goal_position', self.motion.at(now)[0])
            return
        speed = min(self.fastest, speed or self.fastest)
        acceleration = self.acceleration_per_unit * self.value('goal_acceleration')
        self.motion.go(float(self.value('goal_position')), speed, acceleration, now)

    def refresh(self, now: float) -> None:
        """Bring the Present items up to date."""
        position, velocity = self.motion.at(now)
        moving = self.motion.is_moving(now)
        clockwise = _DIRECTION if velocity < 0 else 0
        units = round(abs(velocity) / self.speed_per_unit)
        if self._is_wheel():
            position %= self.counts_per_turn
        store = self.store
        store('present_position', position)
        store('present_speed', min(units, _DIRECTION - 1) | clockwise)
        store('present_load', round(abs(velocity) / self.fastest * 100) | clockwise)
        store('present_voltage', self.supply - moving)
        store('present_temperature', 31 + moving)
        store('moving', moving)
        store('realtime_tick', int(now * 1000) % WHOLE_TICK)

    def restart(self, now: float) -> None:
        """Begin anew after a power cycle."""
        position = self.motion.at(now)[0]
        if self._is_multi_turn() or self._is_wheel():
            position %= self.counts_per_turn
        self.motion.place(position)
        self.store('goal_position', position)
        self.store('torque_limit', self.value('max_torque'))
