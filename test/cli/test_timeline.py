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

"""dxl_port timeline: a recording as a picture."""

from __future__ import annotations

from datetime import datetime, timezone
import sys
import xml.etree.ElementTree as ElementTree

from dxl_port_driver.protocol.instructions import Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket, StatusPacket
from dxl_port_driver.recording.file import RecordingFile
from dxl_port_driver.recording.format import Header, Piece
import pytest

PNG = b'\x89PNG\r\n\x1a\n'


@pytest.fixture
def session(tmp_path):
    """Give the file of a recorded session: 20 reads, every other one of a servo that is mute."""
    path = tmp_path / 'session.dxl'
    header = Header('/dev/tty$1$', 1_000_000, datetime(2026, 3, 1, tzinfo=timezone.utc))
    with RecordingFile(str(path), header) as file:
        for number in range(20):
            servo = 1 + number % 2
            ask = InstructionPacket(Protocol.V2, servo, Instruction.READ, b'\x84\x00\x04\x00')
            file.write(Piece(10_000 * number, sent=True, data=ask.encode()))
            if servo == 1:
                answer = StatusPacket(Protocol.V2, 1, 0, b'\x00\x08\x00\x00').encode()
                file.write(Piece(10_000 * number + 900, sent=False, data=answer))
    return path


@pytest.fixture
def _matplotlib():
    pytest.importorskip('matplotlib', reason='matplotlib is not installed')


@pytest.mark.usefixtures('_matplotlib')
def test_the_picture_is_beside_the_recording_and_names_everybody(session, dxl_port):
    done = dxl_port('timeline', session)
    picture = session.with_suffix('.svg')
    assert (done.status, done.out, done.err) == (0, f'{picture}\n', '')
    drawn = picture.read_text()
    ElementTree.fromstring(drawn)
    for text in ('servo 1', 'servo 2', 'no answer', 'bus idle', 'Read', '/dev/tty$1$'):
        assert text in drawn
    assert '20 instructions, 10 answers, 10 without an answer' in drawn
    # The same recording gives the same picture.
    assert dxl_port('timeline', session).status == 0
    assert picture.read_text() == drawn


@pytest.mark.usefixtures('_matplotlib')
def test_a_part_is_drawn_as_png(session, dxl_port, tmp_path):
    picture = tmp_path / 'part.png'
    done = dxl_port('timeline', session, '--from', '0.05', '--to', '0.1', '-o', picture, '--json')
    assert done.status == 0
    assert picture.read_bytes().startswith(PNG)
    (counts,) = done.records
    assert counts.pop('utilisation') > 0
    assert counts == {'picture': str(picture), 'instructions': 6, 'answers': 2, 'timeouts': 3}


@pytest.mark.usefixtures('_matplotlib')
def test_a_picture_that_cannot_be_written_is_told(session, dxl_port, tmp_path):
    done = dxl_port('timeline', session, '-o', tmp_path / 'none' / 'a.svg')
    assert done.status == 3
    assert 'a.svg cannot be written: No such file or directory' in done.err


def test_where_there_is_no_matplotlib_it_says_what_to_install(session, dxl_port, monkeypatch):
    monkeypatch.delitem(sys.modules, 'dxl_port_driver.cli.drawing', raising=False)
    for name in [name for name in sys.modules if name.split('.')[0] == 'matplotlib']:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, 'matplotlib', None)
    done = dxl_port('timeline', session)
    assert done.status == 3
    assert 'install python3-matplotlib' in done.err


@pytest.mark.parametrize(
    ('arguments', 'told'),
    [
        (('-o', 'picture.pdf'), 'picture.pdf is neither .svg nor .png'),
        (('--from', '2', '--to', '1'), '--to 1 is not behind --from 2'),
        (('--from', '100'), 'there is nothing to draw in that part'),
    ],
)
def test_what_cannot_be_drawn_is_wrong_usage(session, dxl_port, arguments, told):
    done = dxl_port('timeline', session, *arguments)
    assert done.status == 2
    assert told in done.err


def test_too_much_for_a_picture_is_refused_with_a_part_that_fits(tmp_path, dxl_port):
    path = tmp_path / 'long.dxl'
    ask = InstructionPacket(Protocol.V2, 1, Instruction.PING).encode()
    header = Header('/dev/ttyUSB0', 1_000_000, datetime(2026, 3, 1, tzinfo=timezone.utc))
    with RecordingFile(str(path), header) as file:
        for number in range(10_100):
            file.write(Piece(1000 * number, sent=True, data=ask))
    done = dxl_port('timeline', path)
    assert done.status == 2
    assert 'draw a part of it: --from 0.000 --to 5.000' in done.err
