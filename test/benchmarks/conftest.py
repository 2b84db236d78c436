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

"""The benchmarks are no part of what is installed: they are imported from the checkout."""

from pathlib import Path
import sys

import pytest

ROOT = str(Path(__file__).parents[2])


@pytest.fixture(autouse=True)
def _checkout_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tests import ``benchmarks``, whatever folder pytest was called from."""
    if ROOT not in sys.path:
        monkeypatch.syspath_prepend(ROOT)
