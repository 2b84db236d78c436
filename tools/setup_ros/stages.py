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
The stages that an environment is made in.

Each has a stamp that tells what it was made from; what changed is made anew, and nothing else.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from . import machine, packages, stamps, workspace
from .environment import Environment
from .reporting import tell


@dataclass(frozen=True)
class Stage:
    """
    A part of the environment that is made in one go, or anew.

    :param name: name of its stamp.
    :param announcement: what the person who waits reads.
    :param stamp: tells what the stage would be made from now.
    :param check: sees that the machine has what the stage needs, before anything is removed.
    :param make: makes it, in place of what an earlier time left.
    """

    name: str
    announcement: str
    stamp: Callable[[Environment], str]
    check: Callable[[Environment], None]
    make: Callable[[Environment], None]

    def is_outdated(self, environment: Environment) -> bool:
        """Tell whether the stage was never completed, or from something else than is there now."""
        return environment.stamp(self.name) != self.stamp(environment)

    def bring_up_to_date(self, environment: Environment) -> None:
        """
        Make the stage if it is outdated.

        :raises SetupError: if the machine lacks something, or the work fails.
        """
        if not self.is_outdated(environment):
            return
        self.check(environment)
        tell(self.announcement.format(distro=environment.distro, venv=environment.name))
        # Taken before the work: what changes during it makes the stage outdated.
        stamp = self.stamp(environment)
        environment.remove_stamp(self.name)
        self.make(environment)
        environment.write_stamp(self.name, stamp)


def _check_nothing(environment: Environment) -> None:
    """Need nothing that the stages before did not need."""


# In the order in which they are made.
_STAGES = (
    Stage(
        name='packages',
        announcement='installing ROS 2 {distro} in {venv} (400 MB in the end)',
        stamp=stamps.of_packages,
        check=machine.check,
        make=packages.install,
    ),
    Stage(
        name='test_tools',
        announcement='installing the test tools',
        stamp=stamps.of_test_tools,
        check=_check_nothing,
        make=packages.install_test_tools,
    ),
    Stage(
        name='bench_tools',
        announcement='installing what draws the plots',
        stamp=stamps.of_bench_tools,
        check=_check_nothing,
        make=packages.install_bench_tools,
    ),
    Stage(
        name='interfaces',
        announcement='building dxl_port_interfaces (half a minute)',
        stamp=stamps.of_interfaces,
        check=machine.check_compiler,
        make=workspace.build_interfaces,
    ),
    Stage(
        name='driver',
        announcement='building dxl_port_driver',
        stamp=stamps.of_driver,
        check=_check_nothing,
        make=workspace.build_driver,
    ),
)


_OPTIONAL = frozenset({'test_tools', 'bench_tools'})


def stages(options: Collection[str]) -> list[Stage]:
    """
    Return the stages in the order in which they are made.

    :param options: those of ``test_tools`` and ``bench_tools`` that are wanted.
    """
    return [stage for stage in _STAGES if stage.name in options or stage.name not in _OPTIONAL]


def outdated(environment: Environment, options: Collection[str]) -> list[Stage]:
    """Return the stages that would be made."""
    return [stage for stage in stages(options) if stage.is_outdated(environment)]
