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

The angle limits say in which mode it is: joint, wheel (both 0) or multi-turn (both 4095). Torque
control (MX-64) goes before all of them.

Source: e-Manual, "AX-12A" and "MX-64T/R/AT/AR" (Angle Limit, Multi Turn Offset, Resolution
Divider, Goal Position, Moving Speed, Torque Control Mode Enable, Goal Torque, Goal Acceleration,
Present items, Lock).
"""

from __future__ import annotations

from enum import Enum

from dxl_port_driver.protocol.instructions import V2Error
from dxl_port_driver.sim.actuator import Actuator, WHOLE_TICK
from dxl_port_driver.sim.control_table import Register

_DIRECTION = 0x400
_MULTI_TURN_LIMIT = 4095
_NO_CURRENT = 2048
_FULL_LOAD, _FULL_CURRENT = 100, 40


class Mode(Enum):
    """How the motor is controlled."""

    JOINT = 'joint'
    WHEEL = 'wheel'
    MULTI_TURN = 'multi-turn'
    TORQUE = 'torque'


_ENDLESS = (Mode.WHEEL, Mode.TORQUE)
_MODE_ITEMS = frozenset(
    {
        'cw_angle_limit',
        'ccw_angle_limit',
        'multi_turn_offset',
        'resolution_divider',
        'torque_ctrl_mode_enable',
    }
)
_TORQUE_ITEMS = frozenset({'torque_enable', 'torque_ctrl_mode_enable'})
_MOVED_BY = {
    Mode.JOINT: _TORQUE_ITEMS | {'goal_position', 'moving_speed'},
    Mode.WHEEL: _TORQUE_ITEMS | {'moving_speed'},
    Mode.MULTI_TURN: _TORQUE_ITEMS | {'goal_position', 'moving_speed'},
    Mode.TORQUE: _TORQUE_ITEMS | {'goal_torque', 'torque_limit'},
}
"""The items that have an effect on the motion in each mode."""


class V1Actuator(Actuator):
    """The motor of an AX or MX series servo that speaks Protocol 1.0."""

    _mode = Mode.JOINT
    _offset = 0
    _divider = 1

    def middle(self) -> float:
        """Give the position that it is in at first."""
        return float((self.value('ccw_angle_limit') + 1) // 2)

    def _read_mode(self) -> None:
        limits = {self.value('cw_angle_limit'), self.value('ccw_angle_limit')}
        if self.value('torque_ctrl_mode_enable'):
            self._mode = Mode.TORQUE
        elif limits == {0}:
            self._mode = Mode.WHEEL
        elif limits == {_MULTI_TURN_LIMIT}:
            self._mode = Mode.MULTI_TURN
        else:
            self._mode = Mode.JOINT
        # Offset and divider are ignored in every other mode.
        is_multi_turn = self._mode is Mode.MULTI_TURN
        self._offset = self.value('multi_turn_offset') if is_multi_turn else 0
        self._divider = max(1, self.value('resolution_divider')) if is_multi_turn else 1

    def _change_mode(self, now: float) -> None:
        before = self._mode
        self._read_mode()
        if self._mode is not before:
            self.motion.hold(now)
            if self._mode is Mode.JOINT:
                self.motion.place(self.within_turn(self.motion.goal))
        self.store('goal_position', self.shown(self.motion.goal))

    def shown(self, position: float) -> float:
        """Return what the Position items say of a position of the shaft."""
        if self._mode in _ENDLESS:
            return self.within_turn(position)
        return position / self._divider + self._offset

    def placed(self, value: float) -> float:
        """Return the position of the shaft that a value of the Position items means."""
        return (value - self._offset) * self._divider

    def check(self, register: Register, value: int) -> V2Error:
        """Tell whether a value is within the limits that other items set."""
        if register.name == 'goal_position' and self._mode is Mode.JOINT:
            low, high = self.value('cw_angle_limit'), self.value('ccw_angle_limit')
            return V2Error.NONE if low <= value <= high else V2Error.DATA_LIMIT
        if register.name == 'lock' and value < self.value('lock'):
            return V2Error.DATA_RANGE
        return V2Error.NONE

    def written(self, names: set[str], now: float) -> None:
        """Do what items that were just written ask for."""
        if not names.isdisjoint(_MODE_ITEMS):
            self._change_mode(now)
        if 'goal_position' in names:
            # Writing a goal switches the torque on by itself on these models.
            self.store('torque_enable', 1)
        if not self.torque:
            self.motion.hold(now)
        elif not names.isdisjoint(_MOVED_BY[self._mode]):
            self._start(names, now)

    def _start(self, names: set[str], now: float) -> None:
        asked = self.value('moving_speed')
        speed = self.speed_per_unit * (asked & (_DIRECTION - 1))
        acceleration = self.acceleration_per_unit * self.value('goal_acceleration')
        if self._mode is Mode.TORQUE:
            self.motion.turn(self.fastest * self._torque() / (_DIRECTION - 1), now)
        elif self._mode is Mode.WHEEL:
            speed = min(speed, self.fastest) * (-1 if asked & _DIRECTION else 1)
            change = abs(speed - self.motion.at(now)[1])
            self.motion.turn(speed, now, change / acceleration if acceleration else 0.0)
        elif 'goal_position' not in names and not self.motion.is_moving(now):
            self.store('goal_position', self.shown(self.motion.goal))
        else:
            goal = self.placed(self.value('goal_position'))
            speed = min(self.fastest, speed or self.fastest)
            self.motion.go(goal, speed, acceleration, now)

    def _torque(self) -> int:
        """Return the torque that Goal Torque asks for, clockwise below 0, within its limit."""
        asked = self.value('goal_torque')
        torque = min(asked & (_DIRECTION - 1), self.value('torque_limit'))
        return -torque if asked & _DIRECTION else torque

    def refresh(self, now: float) -> None:
        """Bring the Present items up to date."""
        position, velocity = self.motion.at(now)
        moving = self.motion.is_moving(now)
        clockwise = _DIRECTION if velocity < 0 else 0
        units = round(abs(velocity) / self.speed_per_unit)
        effort = velocity / self.fastest
        in_torque_mode = self._mode is Mode.TORQUE and self.torque
        current = self._torque() if in_torque_mode else effort * _FULL_CURRENT
        store = self.store
        store('present_position', self.shown(position))
        store('present_speed', min(units, _DIRECTION - 1) | clockwise)
        store('present_load', round(abs(effort) * _FULL_LOAD) | clockwise)
        store('present_voltage', self.supply - moving)
        store('present_temperature', 31 + moving)
        store('moving', moving)
        store('realtime_tick', int(now * 1000) % WHOLE_TICK)
        store('current', _NO_CURRENT + current)

    def restart(self, now: float) -> None:
        """Begin anew after a power cycle."""
        position = self.motion.at(now)[0]
        if self._mode is not Mode.JOINT:
            position = self.within_turn(position)
        self._read_mode()
        self.motion.place(position)
        self.store('goal_position', self.shown(position))
        self.store('torque_limit', self.value('max_torque'))
