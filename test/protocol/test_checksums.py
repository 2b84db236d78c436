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

"""The checksum of Protocol 1.0 and the CRC of Protocol 2.0."""

from __future__ import annotations

from dxl_port_driver.protocol.checksums import checksum, crc16
import dynamixel_sdk
from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

SDK = dynamixel_sdk.Protocol2PacketHandler()


def plain_crc16(data: bytes) -> int:
    """Divide bit by bit, as the polynomial is written down."""
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x8005) & 0xFFFF if crc & 0x8000 else crc << 1
    return crc


def pattern(length: int) -> bytes:
    return bytes((at * 197 + (at >> 8) * 31 + 113) & 0xFF for at in range(length))


@pytest.mark.parametrize(
    ('packet', 'crc'),
    [
        # e-Manual, "DYNAMIXEL Protocol 2.0": the examples of Ping, Read, Write, Reboot.
        ('FF FF FD 00 01 03 00 01', (0x19, 0x4E)),
        ('FF FF FD 00 01 07 00 02 84 00 04 00', (0x1D, 0x15)),
        ('FF FF FD 00 01 09 00 03 74 00 00 02 00 00', (0xCA, 0x89)),
        ('FF FF FD 00 01 03 00 08', (0x2F, 0x4E)),
    ],
)
def test_crc_is_that_of_the_e_manual(packet, crc):
    assert tuple(crc16(bytes.fromhex(packet)).to_bytes(2, 'little')) == crc


def test_crc_of_every_length_is_that_of_the_sdk():
    data = pattern(1300)
    for length in range(len(data) + 1):
        assert crc16(data[:length]) == SDK.updateCRC(0, data[:length], length)


@pytest.mark.parametrize('length', [4096, 8191, 8192, 8193, 32768, 65535, 65536, 65542])
def test_crc_of_a_long_packet_is_that_of_the_sdk(length):
    data = pattern(length)
    assert crc16(data) == SDK.updateCRC(0, data, length)


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_crc_is_the_remainder_of_the_polynomial(data):
    assert crc16(data) == plain_crc16(data)


@given(st.integers(0, 600), st.integers(0, 600), st.integers(1, 255))
def test_crc_sees_each_byte_of_a_message(before, behind, byte):
    assert crc16(bytes(before) + bytes((byte,)) + bytes(behind)) != 0


@given(st.binary(max_size=300))
def test_crc_takes_a_bytearray_and_leaves_it_as_it_is(data):
    array = bytearray(data)
    assert crc16(array) == crc16(data)
    assert array == data


@given(st.binary(max_size=300))
def test_a_packet_with_its_crc_behind_it_leaves_no_remainder(data):
    assert crc16(data + crc16(data).to_bytes(2, 'big')) == 0


@pytest.mark.parametrize(
    ('packet', 'right'),
    [
        # e-Manual, "DYNAMIXEL Protocol 1.0": the examples of Ping, Read, Factory Reset.
        ('01 02 01', 0xFB),
        ('01 04 02 2B 01', 0xCC),
        ('00 02 06', 0xF7),
        ('', 0xFF),
    ],
)
def test_checksum_is_that_of_the_e_manual(packet, right):
    assert checksum(bytes.fromhex(packet)) == right


@given(st.binary(max_size=300))
def test_a_packet_and_its_checksum_add_up_to_255(data):
    assert (sum(data) + checksum(bytearray(data))) & 0xFF == 0xFF
