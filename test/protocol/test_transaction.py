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

"""The limits that a driver sets to a request."""

from __future__ import annotations

import math

from dxl_port_driver.errors import RequestError
from dxl_port_driver.protocol.transaction import Framing, Limits, Transaction
import pytest

LIMITS = Limits(max_bytes=100, max_timeout_s=2.0, max_queue_time_s=0.5, max_batch=3)


@pytest.mark.parametrize(
    'transaction',
    [
        Transaction(b'1'),
        Transaction(bytes(100)),
        Transaction(b'1', timeout_s=2.0, queue_timeout_s=0.5),
        Transaction(b'1', Framing.LENGTH, response_length=100),
        Transaction(b'1', Framing.LENGTH, response_length=1),
        Transaction(b'1', Framing.AUTO, response_length=1000),
        Transaction(b'1', priority=255, retries=255, response_count=65535),
    ],
)
def test_what_is_within_the_limits_passes(transaction):
    LIMITS.check(transaction)


@pytest.mark.parametrize(
    ('transaction', 'what'),
    [
        (Transaction(b''), 'data is empty'),
        (Transaction(bytes(101)), 'data has 101 bytes and max_bytes allows 100'),
        (Transaction(b'1', Framing.LENGTH), 'response_length is 0'),
        (Transaction(b'1', Framing.LENGTH, response_length=-1), 'response_length is -1'),
        (
            Transaction(b'1', Framing.LENGTH, response_length=101),
            'response_length is 101 bytes and max_bytes allows 100',
        ),
        (
            Transaction(b'1', Framing.LENGTH, response_length=2**32 - 1),
            'response_length is 4294967295 bytes and max_bytes allows 100',
        ),
        (Transaction(b'1', timeout_s=-1.0), 'timeout is -1 s; give 0 or more'),
        (Transaction(b'1', timeout_s=-1e-9), 'timeout is -1e-09 s'),
        (Transaction(b'1', timeout_s=2.1), r'timeout is 2\.1 s and max_timeout allows 2 s'),
        (Transaction(b'1', timeout_s=1e300), 'and max_timeout allows 2 s'),
        (Transaction(b'1', timeout_s=math.inf), 'timeout is inf s and max_timeout'),
        (Transaction(b'1', timeout_s=math.nan), 'timeout is nan s; give 0 or more'),
        (Transaction(b'1', queue_timeout_s=-0.1), r'queue_timeout is -0\.1 s'),
        (Transaction(b'1', queue_timeout_s=0.6), r'queue_timeout is 0\.6 s and max_queue_time'),
        (Transaction(b'1', queue_timeout_s=math.nan), 'queue_timeout is nan s'),
        (Transaction(b'1', queue_timeout_s=math.inf), 'queue_timeout is inf s'),
    ],
)
def test_what_is_beyond_the_limits_is_refused_with_value_and_limit(transaction, what):
    with pytest.raises(RequestError, match=what):
        LIMITS.check(transaction)


def test_a_batch_has_a_limit():
    LIMITS.check_batch(1)
    LIMITS.check_batch(3)
    with pytest.raises(RequestError, match='the batch is empty'):
        LIMITS.check_batch(0)
    with pytest.raises(RequestError, match='has 4 transactions and max_batch allows 3'):
        LIMITS.check_batch(4)


def test_a_batch_may_not_hold_the_bus_too_long():
    LIMITS.check_hold(2.0)
    with pytest.raises(RequestError, match=r'add up to 2\.5 s and max_timeout allows 2 s'):
        LIMITS.check_hold(2.5)
