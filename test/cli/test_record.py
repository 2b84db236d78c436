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

"""dxl_port record: from a driver, from a port, and onto a disk that is full."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
from datetime import datetime, timezone
import json
import os
from pathlib import Path
import pty
import signal
import subprocess
import time
import tty

from dxl_port_driver.protocol.instructions import Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket, StatusPacket
from dxl_port_driver.recording.file import load_recording, RecordingFile, RecordingWriteError
from dxl_port_driver.recording.format import Header, Piece, Recording
import pytest
from ros_support.graph import eventually

PATIENCE_S = 30
PING = InstructionPacket(Protocol.V2, 1, Instruction.PING).encode()
ANSWER = StatusPacket(Protocol.V2, 1, 0, b'\xfc\x03\x30').encode()


@pytest.fixture
def wire() -> Iterator[tuple[int, str]]:
    """Give the far end of a port, and its path: what is written there is heard on the port."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    yield master, os.ttyname(slave)
    os.close(master)
    os.close(slave)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a folder on a disk of 32 KiB."""
    folder = tmp_path / 'small'
    folder.mkdir()
    mount = ['mount', '-t', 'tmpfs', '-o', 'size=32k', 'tmpfs', str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip('mount is not installed, so there is no small disk to fill')
    if done.returncode:
        pytest.skip(f'no small disk to fill, which takes root: {done.stderr.strip()}')
    yield folder
    subprocess.run(['umount', '-l', str(folder)], check=True)


@pytest.fixture
def driver(start_driver, domain, monkeypatch):
    """Give an active driver that the tool finds."""
    program, driver = start_driver(port_name='sim://', autostart=True)
    eventually(lambda: driver.state == 'active')
    monkeypatch.setenv('ROS_DOMAIN_ID', str(domain.id))
    driver.program = program
    return driver


def has_begun(process: subprocess.Popen[str]) -> str:
    """Wait until a recorder is at it, and give what it says."""
    line = process.stderr.readline()
    assert line.startswith('recording '), line + process.stderr.read()
    return line


def fill(master: int, process: subprocess.Popen[str]) -> None:
    """Let a recorder hear so much that its disk is full."""
    os.set_blocking(master, False)
    deadline = time.monotonic() + PATIENCE_S
    rest = lot = PING + ANSWER
    while process.poll() is None:
        assert time.monotonic() < deadline
        with contextlib.suppress(BlockingIOError):
            rest = rest[os.write(master, rest) :] or lot
        time.sleep(0.0002)


def test_all_that_a_driver_sends_and_receives_is_in_the_file(
    driver, dxl_port, begin_dxl_port, tmp_path
):
    path = tmp_path / 'session.dxl'
    recorder = begin_dxl_port('record', str(path), '--count', '6')
    assert 'sim:// at 1000000 bit/s' in has_begun(recorder)
    assert driver.get('publish_traffic') is True
    while recorder.poll() is None:
        assert dxl_port('ping', '1', '--driver', '/dxl_port_driver').status == 0
    _, told = recorder.communicate(timeout=PATIENCE_S)
    assert recorder.returncode == 0
    assert '6 pieces' in told
    recording = load_recording(str(path))
    assert recording.header.port == 'sim://'
    assert recording.header.baudrate == 1_000_000
    assert [piece.sent for piece in recording.pieces] == [True, False] * 3
    assert recording.pieces[0].data == PING
    assert recording.pieces[0].at_us > 0
    eventually(lambda: driver.get('publish_traffic') is False)
    grep = ['grep', '-c', ' TX FF FF FD 00 01 ', str(path)]
    assert subprocess.run(grep, capture_output=True, text=True).stdout == '3\n'


def test_ctrl_c_ends_a_recording_and_has_the_driver_as_it_was(
    driver, dxl_port, begin_dxl_port, tmp_path
):
    path = tmp_path / 'session.dxl'
    recorder = begin_dxl_port('record', str(path), '--json')
    eventually(lambda: driver.get('publish_traffic') and path.exists())
    assert dxl_port('ping', '1', '--driver', '/dxl_port_driver').status == 0
    eventually(lambda: len(path.read_text().splitlines()) >= 6)
    recorder.send_signal(signal.SIGINT)
    out, told = recorder.communicate(timeout=PATIENCE_S)
    assert recorder.returncode == 130
    assert not told
    found = json.loads(out)
    assert (found['file'], found['pieces'], found['lost']) == (str(path), 2, 0)
    assert driver.get('publish_traffic') is False
    assert len(load_recording(str(path)).pieces) == 2


def test_a_driver_that_publishes_anyway_goes_on_to(driver, dxl_port, tmp_path):
    assert driver.set(publish_traffic=True) is None
    assert dxl_port('record', tmp_path / 'a.dxl', '--seconds', '0.3').status == 0
    assert driver.get('publish_traffic') is True


def test_a_driver_that_goes_away_ends_the_recording(driver, begin_dxl_port, tmp_path):
    path = tmp_path / 'session.dxl'
    recorder = begin_dxl_port('record', str(path))
    has_begun(recorder)
    driver.program.stop()
    _, told = recorder.communicate(timeout=PATIENCE_S)
    assert recorder.returncode == 3
    assert '/dxl_port_driver went away' in told
    assert load_recording(str(path)).pieces == ()


def test_a_port_is_listened_to_and_instructions_are_told_from_answers(
    begin_dxl_port, wire, tmp_path
):
    master, name = wire
    path = tmp_path / 'session.dxl'
    recorder = begin_dxl_port('record', str(path), '--port', name, '--count', '3')
    has_begun(recorder)
    os.write(master, PING + ANSWER + b'\x00\x01')
    _, told = recorder.communicate(timeout=PATIENCE_S)
    assert recorder.returncode == 0, told
    recording = load_recording(str(path))
    assert recording.header.port == name
    assert [(piece.sent, piece.data) for piece in recording.pieces] == [
        (True, PING),
        (False, ANSWER),
        (False, b'\x00\x01'),
    ]


def test_a_file_that_is_there_is_replaced_only_when_asked(dxl_port, wire, tmp_path):
    path = tmp_path / 'session.dxl'
    path.write_text('precious')
    arguments = ('record', path, '--port', wire[1], '--seconds', '0.1')
    done = dxl_port(*arguments)
    assert done.status == 2
    assert f'{path} exists already' in done.err
    assert path.read_text() == 'precious'
    assert dxl_port(*arguments, '--force').status == 0
    assert load_recording(str(path)).pieces == ()


def test_a_folder_that_is_not_there_is_told(dxl_port, wire, tmp_path):
    done = dxl_port('record', tmp_path / 'none' / 'a.dxl', '--port', wire[1])
    assert done.status == 1
    assert done.err.count('\n') == 1
    assert 'No such file or directory' in done.err


def test_a_full_disk_ends_a_recording_with_a_sentence_and_a_file_that_can_be_read(
    begin_dxl_port, wire, small_disk
):
    master, name = wire
    path = small_disk / 'session.dxl'
    recorder = begin_dxl_port('record', str(path), '--port', name)
    has_begun(recorder)
    fill(master, recorder)
    _, told = recorder.communicate(timeout=PATIENCE_S)
    assert recorder.returncode == 1
    sentences = [line for line in told.splitlines() if line.startswith('dxl_port: ')]
    assert len(sentences) == 1
    assert 'which are kept: No space left on device' in sentences[0]
    assert 'Traceback' not in told
    recording = load_recording(str(path))
    assert len(recording.pieces) > 100
    assert {piece.data for piece in recording.pieces} == {PING, ANSWER}
    assert f'{len(recording.pieces)} pieces' in sentences[0]


def test_a_disk_that_is_full_from_the_start_is_told(dxl_port, wire):
    if not os.path.exists('/dev/full'):
        pytest.skip('/dev/full is not there')
    done = dxl_port('record', '/dev/full', '--port', wire[1])
    assert done.status == 1
    assert done.err == 'dxl_port: /dev/full cannot be written: No space left on device\n'


def test_a_full_disk_under_a_driver_leaves_the_driver_as_it_was(
    driver, dxl_port, begin_dxl_port, small_disk
):
    path = small_disk / 'session.dxl'
    with open(small_disk / 'ballast', 'wb') as ballast:
        ballast.write(bytes(24 << 10))
    recorder = begin_dxl_port('record', str(path))
    has_begun(recorder)
    eventually(
        lambda: (
            dxl_port('bench', '1', '--count', '50', '--driver', '/dxl_port_driver')
            and recorder.poll() is not None
        )
    )
    _, told = recorder.communicate(timeout=PATIENCE_S)
    assert recorder.returncode == 1
    assert 'No space left on device' in told
    assert load_recording(str(path)).pieces
    assert driver.get('publish_traffic') is False


def test_a_file_goes_on_to_be_valid_when_there_is_room_again(small_disk):
    path = small_disk / 'session.dxl'
    ballast = small_disk / 'ballast'
    ballast.write_bytes(bytes(16 << 10))
    header = Header('/dev/ttyUSB0', 57600, datetime(2026, 3, 1, tzinfo=timezone.utc))
    pieces = [Piece(number, sent=True, data=PING * 9) for number in range(2000)]
    written = []
    with RecordingFile(str(path), header) as file:
        refused = 0
        for piece in pieces:
            try:
                file.write(piece)
            except RecordingWriteError:
                refused += 1
                assert load_recording(str(path)) == Recording(header, tuple(written))
                if refused == 2:
                    break
                ballast.unlink()
            else:
                written.append(piece)
    assert refused == 2
    assert load_recording(str(path)) == Recording(header, tuple(written))
