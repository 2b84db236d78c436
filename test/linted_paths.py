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

"""Where this package's own Python sources are, for the linters that ROS brings."""

from pathlib import Path

_ROOT = Path(__file__).parents[1]
# By name: the checkout may hold virtual environments and colcon's folders as well.
_FOLDERS = ('benchmarks', 'dxl_port_driver', 'examples', 'launch', 'test', 'tools')

PATHS = [str(_ROOT / name) for name in (*_FOLDERS, 'setup.py') if (_ROOT / name).exists()]
