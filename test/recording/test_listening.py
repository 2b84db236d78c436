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

"""Bytes that were listened to: cut into packets, told apart, and stamped."""

from __future__ import annotations

from dxl_port_driver.protocol.instructions import Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket, StatusPacket
from dxl_port_driver.recording.cutting import Cutter
from dxl_port_driver.recording.sorting import Sorter
from dxl_port_driver.recording.stamps import Stamps
from hypothesis import given, HealthCheck, settings
from hypothesis import strategies as st
import pytest

# On a machine that others keep busy, drawing and running an example may take long.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

V1, V2 = Protocol.V1, Protocol.V2
PACKETS = [
    InstructionPacket(V2, 1, Instruction.PING).encode(),
    StatusPacket(V2, 1, 0, b'\xfc\x03\x30').encode(),
    InstructionPacket(V1, 1, Instruction.READ, b'\x24\x02').encode(),
    StatusPacket(V1, 1, 0, b'\x00\x02').encode(),
]
pieces = st.lists(st.one_of(st.sampled_from(PACKETS), st.binary(max_size=6)), max_size=12)


def in_chunks(data, sizes):
    cutter = Cutter()
    cuts = []
    at = 0
    for size in sizes:
        cuts += cutter.feed(data[at : at + size])
        at += size
    return cuts + cutter.feed(data[at:]) + cutter.flush()


@UNHURRIED
@given(pieces, st.lists(st.integers(1, 20), max_size=30))
def test_every_byte_comes_out_again_and_packets_are_found_however_it_is_cut_up(parts, sizes):
    data = b''.join(parts)
    cuts = in_chunks(data, sizes)
    assert b''.join(cut.data for cut in cuts) == data
    whole = in_chunks(data, [])
    assert [cut for cut in cuts if cut.is_packet] == [cut for cut in whole if cut.is_packet]


def test_packets_are_found_between_noise():
    data = b'\xff\xff' + PACKETS[0] + b'\x01\x02' + PACKETS[3]
    found = [cut.data for cut in in_chunks(data, []) if cut.is_packet]
    assert found == [PACKETS[0], PACKETS[3]]


@pytest.mark.parametrize('protocol', [V1, V2])
def test_instructions_are_told_from_answers(protocol):
    read = InstructionPacket(
        protocol, 1, Instruction.READ, b'\x24\x02' if protocol is V1 else b'\x84\x00\x02\x00'
    ).encode()
    answer = StatusPacket(protocol, 1, 0, b'\x00\x02').encode()
    other = InstructionPacket(protocol, 2, Instruction.PING).encode()
    sorter = Sorter()
    heard = sorter.hear(0, read + answer) + sorter.hear(5_000, other)
    # Nobody has answered that one; it is asked again, and this time somebody does.
    heard += sorter.hear(9_000, read) + sorter.hear(14_000, read + answer + b'\x07')
    assert [(piece.sent, piece.data) for piece in heard] == [
        (True, read),
        (False, answer),
        (True, other),
        (True, read),
        (True, read),
        (False, answer),
        (False, b'\x07'),
    ]


def test_half_a_packet_is_kept_as_it_is():
    sorter = Sorter()
    assert sorter.hear(0, PACKETS[0][:5]) == []
    heard = sorter.hear(500_000, PACKETS[0])
    assert [(piece.at_us, piece.sent, piece.data) for piece in heard] == [
        (0, False, PACKETS[0][:5]),
        (500_000, True, PACKETS[0]),
    ]


def test_stamps_of_one_clock_are_taken_as_they_are():
    stamps = Stamps(10**18)
    assert stamps.at_us(10**18 + 2_000_000, 0.004) == 2_000
    assert stamps.at_us(10**18 - 500, 0.005) == 2_000


@pytest.mark.parametrize('hours', [-1, 1])
def test_a_clock_that_is_another_one_or_is_set_moves_no_piece(hours):
    step_ns = hours * 3600 * 10**9
    stamps = Stamps(10**18)
    assert stamps.at_us(10**18 + step_ns, 0.5) in (500_000, 0)
    assert stamps.at_us(10**18 + step_ns + 3 * 10**9, 3.5) in (3_500_000, 3_000_000)
    assert stamps.at_us(10**18 + 2 * step_ns, 4.0) == 4_000_000
    assert stamps.at_us(10**18 + 2 * step_ns + 10**6, 4.1) == 4_001_000
