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

"""With DDS security on, who is not in the policy is kept out, and who is may work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import os
from pathlib import Path
import subprocess
import sys

import pytest
from ros_support.domains import Domain
from ros_support.processes import Program

POLICY = Path(__file__).parents[2] / 'security' / 'policy.xml'
# Makes a node in the enclave that the environment names, and nothing else.
MAKE_A_NODE = 'import rclpy; rclpy.init(); rclpy.create_node("looks_for_security")'
NO_PLUGIN = "doesn't have the security libraries"
# Asks for a ping and for a change of state; prints what came of each.
ASK = """
import sys

from dxl_port_driver.client import PortClient
from dxl_port_driver.errors import DxlPortError
from dxl_port_driver.protocol.instructions import Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket
from lifecycle_msgs.srv import ChangeState, GetState
import rclpy

PATIENCE_S = float(sys.argv[1])


def ask(node, kind, service):
    client = node.create_client(kind, f'/dxl_port_driver/{service}')
    if not client.wait_for_service(PATIENCE_S):
        return 'no service'
    request = kind.Request()
    if kind is ChangeState:
        request.transition.id = 4  # deactivate
    future = client.call_async(request)
    rclpy.spin_until_future_complete(node, future, timeout_sec=PATIENCE_S)
    return 'answered' if future.done() else 'no answer'


def tell(what, tried):
    try:
        print(what, tried(), flush=True)
    except Exception as error:
        print(what, 'refused', type(error).__name__, flush=True)


def ping():
    packet = InstructionPacket(Protocol.V2, 1, Instruction.PING).encode()
    client = PortClient.in_background(wait_for_driver_s=PATIENCE_S)
    try:
        return 'answered' if client.transact(packet).result == 0 else 'failed'
    except DxlPortError:
        return 'no answer'
    finally:
        client.close()


rclpy.init()
tell('transact', ping)
node = rclpy.create_node(sys.argv[2])
tell('get_state', lambda: ask(node, GetState, 'get_state'))
tell('change_state', lambda: ask(node, ChangeState, 'change_state'))
node.destroy_node()
rclpy.shutdown()
"""
OUT = {'no service', 'no answer', 'failed'}


def secured(keystore: Path, enclave: str) -> dict[str, str]:
    return {
        'ROS_SECURITY_ENABLE': 'true',
        'ROS_SECURITY_STRATEGY': 'Enforce',
        'ROS_SECURITY_KEYSTORE': str(keystore),
        'ROS_SECURITY_ENCLAVE_OVERRIDE': enclave,
    }


@pytest.fixture(scope='module')
def keystore(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a keystore with the enclaves of the policy, and one that the policy does not know."""
    folder = tmp_path_factory.mktemp('security') / 'keystore'
    enclave = folder / 'enclaves' / 'stranger'
    enclave.mkdir(parents=True)
    outcome = subprocess.run(
        [sys.executable, '-c', MAKE_A_NODE],
        env={**os.environ, **secured(folder, '/stranger')},
        capture_output=True,
        text=True,
    )
    if NO_PLUGIN in outcome.stdout + outcome.stderr:
        pytest.skip('needs a middleware that is built with DDS security')
    assert outcome.returncode != 0, 'a node without keys was let in'
    pytest.importorskip('sros2.keystore', reason='needs sros2')
    return folder


@pytest.fixture
def signed(keystore: Path, domain: Domain) -> Path:
    """Give the keystore with the policy signed for the test's domain."""
    import sros2.keystore

    # Permissions name the domain, which sros2 takes from the environment.
    os.environ['ROS_DOMAIN_ID'] = str(domain.id)
    folder = keystore.with_name(f'keystore_{domain.id}')
    try:
        sros2.keystore.create_keystore(folder)
        for name in ('driver', 'client', 'monitor'):
            enclave = f'/dxl_port/{name}'
            sros2.keystore.create_enclave(folder, enclave)
            sros2.keystore.create_permission(folder, enclave, POLICY)
    finally:
        del os.environ['ROS_DOMAIN_ID']
    return folder


@pytest.fixture
def driver(signed: Path, domain: Domain, tmp_path: Path) -> Iterator[Program]:
    """Give an active driver in its enclave."""
    program = Program(
        *(sys.executable, '-m', 'dxl_port_driver.node.main', '--ros-args'),
        *('-p', 'port_name:=sim://', '-p', 'autostart:=true', '--enclave', '/dxl_port/driver'),
        log=tmp_path / 'driver.log',
        environment={
            'ROS_DOMAIN_ID': str(domain.id),
            **{k: v for k, v in secured(signed, '').items() if v},
        },
    )
    yield program
    program.stop()


@pytest.fixture
def ask(driver: Program, signed: Path, domain: Domain) -> Callable[..., dict[str, str]]:
    """Give a way to ask the driver from an enclave; without one: with security off."""

    def ask(name: str, *, patience_s: float, security: bool = True) -> dict[str, str]:
        outcome = subprocess.run(
            [sys.executable, '-c', ASK, str(patience_s), f'dxl_port_{name}'],
            env={
                **os.environ,
                'ROS_DOMAIN_ID': str(domain.id),
                **(secured(signed, f'/dxl_port/{name}') if security else {}),
            },
            capture_output=True,
            text=True,
        )
        told = dict(line.split(' ')[:2] for line in outcome.stdout.splitlines() if ' ' in line)
        assert len(told) == 3, outcome.stdout + outcome.stderr
        assert driver.is_running, driver.output
        return {what: outcome.stdout.split(f'{what} ')[1].splitlines()[0] for what in told}

    return ask


def is_out(told: str) -> bool:
    return told in OUT or told.startswith('refused')


def test_a_client_works_with_the_servos_and_does_not_govern(ask):
    told = ask('client', patience_s=15.0)
    assert (told['transact'], told['get_state']) == ('answered', 'answered')
    assert is_out(told['change_state'])


def test_a_monitor_looks_and_moves_nothing(ask):
    told = ask('monitor', patience_s=5.0)
    assert told['get_state'] == 'answered'
    assert is_out(told['transact'])
    assert is_out(told['change_state'])


def test_who_has_no_keys_is_kept_out(ask):
    told = ask('client', patience_s=3.0, security=False)
    assert all(is_out(one) for one in told.values()), told
    # Not because nobody would answer: who may, is answered.
    assert ask('client', patience_s=15.0)['transact'] == 'answered'
