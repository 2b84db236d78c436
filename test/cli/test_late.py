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

"""Servos that answer later than the packet timeout rule allows are there, and are told as late."""

from __future__ import annotations

import re

from dxl_port_driver.protocol.instructions import Protocol
import pytest
from sim_support.fake_servos import FakeServo

# By the rule a port without a latency timer is waited for 34 ms; 70 is late on any machine.
LATE_S = 0.07
V1 = {'protocol': Protocol.V1, 'model': 12, 'level_at': 16}


def test_ping_finds_a_late_servo_and_says_how_late_it_is(dxl_port_as_is, fake):
    port = fake(FakeServo(1, late_s=LATE_S), FakeServo(2))
    done = dxl_port_as_is('ping', '1-2', '--port', port)
    assert done.status == 0
    assert [row[:2] for row in done.rows] == [['1', '1020'], ['2', '1020']]
    told = re.fullmatch(
        r'servo 1 is there, but answers late: after ([0-9.]+) ms, ([0-9.]+) ms after its time was '
        r'over; give --timeout ([0-9.]+) here, and raise latency_timer to ([0-9.]+) ms for a '
        r'driver on this port\n',
        done.err,
    )
    took_ms, by_ms, timeout_s, timer_ms = map(float, told.groups())
    assert took_ms >= 70
    assert took_ms - by_ms == pytest.approx(34.2, abs=1)
    assert timeout_s * 1e3 > took_ms
    assert 2 * timer_ms + 2 > took_ms
    assert 'check power' not in done.err


def test_ping_in_protocol_1_finds_a_late_servo_too(dxl_port_as_is, fake):
    port = fake(FakeServo(1, late_s=LATE_S, **V1))
    done = dxl_port_as_is('ping', '1', '--protocol', '1.0', '--port', port, '--json')
    assert done.status == 0
    (record,) = done.records
    assert record['ok'] is True
    assert record['model_name'] == 'AX-12A'
    assert record['elapsed_s'] >= LATE_S
    assert 'servo 1 is there, but answers late' in record['note']


def test_what_is_later_than_the_user_waits_fails_and_is_told_as_late(dxl_port_as_is, fake):
    port = fake(FakeServo(1, late_s=LATE_S))
    done = dxl_port_as_is('ping', '1', '--timeout', '0.03', '--port', port)
    assert done.status == 1
    assert 'servo 1 is there, but answers late' in done.err


def test_a_read_that_a_late_servo_does_not_answer_is_told_as_late(dxl_port_as_is, fake):
    port = fake(FakeServo(1, late_s=LATE_S), FakeServo(3))
    done = dxl_port_as_is('read', '1,2,3', '132', '4', '--port', port)
    assert done.status == 1
    late, silent = done.err.splitlines()
    assert 'servo 1 is there, but answers late' in late
    assert 'no status packet came from servo 2' in silent
    assert [row[0] for row in done.rows] == ['3']


def test_many_silent_servos_are_asked_once_more_by_one_broadcast(dxl_port_as_is, fake):
    port = fake(FakeServo(9, late_s=LATE_S))
    done = dxl_port_as_is('ping', '1-9', '--port', port)
    assert done.status == 1
    assert [row[0] for row in done.rows] == ['9']
    assert done.err.count('not a single byte') == 1
    assert 'the same with 2-8' in done.err


def test_a_scan_does_not_take_a_late_answer_for_that_of_the_next_id(dxl_port_as_is, fake):
    # Several in time, as a busy computer may be late with the answer of one.
    port = fake(FakeServo(1, late_s=LATE_S, **V1), *(FakeServo(n, **V1) for n in (3, 4, 5)))
    done = dxl_port_as_is(
        'scan', '--ids', '1-6', '--protocol', '1.0', '--baudrate', '1M', '--port', port
    )
    assert done.status == 0
    assert {'1'} < {row[2] for row in done.rows} <= {'1', '3', '4', '5'}
    assert 'servo 1 is there, but answers late' in done.err
    assert 'share the id' not in done.err


@pytest.mark.parametrize('kind', [{}, V1])
def test_the_doctor_finds_late_servos_and_advises_no_baudrate(dxl_port_as_is, fake, kind):
    port = fake(FakeServo(1, late_s=LATE_S, **kind), FakeServo(2, **kind))
    done = dxl_port_as_is('doctor', '--ids', '1-2', '--port', port, '--json')
    found = {record['check']: record for record in done.records}
    assert done.status == 1
    assert found['servos']['message'] == 'servo 1-2 at 1000000 bit/s'
    assert found['late answers']['state'] == 'fail'
    assert found['late answers']['message'].startswith('servo 1 is there, but answers after up to')
    assert 'latency_timer' in found['late answers']['mend']
    assert 'other baudrate' not in found
    assert 'missing' not in found


def test_the_doctor_hears_late_servos_when_no_ids_are_named(dxl_port_as_is):
    bus = 'ids=1&ids1=200&return_delay=0&delay=40&collide=off'
    adapter = 'latency_timer=1&rates=1000000&baudrate=1000000'
    done = dxl_port_as_is('doctor', '--port', f'sim://?{bus}&{adapter}', '--json')
    found = {record['check']: record for record in done.records}
    assert done.status == 1
    assert found['servos']['message'] == 'servo 1, 200 at 1000000 bit/s'
    assert found['late answers']['message'].startswith('servo 1, 200 is there')
    assert found['ids']['state'] == 'ok'
    assert 'other baudrate' not in found
    assert '9600' in found['looked at']['message']


def test_no_baudrate_is_claimed_where_none_can_be_set(dxl_port_as_is, fake):
    port = fake(FakeServo(1), FakeServo(2, late_s=LATE_S), tcp=True)
    done = dxl_port_as_is('doctor', '--ids', '1-3', '--port', port)
    assert done.status == 1
    assert 'bit/s' not in done.out
    assert 'servos: servo 1-2\n' in done.out
    assert 'missing: servo 3 does not answer, in neither protocol' in done.out
    done = dxl_port_as_is('scan', '--ids', '1', '--protocol', '2.0', '--port', port, '--json')
    assert [(r['id'], r['baudrate']) for r in done.records] == [(1, None)]
    assert dxl_port_as_is('scan', '--ids', '9', '--port', port).err.count('bit/s') == 0
    assert 'baudrate' not in dxl_port_as_is('info', '--port', port).out
    done = dxl_port_as_is('scan', '--baudrates', '1M', '--port', port)
    assert done.status == 2
    assert 'the far end has its own baudrate' in done.err
