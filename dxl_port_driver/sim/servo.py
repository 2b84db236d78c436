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
One emulated servo: an instruction in, error and parameters of its status packet out.

What a servo does with an instruction is the same in both protocols, but for the width of
addresses and the numbers of the errors; here errors are those of Protocol 2.0, see
:func:`v1_error` for the other.

Source: e-Manual, "DYNAMIXEL Protocol 1.0", "DYNAMIXEL Protocol 2.0" (Instruction Details), and
the pages of the models.
"""

from __future__ import annotations

from typing import NamedTuple

from dxl_port_driver.protocol.instructions import Instruction, Protocol, V1Error, V2Error
from dxl_port_driver.sim.actuator import Actuator
from dxl_port_driver.sim.actuator_v1 import V1Actuator
from dxl_port_driver.sim.actuator_v2 import V2Actuator
from dxl_port_driver.sim.control_table import Register
from dxl_port_driver.sim.memory import Memory
from dxl_port_driver.sim.models import Model

_OK = int(V2Error.NONE)
_CLEAR_POSITION = b'\x01\x44\x58\x4c\x22'
_STORE, _RESTORE = b'\x01CTRL', b'\x02CTRL'
_RESET_ALL, _KEEP_ID, _KEEP_ID_AND_RATE = 0xFF, 0x01, 0x02
_NEVER = 0xFF
_WATCHDOG_UNIT_S = 0.020
_DELAY_UNIT_S = 2e-6
_STARTUP_TORQUE_ON, _RESTORE_RAM = 0x01, 0x02
_ZEROED_BY_WATCHDOG = ('profile_velocity', 'profile_acceleration')
_BACKED_UP_RAM = (
    'velocity_i_gain',
    'velocity_p_gain',
    'position_d_gain',
    'position_i_gain',
    'position_p_gain',
    'feedforward_1st_gain',
    'feedforward_2nd_gain',
    'profile_acceleration',
    'profile_velocity',
)
_MOTORS: dict[Protocol, type[Actuator]] = {Protocol.V1: V1Actuator, Protocol.V2: V2Actuator}
_SETTINGS = frozenset(
    {
        'id',
        'secondary_id',
        'baud_rate',
        'return_delay_time',
        'status_return_level',
        'protocol_type',
        'bus_watchdog',
    }
)
_LIVE_NAMES = (
    'realtime_tick',
    'present_position',
    'moving',
    'present_temperature',
    'current',
)
_READING = frozenset(
    {
        Instruction.READ,
        Instruction.SYNC_READ,
        Instruction.BULK_READ,
        Instruction.FAST_SYNC_READ,
        Instruction.FAST_BULK_READ,
    }
)
_V1_ERRORS = {
    V2Error.NONE: 0,
    V2Error.RESULT_FAIL: int(V1Error.INSTRUCTION),
    V2Error.INSTRUCTION: int(V1Error.INSTRUCTION),
    V2Error.CRC: int(V1Error.CHECKSUM),
    V2Error.DATA_LIMIT: int(V1Error.ANGLE_LIMIT),
}


class Reply(NamedTuple):
    """
    What a servo has to say to an instruction.

    :param error: error byte, in the numbers of the servo's protocol.
    :param params: parameters of the status packet.
    """

    error: int
    params: bytes = b''


def v1_error(error: int) -> int:
    """Give the error bits of Protocol 1.0 for an error number of Protocol 2.0."""
    return _V1_ERRORS.get(V2Error(error & 0x7F), int(V1Error.RANGE))


class Servo:
    """
    One servo, powered from the moment it is made.

    :param model: which kind it is.
    :param servo_id: 0 to 252; 253 with Protocol 1.0 as well.
    :param baudrate: rate that it listens at, bit/s; one that its Baud Rate register can tell.
    :param return_delay_us: what its Return Delay Time starts as, microseconds; None: as from
        the factory.
    """

    def __init__(
        self,
        model: Model,
        servo_id: int,
        baudrate: int = 57600,
        return_delay_us: int | None = None,
    ) -> None:
        self.model = model
        self._table = model.table
        self._memory = Memory(self._table)
        self._motor = _MOTORS[model.protocol](model, self._memory)
        self._registered: tuple[int, bytes] | None = None
        self._backup: bytes | None = None
        self._heard = 0.0
        live = [self._table[name] for name in _LIVE_NAMES if name in self._table]
        self._live_from = min(register.address for register in live)
        self._live_to = max(register.address + register.size for register in live)
        store = self._memory.store
        store('firmware_version', model.firmware)
        store('id', servo_id)
        rate_value = model.rate_value(baudrate)
        if rate_value is not None:
            store('baud_rate', rate_value)
        if return_delay_us is not None:
            store('return_delay_time', return_delay_us // 2)
        self._motor.restart(0.0)
        self._take_settings()

    def _take_settings(self) -> None:
        """Keep what is asked for with each packet at hand."""
        self.changed = True
        """Whether its settings may be others than when somebody last set this to False."""
        value = self._memory.value
        self.id = value('id')
        self.secondary_id = value('secondary_id') if 'secondary_id' in self._table else _NEVER
        self.baudrate = self.model.rate_of(value('baud_rate'))
        self.return_delay_s = value('return_delay_time') * _DELAY_UNIT_S
        self.status_return_level = value('status_return_level')
        self.protocol = self.model.protocol
        if 'protocol_type' in self._table and value('protocol_type') == 1:
            self.protocol = Protocol.V1
        self.watchdog_s = 0.0
        if 'bus_watchdog' in self._table:
            self.watchdog_s = max(0, value('bus_watchdog')) * _WATCHDOG_UNIT_S
        self._alert = 0x80 if value('hardware_error_status') else 0

    def answers(self, instruction: int) -> bool:
        """Tell whether its Status Return Level lets it answer an instruction."""
        if self.status_return_level == 2 or instruction == Instruction.PING:
            return True
        return self.status_return_level == 1 and instruction in _READING

    def reply(self, error: int, params: bytes = b'') -> Reply:
        """Give an error number in the form of the servo's protocol, with its alert."""
        if self.protocol is Protocol.V1:
            return Reply(v1_error(error), params)
        return Reply(error | self._alert, params)

    def execute(self, instruction: int, params: bytes, now: float) -> Reply:
        """
        Do what an instruction to this servo asks for; groups (Sync, Bulk) are the bus's business.

        :param now: time, s.
        """
        if instruction == Instruction.READ:
            wide = 1 if self.protocol is Protocol.V1 else 2
            if len(params) != 2 * wide:
                return self.reply(V2Error.DATA_LENGTH)
            return self.read(
                int.from_bytes(params[:wide], 'little'),
                int.from_bytes(params[wide:], 'little'),
                now,
            )
        if instruction == Instruction.PING:
            if self.protocol is Protocol.V1:
                return self.reply(_OK)
            number = self.model.number.to_bytes(2, 'little')
            return self.reply(_OK, number + bytes((self.model.firmware,)))
        return self.reply(self._change(instruction, params, now))

    def _change(self, instruction: int, params: bytes, now: float) -> int:
        if instruction in (Instruction.WRITE, Instruction.REG_WRITE):
            wide = 1 if self.protocol is Protocol.V1 else 2
            if len(params) <= wide:
                return V2Error.DATA_LENGTH
            address, data = int.from_bytes(params[:wide], 'little'), params[wide:]
            if instruction == Instruction.WRITE:
                return self.write(address, data, now)
            return self._register(address, data)
        if instruction == Instruction.ACTION:
            return self._act(now)
        if instruction == Instruction.FACTORY_RESET:
            return self._factory_reset(params, now)
        if instruction == Instruction.REBOOT:
            self.reboot(now)
            return _OK
        if self.protocol is Protocol.V2:
            if instruction == Instruction.CLEAR:
                return self._clear(params, now)
            if instruction == Instruction.CONTROL_TABLE_BACKUP:
                return self._back_up(params, now)
        return V2Error.INSTRUCTION

    def read(self, address: int, length: int, now: float) -> Reply:
        """Read from the control table."""
        error = self._table.check_read(address, length)
        if error:
            return self.reply(error)
        end = address + length
        live = address < self._live_to and end > self._live_from
        if live or self._memory.touches_indirect(address, length):
            self._motor.refresh(now)
        return self.reply(_OK, self._memory.read(address, length))

    def write(self, address: int, data: bytes, now: float) -> int:
        """
        Write to the control table: all of it, or nothing when any item refuses.

        :return: error number.
        """
        runs = self._memory.follow(address, data)
        checked: list[tuple[int, bytes, tuple[Register, ...]]] = []
        for start, part in runs:
            registers = self._table.find_written(start, len(part))
            if isinstance(registers, V2Error):
                return registers
            error = self._check(start, part, registers)
            if error:
                return error
            checked.append((start, part, registers))
        names: set[str] = set()
        for start, part, registers in checked:
            self._memory.data[start : start + len(part)] = part
            names.update(register.name for register in registers)
        self._motor.written(names, now)
        if not names.isdisjoint(_SETTINGS):
            self._heard = now
            self._take_settings()
        return _OK

    def _check(self, address: int, data: bytes, registers: tuple[Register, ...]) -> int:
        if address < self._table.eeprom_end and self._eeprom_is_locked():
            return V2Error.ACCESS
        for register in registers:
            offset = register.address - address
            value = register.decode(data[offset : offset + register.size])
            if not register.minimum <= value <= register.maximum:
                return V2Error.DATA_RANGE
            if register.name == 'operating_mode' and value not in self.model.modes:
                return V2Error.DATA_RANGE
            error = self._motor.check(register, value)
            if error:
                return error
        return _OK

    def _eeprom_is_locked(self) -> bool:
        lock = 'lock' if self.model.protocol is Protocol.V1 else 'torque_enable'
        return bool(self._memory.value(lock))

    def _register(self, address: int, data: bytes) -> int:
        for start, part in self._memory.follow(address, data):
            registers = self._table.find_written(start, len(part))
            if isinstance(registers, V2Error):
                return registers
            error = self._check(start, part, registers)
            if error:
                return error
        self._registered = (address, data)
        self._memory.store('registered_instruction', 1)
        return _OK

    def _act(self, now: float) -> int:
        if self._registered is None:
            return V2Error.INSTRUCTION
        address, data = self._registered
        self._registered = None
        self._memory.store('registered_instruction', 0)
        return self.write(address, data, now)

    def _clear(self, params: bytes, now: float) -> int:
        if params != _CLEAR_POSITION:
            return V2Error.DATA_RANGE if len(params) == 5 else V2Error.DATA_LENGTH
        if self._motor.motion.is_moving(now):
            return V2Error.RESULT_FAIL
        self._motor.clear_turns(now)
        return _OK

    def _back_up(self, params: bytes, now: float) -> int:
        if params not in (_STORE, _RESTORE):
            return V2Error.DATA_RANGE if len(params) == 5 else V2Error.DATA_LENGTH
        if self._motor.torque:
            return V2Error.RESULT_FAIL
        if params == _STORE:
            self._backup = bytes(self._memory.data)
            self._memory.store('backup_ready', 1)
            return _OK
        if self._backup is None:
            return V2Error.RESULT_FAIL
        self._memory.data[: self._table.eeprom_end] = self._backup[: self._table.eeprom_end]
        self.reboot(now)
        return _OK

    def _factory_reset(self, params: bytes, now: float) -> int:
        option = _RESET_ALL
        if self.protocol is Protocol.V2:
            if len(params) != 1:
                return V2Error.DATA_LENGTH
            option = params[0]
            if option not in (_RESET_ALL, _KEEP_ID, _KEEP_ID_AND_RATE):
                return V2Error.DATA_RANGE
        kept_id, kept_rate = self.id, self._memory.value('baud_rate')
        self._memory.data[:] = self._table.initial
        self._memory.store('firmware_version', self.model.firmware)
        if option != _RESET_ALL:
            self._memory.store('id', kept_id)
        if option == _KEEP_ID_AND_RATE:
            self._memory.store('baud_rate', kept_rate)
        self.reboot(now)
        return _OK

    def reboot(self, now: float) -> None:
        """Lose the RAM area and all that was going on."""
        end = self._table.eeprom_end
        self._memory.data[end:] = self._table.initial[end:]
        if self._backup is not None:
            self._memory.store('backup_ready', 1)
            if self._memory.value('startup_configuration') & _RESTORE_RAM:
                self._restore_ram(self._backup)
        self._registered = None
        self._motor.restart(now)
        if self._memory.value('startup_configuration') & _STARTUP_TORQUE_ON:
            self._motor.poke('torque_enable', 1, now)
        self._heard = now
        self._take_settings()

    def _restore_ram(self, backup: bytes) -> None:
        for name in _BACKED_UP_RAM:
            register = self._table.get(name)
            if register is not None:
                place = slice(register.address, register.address + register.size)
                self._memory.data[place] = backup[place]

    def hear(self, now: float) -> None:
        """
        Take note of an instruction on the bus, to whichever servo.

        :param now: time, s.
        """
        self.watch(now)
        self._heard = now

    def watch(self, now: float) -> None:
        """
        Let the Bus Watchdog strike when the bus has been silent for too long.

        :param now: time, s.
        """
        if self.watchdog_s and now - self._heard > self.watchdog_s and self._motor.torque:
            self._motor.stop(self._heard + self.watchdog_s)
            for name in _ZEROED_BY_WATCHDOG:
                self._memory.store(name, 0)
            self._memory.store('bus_watchdog', -1)
            self._take_settings()

    def peek(self, name: str, now: float) -> int:
        """
        Look at an item without a packet.

        :param name: of the item.
        :param now: time, s.
        :raises KeyError: the model has no item of this name.
        """
        name = self._table[name].name
        self.watch(now)
        self._motor.refresh(now)
        return self._memory.value(name)

    def poke(self, name: str, value: int, now: float) -> None:
        """
        Put a value into an item without a packet and without a check, a fault for one.

        It has the effect that a write has: a hardware error switches the torque off. Present
        Position turns the shaft.

        :param name: of the item.
        :param value: what to put in.
        :param now: time, s.
        :raises KeyError: the model has no item of this name.
        """
        self.watch(now)
        self._motor.poke(self._table[name].name, value, now)
        if name == 'bus_watchdog':
            self._heard = now
        self._take_settings()
