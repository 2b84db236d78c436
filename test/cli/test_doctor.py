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

"""doctor: each check, with what it says when there is something to mend."""

from __future__ import annotations

import pytest

QUICK = 'latency_timer=1'
LOOK = ('doctor', '--ids', '1-5', '--timeout', '0.2', '--json')


def checks(outcome):
    return {record['check']: record for record in outcome.records}


def test_a_bus_in_order_passes(dxl_port):
    done = dxl_port(*LOOK, '--port', f'sim://?ids=1-2&return_delay=0&{QUICK}')
    assert done.status == 0
    assert {name: record['state'] for name, record in checks(done).items()} == {
        'port': 'ok',
        'baudrate': 'ok',
        'latency timer': 'ok',
        'servos': 'ok',
        'ids': 'ok',
        'return delay': 'ok',
    }


def test_people_get_a_line_a_check_and_the_way_to_mend_it(dxl_port):
    done = dxl_port(*LOOK[:-1], '--port', f'sim://?ids=1-2&{QUICK}')
    assert done.status == 0
    assert 'warn  return delay: servo 1-2 waits 500 us before each answer' in done.out
    assert '-> with torque off, set the Return Delay Time to 0: dxl_port write 1-2 9 0' in done.out


def test_servos_at_another_baudrate_are_found(dxl_port):
    done = dxl_port(*LOOK, '--port', f'sim://?ids=4&baudrate=57600&{QUICK}')
    assert done.status == 1
    found = checks(done)['servos']
    assert 'servo 4 at 57600 bit/s' in found['message']
    assert '--baudrate 57600' in found['mend']


def test_servos_that_share_an_id_are_told_from_those_that_do_not(dxl_port):
    done = dxl_port(*LOOK, '--port', f'sim://?ids=1,3,3&model=1020,1020,1060&{QUICK}')
    assert done.status == 1
    found = checks(done)
    assert found['servos']['message'].startswith('servo 1 at ')
    assert 'id 3 is garbled: two servos share the id' in found['ids']['message']


def test_both_protocols_on_one_bus_are_a_warning(dxl_port):
    done = dxl_port(*LOOK, '--port', f'sim://?ids=1&ids1=5&return_delay=0&{QUICK}')
    assert done.status == 0
    assert checks(done)['protocols']['state'] == 'warn'


@pytest.mark.parametrize('port', ['/dev/no_such_port', '/dev/null'])
def test_a_port_that_does_not_open_is_the_one_thing_told(dxl_port, port):
    done = dxl_port('doctor', '--json', '--port', port)
    assert done.status == 3
    (record,) = done.records
    assert (record['check'], record['state']) == ('port', 'fail')
    assert port in record['message']
