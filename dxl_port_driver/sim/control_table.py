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
What a control table says: which bytes mean what, who may write them, and what they start as.

A table is shared by all servos of a model and never changes; each servo has its own bytes.

Source: e-Manual, the page of each model (Control Table of EEPROM Area, Control Table of RAM
Area) and "DYNAMIXEL Protocol 2.0" (Error).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from dxl_port_driver.protocol.instructions import V2Error


class Register(NamedTuple):
    """
    One item of a control table.

    :param address: of its first byte.
    :param size: 1, 2 or 4 bytes, low byte first.
    :param name: as on the e-Manual's page, in lower case with underscores.
    :param writable: whether a host may write it.
    :param initial: factory value.
    :param minimum: lowest value that may be written; a negative one makes the item signed.
    :param maximum: highest value that may be written.
    """

    address: int
    size: int
    name: str
    writable: bool = False
    initial: int = 0
    minimum: int = 0
    maximum: int = 0

    @property
    def signed(self) -> bool:
        """Whether its values may be negative."""
        return self.minimum < 0

    def encode(self, value: int) -> bytes:
        """Give the bytes of a value; one that does not fit is cut to the item's size."""
        return (value & ((1 << 8 * self.size) - 1)).to_bytes(self.size, 'little')

    def decode(self, data: bytes | bytearray) -> int:
        """Give the value of bytes."""
        return int.from_bytes(data, 'little', signed=self.signed)


class IndirectBlock(NamedTuple):
    """
    A run of Indirect Addresses and the Indirect Data that they map.

    :param addresses: address of the first Indirect Address (2 bytes each).
    :param data: address of the first Indirect Data (1 byte each).
    :param length: how many there are.
    """

    addresses: int
    data: int
    length: int


class ControlTable:
    """
    The items of one model.

    :param registers: the items, in any order.
    :param eeprom_end: first address behind the EEPROM area.
    :param indirect: the blocks of indirect addressing.
    """

    def __init__(
        self,
        registers: Iterable[Register],
        eeprom_end: int,
        indirect: tuple[IndirectBlock, ...] = (),
    ) -> None:
        self.registers = tuple(sorted(registers))
        self.eeprom_end = eeprom_end
        self.indirect = indirect
        self._by_name = {register.name: register for register in self.registers}
        self._by_address = {register.address: register for register in self.registers}
        last = self.registers[-1]
        self.size = last.address + last.size
        """First address behind the table."""
        defined = bytearray(self.size)
        initial = bytearray(self.size)
        for register in self.registers:
            end = register.address + register.size
            defined[register.address : end] = b'\x01' * register.size
            initial[register.address : end] = register.encode(register.initial)
        self._defined = bytes(defined)
        self.initial = bytes(initial)
        """The bytes of the whole table as they leave the factory."""

    def __contains__(self, name: str) -> bool:
        """Tell whether the model has an item of this name."""
        return name in self._by_name

    def __getitem__(self, name: str) -> Register:
        """Give an item by name."""
        return self._by_name[name]

    def get(self, name: str) -> Register | None:
        """Give an item by name, None when the model has none of it."""
        return self._by_name.get(name)

    def check_read(self, address: int, length: int) -> V2Error:
        """
        Tell whether a host may read these bytes.

        Blocks may reach over gaps between items, as real servos allow; a gap reads as 0.

        :return: ACCESS when the block leaves the table or holds no item at all.
        """
        if length < 1 or address + length > self.size:
            return V2Error.ACCESS
        if 1 not in self._defined[address : address + length]:
            return V2Error.ACCESS
        return V2Error.NONE

    def find_written(self, address: int, length: int) -> tuple[Register, ...] | V2Error:
        """
        Find the items that a write covers.

        :return: the items, or why none may be written: ACCESS for an address without an item or
            an item that is read only, DATA_LENGTH for one that is covered in part.
        """
        if length < 1:
            return V2Error.DATA_LENGTH
        found = []
        end = address + length
        while address < end:
            register = self._by_address.get(address)
            if register is None:
                inside = address < self.size and self._defined[address]
                return V2Error.DATA_LENGTH if inside else V2Error.ACCESS
            if not register.writable:
                return V2Error.ACCESS
            address += register.size
            found.append(register)
        return tuple(found) if address == end else V2Error.DATA_LENGTH
