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
The motor of an X or P series servo.

Source: e-Manual, "XM430-W350" and "PH54-200-S500-R" (Operating Mode, Drive Mode, Goal, Profile
and Present items, Bus Watchdog).
"""

from __future__ import annotations

import struct

from dxl_port_driver.protocol.instructions import V2Error
from dxl_port_driver.sim.actuator import Actuator, WHOLE_TICK
from dxl_port_driver.sim.control_table import Register
from dxl_port_driver.sim.memory import Memory
from dxl_port_driver.sim.models import Model

_CURRENT, _VELOCITY, _POSITION, _PWM = 0, 1, 3, 16
# From Realtime Tick to Present Temperature; the same order and sizes in both series.
_PRESENT = struct.Struct('<HBBhhiiiiHB')
_LOWEST, _ROUND = -(1 << 31), 1 << 32
_TIME_BASED, _TORQUE_ON_BY_GOAL = 0x04, 0x08


class V2Actuator(Actuator):
    """
    The motor of an X or P series servo.

    :param model: what kind of servo it is in.
    :param memory: the servo's bytes.
    """

    _goal_was_set = False

    def __init__(self, model: Model, memory: Memory) -> None:
        super().__init__(model, memory)
        self._present_at = memory.table['realtime_tick'].address
        self._full_pwm = memory.table['pwm_limit'].maximum
        self._full_load = 100 if 'present_load' in memory.table else 40

    def middle(self) -> float:
        """Give the position that it is in at first."""
        # Single-turn servos rest in the middle of their range, those of the P series at zero.
        return float(
            (self.value('max_position_limit') + self.value('min_position_limit') + 1) // 2
        )

    def check(self, register: Register, value: int) -> V2Error:
        """Tell whether a value is within the limits that other items set."""
        name = register.name
        if name == 'goal_position':
            if self.value('operating_mode') == _POSITION and not (
                self.value('min_position_limit') <= value <= self.value('max_position_limit')
            ):
                return V2Error.DATA_LIMIT
        elif name in ('goal_velocity', 'goal_pwm', 'goal_current'):
            if abs(value) > self.value(f'{name[5:]}_limit'):
                return V2Error.DATA_LIMIT
        elif name == 'bus_watchdog' and value < 0:
            return V2Error.DATA_RANGE
        # Once the Bus Watchdog has struck, goals are read only until it is written.
        if name.startswith('goal_') and self.value('bus_watchdog') < 0:
            return V2Error.ACCESS
        return V2Error.NONE

    def written(self, names: set[str], now: float) -> None:
        """Do what items that were just written ask for."""
        if 'homing_offset' in names:
            self._shift_home(now)
        if 'operating_mode' in names:
            self._reset_goals(now)
        if 'torque_enable' in names:
            self._switch_torque(now)
        elif 'goal_position' in names and not self.torque:
            self._goal_was_set = True
            if self.value('drive_mode') & _TORQUE_ON_BY_GOAL:
                self.store('torque_enable', 1)
                self._start(now)
        elif self.torque and any(name.startswith('goal_') for name in names):
            self._start(now)

    def _switch_torque(self, now: float) -> None:
        if not self.torque:
            self.motion.hold(now)
            self._goal_was_set = False
            return
        if not self._goal_was_set:
            self.store('goal_position', self.motion.at(now)[0] + self._home)
        self._start(now)

    _home = 0

    def _shift_home(self, now: float) -> None:
        self._home = self.value('homing_offset')
        self.store('goal_position', self.motion.at(now)[0] + self._home)

    def _reset_goals(self, now: float) -> None:
        self.store('goal_pwm', self.value('pwm_limit'))
        self.store('goal_current', self.value('current_limit'))
        self.store('goal_velocity', 0)
        self.store('goal_position', self.motion.at(now)[0] + self._home)

    def _start(self, now: float) -> None:
        mode = self.value('operating_mode')
        motion = self.motion
        if mode == _VELOCITY:
            speed = self.speed_per_unit * (self.value('goal_velocity'))
            motion.turn(max(-self.fastest, min(self.fastest, speed)), now)
        elif mode in (_PWM, _CURRENT):
            kind = 'pwm' if mode == _PWM else 'current'
            most = self.value(f'{kind}_limit') or 1
            motion.turn(self.fastest * self.value(f'goal_{kind}') / most, now)
        else:
            self._start_position(float(self.value('goal_position') - self._home), now)

    def _start_position(self, goal: float, now: float) -> None:
        velocity, acceleration = self.value('profile_velocity'), self.value('profile_acceleration')
        if goal == self.motion.goal and self.motion.is_moving(now):
            return
        if self.value('drive_mode') & _TIME_BASED and velocity:
            self.motion.go_in(goal, velocity / 1000, acceleration / 1000, now)
            return
        speed = min(self.fastest, self.speed_per_unit * (velocity) if velocity else self.fastest)
        self.motion.go(goal, speed, self.acceleration_per_unit * acceleration, now)

    def refresh(self, now: float) -> None:
        """Bring the Present items up to date."""
        position, velocity = self.motion.at(now)
        moving = self.motion.is_moving(now)
        units = round(velocity / self.speed_per_unit)
        effort = velocity / self.fastest
        place = round(position) + self._home
        # A servo that turns for long goes round at the end of its range as well.
        place = (place - _LOWEST) % _ROUND + _LOWEST
        _PRESENT.pack_into(
            self.memory.data,
            self._present_at,
            int(now * 1000) % WHOLE_TICK,
            moving,
            (0x02 if moving else 0x01) if self.torque else 0,
            round(effort * self._full_pwm),
            round(effort * self._full_load),
            units,
            place,
            units,
            place,
            self.supply - moving,
            31 + moving,
        )

    def restart(self, now: float) -> None:
        """Begin anew after a power cycle."""
        # What is left of the position after a power cycle is what the absolute encoder sees.
        position = self.motion.at(now)[0]
        self._home = self.value('homing_offset')
        if self.value('min_position_limit') >= 0:
            position %= self.counts_per_turn
        self.motion.place(position)
        self._goal_was_set = False
        self._reset_goals(now)
