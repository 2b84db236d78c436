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

"""What goes wrong on demand, the same with the same seed."""

from __future__ import annotations

from dxl_port_driver.protocol.framer import Framer
from dxl_port_driver.protocol.instructions import BROADCAST_ID, Protocol
from dxl_port_driver.protocol.instructions import Instruction as Do
from dxl_port_driver.sim.option_table import OPTIONS
import pytest
from sim_support.bench import Bench


def session(query):
    bench = Bench(query)
    got = []
    for servo in (1, 2, 3) * 20:
        bench.send(servo, Do.PING)
        got.append(bench.answers())
    return got


FAULTS = 'drop=0.3&corrupt=0.3&wrong_id=0.2&noise=3&noise_rate=0.5&delay=4&delay_rate=0.5'


def test_the_same_seed_brings_the_same_faults():
    assert session(f'{FAULTS}&seed=5') == session(f'{FAULTS}&seed=5')
    assert session(f'{FAULTS}&seed=5') != session(f'{FAULTS}&seed=6')


def test_drop():
    got = session('drop=0.5')
    assert 5 < sum(not answer for answer in got) < 55
    assert not any(session('drop=1'))


def test_corrupt_flips_one_bit_of_each():
    clean = session('')
    for wrong, right in zip(session('corrupt=1'), clean, strict=True):
        difference = int.from_bytes(wrong, 'big') ^ int.from_bytes(right, 'big')
        assert difference.bit_count() == 1


def test_wrong_id_is_an_intact_answer_of_another_servo():
    for number, answer in enumerate(session('wrong_id=1')):
        (frame,) = Framer(Protocol.V2).feed(answer)
        assert frame.intact
        assert frame.id != number % 3 + 1


def test_noise_stands_around_the_answer():
    (answer, *_), (clean, *_) = session('noise=5'), session('')
    assert len(answer) == 24
    assert answer[5:-5] == clean


def test_delay_makes_answers_late():
    bench = Bench('delay=30&return_delay=0')
    bench.send(1, Do.PING)
    assert bench.bus.next_due == pytest.approx(bench.now + 0.030 + 240e-6)
    bench.now += 0.01
    bench.send(2, Do.PING)
    assert bench.bus.statistics.late_overlaps == 1
    assert bench.bus.statistics.violations == 0


def test_split_answers_come_in_pieces():
    bench = Bench('split=1&split_gap=1&return_delay=0')
    bench.send(1, Do.PING)
    pieces = []
    while bench.bus.next_due is not None:
        bench.now = bench.bus.next_due
        pieces.append(bench.bus.take(bench.now))
    assert [len(piece) for piece in pieces] == [1] * 14


def test_a_mute_servo_obeys_without_a_word(bench):
    bench.bus.set_option('mute', (1,))
    assert bench.ask(1, Do.WRITE, bytes((65, 0, 1))) == []
    bench.bus.set_option('mute', ())
    assert bench.read(1, 65, 1) == 1


def test_a_mute_servo_breaks_the_chain():
    bench = Bench('mute=2')
    params = bytes((132, 0, 4, 0, 1, 2, 3))
    assert [frame.id for frame in bench.ask(BROADCAST_ID, Do.SYNC_READ, params)] == [1]
    assert [frame.id for frame in bench.ask(BROADCAST_ID, Do.PING)] == [1, 3, 4, 5, 6]


def test_echo_comes_before_the_answer():
    bench = Bench('echo=on')
    bench.send(1, Do.PING)
    frames = Framer(Protocol.V2).feed(bench.answers())
    assert [frame.code for frame in frames] == [Do.PING, Do.STATUS]
    assert bench.bus.statistics.violations == 0


def test_unplugging_is_due_after_so_many_instructions():
    bench = Bench('unplug_after=3')
    for number in (1, 2, 3):
        assert not bench.bus.unplug_due
        assert bool(bench.ask(1, Do.PING)) == (number < 3)
    assert bench.bus.unplug_due


@pytest.mark.parametrize(
    'option', [option for option in OPTIONS if option.live], ids=lambda option: option.name
)
def test_each_live_option_can_be_changed_while_it_runs(bench, option):
    bench.bus.set_option(option.name, option.read(option.default))
    assert bench.ask(1, Do.PING)
