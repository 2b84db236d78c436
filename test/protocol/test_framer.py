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

"""Packets out of a stream: cut up, with noise around them, broken."""

from __future__ import annotations

from dxl_port_driver.protocol.checksums import crc16
from dxl_port_driver.protocol.framer import Frame, Framer, goes_on
from dxl_port_driver.protocol.instructions import Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket, StatusPacket
from hypothesis import assume, example, given
from hypothesis import strategies as st
import pytest

V1, V2 = Protocol.V1, Protocol.V2
# Bytes of which headers and short packets are made come more often than by chance.
TELLING_BYTE = st.one_of(
    st.sampled_from((0xFF, 0xFF, 0xFF, 0xFD, 0x00, 0x00, 0x01, 0x02, 0x03, 0x55, 0xFE)),
    st.integers(0, 255),
)
HEADER = st.sampled_from(
    (
        b'\xff\xff',
        b'\xff\xff\x01\x02',
        b'\xff\xff\x01\xff',
        b'\xff\xff\xfd',
        b'\xff\xff\xfd\x00',
        b'\xff\xff\xfd\x00\x01',
        b'\xff\xff\xfd\x00\x01\x0b',
        b'\xff\xff\xfd\x00\x01\x04\x00',
        b'\xff\xff\xfd\x00\x01\x20\x00U',
        b'\xff\xff\xfd\x00\xfe\xff\xffU',
        b'\xff\xff\xfd\x00\xfe\x10\x00U',
    )
)
GARBAGE = st.lists(
    st.one_of(HEADER, st.lists(TELLING_BYTE, max_size=12).map(bytes)), max_size=8
).map(b''.join)
PARAMS = st.lists(TELLING_BYTE, max_size=40).map(bytes)
PACKETS = {
    protocol: st.one_of(
        st.builds(kind, st.just(protocol), st.integers(0, 254), st.integers(0, 255), PARAMS)
        for kind in (InstructionPacket, StatusPacket)
    )
    for protocol in Protocol
}
CUTS = st.lists(st.integers(0, 400), max_size=8)


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    ends = [*sorted(at for at in cuts if at < len(data)), len(data)]
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def frames_of(framer: Framer, pieces: list[bytes]) -> list[Frame]:
    return [frame for piece in pieces for frame in framer.feed(piece)]


def is_joint(packet: InstructionPacket | StatusPacket) -> bool:
    """Tell the joint answer to a fast read, which nobody stuffs."""
    code = packet.instruction if isinstance(packet, InstructionPacket) else Instruction.STATUS
    return packet.protocol is V2 and packet.id == 254 and code == Instruction.STATUS


def as_frame(packet: InstructionPacket | StatusPacket) -> Frame:
    if isinstance(packet, InstructionPacket):
        code, params = packet.instruction, packet.params
    elif packet.protocol is V1:
        code, params = packet.error, packet.params
    else:
        code, params = Instruction.STATUS, bytes((packet.error,)) + packet.params
    return Frame(packet.protocol, packet.id, code, params, packet.encode(), True)


@pytest.mark.parametrize('protocol', Protocol)
@given(data=st.data(), cuts=CUTS)
def test_a_packet_is_framed_as_it_was_sent_wherever_it_is_cut(protocol, data, cuts):
    packet = data.draw(PACKETS[protocol])
    framer = Framer(protocol)
    frames = frames_of(framer, cut(packet.encode(), cuts))
    if is_joint(packet):
        assert [(frame.raw, frame.intact) for frame in frames] == [(packet.encode(), True)]
    else:
        assert frames == [as_frame(packet)]
    assert (framer.noise, framer.pending) == (0, 0)


@pytest.mark.parametrize('protocol', Protocol)
@given(data=st.data(), cuts=CUTS)
def test_packets_in_a_row_are_framed_in_their_order(protocol, data, cuts):
    packets = data.draw(st.lists(PACKETS[protocol], max_size=6))
    framer = Framer(protocol)
    frames = frames_of(framer, cut(b''.join(packet.encode() for packet in packets), cuts))
    assert [frame.raw for frame in frames] == [packet.encode() for packet in packets]
    assert framer.noise == 0


@given(GARBAGE, PACKETS[V2], CUTS)
@example(b'\xff\xff\xfd\x00\x01', StatusPacket(V2, 1, 0), [])
@example(b'\xff\xff\xfd\x00\x01\x0b', StatusPacket(V2, 1, 0), [])
@example(b'\xff\xff\xfd\x00\xfe\xff\xff\x55', StatusPacket(V2, 1, 0), [])
def test_a_v2_packet_is_found_behind_any_noise(noise, packet, cuts):
    framer = Framer(V2)
    frames = frames_of(framer, cut(noise + packet.encode(), cuts)) + framer.flush()
    assert packet.encode() in [frame.raw for frame in frames if frame.intact]


