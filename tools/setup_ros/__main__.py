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

Four stages, each with a stamp that tells what it was made from; what changed is made anew, and
nothing else. Called by tools/setup.sh, which checks the version of Python first.
"""

import argparse
from pathlib import Path
import signal
import sys
from types import FrameType

from . import machine, packages, stamps, workspace
from .environment import Environment
from .reporting import SetupError, tell


def main() -> int:
    """Bring the environment up to date; return 0, or 1 after a line that says what is missing."""
    # Like Ctrl-C: what runs is ended with us, instead of going on in an environment that the next
    # call may be making anew.
    signal.signal(signal.SIGTERM, _interrupt)
    options = _parse_arguments()
    root = Path(__file__).resolve().parents[2]
    environment = Environment(root=root, distro=options.distro, venv=root / options.venv)
    try:
        with environment.locked():
            _bring_up_to_date(environment, with_tests=options.with_tests)
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
    parser.add_argument('--with-tests', action='store_true', help='install the test tools as well')
    return parser.parse_args()


def _interrupt(signal_number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _bring_up_to_date(environment: Environment, with_tests: bool) -> None:
    before = stamps.of_packages(environment)
    if environment.stamp('packages') != before:
        machine.check(environment)
        tell(f'installing ROS 2 {environment.distro} in {environment.name} (400 MB in the end)')
        environment.create()
        packages.install(environment)
        environment.write_stamp('packages', before)

    if with_tests:
        wanted = stamps.of_test_tools(environment)
        if environment.stamp('test_tools') != wanted:
            tell('installing the test tools')
            packages.install_test_tools(environment)
            environment.write_stamp('test_tools', wanted)

    wanted = stamps.of_interfaces(environment)
    if environment.stamp('interfaces') != wanted:
        machine.check_compiler()
        tell('building dxl_port_interfaces (half a minute)')
        environment.remove_stamp('interfaces')
        workspace.build_interfaces(environment)
        environment.write_stamp('interfaces', wanted)

    wanted = stamps.of_driver(environment)
    if environment.stamp('driver') != wanted:
        tell('building dxl_port_driver')
        environment.remove_stamp('driver')
        workspace.build_driver(environment)
        environment.write_stamp('driver', wanted)


if __name__ == '__main__':
    sys.exit(main())
