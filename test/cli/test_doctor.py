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

"""``dxl_port doctor`` says what is wrong, what is missing, and what it did not look at."""

from __future__ import annotations

import time

from dxl_port_driver.cli.port_checks import check_stolen
from dxl_port_driver.cli.target import Target
from dxl_port_driver.protocol.instructions import Protocol
import pytest
from sim_support.fake_servos import FakeServo

QUICK = 'latency_timer=1'
# An adapter that makes two rates only, so that there is little to look through.
TWO_RATES = f'{QUICK}&rates=57600,1000000'
LOOK = ('doctor', '--timeout', '0.2', '--json', '--ids')


def checks(outcome):
    return {record['check']: record for record in outcome.records}


def test_a_bus_in_order_passes(dxl_port):
    port = f'sim://?ids=1-2&return_delay=0&baudrate=1000000&{TWO_RATES}'
    done = dxl_port(*LOOK, '1-2', '--port', port)
    assert done.status == 0
    found = checks(done)
    assert {name: record['state'] for name, record in found.items()} == {
        'port': 'ok',
        'baudrate': 'ok',
        'latency timer': 'ok',
        'servos': 'ok',
        'ids': 'ok',
        'return delay': 'ok',
        'looked at': 'note',
    }
    assert found['looked at']['message'] == (
        'id 1-2, both protocols, at 57600, 1000000 bit/s; left out: other ids, other baudrates '
        '(9600, 115200, 2000000, 3000000, 4000000: the adapter does not make them)'
    )


def test_people_get_a_line_a_check_and_the_way_to_mend_it(dxl_port):
    done = dxl_port('doctor', '--ids', '1-2', '--port', f'sim://?ids=1-2&{TWO_RATES}')
    assert done.status == 0
    assert 'warn  return delay: servo 1-2 waits 500 us before each answer' in done.out
    assert '-> with torque off, set the Return Delay Time to 0: dxl_port write 1-2 9 0' in done.out


def test_the_way_to_mend_it_names_the_protocol_that_is_not_the_default(dxl_port):
    port = f'sim://?ids=1-2&protocol=1.0&{TWO_RATES}'
    (record,) = (
        record
        for record in dxl_port(*LOOK, '1-2', '--port', port).records
        if record['check'] == 'return delay'
    )
    command = record['mend'].partition('dxl_port ')[2].split()
    assert command == ['write', '1-2', '5', '0', '--protocol', '1.0']
    assert dxl_port(*command, '--port', port).status == 0


def test_servos_that_were_named_and_do_not_answer_are_findings(dxl_port):
    port = f'sim://?ids=1&baudrate=1000000&{TWO_RATES}'
    done = dxl_port(*LOOK, '1,7-8', '--port', port)
    assert done.status == 1
    found = checks(done)
    assert found['servos']['message'] == 'servo 1 at 1000000 bit/s'
    assert found['missing']['state'] == 'fail'
    assert found['missing']['message'] == (
        'servo 7-8 does not answer at 1000000 bit/s, in neither protocol, nor at 57600 bit/s'
    )


@pytest.mark.parametrize('ids', ['4', '1,4'])
def test_servos_at_another_baudrate_are_found_whether_or_not_others_answer(dxl_port, ids):
    port = f'sim://?ids={ids}&baudrate=57600&{TWO_RATES}'
    if ids == '1,4':
        # Servo 1 is at the rate of the port, servo 4 stays where it is.
        done = dxl_port(
            'write', '1', '8', '3', '--baudrate', '57600', '--port', port, '--timeout', '1'
        )
        assert done.status == 0
    done = dxl_port(*LOOK, ids, '--port', port)
    assert done.status == 1
    found = checks(done)
    assert ('servos' in found) == (ids == '1,4')
    assert found['other baudrate']['state'] == 'fail'
    assert found['other baudrate']['message'] == 'servo 4 at 57600 bit/s'
    assert '--baudrate 57600' in found['other baudrate']['mend']


def test_an_adapter_that_ignores_the_baudrate_is_told_once(dxl_port):
    done = dxl_port(*LOOK, '1-2', '--port', f'sim://?ids=1-2&{QUICK}')
    assert done.status == 0
    told = [r for r in done.records if 'answer at every baudrate' in r['message']]
    assert [record['state'] for record in told] == ['warn']
    assert 'other baudrate' not in checks(done)


def test_servos_that_share_an_id_are_told_from_those_that_do_not(dxl_port):
    port = f'sim://?ids=1,3,3&model=1020,1020,1060&{QUICK}&rates=1000000'
    done = dxl_port(*LOOK, '1,3', '--port', port)
    assert done.status == 1
    found = checks(done)
    assert found['servos']['message'].startswith('servo 1 at ')
    assert 'id 3 is garbled: two servos share the id' in found['ids']['message']
    assert 'missing' not in found


def test_garbage_whichever_id_is_asked_is_not_taken_for_a_shared_id(dxl_port):
    port = f'sim://?ids=1&baudrate=57600&wrong_rate=garbage&{TWO_RATES}'
    done = dxl_port(*LOOK, '1-10', '--port', port, '--timeout', '0.05')
    assert done.status == 1
    found = checks(done)
    assert 'the wrong baudrate, or the line is noisy' in found['noise']['message']
    assert 'ids' not in found
    assert found['other baudrate']['message'] == 'servo 1 at 57600 bit/s'


