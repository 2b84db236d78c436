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

"""``security/policy.xml``: right in form, whole, and no profile may more than it should."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
from fnmatch import fnmatchcase
from pathlib import Path
import re
from xml.etree import ElementTree

from dxl_port_driver.client import PortClient
from dxl_port_driver.protocol.instructions import Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket
import pytest
from ros_support.graph import eventually

FILE = Path(__file__).parents[2] / 'security' / 'policy.xml'
PING = InstructionPacket(Protocol.V2, 1, Instruction.PING).encode()
DRIVER = '/dxl_port_driver'
# What changes the driver, its bus or the servos on it.
ACTS = {
    *('change_state', 'clear', 'get_bytes_available', 'read', 'set_parameters'),
    *('set_parameters_atomically', 'start_cyclic', 'stop_cyclic', 'transact', 'transact_batch'),
    'write',
}
# What a driver that is unconfigured, reopened at another port or shut down owes to whom.
GOVERNS = {'change_state', 'set_parameters', 'set_parameters_atomically'}


def enclaves() -> dict[str, ElementTree.Element]:
    root = ElementTree.parse(FILE).getroot()
    return {enclave.attrib['path']: enclave for enclave in root.iter('enclave')}


def resolved(name: str, profile: ElementTree.Element) -> str:
    """Give the full name that sros2's permissions.xsl makes of an expression."""
    namespace = profile.attrib['ns'].rstrip('/') + '/'
    if name.startswith('/'):
        return name
    if name.startswith('~'):
        return f'{namespace}{profile.attrib["node"]}{name[1:]}'
    return namespace + name


def allowed(enclave: str, qualifier: str) -> set[str]:
    """Give the names that an enclave may ``publish``, ``subscribe``, ``reply`` or ``request``."""
    return {
        resolved(item.text or '', profile)
        for profile in enclaves()[f'/dxl_port/{enclave}'].iter('profile')
        for items in profile
        if items.get(qualifier) == 'ALLOW'
        for item in items
    }


def uncovered(names: set[str], patterns: set[str]) -> set[str]:
    return {name for name in names if not any(fnmatchcase(name, one) for one in patterns)}


# The schema of sros2 (policy.xsd 0.2.0): children, and attributes with what they may be.
FORM = {
    'policy': (['enclaves'], {'version': r'0\.2\.0'}),
    'enclaves': (['enclave'], {}),
    'enclave': (['profiles'], {'path': r'(/[a-z_]+)+'}),
    'profiles': (['profile'], {}),
    'profile': (['topics', 'services'], {'ns': r'/.*', 'node': r'[a-z_]+'}),
    'topics': (['topic'], {'publish': 'ALLOW|DENY', 'subscribe': 'ALLOW|DENY'}),
    'services': (['service'], {'reply': 'ALLOW|DENY', 'request': 'ALLOW|DENY'}),
    'topic': ([], {}),
    'service': ([], {}),
}


def faults(element: ElementTree.Element) -> Iterator[str]:
    children, attributes = FORM[element.tag]
    for name, value in element.attrib.items():
        if name not in attributes or not re.fullmatch(attributes[name], value):
            yield f'{element.tag} has {name}="{value}"'
    missing = attributes.keys() - element.attrib.keys()
    if missing and not (element.tag in ('topics', 'services') and len(missing) == 1):
        yield f'{element.tag} lacks {missing}'
    if bool(children) != bool(len(element)):
        yield f'{element.tag} has {len(element)} children'
    if not children and not re.fullmatch(r'[~/][A-Za-z0-9_/*]+', element.text or ''):
        yield f'{element.tag} is {element.text!r}'
    for child in element:
        if child.tag in children:
            yield from faults(child)
        else:
            yield f'{element.tag} has a {child.tag}'


def test_it_has_the_form_that_sros2_asks_for():
    assert list(faults(ElementTree.parse(FILE).getroot())) == []
    assert list(enclaves()) == [f'/dxl_port/{name}' for name in ('driver', 'client', 'monitor')]


def test_sros2_takes_it():
    policy = pytest.importorskip('sros2.policy', reason='needs sros2')
    policy.load_policy(FILE)


def test_no_name_is_there_twice():
    for enclave in enclaves().values():
        for items in (*enclave.iter('topics'), *enclave.iter('services')):
            names = [item.text for item in items]
            assert names == sorted(set(names), key=names.index), items.attrib