@given(GARBAGE, PACKETS[V2], CUTS)
def test_a_v2_packet_is_found_at_once_behind_noise_without_a_joint_answer(noise, packet, cuts):
    # Only what looks like the beginning of a fast read's answer, or of a packet of more than
    # this many bytes, may make the framer wait for more.
    assume(b'\xff\xff\xfd\x00\xfe' not in noise)
    framer = Framer(V2, max_length=1000)
    frames = frames_of(framer, cut(noise + packet.encode(), cuts))
    assert packet.encode() in [frame.raw for frame in frames if frame.intact]
    assert framer.pending == 0


@given(st.lists(TELLING_BYTE, max_size=40).map(bytes), PACKETS[V1], CUTS)
@example(b'\xff', StatusPacket(V1, 1, 0), [])
@example(b'\x01\xff', StatusPacket(V1, 1, 0), [1, 2, 3, 4, 5])
def test_a_v1_packet_is_found_at_once_behind_noise_without_a_header(noise, packet, cuts):
    assume(b'\xff\xff' not in noise)
    framer = Framer(V1)
    assert frames_of(framer, cut(noise + packet.encode(), cuts)) == [as_frame(packet)]
    assert (framer.noise, framer.pending) == (len(noise), 0)


@given(GARBAGE, PACKETS[V1], CUTS)
@example(b'\xff\xff', StatusPacket(V1, 1, 0), [])
@example(b'\xff\xff\x01', StatusPacket(V1, 1, 0), [])
@example(b'\xff\xff\x01\x02', StatusPacket(V1, 1, 0), [])
@example(b'\xff\xff\x01\xff', StatusPacket(V1, 1, 0), [])
def test_a_v1_packet_is_found_behind_any_noise_that_makes_no_packet_of_it(noise, packet, cuts):
    # In Protocol 1.0 noise may hold a header, and with a checksum of 8 bits one time in 256 such
    # a header and the packet's own bytes make up another packet that nothing tells from a true
    # one. Then, and only then, the packet may be missed.
    raw = packet.encode()
    framer = Framer(V1)
    frames = frames_of(framer, cut(noise + raw, cuts)) + framer.flush()
    intact = [frame.raw for frame in frames if frame.intact]
    if raw not in intact:
        stream = noise + raw
        ends = [
            at + len(other)
            for other in intact
            for at in range(len(noise))
            if stream.startswith(other, at)
        ]
        assert any(end > len(noise) for end in ends)


@pytest.mark.parametrize('protocol', Protocol)
@given(garbage=GARBAGE, cuts=CUTS)
def test_each_byte_of_any_garbage_is_accounted_for(protocol, garbage, cuts):
    framer = Framer(protocol)
    header = 2 if protocol is V1 else 4

    def accounted(frames: list[Frame]) -> int:
        # Behind the header of a broken packet the search goes on.
        in_frames = sum(len(frame.raw) if frame.intact else header for frame in frames)
        return in_frames + framer.noise + framer.pending

    frames = frames_of(framer, cut(garbage, cuts))
    assert accounted(frames) == len(garbage)
    frames += framer.flush()
    assert accounted(frames) == len(garbage)
    assert framer.pending == 0


@pytest.mark.parametrize('protocol', Protocol)
@given(data=st.data(), garbage=GARBAGE, cuts=CUTS)
def test_the_same_bytes_give_the_same_however_they_are_cut(protocol, data, garbage, cuts):
    packets = data.draw(st.lists(PACKETS[protocol], max_size=3))
    at = data.draw(st.integers(0, len(garbage)))
    stream = garbage[:at] + b''.join(packet.encode() for packet in packets) + garbage[at:]
    outcomes = []
    for pieces in ([stream], cut(stream, cuts), [stream[n : n + 1] for n in range(len(stream))]):
        framer = Framer(protocol)
        fed, noise, pending = frames_of(framer, pieces), framer.noise, framer.pending
        outcomes.append((fed, noise, pending, framer.flush(), framer.noise))
    assert outcomes[0] == outcomes[1] == outcomes[2]


