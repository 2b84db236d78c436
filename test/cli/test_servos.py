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

"""ping, read, write and transact, on the virtual bus."""

from __future__ import annotations

import pytest


def test_ping_tells_who_is_there_and_what_it_is(dxl_port):
    done = dxl_port('ping', '1-3', '--port', 'sim://')
    assert done.status == 0
    assert [row[:4] for row in done.rows] == [
        ['1', '1020', 'XM430-W350', '48'],
        ['2', '1020', 'XM430-W350', '48'],
        ['3', '1020', 'XM430-W350', '48'],
    ]
    assert not done.err


def test_ping_of_a_mute_servo_fails_with_a_sentence_and_still_tells_of_the_others(dxl_port):
    done = dxl_port('ping', '1,40-42', '--port', 'sim://')
    assert done.status == 1
    assert [row[0] for row in done.rows] == ['1']
    assert done.err.count('\n') == 1
    assert 'no status packet came from servo 40' in done.err
    assert done.err.endswith('the same with 41-42\n')


def test_ping_without_ids_finds_all(dxl_port):
    done = dxl_port('ping', '--port', 'sim://?ids=3,200', '--json')
    assert done.status == 0
    assert [record['id'] for record in done.records] == [3, 200]


def test_ping_without_ids_where_nobody_is_says_what_to_try(dxl_port):
    done = dxl_port('ping', '--port', 'sim://?ids=')
    assert done.status == 1
    assert not done.out
    assert 'no servo answers on sim://?ids= in Protocol 2.0' in done.err
    assert 'dxl_port scan' in done.err


def test_ping_in_protocol_1_reads_the_model_as_well(dxl_port):
    done = dxl_port('ping', '1', '--protocol', '1.0', '--port', 'sim://?protocol=1.0', '--json')
    assert done.status == 0
    (record,) = done.records
    assert (record['model'], record['model_name'], record['protocol']) == (29, 'MX-28', '1.0')


def test_json_tells_of_failures_too(dxl_port):
    done = dxl_port('ping', '40', '--port', 'sim://', '--json')
    assert done.status == 1
    (record,) = done.records
    assert record['ok'] is False
    assert record['result'] == 'RX_TIMEOUT'
    assert 'servo 40' in record['message']


def test_numbers_may_be_in_any_base(dxl_port):
    done = dxl_port('read', '0x1,0b10,03', '0x84', '0x4', '--port', 'sim://', '--json')
    assert done.status == 0
    assert [(r['id'], r['address'], r['value']) for r in done.records] == [
        (1, 132, 2048),
        (2, 132, 2048),
        (3, 132, 2048),
    ]


def test_a_long_read_is_shown_as_bytes_with_their_addresses(dxl_port):
    done = dxl_port('read', '1', '0', '20', '--port', 'sim://')
    assert done.status == 0
    assert done.out.splitlines()[2].split()[:4] == ['0', 'FC', '03', '00']
    assert done.out.splitlines()[3].split()[0] == '16'


def test_what_was_written_is_read_back(dxl_port):
    port = ('--port', 'sim://?seed=101')
    done = dxl_port('write', '1-2', '104', '-50', '4', *port)
    assert done.status == 0
    assert done.out == 'wrote -50 (4 bytes) at 104 of servo 1-2\n'
    (record,) = dxl_port('read', '1', '104', '4', *port, '--json').records
    assert (record['signed'], record['value'], record['data']) == (-50, 2**32 - 50, 'ceffffff')


def test_a_broadcast_write_says_that_nobody_answers_to_it(dxl_port):
    port = ('--port', 'sim://?seed=102')
    done = dxl_port('write', '254', '65', '1', *port)
    assert done.status == 0
    assert 'to all servos, who do not answer' in done.out
    assert dxl_port('read', '6', '65', *port, '--json').records[0]['value'] == 1


@pytest.mark.parametrize(
    ('call', 'why'),
    [
        (('write', '1', '116', '48'), 'the length is not that of the register'),
        (('write', '1', '132', '0', '4'), 'read-only'),
        (('write', '1', '64', '7'), 'the value does not fit the register'),
    ],
)
def test_a_refusal_of_the_servo_is_told_in_words(dxl_port, call, why):
    done = dxl_port(*call, '--port', 'sim://')
    assert done.status == 1
    assert done.err.startswith('dxl_port: servo 1 refused: ')
    assert why in done.err


def test_a_refusal_of_a_protocol_1_servo_is_told_in_words(dxl_port):
    done = dxl_port(
        'write', '1', '30', '60000', '2', '--protocol', '1.0', '--port', 'sim://?protocol=1.0'
    )
    assert done.status == 1
    assert 'servo 1 refused: ' in done.err


def test_retries_are_made_and_told(dxl_port):
    done = dxl_port('ping', '40', '--retries', '2', '--port', 'sim://', '--json')
    assert done.records[0]['attempts'] == 3
    assert '(after 3 attempts)' in done.err


@pytest.mark.parametrize(
    'written',
    [
        ['FF FF FD 00 01 03 00 01 19 4E'],
        ['fffffd00010300', '01194e'],
        ['0xff,0xff,0xfd,0x0,0x1,3,0,1,0x19,0x4e'],
        ['ff:ff:fd:00:01:03:00:01:19:4e'],
    ],
)
def test_transact_takes_hex_in_the_forms_that_people_have_it_in(dxl_port, written):
    done = dxl_port('transact', *written, '--port', 'sim://', '--json')
    assert done.status == 0
    (record,) = done.records
    assert record['sent'] == 'fffffd0001030001194e'
    assert record['packets'] == [{'id': 1, 'error': 0, 'params': 'fc0330'}]


def test_transact_shows_the_answer_as_bytes_and_as_a_packet(dxl_port):
    done = dxl_port('transact', 'FFFF010201FB', '--port', 'sim://?protocol=1.0')
    assert done.status == 0
    assert done.out.splitlines()[0] == 'FF FF 01 02 00 FC'
    assert done.out.splitlines()[2].split() == ['1', '0x00']


def test_transact_with_a_length_takes_that_many_bytes(dxl_port):
    done = dxl_port(
        'transact', 'FF FF FD 00 01 03 00 01 19 4E', '--length', 5, '--port', 'sim://', '--json'
    )
    assert done.records[0]['data'] == 'fffffd0001'


def test_transact_without_an_answer_only_sends(dxl_port):
    done = dxl_port('transact', '55', '--no-answer', '--port', 'sim://')
    assert done.status == 0
    assert done.out == 'sent; no answer to expect\n'


def test_a_device_that_fails_on_the_way_is_no_port_any_more(dxl_port):
    done = dxl_port('bench', '--seconds', '20', '--port', 'sim://?unplug_after=5')
    assert done.status == 3
    assert 'sim://?unplug_after=5' in done.err