def test_the_driver_may_do_what_it_does_and_no_more(start_driver):
    # With all that it may publish.
    _, driver = start_driver(port_name='sim://', publish_traffic=True, autostart=True)
    eventually(lambda: driver.state == 'active')
    node = driver.graph.node

    def names(query: str) -> set[str]:
        return {name for name, _ in getattr(node, query)('dxl_port_driver', '/')}

    # Its services may be discovered before itself, and one after another.
    eventually(lambda: 'dxl_port_driver' in node.get_node_names())
    for query, expected in (
        ('get_publisher_names_and_types_by_node', allowed('driver', 'publish')),
        ('get_service_names_and_types_by_node', allowed('driver', 'reply')),
    ):
        with contextlib.suppress(AssertionError):
            eventually(lambda query=query, expected=expected: names(query) == expected)
        assert names(query) == expected
    # Jazzy and Kilted differ in whether a node follows the wall clock's topic.
    followed = names('get_subscriber_names_and_types_by_node')
    assert followed <= allowed('driver', 'subscribe')
    assert names('get_client_names_and_types_by_node') == set()
    # Nobody is allowed what does not exist.
    offered = allowed('driver', 'reply')
    for enclave in ('client', 'monitor'):
        assert allowed(enclave, 'request') <= offered
        heard = {name for name in allowed(enclave, 'subscribe') if name.startswith(DRIVER)}
        assert heard <= allowed('driver', 'publish')


def test_the_client_library_needs_no_more_than_the_client_may(start_driver, domain, monkeypatch):
    _, driver = start_driver(port_name='sim://', autostart=True)
    eventually(lambda: driver.state == 'active')
    node = driver.graph.node
    monkeypatch.setenv('ROS_DOMAIN_ID', str(domain.id))
    client = PortClient.in_background()
    try:
        assert client.transact(PING).result == 0
        client.write(PING)
        client.read(14, timeout_s=1.0)
        client.clear()
        (name,) = eventually(
            lambda: [one for one in node.get_node_names() if one.startswith('dxl_port_client')]
        )
        asked = {f'{DRIVER}/{service}' for service in ('transact', 'write', 'read', 'clear')}
        eventually(
            lambda: asked <= dict(node.get_client_names_and_types_by_node(name, '/')).keys()
        )
        used = dict(node.get_client_names_and_types_by_node(name, '/'))
        published = dict(node.get_publisher_names_and_types_by_node(name, '/'))
        offered = dict(node.get_service_names_and_types_by_node(name, '/'))
    finally:
        client.close()
    assert uncovered(set(used), allowed('client', 'request')) == set()
    assert uncovered(set(published), allowed('client', 'publish')) == set()
    assert uncovered(set(offered), allowed('client', 'reply')) == set()


def test_a_node_named_as_in_the_profile_may_exist(graph):
    from rclpy.node import Node

    for enclave in ('client', 'monitor'):
        name = f'dxl_port_{enclave}'
        node = Node(name, context=graph.context, use_global_arguments=False)
        try:
            # Of the same context: there is nothing to discover.
            offered = dict(node.get_service_names_and_types_by_node(name, '/'))
            assert set(offered) == {
                one for one in allowed(enclave, 'reply') if not one.startswith('/_ros2cli')
            }
            published = dict(node.get_publisher_names_and_types_by_node(name, '/'))
            assert uncovered(set(published), allowed(enclave, 'publish')) == set()
        finally:
            node.destroy_node()


def test_a_monitor_moves_nothing():
    asked = {name.removeprefix(f'{DRIVER}/') for name in allowed('monitor', 'request')}
    assert asked
    assert not asked & ACTS
    every = {name.removeprefix(f'{DRIVER}/') for name in allowed('driver', 'reply')}
    assert every - ACTS == asked
    assert f'{DRIVER}/traffic' in allowed('monitor', 'subscribe')


def test_a_client_uses_the_bus_and_does_not_govern_the_driver():
    asked = {name.removeprefix(f'{DRIVER}/') for name in allowed('client', 'request')}
    assert asked & ACTS == ACTS - GOVERNS


@pytest.mark.parametrize('enclave', ['client', 'monitor'])
def test_nobody_else_speaks_in_the_drivers_name(enclave: str):
    theirs = allowed(enclave, 'reply') | allowed(enclave, 'publish')
    drivers = allowed('driver', 'reply') | allowed('driver', 'publish')
    own = {name for name in drivers if name.startswith(DRIVER)} | {'/diagnostics'}
    assert uncovered(own, theirs) == own
