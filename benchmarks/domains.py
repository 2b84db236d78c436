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

"""A ROS domain for a measurement, which nothing else on this machine is in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import os
from pathlib import Path
import sys


@contextmanager
def ros_domain() -> Iterator[int]:
    """Give a domain that neither another measurement nor a test uses at the same time."""
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    sys.path.append(str(Path(__file__).resolve().parents[1] / 'test'))
    from ros_support.domains import Domain  # type: ignore[import-not-found]

    domain = Domain()
    try:
        yield domain.id
    finally:
        domain.release()
