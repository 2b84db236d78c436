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

"""Which instructions get through."""

from __future__ import annotations

from dxl_port_driver.errors import RequestError
from dxl_port_driver.protocol.instructions import Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket
from dxl_port_driver.protocol.permission import Permission
import pytest


def packet(instruction: int, servo: int = 1, protocol: Protocol = Protocol.V2) -> bytes:
    return InstructionPacket(protocol, servo, instruction).encode()


PING, RESET = packet(Instruction.PING), packet(Instruction.FACTORY_RESET)


@pytest.mark.parametrize('names', [['all'], ['ping', 'ALL'], [' All ']])
def test_all_is_everything_even_what_is_no_packet(names):
    for data in (PING, RESET, b'raw', packet(0xEE)):
        Permission(names).check(data)


def test_by_default_all_is_allowed():
    Permission().check(RESET)


@pytest.mark.parametrize(
    'name', ['factory_reset', 'FACTORY_RESET', ' factory_reset ', '6', '0x06']
)
@pytest.mark.parametrize('protocol', list(Protocol))
def test_an_instruction_is_named_or_numbered(name, protocol):
    Permission([name]).check(packet(6, protocol=protocol))
    with pytest.raises(RequestError, match='instruction ping is not among'):
        Permission([name]).check(packet(1, protocol=protocol))


def test_none_at_all_is_none():
    with pytest.raises(RequestError):
        Permission([]).check(PING)


@pytest.mark.parametrize(
    'name', [one.name.lower() for one in Instruction if one is not Instruction.STATUS]
)
def test_every_instruction_has_its_name(name):
    Permission([name]).check(packet(Instruction[name.upper()]))


@pytest.mark.parametrize(
    'name', ['', 'pong', '256', '-1', '0x100', 'status', '1.0', '\x00', '٣٣٣']
)
def test_a_name_that_no_instruction_has_is_refused(name):
    with pytest.raises(RequestError, match='is no instruction'):
        Permission([name])


def test_an_unknown_instruction_is_shown_by_its_number():
    with pytest.raises(RequestError, match='instruction 0xee is not among'):
        Permission(['ping']).check(packet(0xEE))


@pytest.mark.parametrize(
    'data',
    [
        b'',
        b'raw',
        PING[:-1],
        PING + b'\x00',
        b'\x00' + PING,
        PING[:-1] + b'\x00',
        PING + RESET,
        RESET + PING,
        RESET[:6],
        PING + RESET[:6],
        packet(1, protocol=Protocol.V1) + packet(6, protocol=Protocol.V1),
        packet(1, protocol=Protocol.V1) + RESET,
        PING + packet(6, protocol=Protocol.V1),
    ],
)
def test_only_whole_packets_that_are_all_allowed_get_through(data):
    with pytest.raises(RequestError):
        Permission(['ping']).check(data)


def test_a_packet_hidden_in_the_parameters_of_an_allowed_one_is_no_packet_to_servos_either():
    hidden = InstructionPacket(Protocol.V2, 1, Instruction.WRITE, RESET).encode()
    Permission(['write']).check(hidden)
    # Byte stuffing broke its header up.
    assert RESET not in hidden


def test_several_allowed_packets_get_through_together():
    Permission(['ping', 'read']).check(PING + packet(Instruction.READ) + PING)


def test_the_sync_read_of_feetech_is_a_sync_read_in_protocol_1():
    packet = bytes.fromhex('FF FF FE 07 82 38 02 01 02 03 38')
    Permission(['sync_read']).check(packet)
    with pytest.raises(RequestError, match='instruction sync_read is not among'):
        Permission(['ping', 'read']).check(packet)
