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

"""colcon, called in the checkout's folder: it must find the package inside the package."""

import os
from pathlib import Path
import shutil
import subprocess
import sys

import pytest

ROOT = Path(__file__).parents[2]


def test_colcon_finds_both_packages_in_the_root() -> None:
    beside_python = str(Path(sys.executable).parent)
    colcon = shutil.which('colcon', path=os.pathsep.join([beside_python, os.environ['PATH']]))
    if not colcon:
        pytest.skip('needs colcon')
    command = [colcon, '--log-base', os.devnull, 'list']
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert listed.stdout.split() == [
        *('dxl_port_driver', '.', '(ros.ament_python)'),
        *('dxl_port_interfaces', 'dxl_port_interfaces', '(ros.ament_cmake)'),
    ]
