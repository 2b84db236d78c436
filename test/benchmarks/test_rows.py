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

"""Every measurement runs and gives figures that can be; how fast is no matter of a test."""

from __future__ import annotations

import importlib.util
import json
import math
from pathlib import Path
import subprocess
import sys

import pytest

ROOT = Path(__file__).parents[2]
WITHOUT_ROS = ('sdk_read', 'sdk_waiting')
# With clients or starts in great number; what they measure is the others' business as well.
LONG = ('clients', 'memory', 'startup')
WITH_ROS = (
    'transact',
    'remote_sdk',
    'batch',
    'responsive',
    'cyclic',
    'long_packets',
    'idle',
    'traffic',
    'budget',
)


def _measure(name: str) -> list[dict[str, object]]:
    command = [sys.executable, '-m', 'benchmarks.one', name, '--quick']
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    figures: list[dict[str, object]] = json.loads(done.stdout)['figures']
    return figures


def _check(figures: list[dict[str, object]]) -> None:
    assert figures
    for figure in figures:
        value = figure['value']
        assert isinstance(value, float)
        assert math.isfinite(value)
        assert value >= 0.0


def test_every_measurement_is_tested_here() -> None:
    from benchmarks.rows import NAMES

    assert set(NAMES) == {*WITHOUT_ROS, *WITH_ROS, *LONG}


@pytest.mark.benchmark
@pytest.mark.parametrize('name', WITHOUT_ROS)
def test_without_ros(name: str) -> None:
    pytest.importorskip('dynamixel_sdk')
    _check(_measure(name))


@pytest.mark.benchmark
@pytest.mark.timeout(240)
@pytest.mark.parametrize('name', [*WITH_ROS, *LONG])
def test_with_ros(name: str) -> None:
    if importlib.util.find_spec('rclpy') is None:
        pytest.skip('rclpy is not installed')
    _check(_measure(name))
