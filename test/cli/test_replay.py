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

"""dxl_port replay: a recorded session, played as a port."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
import os
from pathlib import Path
import signal
import time

from dxl_port_driver import PortHandler
from dxl_port_driver.bus.bus import Bus
from dxl_port_driver.bus.tap import TappedPort
from dxl_port_driver.bus.transact_work import TransactWork
from dxl_port_driver.port.open_port import make_port
from dxl_port_driver.protocol.exchange import make_exchange
from dxl_port_driver.protocol.instructions import Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket, StatusPacket
from dxl_port_driver.protocol.timing import Link
from dxl_port_driver.protocol.transaction import Limits, Transaction
from dxl_port_driver.recording.file import RecordingFile
from dxl_port_driver.recording.format import Header, Piece, Recording
from dxl_port_driver.recording.server import ReplayServer
import pytest

PATIENCE_S = 30
HEADER = Header('/dev/ttyUSB0', 1_000_000, datetime(2026, 3, 1, tzinfo=timezone.utc))
PING = InstructionPacket(Protocol.V2, 1, Instruction.PING).encode()
ANSWER = StatusPacket(Protocol.V2, 1, 0, b'\xfc\x03\x30').encode()
READ = InstructionPacket(Protocol.V2, 1, Instruction.READ, b'\x84\x00\x04\x00').encode()


def exchange(port: TappedPort, requests: list[bytes]) -> list[bytes]:
    """Ask on a port, as the driver would, and give the answers."""
    bus = Bus(port)
    bus.admit()
    try:
        return [
            bus.run(
                TransactWork(
                    make_exchange(Transaction(request, timeout_s=2.0), Link(1e-5), Limits()),
                    max_hold_s=5.0,
                    queue_timeout_s=5.0,
                )
            ).data
            for request in requests
        ]
    finally:
        bus.shutdown('the test is over')


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Path]:
    """Give the file of a recorded session: a ping and two reads with different values."""
    path = tmp_path / 'session.dxl'
    values = [
        StatusPacket(Protocol.V2, 1, 0, bytes((value, 0, 0, 0))).encode() for value in (7, 8)
    ]
    pieces = [PING, ANSWER, READ, values[0], READ, values[1]]
    with RecordingFile(str(path), HEADER) as file:
        for number, data in enumerate(pieces):
            file.write(Piece(1000 * number, number % 2 == 0, data))
    return path


def test_a_recorded_session_answers_as_the_servos_did(tmp_path):
    pieces: list[Piece] = []

    def take(sent: bool, data: bytes) -> None:
        pieces.append(Piece(len(pieces), sent, bytes(data)))

    goal = b'\x74\x00\x00\x04\x00\x00'
    requests = [
        InstructionPacket(
            Protocol.V2, 254, Instruction.SYNC_READ, b'\x84\x00\x04\x00\x01\x02\x03'
        ),
        InstructionPacket(Protocol.V2, 1, Instruction.WRITE, goal),
        InstructionPacket(Protocol.V2, 1, Instruction.READ, b'\x84\x00\x04\x00'),
        InstructionPacket(Protocol.V2, 1, Instruction.READ, b'\x00\x00\x00\x04'),
    ]
    asked = [request.encode() for request in requests]
    with make_port('sim://replay_test?ids=1-3') as port:
        answers = exchange(TappedPort(port, take), asked)
    assert all(answers)
    with ReplayServer(Recording(HEADER, tuple(pieces)), fast=True) as replay:
        with make_port(replay.path) as port:
            assert exchange(TappedPort(port, lambda *_: None), asked) == answers
        # The pty outlives the program that had it open.
        with make_port(replay.path) as port:
            assert exchange(TappedPort(port, lambda *_: None), asked) == answers
        assert (replay.matched, replay.unknown) == (8, 0)
    assert not os.path.exists(replay.path or '/none')


def test_the_sdk_reads_what_was_recorded(session):
    sdk = pytest.importorskip('dynamixel_sdk')
    with ReplayServer(session, fast=True) as replay:
        port = PortHandler(replay.path)
        assert port.openPort()
        packets = sdk.PacketHandler(2.0)
        try:
            assert packets.ping(port, 1) == (1020, 0, 0)
            assert [packets.read4ByteTxRx(port, 1, 132)[0] for _ in range(3)] == [7, 8, 7]
        finally:
            port.closePort()


def test_the_command_prints_its_path_first_and_tells_what_was_not_recorded(
    session, begin_dxl_port, dxl_port
):
    replay = begin_dxl_port('replay', str(session), '--fast')
    path = replay.stdout.readline().strip()
    assert path.startswith('/dev/pts/')
    done = dxl_port('ping', '1', '--port', path, '--json')
    assert done.records[0]['model_name'] == 'XM430-W350'
    assert dxl_port('ping', '2', '--port', path).status == 1
    line = replay.stderr.readline()
    assert line == 'dxl_port: not in the recording, no answer: FF FF FD 00 02 03 00 01 19 72\n'


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_order(session, begin_dxl_port, tmp_path, number):
    link = tmp_path / 'servos'
    replay = begin_dxl_port('replay', str(session), '--link', str(link))
    path = replay.stdout.readline().strip()
    assert os.readlink(link) == path
    replay.send_signal(number)
    _, errors = replay.communicate(timeout=PATIENCE_S)
    assert replay.returncode == 128 + number
    assert not errors
    assert not os.path.lexists(link)


def test_answers_come_after_the_recorded_time(tmp_path):
    pieces = (Piece(0, sent=True, data=PING), Piece(300_000, sent=False, data=ANSWER))
    for fast, at_least_s in ((False, 0.3), (True, 0.0)):
        with (
            ReplayServer(Recording(HEADER, pieces), fast=fast) as replay,
            make_port(replay.path) as port,
        ):
            begun = time.monotonic()
            assert exchange(TappedPort(port, lambda *_: None), [PING]) == [ANSWER]
            # The server gets up a little early, to be on time.
            assert time.monotonic() - begun >= at_least_s - 0.005


def test_a_link_that_would_replace_a_file_is_refused(session, dxl_port, tmp_path):
    precious = tmp_path / 'precious'
    precious.write_text('mine')
    done = dxl_port('replay', session, '--link', precious)
    assert done.status == 2
    assert 'is no symbolic link' in done.err
    assert precious.read_text() == 'mine'


def test_a_link_that_cannot_be_made_is_told(session, dxl_port, tmp_path):
    done = dxl_port('replay', session, '--link', tmp_path / 'none' / 'link')
    assert done.status == 3
    assert 'No such file or directory' in done.err


@pytest.mark.parametrize('command', ['replay', 'timeline'])
def test_a_file_that_is_no_recording_is_told_with_its_line(command, dxl_port, session, tmp_path):
    assert dxl_port(command, tmp_path / 'none.dxl').status == 2
    broken = tmp_path / 'broken.dxl'
    broken.write_text(session.read_text() + '0.9 RX FF\n')
    done = dxl_port(command, broken)
    assert done.status == 2
    assert done.err.startswith(f'dxl_port: {broken}: line 11 is not of the form')
    broken.write_bytes(bytes(range(256)))
    done = dxl_port(command, broken)
    assert done.status == 2
    assert 'it is no recording' in done.err
