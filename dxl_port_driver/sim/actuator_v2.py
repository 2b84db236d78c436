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

Source: e-Manual, "XM430-W350", "XL430-W250", "XL330-M288-T" and "PH54-200-S500-R" (Operating
Mode, Drive Mode, Homing Offset, Shutdown, Torque Enable, Goal, Profile and Present items, Bus
Watchdog, What is the Profile).
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from dxl_port_driver.protocol.instructions import V2Error
from dxl_port_driver.sim.actuator import Actuator, WHOLE_TICK
from dxl_port_driver.sim.control_table import Register
from dxl_port_driver.sim.memory import Memory
from dxl_port_driver.sim.models import Model

# From Realtime Tick to Present Temperature; the same order and sizes in both series.
_PRESENT = struct.Struct('<HBBhhiiiiHB')
_LOWEST, _ROUND = -(1 << 31), 1 << 32
_REVERSE, _TIME_BASED, _TORQUE_ON_BY_GOAL = 0x01, 0x04, 0x08


class Mode(NamedTuple):
    """
    What an Operating Mode means for the motor.

    :param goal: the item that moves it.
    :param single_turn: the position is one within a single turn, between the Position Limits.
    """

    goal: str
    single_turn: bool = False


_POSITION = Mode('goal_position', single_turn=True)
_MODES = {
    0: Mode('goal_current'),
    1: Mode('goal_velocity'),
    3: _POSITION,
    4: Mode('goal_position'),
    5: Mode('goal_position'),
    16: Mode('goal_pwm'),
}
"""By the value of Operating Mode; told apart by identity, for two of them may be alike."""

_LIMITED_BY = {
    'goal_velocity': 'velocity_limit',
    'goal_pwm': 'pwm_limit',
    'goal_current': 'current_limit',
}
"""Goals that may not go beyond another item, in either direction."""

_RESET_TO_ZERO = ('profile_velocity', 'profile_acceleration')
_RESET_TO_INITIAL = (
    'velocity_i_gain',
    'velocity_p_gain',
    'position_d_gain',
    'position_i_gain',
    'position_p_gain',
    'feedforward_2nd_gain',
    'feedforward_1st_gain',
)
_RESET_TO_LIMIT = {'goal_pwm': 'pwm_limit', 'goal_current': 'current_limit'}
"""What another Operating Mode resets; the goals also when the servo starts."""

_CONFIGURATION = frozenset({'operating_mode', 'drive_mode', 'homing_offset'})
_STATE = frozenset({*_CONFIGURATION, 'torque_enable', 'hardware_error_status'})


