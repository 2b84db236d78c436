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

"""Writes to servos that are set not to answer them, and reboots, end with what is true."""

from __future__ import annotations

from dxl_port_driver.protocol.instructions import Instruction, Protocol
import pytest
from sim_support.fake_servos import FakeServo

V1 = {'protocol': Protocol.V1, 'model': 12, 'level_at': 16}
WRITE = ('write', '1', '65', '1')


def writes_to(servo):
    return servo.asked.count(Instruction.WRITE)


@pytest.mark.parametrize(('kind', 'protocol'), [({}, '2.0'), (V1, '1.0')])
def test_a_write_that_was_obeyed_without_an_answer_is_read_back(dxl_port, fake, kind, protocol):
    servo = FakeServo(1, level=1, **kind)
    done = dxl_port(
        *WRITE, '--retries', '3', '--timeout', '0.1', '--protocol', protocol, '--port', fake(servo)
    )
    assert done.status == 0
    assert done.out == 'wrote 1 (1 byte) at 65 of servo 1\n'
    assert 'does not answer writes (Status Return Level 1); read back, the value is' in done.err
    assert 'check power' not in done.err
    assert writes_to(servo) == 1


def test_a_write_that_cannot_be_read_back_is_told_as_sent(dxl_port, fake):
    servo = FakeServo(1, level=0)
    done = dxl_port(*WRITE, '--retries', '3', '--timeout', '0.1', '--port', fake(servo), '--json')
    assert done.status == 0
    (record,) = done.records
    assert record['ok'] is True
    assert 'answers pings alone (Status Return Level 0)' in record['note']
    assert writes_to(servo) == 1


def test_a_servo_that_was_unknown_as_a_model_is_read_back_too(dxl_port, fake):
    done = dxl_port(*WRITE, '--timeout', '0.1', '--port', fake(FakeServo(1, level=1, model=9999)))
    assert done.status == 0
    assert 'servo 1 does not answer writes, or its answer was lost; read back' in done.err


def test_a_write_that_was_refused_without_a_word_fails(dxl_port, fake):
    servo = FakeServo(1, level=1, refuses=True)
    done = dxl_port(*WRITE, '--timeout', '0.1', '--port', fake(servo))
    assert done.status == 1
    assert (
        'read back, the register has 0: the servo refused the value, or did not get it' in done.err
    )


def test_a_write_that_was_lost_is_sent_again_as_often_as_was_asked_for(dxl_port, fake):
    servo = FakeServo(1, deaf=2)
    port = fake(servo)
    done = dxl_port(*WRITE, '--timeout', '0.1', '--retries', '2', '--port', port, '--json')
    assert done.status == 0
    assert done.records[0]['attempts'] == 3
    servo.deaf = 9
    done = dxl_port('write', '1', '65', '7', '--timeout', '0.1', '--retries', '1', '--port', port)
    assert done.status == 1
    assert 'servo 1 (XM430-W350) answers pings, but not this write' in done.err
    assert '(after 2 attempts)' in done.err


def test_a_write_whose_answer_is_late_is_told_as_late(dxl_port_as_is, fake):
    done = dxl_port_as_is(*WRITE, '--port', fake(FakeServo(1, late_s=0.07)))
    assert done.status == 0
    assert 'servo 1 is there, but answers late' in done.err
    assert 'read back, the value is there' in done.err


def test_silence_is_still_silence(dxl_port, fake):
    done = dxl_port(*WRITE, '--timeout', '0.1', '--retries', '1', '--port', fake(FakeServo(2)))
    assert done.status == 1
    assert 'no status packet came from servo 1' in done.err
    assert '(after 2 attempts)' in done.err


def test_a_write_without_an_answer_is_sent_and_not_waited_for(dxl_port, fake):
    servo = FakeServo(1, level=1)
    port = fake(servo)
    done = dxl_port(*WRITE, '--no-answer', '--port', port)
    assert done.status == 0
    assert done.out == 'sent 1 (1 byte) at 65 to servo 1\n'
    assert not done.err
    assert dxl_port('read', '1', '65', '--port', port, '--json').records[0]['value'] == 1
    assert writes_to(servo) == 1
    done = dxl_port(*WRITE, '--no-answer', '--retries', '1', '--port', port)
    assert done.status == 2
    assert '--no-answer and --retries exclude each other' in done.err


def test_a_reboot_is_waited_for_and_clears_the_alarm(dxl_port, fake):
    servo = FakeServo(1, error=0x80, reboot_s=0.3)
    done = dxl_port('reboot', '1', '--port', fake(servo), '--json')
    assert done.status == 0
    (record,) = done.records
    assert (record['ok'], record['alarm_before'], record['alarm']) == (True, 'hardware alert', '')
    assert 0.3 <= record['back_s'] < 5


def test_a_reboot_says_what_it_did(dxl_port, fake):
    done = dxl_port('reboot', '1-2', '--port', fake(FakeServo(1, error=0x80), FakeServo(2)))
    assert done.status == 0
    first, second = done.out.splitlines()
    assert first.startswith('servo 1 rebooted, back after ')
    assert first.endswith(' s, torque off; gone is: hardware alert')
    assert second.endswith(' s, torque off')


def test_an_alarm_that_a_reboot_does_not_clear_is_a_failure(dxl_port, fake):
    servo = FakeServo(1, error=0x80, stays=True)
    servo.data[70] = 0x20
    done = dxl_port('reboot', '1', '--port', fake(servo))
    assert done.status == 1
    assert 'is back, and still tells: hardware alert (overloaded); mend the cause' in done.err


def test_a_servo_that_is_not_back_in_time_is_a_failure(dxl_port, fake):
    done = dxl_port('reboot', '1', '--port', fake(FakeServo(1, reboot_s=60)), '--timeout', '0.15')
    assert done.status == 1
    assert 'has not answered a ping since' in done.err


def test_a_servo_that_is_not_there_is_not_rebooted(dxl_port, fake):
    servo = FakeServo(1)
    done = dxl_port('reboot', '2', '--port', fake(servo))
    assert done.status == 1
    assert 'no status packet came from servo 2' in done.err
    assert Instruction.REBOOT not in servo.asked


def test_a_reboot_that_no_answer_came_to_is_not_claimed(dxl_port, fake):
    done = dxl_port('reboot', '1', '--port', fake(FakeServo(1, level=1)), '--timeout', '0.15')
    assert done.status == 0
    assert not done.out
    assert 'did not answer to the reboot' in done.err


@pytest.mark.parametrize('url', ['sim://?seed=31', 'sim://?protocol=1.0&seed=32'])
def test_the_virtual_bus_reboots(dxl_port, url):
    protocol = '1.0' if 'protocol=1.0' in url else '2.0'
    assert dxl_port('reboot', '1-2', '--protocol', protocol, '--port', url).status == 0