@pytest.mark.parametrize('protocol', Protocol)
@given(data=st.data(), at=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_a_packet_with_a_wrong_byte_never_comes_out_as_intact(protocol, data, at, flip):
    packet = data.draw(PACKETS[protocol])
    raw = bytearray(packet.encode())
    raw[at % len(raw)] ^= flip
    framer = Framer(protocol)
    frames = framer.feed(bytes(raw)) + framer.flush()
    assert bytes(raw) not in [frame.raw for frame in frames if frame.intact]


@pytest.mark.parametrize('protocol', Protocol)
def test_a_broken_packet_comes_out_as_not_intact_and_the_next_is_found(protocol):
    good = StatusPacket(protocol, 3, 0, b'\x01\x02').encode()
    bad = good[:-1] + bytes((good[-1] ^ 1,))
    frames = Framer(protocol).feed(bad + good)
    assert [(frame.id, frame.raw, frame.intact) for frame in frames] == [
        (3, bad, False),
        (3, good, True),
    ]


@pytest.mark.parametrize('protocol', Protocol)
def test_a_packet_inside_one_with_a_wrong_length_is_found(protocol):
    good = StatusPacket(protocol, 3, 0, b'\x01\x02').encode()
    longer = bytearray(StatusPacket(protocol, 3, 0, bytes(len(good) + 4)).encode())
    del longer[11 if protocol is V2 else 6 :]
    framer = Framer(protocol)
    frames = framer.feed(bytes(longer) + good) + framer.flush()
    assert good in [frame.raw for frame in frames if frame.intact]


def test_a_header_tells_that_the_v2_packet_before_it_was_cut_off():
    whole = StatusPacket(V2, 1, 0, bytes(20)).encode()
    framer = Framer(V2)
    assert framer.feed(whole[:15]) == []
    assert [frame.raw for frame in framer.feed(whole)] == [whole]
    assert framer.noise == 15


def test_headers_in_the_data_of_a_joint_answer_do_not_cut_it():
    data = b'\xff\xff\xfd\x00' * 3
    # Not by encode(): the servos of a fast read stuff nothing.
    raw = b'\xff\xff\xfd\x00\xfe' + (len(data) + 4).to_bytes(2, 'little') + b'\x55\x00' + data
    raw += crc16(raw).to_bytes(2, 'little')
    for pieces in ([raw], [raw[at : at + 1] for at in range(len(raw))]):
        (frame,) = frames_of(Framer(V2), pieces)
        assert (frame.params, frame.intact) == (b'\x00' + data, True)


def test_stuffing_is_taken_off_but_for_the_joint_answer_to_a_fast_read():
    stuffed = b'\xff\xff\xfd\xfd\x01'
    (frame,) = Framer(V2).feed(StatusPacket(V2, 1, 0, b'\xff\xff\xfd\x01').encode())
    assert frame.raw[9:-2] == stuffed
    assert frame.params == b'\x00\xff\xff\xfd\x01'
    (frame,) = Framer(V2).feed(StatusPacket(V2, 254, 0, b'\xff\xff\xfd\x01').encode())
    assert frame.params == b'\x00' + stuffed


@pytest.mark.parametrize(
    ('protocol', 'header'),
    [
        (V1, 'FF FF 01 00'),
        (V1, 'FF FF 01 01'),
        (V2, 'FF FF FD 00 FF 04 00'),
        (V2, 'FF FF FD 00 01 00 00'),
        (V2, 'FF FF FD 00 01 02 00'),
    ],
)
def test_a_header_that_no_packet_has_is_noise_at_once(protocol, header):
    framer = Framer(protocol)
    packet = StatusPacket(protocol, 1, 0).encode()
    assert [frame.raw for frame in framer.feed(bytes.fromhex(header) + packet)] == [packet]


@pytest.mark.parametrize('protocol', Protocol)
def test_a_packet_as_long_as_is_believed_in_is_taken_and_a_longer_one_is_noise(protocol):
    packet = StatusPacket(protocol, 1, 0, bytes(20)).encode()
    assert len(Framer(protocol, max_length=len(packet)).feed(packet)) == 1
    framer = Framer(protocol, max_length=len(packet) - 1)
    assert framer.feed(packet) == []
    assert (framer.noise, framer.pending) == (len(packet), 0)


@pytest.mark.parametrize('protocol', Protocol)
@pytest.mark.parametrize(
    'noise',
    [
        b'\xff',
        b'\xff\xff\x01\xff',
        b'\xff\xff\xfd\x00',
        b'\xff\xff\xfd\x00\xfe\xff\xff\x55',
        b'\xff\xff\xfd\x00\xfe\x40\x00\x55',
        b'\x00',
    ],
    ids=lambda noise: noise.hex(' '),
)
def test_endless_noise_takes_no_more_memory_than_one_packet(protocol, noise):
    framer = Framer(protocol, max_length=300)
    for _ in range(50):
        framer.feed(noise * 50)
        assert framer.pending <= 300


@pytest.mark.parametrize('protocol', Protocol)
def test_a_packet_goes_on_with_what_is_missing_of_it_and_with_nothing_else(protocol):
    packet = InstructionPacket(protocol, 1, Instruction.PING).encode()
    for begun in range(1, len(packet)):
        for end in range(begun + 1, len(packet) + 1):
            assert goes_on(packet[:begun], packet[begun:end])
        assert not goes_on(packet[:begun], packet[begun:] + b'\x00')
        assert not goes_on(packet[:begun], packet[begun:-1] + b'\x00')
    for begun in (b'', b'any', packet, packet[1:5]):
        assert not goes_on(begun, packet)
    assert not goes_on(packet[:-3], packet[:-3])