class V2Actuator(Actuator):
    """
    The motor of an X or P series servo.

    The shaft's position counts in the direction that Drive Mode sets, without Homing Offset.

    :param model: what kind of servo it is in.
    :param memory: the servo's bytes.
    """

    _mode = _POSITION
    _reverse = False
    _home = 0
    _powered = False
    _shut_down = False
    _goal_was_set = False

    def __init__(self, model: Model, memory: Memory) -> None:
        super().__init__(model, memory)
        table = memory.table
        self._present_at = table['realtime_tick'].address
        self._full_pwm = table['pwm_limit'].maximum
        self._full_load = 100 if 'present_load' in table else 40
        # One turn of the P series goes from -180 to 180 degrees, of the X series from 0 to 360.
        is_centered = table['min_position_limit'].minimum < 0
        self._turn_begins = -self.counts_per_turn / 2 if is_centered else 0.0

    def middle(self) -> float:
        """Give the position that it is in at first."""
        # Single-turn servos rest in the middle of their range, those of the P series at zero.
        return float(
            (self.value('max_position_limit') + self.value('min_position_limit') + 1) // 2
        )

    def within_turn(self, position: float) -> float:
        """Return what an absolute encoder sees of a position: its place within one turn."""
        return (round(position) - self._turn_begins) % self.counts_per_turn + self._turn_begins

    def shown(self, position: float) -> float:
        """Return what the Position items say of a position of the shaft."""
        # A servo that turns for long goes round at the end of its range as well.
        return (round(position) + self._home - _LOWEST) % _ROUND + _LOWEST

    def placed(self, value: float) -> float:
        """Return the position of the shaft that a value of the Position items means."""
        return value - self._home

    def check(self, register: Register, value: int) -> V2Error:
        """Tell whether a value is within the limits that other items set."""
        name = register.name
        if name == 'bus_watchdog' and value < 0:
            return V2Error.DATA_RANGE
        if not name.startswith('goal_'):
            return V2Error.NONE
        if self.value('bus_watchdog') < 0:
            # Once the Bus Watchdog has struck, goals are read only until it is written.
            return V2Error.DATA_RANGE
        limit = _LIMITED_BY.get(name)
        if limit is not None:
            within = abs(value) <= self.value(limit)
        else:
            low, high = self.value('min_position_limit'), self.value('max_position_limit')
            within = not self._mode.single_turn or low <= value <= high
        return V2Error.NONE if within else V2Error.DATA_LIMIT

    def written(self, names: set[str], now: float) -> None:
        """Do what items that were just written ask for."""
        has_goal = self._mode.goal in names
        if has_goal and not self._powered:
            self._goal_was_set = True
            if self.value('drive_mode') & _TORQUE_ON_BY_GOAL:
                self.store('torque_enable', 1)
                self._switch_torque(now)
        elif has_goal:
            self._start(now)
        if names.isdisjoint(_STATE):
            return
        if not names.isdisjoint(_CONFIGURATION):
            self._configure(now)
        if 'hardware_error_status' in names:
            self._take_error()
        self._switch_torque(now)

    # --- settings --------------------------------------------------------------------------

    def _configure(self, now: float) -> None:
        """Act on a new Operating Mode, Drive Mode or Homing Offset."""
        before = self._mode
        self._read_configuration(now)
        if self._mode is not before:
            self._reset_goals()
            for name in _RESET_TO_ZERO:
                self.store(name, 0)
            for name in _RESET_TO_INITIAL:
                self.store(name, self.memory.table[name].initial)
        self._goal_was_set = False
        self.store('goal_position', self.shown(self.motion.goal))

    def _read_configuration(self, now: float) -> None:
        position = self.motion.at(now)[0]
        mode = _MODES.get(self.value('operating_mode'), self._mode)
        reverse = bool(self.value('drive_mode') & _REVERSE)
        if reverse is not self._reverse:
            position = -position
        if mode.single_turn and (mode is not self._mode or reverse is not self._reverse):
            position = self.within_turn(position)
        self.motion.place(position)
        self._mode, self._reverse = mode, reverse
        offset = self.value('homing_offset')
        # A single turn has room for a quarter of it; more than that is ignored.
        is_ignored = mode.single_turn and abs(offset) > self.counts_per_turn / 4
        self._home = 0 if is_ignored else offset

    def _reset_goals(self) -> None:
        self.store('goal_velocity', 0)
        for name, limit in _RESET_TO_LIMIT.items():
            self.store(name, self.value(limit))

    # --- torque and errors -----------------------------------------------------------------

    def _take_error(self) -> None:
        """Shut down when Shutdown names the error; only a restart ends that."""
        if self.value('hardware_error_status') & self.value('shutdown'):
            self._shut_down = True
            self.store('torque_enable', 0)

    def _switch_torque(self, now: float) -> None:
        if self._shut_down:
            self.store('torque_enable', 0)
        if self.torque is self._powered:
            return
        self._powered = self.torque
        if not self._powered:
            self.motion.hold(now)
            self._goal_was_set = False
            return
        if self._mode.single_turn:
            self.motion.place(self.within_turn(self.motion.at(now)[0]))
        if not self._goal_was_set:
            self.store('goal_position', self.shown(self.motion.goal))
        self._start(now)

    # --- motion ----------------------------------------------------------------------------

    def _start(self, now: float) -> None:
        goal = self._mode.goal
        value = self.value(goal)
        if goal == 'goal_position':
            self._go(self.placed(value), now)
        elif goal == 'goal_velocity':
            self._turn(self.speed_per_unit * value, now)
        else:
            # A limit may have been lowered below a goal that is there already.
            part = value / (self.value(_LIMITED_BY[goal]) or 1)
            self.motion.turn(self.fastest * max(-1.0, min(1.0, part)), now)

    def _turn(self, speed: float, now: float) -> None:
        speed = max(-self.fastest, min(self.fastest, speed))
        acceleration = self.value('profile_acceleration')
        if not acceleration:
            ramp_s = 0.0
        elif self.value('drive_mode') & _TIME_BASED:
            ramp_s = acceleration / 1000
        else:
            change = abs(speed - self.motion.at(now)[1])
            ramp_s = change / (self.acceleration_per_unit * acceleration)
        self.motion.turn(speed, now, ramp_s)

    def _go(self, goal: float, now: float) -> None:
        if goal == self.motion.goal and self.motion.is_moving(now):
            return
        velocity, acceleration = self.value('profile_velocity'), self.value('profile_acceleration')
        if not velocity:
            # No profile at all, however high the acceleration.
            self.motion.go(goal, self.fastest, 0.0, now)
        elif self.value('drive_mode') & _TIME_BASED:
            span_s = velocity / 1000
            ramp_s = min(acceleration / 1000, span_s / 2)
            # The motor is no faster than it is, however short the time.
            least_s = abs(goal - self.motion.at(now)[0]) / self.fastest + ramp_s
            self.motion.go_in(goal, max(span_s, least_s), ramp_s, now)
        else:
            speed = min(self.fastest, self.speed_per_unit * velocity)
            self.motion.go(goal, speed, self.acceleration_per_unit * acceleration, now)

    def refresh(self, now: float) -> None:
        """Bring the Present items up to date."""
        position, velocity = self.motion.at(now)
        moving = self.motion.is_moving(now)
        units = round(velocity / self.speed_per_unit)
        effort = velocity / self.fastest
        place = (round(position) + self._home - _LOWEST) % _ROUND + _LOWEST
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
        self._powered = self._shut_down = self._goal_was_set = False
        self._read_configuration(now)
        # What is left of the position after a power cycle is what the absolute encoder sees.
        self.clear_turns(now)
        self._reset_goals()
