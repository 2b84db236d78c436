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

"""From points in time to parts of a round trip."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from statistics import median

Stamps = Sequence[tuple[str, int]]

CALL = 'call>'
"""The point at which a client begins its call."""

REQUEST_DDS, RESPONSE_DDS = 'DDS, to the driver', 'DDS, to the client'

# Each part ends where the next begins, the last one where the call returns.
TRANSACT = (
    (REQUEST_DDS, CALL),
    ('wake-up of the driver', 'driver >wait'),
    ('take and deserialise request', 'driver take request>'),
    ('callback begins', 'driver >take request'),
    ('conversion of the request', 'driver from message>'),
    ('checks, rules of the exchange', 'driver check>'),
    ('queue', 'driver >check'),
    ('clear receive buffer', 'driver clear>'),
    ('write', 'driver write>'),
    ('wire: pty and virtual bus', 'driver >write'),
    ('read: wake-up out of poll', 'bus >bus answers'),
    ('framing', 'driver framing>'),
    ('result handed on', 'driver >framing'),
    ('conversion of the result', 'driver to message>'),
    (RESPONSE_DDS, 'driver >to message'),
    ('client: executor wake-up', 'client >wait'),
    ('client: take and deserialise', 'client take response>'),
    ('client: waiting thread wakes up', 'client >take response'),
)
NOTHING = (
    (REQUEST_DDS, CALL),
    ('wake-up of the driver', 'driver >wait'),
    ('take and deserialise request', 'driver take request>'),
    ('callback begins', 'driver >take request'),
    (RESPONSE_DDS, 'driver send response>'),
    ('client: executor wake-up', 'client >wait'),
    ('client: take and deserialise', 'client take response>'),
    ('client: waiting thread wakes up', 'client >take response'),
)


def segments_us(
    stamps: Stamps, calls: Sequence[tuple[int, int]], parts: Sequence[tuple[str, str]]
) -> dict[str, float]:
    """
    Give the typical time of each part of a call, us.

    :param stamps: the points of all processes, in the order of time.
    :param calls: begin and end of each call, ns.
    :param parts: name of each part and the point that it begins at.
    """
    when = [time for _, time in stamps]
    times: dict[str, list[float]] = {name: [] for name, _ in parts}
    for begin, end in calls:
        passed = [(CALL, begin), *stamps[bisect_left(when, begin) : bisect_left(when, end)]]
        begins = _begins(passed, [point for _, point in parts])
        if begins is None:
            continue  # it went another way, as when the answer was in the buffer at once
        for (name, _), start, over in zip(parts, begins, [*begins[1:], end], strict=True):
            times[name].append((over - start) / 1e3)
    return {name: round(median(series), 1) for name, series in times.items() if series}


def _begins(passed: Stamps, points: Sequence[str]) -> list[int] | None:
    """
    Find when each part began, from the last to the first.

    Each point is the latest of its name before the one behind it: an executor is woken for
    nothing now and then, and what counts is the wake-up that led on. None where one is missing.
    """
    begins: list[int] = []
    at = len(passed)
    for point in reversed(points):
        at = next((i for i in range(at - 1, -1, -1) if passed[i][0] == point), -1)
        if at < 0:
            return None
        begins.append(passed[at][1])
    return begins[::-1]
