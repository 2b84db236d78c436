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

"""Recordings as text: what is written can be read, and what cannot be read says where."""

from __future__ import annotations

from datetime import datetime, timezone

from dxl_port_driver.errors import RequestError
from dxl_port_driver.recording.format import (
    comment_line,
    Header,
    header_lines,
    MAX_LINE,
    Piece,
    piece_line,
    read_recording,
    Recording,
    RecordingError,
)
from hypothesis import given, HealthCheck, settings
from hypothesis import strategies as st
import pytest

# On a machine that others keep busy, drawing and running an example may take long.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

HEADER = Header('/dev/ttyUSB0', 57600, datetime(2026, 3, 1, 12, 0, 0, 5, tzinfo=timezone.utc))
PIECES = (
    Piece(0, sent=True, data=bytes.fromhex('FFFFFD0001030001194E')),
    Piece(1_000_618, sent=False, data=b'\xff\x00'),
)
TEXT = """\
# dxl_port recording, version 1
# port: /dev/ttyUSB0
# baudrate: 57600
# start: 2026-03-01T12:00:00.000005Z
0.000000 TX FF FF FD 00 01 03 00 01 19 4E
1.000618 RX FF 00
"""

pieces = st.lists(
    st.builds(
        Piece,
        st.integers(0, 10**15),
        sent=st.booleans(),
        data=st.binary(min_size=1, max_size=300),
    ),
    max_size=30,
).map(lambda found: tuple(sorted(found, key=lambda piece: piece.at_us)))
headers = st.builds(
    Header,
    st.text(
        st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_categories=['C', 'Z'])
    ).map(lambda text: text or '?'),
    st.integers(1, 999_999_999),
    st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(timezone.utc)),
)


def lines(text):
    return text.splitlines(keepends=True)


def written(recording):
    return header_lines(recording.header) + ''.join(map(piece_line, recording.pieces))


def test_a_recording_looks_as_the_docs_say():
    recording = Recording(HEADER, PIECES)
    assert written(recording) == TEXT
    assert read_recording(lines(TEXT)) == recording


@UNHURRIED
@given(headers, pieces)
def test_what_is_written_is_read(header, pieces):
    recording = Recording(header, pieces)
    assert read_recording(lines(written(recording))) == recording


@UNHURRIED
@given(st.text())
def test_no_port_name_and_no_comment_breaks_a_line(text):
    header = Header(text, 1, HEADER.start)
    found = read_recording(
        lines(header_lines(header) + comment_line(text) + piece_line(PIECES[0]))
    )
    assert found.pieces == PIECES[:1]


@UNHURRIED
@given(st.binary(max_size=300), st.integers(0, len(TEXT)))
def test_rubbish_anywhere_is_read_or_refused_with_its_line(rubbish, at):
    text = TEXT[:at] + rubbish.decode('utf-8', 'replace') + TEXT[at:]
    given_lines = [f'{line}\n' for line in text.split('\n')]
    try:
        read_recording(given_lines)
    except RecordingError as error:
        line = error.line
    else:
        line = 1
    assert line in range(1, len(given_lines) + 1)


@pytest.mark.parametrize('end', range(len(TEXT)))
def test_a_file_that_is_cut_off_is_refused_unless_it_ends_with_a_whole_line(end):
    text = TEXT[:end]
    if text.count('\n') >= 4 and text.endswith('\n'):
        assert read_recording(lines(text)).pieces == PIECES[: text.count('\n') - 4]
    else:
        with pytest.raises(RecordingError) as caught:
            read_recording(lines(text))
        assert f'line {caught.value.line}' in caught.value.message


@pytest.mark.parametrize(
    ('old', 'new', 'line', 'told'),
    [
        ('version 1', 'version 2', 1, 'of version 2, and this tool reads version 1'),
        ('# dxl_port recording', '# something else', 1, 'it is no recording'),
        ('# baudrate: 57600\n', '', 4, 'no line "# baudrate: ..."'),
        ('57600', '57k', 3, "'57k' is no baudrate"),
        ('2026-03-01T', '2026-13-01T', 4, 'is no time'),
        ('1.000618 RX', '1.0006 RX', 6, 'not of the form'),
        (' RX ', ' XX ', 6, 'not of the form'),
        ('RX FF 00', 'RX FF 0', 6, 'not of the form'),
        ('RX FF 00', 'RX', 6, 'not of the form'),
        ('0.000000 TX', '2.000000 TX', 6, 'times never go back'),
        ('RX FF 00', 'RX' + ' FF' * (MAX_LINE // 3), 6, 'longer than'),
    ],
)
def test_what_is_wrong_is_told_with_its_line(old, new, line, told):
    with pytest.raises(RecordingError) as caught:
        read_recording(lines(TEXT.replace(old, new, 1)))
    assert caught.value.line == line
    assert f'line {line}' in caught.value.message
    assert told in caught.value.message
    assert isinstance(caught.value, RequestError)


def test_comments_and_empty_lines_and_small_letters_are_fine():
    text = TEXT.replace('1.000618', '# the arm stopped here\n\n1.000618').replace('FF 00', 'ff 00')
    assert read_recording(lines(text)).pieces == PIECES


def test_an_empty_recording_is_one():
    assert read_recording(lines(header_lines(HEADER))) == Recording(HEADER, ())
