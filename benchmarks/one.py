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

"""Makes one measurement, in a process that nothing else was measured in."""

from __future__ import annotations

import argparse
import importlib
import json
import sys

from benchmarks.questions import succeeded
from benchmarks.rows import NAMES
from benchmarks.setting import Setting


def main() -> int:
    """Measure and print the figures as JSON, for ``run.py``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('name', choices=NAMES)
    parser.add_argument('--quick', action='store_true')
    options = parser.parse_args()
    module = importlib.import_module(f'benchmarks.rows.{options.name}')
    figures = module.measure(Setting(quick=options.quick))
    json.dump(
        {'figures': [figure.as_dict() for figure in figures], 'failed': succeeded.failed},
        sys.stdout,
    )
    return 0


if __name__ == '__main__':
    sys.exit(main())
