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
Many client processes on one driver and one virtual bus, started and ended in order.

As a program it is the long proof: ``PYTHONPATH=test python -m sharing_support.crowd``.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
import contextlib
from dataclasses import asdict
import json
import os
from pathlib import Path
import subprocess
import sys
import tempfile
import threading
from typing import Any

from lifecycle_msgs.srv import GetState
from ros_support.domains import Domain
from ros_support.graph import eventually, Graph, PATIENCE_S, RemoteDriver
from ros_support.processes import Program

from sharing_support.talker import Came, Told
from sharing_support.virtual_bus import virtual_bus, VirtualBus

SHARED_SERVO = 17
EVERY_WAY = ['transact', 'transact', 'transact_shared', 'batch', 'sdk', 'raw_write', 'raw_read']
_TEST_FOLDER = str(Path(__file__).resolve().parents[1])
_ASK_AGAIN_S = 3.0
_ALL_SERVOS = 'sim://?ids=1-17'


class Crowd:
    """
    A driver, and processes that talk to it; they stay until :meth:`leave`.

    :ivar driver: to look at it and to set its parameters.
    :ivar bus: the servos, and what they saw.
    :ivar domain: the ROS domain of all.
    """

    def __init__(self, driver: RemoteDriver, bus: VirtualBus, domain: Domain) -> None:
        self.driver = driver
        self.bus = bus
        self.domain = domain
        self.talkers: list[subprocess.Popen[str]] = []

    def come(self, clients: int) -> None:
        """Have at least so many processes ready."""
        new = [self._new() for _ in range(clients - len(self.talkers))]
        self.talkers += new
        for talker in new:
            assert _line(talker) == 'ready'

    def begin(self, told: list[Told]) -> None:
        """Have them talk, each as told, at the same time."""
        self.come(len(told))
        for talker, one in zip(self.talkers, told, strict=False):
            assert talker.stdin is not None
            talker.stdin.write(f'{json.dumps(asdict(one))}\n')
            talker.stdin.flush()

    def talk(self, told: list[Told]) -> list[Came]:
        """Have them talk; give what came of it, once all are through."""
        self.begin(told)
        return [self.hear(number) for number in range(len(told))]

    def hear(self, number: int) -> Came:
        """Wait for what came of one of them."""
        return Came(**json.loads(_line(self.talkers[number])))

    def leave(self) -> None:
        """Have all of them end, in order."""
        for talker in self.talkers:
            assert talker.stdin is not None
            with contextlib.suppress(BrokenPipeError):
                talker.stdin.close()
        for talker in self.talkers:
            talker.wait(PATIENCE_S)
            assert talker.stdout is not None
            talker.stdout.close()

    def _new(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, '-m', 'sharing_support.talker', self.driver.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, 'ROS_DOMAIN_ID': str(self.domain.id), 'PYTHONPATH': _path()},
            text=True,
        )


def _path() -> str:
    return os.pathsep.join(filter(None, (_TEST_FOLDER, os.environ.get('PYTHONPATH'))))


def _line(talker: subprocess.Popen[str]) -> str:
    assert talker.stdout is not None
    return talker.stdout.readline().strip()


@contextlib.contextmanager
def crowd(folder: Path, url: str = _ALL_SERVOS, **parameters: Any) -> Iterator[Crowd]:
    """
    Run a driver on a virtual bus.

    :param folder: where it logs.
    :param url: of the virtual bus.
    :param parameters: of the driver.
    """
    domain = Domain()
    with contextlib.ExitStack() as stack:
        stack.callback(domain.release)
        bus = stack.enter_context(virtual_bus(url))
        graph = Graph(domain.id)
        stack.callback(graph.close)
        # Where the emulated servos have to wait for a processor, so does everybody else.
        patience = {'max_timeout': 30.0, 'max_queue_time': 10.0}
        values = {'port_name': bus.path, 'autostart': 'true', **patience, **parameters}
        arguments = [item for one in values.items() for item in ('-p', '{}:={}'.format(*one))]
        program = Program(
            *(sys.executable, '-m', 'dxl_port_driver.node.main', '--ros-args', *arguments),
            log=folder / 'driver.log',
            environment={'ROS_DOMAIN_ID': str(domain.id)},
        )
        stack.callback(program.stop)
        driver = RemoteDriver(graph)
        eventually(lambda: _is_active(driver), 3 * PATIENCE_S)
        many = Crowd(driver, bus, domain)
        stack.callback(many.leave)
        yield many
        assert program.is_running, f'the driver died:\n{program.output}'


def _is_active(driver: RemoteDriver) -> bool:
    """Ask once more where the response to a newcomer got lost."""
    done = threading.Event()
    future = driver.begin(GetState, 'get_state')
    future.add_done_callback(lambda _: done.set())
    return done.wait(_ASK_AGAIN_S) and future.result().current_state.label == 'active'


def everyone(clients: int, seconds: float, ways: list[str], **fields: Any) -> list[Told]:
    """Give what equal talkers are told, each with a servo of its own."""
    return [
        Told(number, number + 1, SHARED_SERVO, seconds, ways, **fields)
        for number in range(clients)
    ]


def summary(came: list[Came], statistics: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Give the figures of a crowd that did all there is to do."""
    codes: Counter[str] = Counter()
    for one in came:
        codes.update(one.codes)
    queued = sorted(wait for one in came for wait in one.queued_ms)
    return {
        'clients': len(came),
        'seconds': seconds,
        'instructions': statistics['instructions'],
        'violations': statistics['violations'],
        'foreign answers': sum(len(one.foreign) for one in came),
        'results': dict(codes),
        'a second': round(sum(one.asked for one in came) / seconds),
        'queued, median and 99th percentile, ms': [
            queued[len(queued) // 2],
            queued[len(queued) * 99 // 100],
        ],
        'late overlaps': statistics['late_overlaps'],
        'examples': [text for one in came for text in one.foreign]
        + [text for one in came for text in one.failures][:8]
        + statistics['last_violations'][:4],
    }


def main() -> int:
    """Run the proof; fail when a single answer went astray."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--clients', type=int, default=16, help='processes, at most 16')
    parser.add_argument('--seconds', type=float, default=60.0)
    parser.add_argument('--ways', nargs='+', default=EVERY_WAY)
    given = parser.parse_args()
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    with tempfile.TemporaryDirectory() as folder, crowd(Path(folder)) as many:
        came = many.talk(everyone(given.clients, given.seconds, given.ways))
        figures = summary(came, many.bus.statistics(), given.seconds)
    print(json.dumps(figures, indent=2))
    return 1 if figures['violations'] or figures['foreign answers'] else 0


if __name__ == '__main__':
    sys.exit(main())
