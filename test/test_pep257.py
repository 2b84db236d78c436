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

"""The docstrings of every source file, as ROS has them."""

from linted_paths import PATHS
import pytest

ament_pep257 = pytest.importorskip('ament_pep257.main', reason='needs ament_pep257')


@pytest.mark.pep257
@pytest.mark.linter
def test_pep257() -> None:
    # D301 takes the backspaces of a command line help for mistakes, D401 a property for a
    # function that does something.
    assert ament_pep257.main(argv=['--add-ignore', 'D301', 'D401', '--', *PATHS]) == 0
