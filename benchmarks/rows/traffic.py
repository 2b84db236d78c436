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

"""What ``publish_traffic`` costs a transaction, with somebody who records it."""

from __future__ import annotations

from pathlib import Path
import tempfile
from time import monotonic, sleep

from benchmarks.caller import Caller
from benchmarks.domains import ros_domain
from benchmarks.figures import Figure, over_rounds
from benchmarks.programs import Driver, PATIENCE_S, Program, VirtualBus
from benchmarks.questions import patient, READ, succeeded
from benchmarks.sampling import alternate, ratios, summary_us
from benchmarks.setting import Setting
from dxl_port_driver.conversions import transaction_to_message
from dxl_port_interfaces.srv import Transact


def measure(setting: Setting) -> list[Figure]:
    """Measure with nobody listening and with a recorder, with and without the wire's pace."""
    return [
        _measure(setting, 'traffic_unheard', pace='on', recorded=False),
        _measure(setting, 'traffic', pace='on', recorded=True),
        _measure(setting, 'traffic_at_once', pace='off', recorded=True),
    ]


def _measure(setting: Setting, key: str, *, pace: str, recorded: bool) -> Figure:
    request = Transact.Request(transaction=transaction_to_message(patient(READ)))
    with (
        ros_domain() as domain,
        ros_domain() as other_domain,
        VirtualBus(pace=pace) as bus,
        VirtualBus(pace=pace) as other_bus,
        Driver(domain, bus.path, publish_traffic='true') as driver,
        Driver(other_domain, other_bus.path) as other_driver,
        Caller(domain, driver.name) as caller,
        Caller(other_domain, other_driver.name) as other_caller,
        tempfile.TemporaryDirectory() as folder,
    ):
        transact = caller.call(Transact, 'transact', request)
        other_transact = other_caller.call(Transact, 'transact', request)
        calls = {
            'published': lambda: succeeded(transact().result),
            'not published': lambda: succeeded(other_transact().result),
        }
        rounds, count = setting.pick(40, 5), setting.pick(300, 100)
        if recorded:
            path = Path(folder, 'session.dxl')
            with Program('dxl_port_driver.cli.main', ['record', str(path)], domain):
                _await_file(path)
                blocks = alternate(calls, rounds, count)
        else:
            blocks = alternate(calls, rounds, count)
    heard = 'recorded by another process' if recorded else 'nobody listens'
    return Figure(
        key,
        f'~/transact of a 4-byte read, publish_traffic, {heard}, pace {pace}',
        'the same without publish_traffic',
        **over_rounds(ratios(blocks, 'published', ['not published'])),
        goal=1.10,
        goal_of='4',
        details=summary_us(blocks),
    )


def _await_file(path: Path) -> None:
    deadline = monotonic() + PATIENCE_S
    while not path.exists():
        if monotonic() > deadline:
            raise RuntimeError('the recorder does not begin')
        sleep(0.05)
