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

"""What a servo says about itself is told beside what it was asked for, and in the right words."""

from __future__ import annotations

from dxl_port_driver.cli.models import model_name, registers_of
from dxl_port_driver.protocol.instructions import Protocol
import pytest
from sim_support.fake_servos import FakeServo

V1 = {'protocol': Protocol.V1, 'model': 12, 'level_at': 16}
PROTOCOL_1 = ('--protocol', '1.0')


@pytest.mark.parametrize(
    ('error', 'alarm'),
    [
        (0x20, 'overloaded'),
        (0x04, 'overheated'),
        (0x02, 'angle limit error (Feetech: position sensor)'),
        (0x08, 'range error (Feetech: overcurrent)'),
    ],
)
def test_a_protocol_1_answer_with_all_its_data_gives_the_data_and_the_alarm(
    dxl_port, fake, error, alarm
):
    servo = FakeServo(1, error=error, **V1)
    servo.data[36:38] = (700).to_bytes(2, 'little')
    port = fake(servo)
    done = dxl_port('read', '1', '36', '2', *PROTOCOL_1, '--port', port, '--json')
    assert done.status == 0
    (record,) = done.records
    assert (record['value'], record['alarm'], record['message']) == (700, alarm, '')
    (record,) = dxl_port('ping', '1', *PROTOCOL_1, '--port', port, '--json').records
    assert (record['ok'], record['alarm'], record['model']) == (True, alarm, 12)
    done = dxl_port('read', '1', '36', '2', *PROTOCOL_1, '--port', port)
    assert 'refused' not in done.out + done.err
    done = dxl_port('transact', 'FF FF 01 04 02 24 02 D2', '--port', port)
    assert alarm in ' '.join(done.out.split())


@pytest.mark.parametrize('error', [0x02, 0x08])
def test_an_alarm_that_stands_in_every_answer_is_no_refusal_of_a_write(dxl_port, fake, error):
    done = dxl_port(
        'write', '1', '30', '5', '2', *PROTOCOL_1, '--port', fake(FakeServo(1, error=error, **V1))
    )
    assert done.status == 0
    assert done.out == 'wrote 5 (2 bytes) at 30 of servo 1\n'
    assert 'servo 1 tells: ' in done.err


@pytest.mark.parametrize(
    ('kind', 'words'),
    [
        (
            {'error': 0x20, **V1},
            'answered with 0 bytes of data instead of 2; it tells: overloaded',
        ),
        ({'error': 0x80}, 'answered with 0 bytes of data instead of 2; it tells: hardware alert'),
        ({'error': 0x08, **V1}, 'refused: the value or the address is out of its range'),
    ],
)
def test_an_answer_without_the_data_is_no_value(dxl_port, fake, kind, words):
    servo = FakeServo(1, short=True, **kind)
    done = dxl_port(
        'read', '1', '36', '2', '--protocol', str(servo.protocol), '--port', fake(servo)
    )
    assert done.status == 1
    assert not done.out
    assert words in done.err


def test_error_7_says_of_a_read_what_it_can_mean_for_a_read(dxl_port, fake):
    port = fake(FakeServo(1, error=7, short=True))
    done = dxl_port('read', '1', '36', '2', '--port', port)
    assert done.status == 1
    assert 'refused: there is no register at the address' in done.err
    assert 'read-only' not in done.err
    assert 'locked' not in done.err
    done = dxl_port('write', '1', '36', '2', '--port', port)
    assert done.status == 1
    assert 'read-only, is not defined, or is one of the EEPROM area' in done.err


@pytest.mark.parametrize(
    ('number', 'name', 'hardware_error', 'status_level'),
    [
        (12, 'AX-12A', None, 16),
        (29, 'MX-28', None, 16),
        (30, 'MX-28 (2.0)', 70, 68),
        (350, 'XL-320', 50, 17),
        (1020, 'XM430-W350', 70, 68),
        (1280, 'XW430-T200', 70, 68),
        (1310, 'XW540-H260', 70, 68),
        (1700, 'XC335-T332', 70, 68),
        (2010, 'PH54-100-S500', 518, 516),
        (35073, 'RH-P12-RN', 892, 891),
        (35074, 'RH-P12-RN(A)', 518, 516),
        (51200, 'H42-20-S300-R', 892, 891),
        (51201, 'H42-20-S300-R(A)', 518, 516),
        (54024, 'H54-200-S500-R', 892, 891),
        (4000, 'YM070-210-M001', 153, 15),
    ],
)
def test_models_are_known_by_name_and_by_where_they_keep_what_is_looked_at(
    number, name, hardware_error, status_level
):
    registers = registers_of(number)
    assert model_name(number) == name
    assert registers.hardware_error == hardware_error
    assert registers.status_level == status_level


def test_hardware_errors_are_told_in_the_words_of_the_family():
    assert registers_of(1020).hardware_errors(0x21) == 'input voltage out of range, overloaded'
    assert registers_of(350).hardware_errors(0x01) == 'overloaded'
    assert registers_of(2010).hardware_errors(0x02) == 'motor hall sensor fails'
    assert registers_of(4000).hardware_errors(10) == 'battery empty'
    assert registers_of(1020).hardware_errors(0x42) == 'bits 0x42'
    assert registers_of(1020).hardware_errors(0) == ''


def test_an_x_series_servo_that_is_set_to_protocol_1_tells_its_firmware(dxl_port, fake):
    servo = FakeServo(1, protocol=Protocol.V1)
    servo.data[6] = 45
    (record,) = dxl_port('ping', '1', *PROTOCOL_1, '--port', fake(servo), '--json').records
    assert (record['model_name'], record['firmware']) == ('XM430-W350', 45)


@pytest.mark.parametrize(
    ('words', 'advice'),
    [
        (('transact', '55'), 'for other bytes use --length or --no-answer'),
        (('transact', 'FF FF FD 00 01 03 00 01'), 'the shortest has 10'),
    ],
)
def test_advice_names_options_of_the_command_line(dxl_port, words, advice):
    done = dxl_port(*words, '--port', 'sim://', '--json')
    assert done.status == 2
    assert advice in done.err
    assert 'FRAMING' not in done.err + done.out
