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
The motor of a servo: what goals make of it, and what the Present items tell of it.

Its two kinds are in ``actuator_v1`` and ``actuator_v2``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from dxl_port_driver.protocol.instructions import V2Error
from dxl_port_driver.sim.control_table import Register
from dxl_port_driver.sim.memory import Memory
from dxl_port_driver.sim.models import Model
from dxl_port_driver.sim.motion import Motion

WHOLE_TICK = 1 << 15
"""Realtime Tick counts ms up to this."""


class Actuator(ABC):
    """
    Moves the shaft as the control table says, and tells in the table where it is.

    :param model: what kind of servo it is in.
    :param memory: the servo's bytes.
    """

    def __init__(self, model: Model, memory: Memory) -> None:
        self.memory = memory
        self.value = memory.value
        self.store = memory.store
        # Position units a second for each unit of velocity, for the fastest turn, and a second
        # squared for each unit of acceleration.
        per_rpm = model.counts_per_turn / 60.0
        self.speed_per_unit = model.rpm_per_unit * per_rpm
        self.fastest = model.no_load_rpm * per_rpm
        self.acceleration_per_unit = model.acceleration_per_unit * per_rpm / 60.0
        self.counts_per_turn = model.counts_per_turn
        self.supply = model.supply
        self.motion = Motion(self.middle())

    @property
    def torque(self) -> bool:
        """Whether the motor has power."""
        return bool(self.value('torque_enable'))

    @abstractmethod
    def middle(self) -> float:
        """Give the position that it is in at first."""

    @abstractmethod
    def shown(self, position: float) -> float:
        """Return what the Position items say of a position of the shaft."""

    @abstractmethod
    def placed(self, value: float) -> float:
        """Return the position of the shaft that a value of the Position items means."""

    def within_turn(self, position: float) -> float:
        """Return what an absolute encoder sees of a position: its place within one turn."""
        return position % self.counts_per_turn

    def stop(self, now: float) -> None:
        """Stop at once, and make this position the goal."""
        self.motion.hold(now)
        self.store('goal_position', self.shown(self.motion.goal))

    def clear_turns(self, now: float) -> None:
        """Forget the whole turns in the position."""
        self.motion.place(self.within_turn(self.motion.at(now)[0]))
        self.store('goal_position', self.shown(self.motion.goal))

    def poke(self, name: str, value: int, now: float) -> None:
        """
        Put a value into an item past all checks; into Present Position: turn the shaft there.

        :param name: of the item.
        :param value: what to put in.
        :param now: time, s.
        """
        self.store(name, value)
        if name == 'present_position':
            self.motion.place(self.placed(value))
        else:
            self.written({name}, now)

    @abstractmethod
    def check(self, register: Register, value: int) -> V2Error:
        """Tell whether a value is within the limits that other items set."""

    @abstractmethod
    def written(self, names: set[str], now: float) -> None:
        """
        Do what items that were just written ask for.

        :param names: of the items.
        :param now: time, s.
        """

    @abstractmethod
    def refresh(self, now: float) -> None:
        """Bring the Present items up to date."""

    @abstractmethod
    def restart(self, now: float) -> None:
        """Begin anew after a power cycle."""
