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

"""The chain of protection: a program dies, its cycle ends, the Bus Watchdog stops the servos."""

from __future__ import annotations

import signal
import sys
import time

from fault_support.listeners import cycles_of
from ros_support.graph import eventually

# Two wheels turn for as long as something talks to them, which is a cyclic read.
CLIENT = """
import sys, time
from dxl_port_driver.client import PortClient
from dxl_port_driver.protocol.instructions import BROADCAST_ID, Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket
from dxl_port_driver.protocol.transaction import Transaction

def to_all(instruction, address, length, data):
    params = address.to_bytes(2, 'little') + length.to_bytes(2, 'little') + bytes(data)
    return InstructionPacket(Protocol.V2, BROADCAST_ID, instruction, params).encode()

def write(address, *data):
    both = (number for id in (1, 2) for number in (id, *data))
    result = client.transact(to_all(Instruction.SYNC_WRITE, address, len(data), both))
    assert not result.message, result.message

client = PortClient.in_background('/dxl_port_driver', wait_for_driver_s=20.0)
read = to_all(Instruction.SYNC_READ, 132, 4, (1, 2))
client.start_cyclic(sys.argv[1], [Transaction(read)], 50.0, lease_s=float(sys.argv[2]))
for address, *data in ((98, 0), (64, 0), (11, 1), (64, 1), (104, 100, 0, 0, 0), (98, 50)):
    write(address, *data)
print('turning', flush=True)
while True:
    time.sleep(1.0)
"""
LEASE_S = 1.0
WATCHDOG_S = 50 * 0.020
SLACK_S = 5.0


def test_servos_stop_within_lease_and_watchdog_of_the_end_of_the_program(
    domain, start, start_driver, adapter, often, figure
):
    servos = adapter(ids='1-2')
    program, driver = start_driver(port_name=servos.link, autostart=True)
    eventually(lambda: driver.state == 'active')
    domain.poisoned = True
    cycles = cycles_of(driver)

    def registers(name: str) -> list[int]:
        # Past the bus, which would feed the watchdog.
        return [int(servos.say(f'get {number} {name}').split()[-1]) for number in (1, 2)]

    def messages(name: str) -> list[object]:
        return [message for message in cycles.messages if message.name == name]

    def a_client(name: str, lease_s: float) -> object:
        client = start(sys.executable, '-c', CLIENT, name, str(lease_s))
        eventually(lambda: 'turning' in client.output or not client.is_running)
        assert client.is_running, client.output
        assert registers('bus_watchdog') == [50, 50]
        eventually(lambda: all(registers('present_velocity')))
        return client

    def is_still() -> bool:
        return not any(registers('present_velocity'))

    endings = [signal.SIGKILL, *[signal.SIGSTOP] * often(0, 1)]
    for number, ending in enumerate(endings):
        name = f'leased{number}'
        client = a_client(name, LEASE_S)
        # As long as the program lives, it goes on.
        alive = time.monotonic()
        eventually(lambda begun=alive: time.monotonic() - begun > LEASE_S + WATCHDOG_S)
        assert all(registers('present_velocity'))
        client.send(ending)
        killed = time.monotonic()
        eventually(is_still)
        took_s = time.monotonic() - killed
        assert took_s < LEASE_S + WATCHDOG_S + SLACK_S
        assert registers('bus_watchdog') == [-1, -1]
        eventually(lambda name=name: messages(name)[-1].ended)
        assert 'lease of 1 s is over' in messages(name)[-1].message
        assert f"[dxl_port_driver]: cyclic transaction '{name}' ended after" in program.output
        figure(f'stopped after {ending.name}, s', round(took_s, 2))
        if ending is signal.SIGSTOP:
            client.send(signal.SIGKILL)

    # Without a lease, the cycle feeds the watchdog on and on.
    client = a_client('without', 0.0)
    client.send(signal.SIGKILL)
    client.wait()
    count = len(messages('without'))
    eventually(lambda: len(messages('without')) > count + 50.0 * (LEASE_S + WATCHDOG_S))
    assert all(registers('present_velocity'))
    assert not messages('without')[-1].ended
    cycles.close()
