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

"""The first response to a client, after others died hard in the same domain."""

from __future__ import annotations

from collections import deque
import signal
import sys

from ros_support.graph import eventually
from ros_support.wire import ping

AT_ONCE = 4

# Asks once, tells what came of it, and waits to be killed.
CLIENT = """
import sys, time
from dxl_port_driver.client import PortClient
client = PortClient.in_background('/dxl_port_driver', wait_for_driver_s=20.0)
result = client.transact(bytes.fromhex(sys.argv[1]), timeout_s=5.0, queue_timeout_s=2.0)
print(f'gave {result.result.name} {result.message}', flush=True)
time.sleep(600)
"""


def test_no_first_response_is_lost_where_others_died_hard(
    domain, start, start_driver, adapter, often, figure, monkeypatch
):
    # With the leases that DDS has by itself, so that traces of the dead stay for long.
    for name in ('FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE'):
        monkeypatch.delenv(name, raising=False)
    domain.poisoned = True
    servos = adapter(ids='1')
    _, driver = start_driver(port_name=servos.link, max_queue_time=2.0)
    driver.activate()
    before = servos.statistics()['instructions']
    count = often(8, 400)
    running = deque()
    lost = []

    def end_one():
        client = running.popleft()
        eventually(lambda: 'gave ' in client.output or not client.is_running, 60.0)
        client.send(signal.SIGKILL)
        client.wait()
        if 'gave SUCCESS' not in client.output:
            lost.append(client.output)

    for _ in range(count):
        if len(running) == AT_ONCE:
            end_one()
        running.append(start(sys.executable, '-c', CLIENT, ping(1).hex()))
    while running:
        end_one()
    figure('clients', count)
    figure('first responses lost', len(lost))
    assert not lost
    # Each asked the servo once, and no instruction went out twice.
    assert servos.statistics()['instructions'] - before == count
