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

"""The style of every source file, as ROS has it."""

from pathlib import Path

from linted_paths import PATHS
import pytest

ament_flake8 = pytest.importorskip('ament_flake8.main', reason='needs ament_flake8')


@pytest.mark.flake8
@pytest.mark.linter
def test_flake8() -> None:
    config = Path(__file__).with_name('ament_flake8.ini')
    count, errors = ament_flake8.main_with_errors(argv=['--config', str(config), *PATHS])
    assert count == 0, '\n'.join(errors)
