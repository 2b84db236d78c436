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
The bytes of one servo's control table, by name and by address.

Indirect addressing: each Indirect Data stands for the byte whose address its Indirect Address
holds.

Source: e-Manual, pages of the models (Indirect Address, Indirect Data).
"""

from __future__ import annotations

from dxl_port_driver.sim.control_table import ControlTable


class Memory:
    """
    A servo's bytes.

    :param table: what they mean.
    """

    def __init__(self, table: ControlTable) -> None:
        self.table = table
        self.data = bytearray(table.initial)
        """All bytes, by address."""

    def value(self, name: str) -> int:
        """Give the value of an item; 0 when the model has none of it."""
        register = self.table.get(name)
        if register is None:
            return 0
        return register.decode(self.data[register.address : register.address + register.size])

    def store(self, name: str, value: float) -> None:
        """Put a value into an item, when the model has it."""
        register = self.table.get(name)
        if register is not None:
            end = register.address + register.size
            self.data[register.address : end] = register.encode(round(value))

    def touches_indirect(self, address: int, length: int) -> bool:
        """Tell whether a block holds Indirect Data."""
        return any(
            address < block.data + block.length and address + length > block.data
            for block in self.table.indirect
        )

    def read(self, address: int, length: int) -> bytes:
        """Give the bytes of a block, through Indirect Data where it holds some."""
        if not self.touches_indirect(address, length):
            return bytes(self.data[address : address + length])
        places = [self._target(place) for place in range(address, address + length)]
        return bytes(self.data[place] for place in places)

    def follow(self, address: int, data: bytes) -> list[tuple[int, bytes]]:
        """Give where the bytes of a write lead, as runs of neighbours: address and bytes."""
        if not self.touches_indirect(address, len(data)):
            return [(address, data)]
        runs: list[tuple[int, bytearray]] = []
        for place, byte in enumerate(data, address):
            target = self._target(place)
            if not runs or runs[-1][0] + len(runs[-1][1]) != target:
                runs.append((target, bytearray()))
            runs[-1][1].append(byte)
        return [(start, bytes(run)) for start, run in runs]

    def _target(self, address: int) -> int:
        """Give the address that an Indirect Data stands for; any other stands for itself."""
        for block in self.table.indirect:
            index = address - block.data
            if 0 <= index < block.length:
                place = block.addresses + 2 * index
                target = self.data[place] | self.data[place + 1] << 8
                return target if target < self.table.size else address
        return address
