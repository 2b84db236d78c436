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

"""What a bad wire does to answers: each is given right, or not at all and with a reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
import random

from dxl_port_driver.errors import ResultCode
from fault_support.adapter import Adapter
from fault_support.driver import a_driver
from fault_support.truth import Client, Truth
import pytest
from ros_support.calls import batch, message, transact
from ros_support.graph import RemoteDriver
from ros_support.wire import ping, pong, Wire

SUCCESS, TIMEOUT, CORRUPT = (
    int(code) for code in (ResultCode.SUCCESS, ResultCode.RX_TIMEOUT, ResultCode.RX_CORRUPT)
)
QUIET = {
    'mute': '7',
    'drop': '0',
    'corrupt': '0',
    'wrong_id': '0',
    'delay': '0',
    'delay_rate': '1',
    'split': '0',
    'split_gap': '0',
    'noise': '0',
    'noise_rate': '1',
}


@pytest.fixture(scope='module')
def noisy(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[RemoteDriver, Adapter, Truth]]:
    """Give an active driver on servos whose line can be made bad, and what they answer."""
    folder = tmp_path_factory.mktemp('wire')
    adapter = Adapter(folder / 'servos', ids='1-6', seed=11)
    try:
        # An answer later than this is as good as lost, on a test machine too.
        with a_driver(folder, port_name=adapter.link, late_answer_time=0.5) as (_, driver):
            driver.activate()
            yield driver, adapter, Truth(driver, range(1, 7))
    finally:
        adapter.close()


@pytest.fixture
def line(noisy: tuple[RemoteDriver, Adapter, Truth]) -> Iterator[Adapter]:
    """Give the adapter without faults, and demand that all is well once they are gone."""
    driver, adapter, truth = noisy
    yield adapter
    for name, value in QUIET.items():
        adapter.say(f'{name} {value}')
    codes = Client(driver).ask_many(truth, 10, random.Random(1), timeout=5.0, retries=3)
    assert set(codes) == {SUCCESS}


@pytest.mark.parametrize(
    ('faults', 'expected'),
    [
        ({'split': '1', 'split_gap': '0.2'}, {SUCCESS}),
        ({'noise': '7'}, {SUCCESS}),
        ({'wrong_id': '1'}, {CORRUPT}),
        ({'corrupt': '1'}, {CORRUPT, TIMEOUT}),
        ({'corrupt': '0.3', 'noise': '20', 'noise_rate': '0.5'}, {SUCCESS, CORRUPT, TIMEOUT}),
        ({'drop': '0.3'}, {SUCCESS, TIMEOUT}),
        ({'delay': '60', 'delay_rate': '0.3'}, {SUCCESS, TIMEOUT, CORRUPT}),
        ({'delay': '60'}, {TIMEOUT, CORRUPT}),
        ({'mute': '1-6'}, {TIMEOUT}),
    ],
    ids=[
        'a byte at a time',
        'noise before and behind each',
        'all from another servo',
        'a flipped bit in each',
        'flipped bits and noise',
        'lost',
        'some late',
        'all late',
        'all mute',
    ],
)
def test_an_answer_is_right_or_an_error(noisy, line, often, figure, faults, expected):
    driver, _, truth = noisy
    for name, value in faults.items():
        line.say(f'{name} {value}')
    codes = Client(driver).ask_many(truth, often(15, 2000), random.Random(5))
    # A busy machine makes answers late that the wire did not, also for the next servo to see.
    assert set(codes) <= expected | {TIMEOUT, CORRUPT}
    assert sum(codes[code] for code in expected) > 0
    for code, count in codes.items():
        figure(ResultCode(code).name, count)


def test_with_retries_a_bad_line_brings_every_answer_and_the_right_one(noisy, line, often, figure):
    driver, _, truth = noisy
    for name in ('drop', 'corrupt', 'wrong_id'):
        line.say(f'{name} 0.1')
    codes = Client(driver).ask_many(truth, often(10, 1000), random.Random(6), retries=20)
    assert set(codes) == {SUCCESS}
    figure('SUCCESS', codes[SUCCESS])


def test_noise_between_the_answers_of_several_servos(noisy, line):
    driver, adapter, _ = noisy
    adapter.say('noise 5')
    sync_read = bytes.fromhex('fffffd00fe0a00828400040001020317cc')
    for _ in range(5):
        result = transact(driver, _with_crc(sync_read[:-2]), timeout=2.0)
        assert result.result == SUCCESS, result.message
        assert [part[4] for part in _cut(result.data.tobytes(), 15)] == [1, 2, 3]


def _with_crc(packet: bytes) -> bytes:
    from dxl_port_driver.protocol.checksums import crc16

    return packet + crc16(packet).to_bytes(2, 'little')


def _cut(data: bytes, length: int) -> list[bytes]:
    return [data[at : at + length] for at in range(0, len(data), length)]


def test_half_an_answer_is_told_with_what_came_and_never_joined_to_the_next(tmp_path):
    wire = Wire()
    try:
        with a_driver(tmp_path, port_name=wire.path) as (_, driver):
            driver.activate()
            for cut in (1, 4, 7, 10, 13):
                wire.answer = lambda data, cut=cut: pong()[:cut]
                result = transact(driver, ping(1), timeout=0.5)
                assert (result.result, result.data.tobytes()) == (TIMEOUT, pong()[:cut])
                # The other half comes when nobody waits for it any more.
                wire.send(pong()[cut:])
                wire.reset()
                result = transact(driver, ping(1), timeout=5.0)
                assert (result.result, result.data.tobytes()) == (SUCCESS, pong())
    finally:
        wire.unplug()


@pytest.mark.parametrize('hears_itself', [True, False])
def test_echo(adapter, tmp_path, hears_itself):
    options = {'echo': 'on'} if hears_itself else {}
    servos = adapter(ids='1-3', **options)
    with a_driver(tmp_path, port_name=servos.link, tx_echo=True) as (_, driver):
        driver.activate()
        codes: Counter[int] = Counter()
        for servo in (1, 2, 3) * 5:
            codes[transact(driver, ping(servo), timeout=2.0).result] += 1
        if hears_itself:
            assert set(codes) == {SUCCESS}
            driver.set(tx_echo=False)
            # Left in, the echo is told from the answer.
            results = batch(driver, [message(ping(1), timeout=2.0), message(ping(2), timeout=2.0)])
            assert [(one.result, len(one.data)) for one in results] == [(SUCCESS, 14)] * 2
        else:
            assert set(codes) <= {CORRUPT, TIMEOUT}
            assert driver.set(tx_echo=False) is None
            assert transact(driver, ping(1), timeout=5.0, retries=3).result == SUCCESS
