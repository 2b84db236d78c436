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

"""Whose turn it is."""

from __future__ import annotations

import math

from dxl_port_driver.bus.queue import BusQueue
from hypothesis import given
from hypothesis import strategies as st
import pytest


def filled(*entries: tuple[str, int, float]) -> BusQueue[str]:
    queue: BusQueue[str] = BusQueue()
    for name, priority, deadline in entries:
        queue.push(name, priority, deadline)
    return queue


def test_higher_priority_goes_first_and_within_it_who_came_first():
    queue = filled(('a', 0, 9), ('b', 5, 9), ('c', 0, 9), ('d', 255, 9), ('e', 5, 9))
    assert [queue.pop() for _ in range(5)] == ['d', 'b', 'e', 'a', 'c']


def test_pop_all_gives_everybody_in_the_order_of_their_turns():
    queue = filled(('a', 0, 9), ('b', 5, 1), ('c', 0, 3))
    assert queue.pop_all() == ['b', 'a', 'c']
    assert not queue


def test_nobody_waits_in_an_empty_queue():
    queue = filled()
    assert not queue
    assert queue.next_deadline() is None
    assert queue.pop_expired(math.inf) == []
    assert queue.pop_all() == []
    with pytest.raises(IndexError):
        queue.pop()


def test_who_has_waited_long_enough_goes_earliest_deadline_first():
    queue = filled(('a', 0, 3.0), ('b', 5, 1.0), ('c', 0, 2.0))
    assert queue.next_deadline() == 1.0
    assert queue.pop_expired(0.9) == []
    assert queue.pop_expired(2.0) == ['b', 'c']
    assert queue.next_deadline() == 3.0
    assert queue.pop_all() == ['a']


def test_who_was_served_does_not_expire():
    queue = filled(('a', 0, 1.0), ('b', 0, 2.0))
    assert queue.pop() == 'a'
    assert queue.next_deadline() == 2.0
    assert queue.pop_expired(9.0) == ['b']


def test_who_went_away_is_neither_served_nor_expired():
    queue = filled(('a', 0, 1.0))
    ticket = queue.push('b', 9, 0.5)
    assert queue.withdraw(ticket) is True
    assert queue.withdraw(ticket) is False
    assert len(queue) == 1
    assert queue.next_deadline() == 1.0
    assert queue.pop() == 'a'


def test_entries_need_no_order_of_their_own():
    queue: BusQueue[object] = BusQueue()
    for _ in range(3):
        queue.push(object(), 0, 1.0)
    assert len(queue.pop_all()) == 3


class Leaving:
    """Something whose last reference the queue may or may not hold on to."""

    alive = 0

    def __init__(self) -> None:
        type(self).alive += 1

    def __del__(self) -> None:
        type(self).alive -= 1


@pytest.mark.parametrize('leave', ['expire', 'withdraw', 'serve'])
def test_nobody_is_kept_who_has_gone(leave):
    queue: BusQueue[object] = BusQueue()
    queue.push('stays', 1, math.inf)
    Leaving.alive = 0
    for now in range(1000):
        if leave == 'serve':
            queue.push(Leaving(), 2, math.inf)
            queue.pop()
        else:
            ticket = queue.push(Leaving(), 0, now)
            if leave == 'expire':
                assert len(queue.pop_expired(now)) == 1
            else:
                assert queue.withdraw(ticket)
    assert Leaving.alive <= 50
    assert queue.pop_all() == ['stays']


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just('push'), st.integers(0, 3), st.integers(0, 50)),
        st.tuples(st.just('pop'), st.just(0), st.just(0)),
        st.tuples(st.just('expire'), st.just(0), st.integers(0, 50)),
        st.tuples(st.just('withdraw'), st.integers(1, 40), st.just(0)),
    ),
    max_size=80,
)


@given(ACTIONS)
def test_it_does_as_a_plain_sorted_list_does(actions):
    queue: BusQueue[int] = BusQueue()
    model: list[tuple[int, int, int]] = []  # -priority, ticket, deadline
    tickets = 0
    for action, value, time in actions:
        if action == 'push':
            tickets += 1
            assert queue.push(tickets, value, time) == tickets
            model.append((-value, tickets, time))
        elif action == 'pop' and model:
            model.sort()
            assert queue.pop() == model.pop(0)[1]
        elif action == 'expire':
            gone = sorted((entry for entry in model if entry[2] <= time), key=lambda e: e[2])
            assert sorted(queue.pop_expired(time)) == sorted(entry[1] for entry in gone)
            model = [entry for entry in model if entry not in gone]
        elif action == 'withdraw':
            waits = [entry for entry in model if entry[1] == value]
            assert queue.withdraw(value) is bool(waits)
            model = [entry for entry in model if entry not in waits]
        assert len(queue) == len(model)
        assert queue.next_deadline() == min((entry[2] for entry in model), default=None)
