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

"""
Many client processes at once: each gets its own answers, and its share of the bus.

The long form is a program: ``PYTHONPATH=test python -m sharing_support.crowd``, 16 clients for a
minute; ``docs/sharing.md`` tells what it gave.
"""

from __future__ import annotations

from collections.abc import Iterator
import importlib.util
from statistics import median
import time

import pytest
from sharing_support.crowd import Crowd, crowd, EVERY_WAY, everyone
from sharing_support.shares import priority_figures
from sharing_support.talker import Came

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec('dynamixel_sdk') is None, reason='dynamixel_sdk is not installed'
    ),
]

SECONDS = 3.0
CLIENTS = 8


@pytest.fixture(scope='module')
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    """Give a driver that the tests of this module share, on a bus with paced answers."""
    if importlib.util.find_spec('rclpy') is None:
        pytest.skip('rclpy is not installed')
    with crowd(tmp_path_factory.mktemp('crowd')) as many:
        yield many


def all_well(came: list[Came]) -> None:
    assert [one.foreign for one in came] == [[]] * len(came)
    assert [one.failures for one in came] == [[]] * len(came)


def test_nobody_talks_out_of_turn_and_each_gets_the_answers_to_its_own_questions(many):
    came = many.talk(everyone(6, 8.0, EVERY_WAY))
    statistics = many.bus.statistics()
    assert statistics['last_violations'] == []
    assert statistics['violations'] == 0
    assert statistics['garbled'] == statistics['broken'] == 0
    all_well(came)
    assert all(one.asked > 10 for one in came)
    assert statistics['instructions'] >= sum(one.asked for one in came)


def test_equal_clients_get_equal_shares(many):
    # Long answers: what this machine does beside takes little of the time.
    assert many.bus.say('delay 20').startswith('ok')
    try:
        came = many.talk(everyone(CLIENTS, 2 * SECONDS, ['read_only']))
    finally:
        many.bus.say('delay 0')
    all_well(came)
    shares = [one.asked for one in came]
    assert min(shares) >= 0.7 * max(shares), shares


def test_who_has_priority_waits_for_less_than_two_transactions_of_others(many):
    assert many.bus.say('delay 20').startswith('ok')
    told = everyone(CLIENTS, SECONDS, ['read_only'])
    told[0].priority = 200
    told[0].pause_s = 0.01
    try:
        came = many.talk(told)
    finally:
        many.bus.say('delay 0')
    all_well(came)
    figures = priority_figures(came)
    assert figures.transactions >= 20
    # One in a hundred on a machine at rest; see sharing_support.shares.
    assert figures.too_late <= 0.25 * figures.transactions, figures
    # The others wait for each other, and for it.
    assert min(median(one.queued_ms) for one in came[1:]) > figures.two_transactions_ms


def test_a_wait_ends_when_it_said_it_would_also_among_many(many):
    assert many.bus.say('delay 20').startswith('ok')
    told = everyone(CLIENTS, 2.0, ['read_only'])
    told[0].queue_timeout_s = 0.03
    try:
        came = many.talk(told)
    finally:
        many.bus.say('delay 0')
    assert [one.foreign for one in came] == [[]] * len(came)
    assert [one.failures for one in came[1:]] == [[]] * (len(came) - 1)
    codes = came[0].codes
    assert codes.get('PORT_BUSY', 0) > codes.get('SUCCESS', 0)
    for failure in came[0].failures:
        waited_s = float(failure.partition('all of the ')[2].partition(' s')[0])
        assert 0.03 <= waited_s < 5.0


def test_deactivation_and_a_change_of_baudrate_in_the_middle_confuse_nobody(many):
    # An SDK program knows no code for a driver that is not active; and the answer to a question
    # that a deactivation cut short may lie in the receive buffer, where a raw read finds it.
    ways = [way for way in EVERY_WAY if way not in ('sdk', 'raw_read')]
    many.begin(everyone(4, 3.0, ways))
    time.sleep(0.5)
    assert many.driver.set(baudrate=2_000_000) is None
    assert many.driver.change_state('deactivate')
    assert many.driver.change_state('activate')
    assert many.driver.set(baudrate=1_000_000) is None
    came = [many.hear(number) for number in range(4)]
    assert [one.foreign for one in came] == [[]] * len(came)
    for one in came:
        assert set(one.codes) <= {'SUCCESS', 'NOT_AVAILABLE'}, one.failures
        assert one.codes['SUCCESS'] > 10