def test_both_protocols_on_one_bus_are_a_warning(dxl_port):
    port = f'sim://?ids=1&ids1=5&return_delay=0&{QUICK}&rates=1000000'
    done = dxl_port(*LOOK, '1,5', '--port', port)
    assert done.status == 0
    assert checks(done)['protocols']['state'] == 'warn'


@pytest.mark.parametrize('port', ['/dev/no_such_port', '/dev/null'])
def test_a_port_that_does_not_open_is_the_one_thing_told(dxl_port, port):
    done = dxl_port('doctor', '--json', '--port', port)
    assert done.status == 3
    (record,) = done.records
    assert (record['check'], record['state']) == ('port', 'fail')
    assert port in record['message']


@pytest.mark.parametrize(
    ('servo', 'message', 'mend'),
    [
        (
            FakeServo(1, error=0x80, model=1020),
            'servo 1 (XM430-W350) tells: hardware alert: overheated, overloaded',
            'dxl_port reboot 1',
        ),
        (
            FakeServo(1, error=0x80, model=2010, level_at=516),
            'servo 1 (PH54-100-S500) tells: hardware alert: overheated, overloaded',
            'dxl_port reboot 1',
        ),
        (
            FakeServo(1, error=0x80, model=54024, level_at=891),
            'servo 1 (H54-200-S500-R) tells: hardware alert: overheated, overloaded',
            'dxl_port reboot 1',
        ),
        (
            FakeServo(1, error=0x80, model=9999),
            'servo 1 tells: hardware alert',
            'read its Hardware Error Status',
        ),
        (
            FakeServo(1, error=0x24, model=12, level_at=16, protocol=Protocol.V1),
            'servo 1 (AX-12A) tells: overheated, overloaded',
            'let it cool down: it is hotter than its Temperature Limit; take the load off',
        ),
    ],
)
def test_an_alarm_is_told_by_what_the_model_knows_of_it(dxl_port, fake, servo, message, mend):
    for address in (70, 518, 892):
        servo.data[address] = 0x24
    done = dxl_port(*LOOK, '1', '--port', fake(servo))
    assert done.status == 1
    alarm = checks(done)['alarm']
    assert alarm['message'] == message
    assert mend in alarm['mend']
    assert ('address' in alarm['mend']) == (servo.model == 9999)


def test_servos_that_are_set_not_to_answer_writes_are_named(dxl_port, fake):
    v1 = {'protocol': Protocol.V1, 'model': 12, 'level_at': 16}
    port = fake(
        FakeServo(1, level=1), FakeServo(2), FakeServo(3, level=0), FakeServo(4, level=1, **v1)
    )
    done = dxl_port(*LOOK, '1-4', '--port', port)
    assert done.status == 0
    told = [r for r in done.records if r['check'] == 'status return']
    assert [(r['state'], r['message'].split(' (')[0], r['mend'].split(';')[0]) for r in told] == [
        ('warn', 'servo 3 answers pings alone', 'dxl_port write 3 68 2 --no-answer'),
        (
            'warn',
            'servo 4 answers pings and reads, but no writes',
            'dxl_port write 4 16 2 --no-answer --protocol 1.0',
        ),
        (
            'warn',
            'servo 1 answers pings and reads, but no writes',
            'dxl_port write 1 68 2 --no-answer',
        ),
    ]


def test_what_the_doctor_could_not_read_is_told(dxl_port, fake):
    done = dxl_port(
        *LOOK, '1-2', '--port', fake(FakeServo(1, short=True), FakeServo(2, model=9999))
    )
    found = checks(done)
    assert found['return delay']['state'] == 'warn'
    assert 'servo 1 (XM430-W350) (address 9) could not be read' in found['return delay']['message']
    assert 'servo 1 (XM430-W350) (address 68) could not' in found['status return']['message']
    assert 'left out: servo 2 (model 9999)' in found['models']['message']


def test_a_board_that_resets_when_its_port_is_opened_is_told(dxl_port, fake):
    servo = FakeServo(1, away_until=time.monotonic() + 2.0)
    done = dxl_port('doctor', '--json', '--ids', '1', '--port', fake(servo))
    assert done.status == 0
    found = checks(done)
    assert found['start']['state'] == 'warn'
    assert '--open-delay 2' in found['start']['mend']
    assert found['servos']['message'] == 'servo 1 at 1000000 bit/s'


def test_an_adapter_that_brltty_took_away_is_named(tmp_path):
    device = tmp_path / 'sys/bus/usb/devices/1-2'
    (device / '1-2:1.0').mkdir(parents=True)
    (device / 'idVendor').write_text('1a86\n')
    (device / 'idProduct').write_text('7523\n')
    brltty = tmp_path / 'brltty'
    brltty.touch(0o755)
    where = {'sysfs': tmp_path / 'sys', 'path': str(tmp_path)}
    (check,) = check_stolen(Target('/dev/ttyUSB0'), **where)
    assert check.message.startswith('an adapter with a CH340 (1-2) is plugged in and has no tty')
    (device / '1-2:1.0' / 'ttyUSB0').mkdir()
    assert not list(check_stolen(Target('/dev/ttyUSB0'), **where))
