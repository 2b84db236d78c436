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

"""An SDK program gets the same from a port of its own and from a driver's port over ROS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from client_support.module_driver import in_domain, running_driver
from client_support.sdk_calls import (
    FAULT_CALLS,
    GROUP_CALLS,
    methods,
    public_methods,
    SdkCall,
    transcript,
    V1_CALLS,
    V1_GROUP_CALLS,
    V2_CALLS,
)
from dxl_port_driver import PortHandler
from dxl_port_driver.client import RemotePortHandler
import dynamixel_sdk
from dynamixel_sdk import COMM_RX_CORRUPT, COMM_RX_TIMEOUT
import pytest
from ros_support.domains import Domain

# Long enough for servos on a machine that is busy with other tests; short where one is mute.
PATIENCE_S = 1.0
MUTE_S = 0.2


def in_one(groups: Mapping[str, Mapping[str, SdkCall]]) -> dict[str, SdkCall]:
    return {
        f'{kind}.{name}': call for kind, calls in groups.items() for name, call in calls.items()
    }


@dataclass(frozen=True)
class Suite:
    """
    Calls on a bus, and what some of them are known to give.

    :param patience_s: how long an answer is awaited, s.
    """

    protocol: float
    options: str
    calls: Mapping[str, SdkCall]
    patience_s: float = PATIENCE_S
    known: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        # One of its own: within a process, servos keep their state, and a reset changes ids.
        return f'sim://?{self.options}&seed={list(SUITES.values()).index(self)}'


SUITES = {
    'protocol 2.0': Suite(
        2.0,
        'ids=1-3',
        V2_CALLS,
        known={
            'ping': '(1020, 0, 0)',
            'ping: absent servo': f'(0, {COMM_RX_TIMEOUT}, 0)',
            'broadcastPing': '({1: [1020, 48], 2: [1020, 48], 3: [1020, 48]}, 0)',
        },
    ),
    'groups of protocol 2.0': Suite(
        2.0,
        'ids=1-3',
        in_one(GROUP_CALLS),
        known={
            'GroupSyncRead.addParam+txRxPacket+isAvailable+getData+clearParam': (
                '([True, True], [0, True, '
            ),
        },
    ),
    'protocol 1.0': Suite(1.0, 'ids=1-3&protocol=1.0', V1_CALLS, known={'ping': '(29, 0, 0)'}),
    'groups of protocol 1.0': Suite(1.0, 'ids=1-3&protocol=1.0', in_one(V1_GROUP_CALLS)),
    'a mute servo': Suite(
        2.0,
        'ids=1-3&mute=2',
        FAULT_CALLS,
        MUTE_S,
        known={
            'ping: servo 1': '(1020, 0, 0)',
            'ping: servo 2': f'(0, {COMM_RX_TIMEOUT}, 0)',
        },
    ),
    'a mute servo of protocol 1.0': Suite(
        1.0,
        'ids=1-3&protocol=1.0&mute=2',
        {name: call for name, call in FAULT_CALLS.items() if ':' in name},
        MUTE_S,
        known={'ping: servo 2': f'(0, {COMM_RX_TIMEOUT}, 0)'},
    ),
    'corrupt answers': Suite(
        2.0,
        'ids=1-3&corrupt=1',
        FAULT_CALLS,
        MUTE_S,
        known={'ping: servo 1': f'(0, {COMM_RX_CORRUPT}, 0)'},
    ),
    'answers in pieces between noise': Suite(
        2.0, 'ids=1-3&noise=5&split=3&split_gap=1', FAULT_CALLS, MUTE_S
    ),
}


class PatientPortHandler(PortHandler):
    """A local port on a busy machine."""

    patience_s = PATIENCE_S

    def setPacketTimeout(self, packet_length: int) -> None:
        self.setPacketTimeoutMillis(1e3 * self.patience_s)


def locally(suite: Suite) -> dict[str, str]:
    port = PatientPortHandler(suite.url)
    port.patience_s = suite.patience_s
    assert port.openPort(), port.last_error
    gave = transcript(suite.calls, dynamixel_sdk.PacketHandler(suite.protocol), port)
    port.closePort()
    return gave


def over_ros(suite: Suite, domain: Domain, log: Path) -> dict[str, str]:
    with running_driver(domain, log, port_name=suite.url), in_domain(domain):
        port = RemotePortHandler('/dxl_port_driver', timeout_s=suite.patience_s)
        assert port.openPort(), port.last_error
        gave = transcript(suite.calls, dynamixel_sdk.PacketHandler(suite.protocol), port)
        port.closePort()
    return gave


# One test a suite: its calls build on each other, and each start of a driver takes its time.
@pytest.mark.timeout(180)
@pytest.mark.parametrize('suite', SUITES)
def test_every_call_gives_the_same_over_ros_as_on_a_local_port(domain, tmp_path, suite):
    here = locally(SUITES[suite])
    there = over_ros(SUITES[suite], domain, tmp_path / 'driver.log')
    assert there == here
    for call, gave in SUITES[suite].known.items():
        assert there[call].startswith(gave)


@pytest.mark.parametrize(
    ('kind', 'calls'),
    [
        (dynamixel_sdk.Protocol1PacketHandler, V1_CALLS),
        (dynamixel_sdk.Protocol2PacketHandler, V2_CALLS),
        *((getattr(dynamixel_sdk, kind), calls) for kind, calls in GROUP_CALLS.items()),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else '',
)
def test_every_public_method_of_the_sdk_is_called(kind, calls):
    assert public_methods(kind) == methods(calls)
