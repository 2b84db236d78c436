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

"""Whatever text or bytes they are given, the parsers give a value or an error of their own."""

from __future__ import annotations

import contextlib
import tracemalloc

from dxl_port_driver.errors import DxlPortError, PortNameError, RequestError
from dxl_port_driver.port.address import parse_address
from dxl_port_driver.protocol.framer import Framer
from dxl_port_driver.protocol.instructions import Protocol
from dxl_port_driver.protocol.packets import InstructionPacket, parse_instruction, StatusPacket
from dxl_port_driver.protocol.permission import Permission
from dxl_port_driver.sim.console import COMMANDS
from dxl_port_driver.sim.option_table import OPTIONS
from dxl_port_driver.sim.options import parse_url
from hypothesis import given, HealthCheck, settings
from hypothesis import strategies as st
import pytest

NAMES = st.sampled_from([option.name for option in OPTIONS] + list(COMMANDS) + ['', 'idz', '%'])
VALUES = st.one_of(
    st.text(max_size=40),
    st.from_regex(r'[0-9,.\-eE]{0,12}', fullmatch=True),
    st.sampled_from(['on', 'off', '2.0', '1-252', '1-6', 'any', '1e400', 'nan', '-0', '9' * 400]),
)
PIECES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([b'\xff', b'\xff\xff', b'\xff\xff\xfd', b'\xff\xff\xfd\x00']),
    st.builds(
        lambda protocol, servo, params: StatusPacket(protocol, servo, 0, params).encode(),
        st.sampled_from(list(Protocol)),
        st.integers(0, 252),
        st.binary(max_size=30),
    ),
)


@pytest.fixture
def many(often):
    """Give settings for as many examples as the form asks for."""
    return lambda short, long: settings(
        max_examples=often(short, long),
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def test_the_framer_gives_the_same_frames_in_any_chunks_and_keeps_little(many):
    @many(200, 50_000)
    @given(st.lists(PIECES, max_size=12), st.sampled_from(list(Protocol)), st.data())
    def run(pieces, protocol, data):
        stream = b''.join(pieces)
        whole = Framer(protocol, 300)
        frames = whole.feed(stream) + whole.flush()
        cut = Framer(protocol, 300)
        at, found = 0, []
        while at < len(stream):
            size = data.draw(st.integers(1, len(stream) - at))
            found += cut.feed(stream[at : at + size])
            assert cut.pending <= 300
            at += size
        assert found + cut.flush() == frames
        assert whole.pending == cut.pending == 0
        assert whole.noise == cut.noise

    run()


def test_a_framer_fed_for_ever_does_not_grow():
    framer = Framer(Protocol.V2, 4096)
    piece = b'\xff\xff\xfd\x00\x01\xff\x0f' + bytes(500)
    for _ in range(200):
        framer.feed(piece)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(2000):
        framer.feed(piece)
        assert framer.pending <= 4096
    gained = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert gained < 100_000


def test_option_parser_of_the_virtual_bus(many):
    @many(200, 20_000)
    @given(st.lists(st.tuples(NAMES, VALUES), max_size=6), st.text(max_size=10))
    def run(given_options, host):
        query = '&'.join(f'{name}={value}' for name, value in given_options)
        with contextlib.suppress(PortNameError):
            parse_url(f'sim://{host}?{query}')

    run()


def test_address_parser(many):
    scheme = st.sampled_from(['', 'sim', 'socket', 'rfc2217', 'file', 'spy', 'loop', '/dev/'])

    @many(300, 50_000)
    @given(scheme, st.sampled_from(['', '://', ':', '/']), st.text(max_size=60))
    def run(scheme, middle, rest):
        with contextlib.suppress(PortNameError):
            parse_address(f'{scheme}{middle}{rest}')

    run()


def test_instruction_parser(many):
    @many(200, 50_000)
    @given(st.lists(PIECES, min_size=1, max_size=3).map(b''.join))
    def run(data):
        with contextlib.suppress(RequestError):
            packet = parse_instruction(data)
            assert packet.encode() == data

    run()


def test_permission_lets_nothing_else_through_whatever_is_around_it(many):
    allowed = Permission(['ping'])
    forbidden = st.builds(
        lambda protocol, code, params: InstructionPacket(protocol, 1, code, params).encode(),
        st.sampled_from(list(Protocol)),
        st.sampled_from([2, 3, 6, 8]),
        st.binary(max_size=8),
    )

    @many(300, 50_000)
    @given(st.lists(PIECES, max_size=3), forbidden, st.lists(PIECES, max_size=3))
    def run(before, packet, behind):
        with pytest.raises(RequestError):
            allowed.check(b''.join((*before, packet, *behind)))

    run()


def test_permission_names(many):
    @many(200, 20_000)
    @given(st.lists(VALUES, max_size=4))
    def run(names):
        with contextlib.suppress(RequestError):
            Permission(names)

    run()


def test_stop_packets_in_hex(many):
    pytest.importorskip('rclpy', reason='rclpy is not installed')
    from dxl_port_driver.node.stop_packets import check_stop_packets

    @many(200, 20_000)
    @given(
        st.lists(
            st.one_of(VALUES, st.binary(max_size=20).map(bytes.hex), PIECES.map(bytes.hex)),
            max_size=40,
        )
    )
    def run(texts):
        with contextlib.suppress(DxlPortError):
            check_stop_packets(texts)

    run()
