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

"""
Make a virtual environment with ROS 2 and both packages of this checkout, or see that it is ready.

Called by tools/setup.sh, which checks the version of Python first.
"""

import argparse
from pathlib import Path
import signal
import sys
from types import FrameType

from .environment import Environment
from .reporting import SetupError, tell
from .stages import outdated, stages


def main() -> int:
    """Bring the environment up to date; return 0, or 1 after a line that says what is missing."""
    # Like Ctrl-C: what runs is ended with us, instead of going on in an environment that the next
    # call may be making anew.
    signal.signal(signal.SIGTERM, _interrupt)
    options = _parse_arguments()
    root = Path(__file__).resolve().parents[2]
    environment = Environment(root=root, distro=options.distro, venv=root / options.venv)
    try:
        if options.check:
            return _report_outdated(environment, options.tools)
        with environment.locked():
            for stage in stages(options.tools):
                stage.bring_up_to_date(environment)
    except SetupError as error:
        print(f'setup: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('setup: interrupted; the next call takes it up again', file=sys.stderr)
        return 130
    return 0


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog='setup', description=__doc__)
    parser.add_argument('distro', choices=['kilted', 'jazzy'])
    parser.add_argument('venv', help='folder of the environment, from the root of the checkout')
    for option, stage in (('--with-tests', 'test_tools'), ('--with-bench', 'bench_tools')):
        parser.add_argument(
            option,
            dest='tools',
            action='append_const',
            const=stage,
            default=[],
            help=f'install the {stage.replace("_", " ")} as well',
        )
    parser.add_argument('--check', action='store_true', help='only tell what would be done')
    return parser.parse_args()


def _interrupt(signal_number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _report_outdated(environment: Environment, tools: list[str]) -> int:
    names = [stage.name for stage in outdated(environment, tools)]
    if names:
        tell(f'to be done in {environment.name}: {", ".join(names)}')
    return 1 if names else 0


if __name__ == '__main__':
    sys.exit(main())
