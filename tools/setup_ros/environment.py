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

"""The virtual environment: where it is, who may touch it, what it was made from."""

from collections.abc import Iterator
from contextlib import contextmanager
import fcntl
import os
from pathlib import Path
import shutil
import signal
import subprocess
import sys

from .reporting import SetupError, tell


class Environment:
    """
    A virtual environment that this setup made, or is going to make.

    :param root: the checkout.
    :param distro: name of the ROS 2 distro, as in requirements/.
    :param venv: folder of the environment.
    """

    def __init__(self, root: Path, distro: str, venv: Path) -> None:
        self.root = root
        self.distro = distro
        self.venv = venv
        self.name = venv.name
        # Its presence says that the folder is ours, so that nobody's own one gets removed.
        self.state = venv / '.setup'
        self.python = venv / 'bin' / 'python'
        version = f'python{sys.version_info.major}.{sys.version_info.minor}'
        self.site_packages = venv / 'lib' / version / 'site-packages'
        self.logs = self.state / 'log'
        # Not the one of an active virtual environment, which may be removed before ours is.
        self.base_python = Path(os.path.realpath(getattr(sys, '_base_executable', sys.executable)))
        self._lock = -1

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep any other setup of this environment waiting."""
        # Beside the environment and not in it: that is removed while the lock is held.
        path = self.venv.with_name(f'{self.name}.lock')
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                tell('another setup is at work on this environment: waiting for it')
                fcntl.flock(self._lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(self._lock)

    def create(self) -> None:
        """
        Make the environment with nothing in it, in place of what was left of an older one.

        :raises SetupError: if it cannot be made.
        """
        self._remove_old()
        self.logs.mkdir(parents=True)
        # colcon must not look for packages in here.
        (self.venv / 'COLCON_IGNORE').touch()
        self.run([str(self.base_python), '-m', 'venv', str(self.venv)], log='venv')
        (self.state / 'base_python').write_text(f'{self.base_python}\n')

    def check_place(self) -> None:
        """
        See that the environment's folder is free, or ours.

        :raises SetupError: if somebody else made what is there.
        """
        if self.venv.is_symlink() or self.venv.is_file():
            raise SetupError(f'{self.venv} is not a folder: move it away')
        if self.venv.is_dir() and any(self.venv.iterdir()) and not self.state.is_dir():
            raise SetupError(f'{self.venv} was not made by this setup: move it away')

    def _remove_old(self) -> None:
        if self.state.is_dir():
            # The stamps first and .setup itself last: whatever is left if this is interrupted is
            # neither taken for complete nor for somebody else's.
            for stamp in self.state.glob('*.stamp'):
                stamp.unlink()
            for item in self.venv.iterdir():
                if item != self.state:
                    _remove(item)
            shutil.rmtree(self.state)

    def run(self, command: list[str], log: str, variables: dict[str, str] | None = None) -> None:
        """
        Run a program of the setup, its output in a log.

        :param command: program and arguments.
        :param log: name of the log, without folder and ending.
        :param variables: more environment variables for the program.
        :raises SetupError: if it fails, with the last line that it said.
        """
        path = self.logs / f'{log}.log'
        # The program inherits the lock: if we are killed, the next setup waits until it has ended.
        os.set_inheritable(self._lock, True)
        with path.open('wb') as output:
            process = subprocess.Popen(
                command,
                cwd=self.root,
                env={**os.environ, **(variables or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=[self._lock],
                start_new_session=True,
            )
            try:
                status = process.wait()
            except BaseException:
                # With all that it started: a compiler left at work would write into what the
                # next setup builds.
                os.killpg(process.pid, signal.SIGTERM)
                process.wait()
                raise
        if status != 0:
            raise SetupError(f'{_cause(path)} (all of it: {path.relative_to(self.root)})')

    def stamp(self, stage: str) -> str | None:
        """Return what a stage was made from, or None if it is not complete."""
        try:
            return (self.state / f'{stage}.stamp').read_text()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def write_stamp(self, stage: str, content: str) -> None:
        """Say that a stage is complete, and what it was made from."""
        path = self.state / f'{stage}.stamp'
        partial = path.with_suffix('.partial')
        partial.write_text(content)
        partial.replace(path)

    def remove_stamp(self, stage: str) -> None:
        """Say that a stage is not complete."""
        (self.state / f'{stage}.stamp').unlink(missing_ok=True)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _cause(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors='replace').splitlines() if line.strip()]
    errors = [line for line in lines if 'error' in line.lower()]
    return (errors or lines or ['a program failed without a word'])[-1]
