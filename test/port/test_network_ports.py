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

"""What only the ports on a network do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import os
import select
import socket
import threading
import time
from typing import Any

from dxl_port_driver.errors import (
    BaudrateError,
    NotASerialPortError,
    PortClosedError,
    PortMissingError,
    PortNameError,
    TransmitError,
)
from dxl_port_driver.port.open_port import make_port
from dxl_port_driver.port.rfc2217_port import Rfc2217Port
from dxl_port_driver.port.socket_port import SocketPort
from dxl_port_driver.port.wakeup import Wakeup
import pytest

RFC2217 = pytest.mark.filterwarnings(r'ignore:set(Daemon|Name)\(\):DeprecationWarning')


@pytest.fixture
def free_tcp_port() -> Iterator[int]:
    """Give a TCP port that refuses connections: bound, and not listening."""
    with socket.socket() as bound:
        bound.bind(('127.0.0.1', 0))
        yield bound.getsockname()[1]


@RFC2217
@pytest.mark.parametrize('scheme', ['socket', 'rfc2217'])
def test_nobody_there_is_a_missing_port(
    scheme: str, free_tcp_port: int, descriptors: Callable[[], set[str]]
) -> None:
    name = f'{scheme}://127.0.0.1:{free_tcp_port}'
    before = descriptors()
    with pytest.raises(PortMissingError, match=r'check the host, the port, and that') as caught:
        make_port(name).open()
    assert caught.value.port == name
    assert descriptors() == before


@RFC2217
def test_a_server_that_speaks_no_rfc2217_is_told_so_and_left(
    descriptors: Callable[[], set[str]],
) -> None:
    with socket.create_server(('127.0.0.1', 0)) as listener:
        before = descriptors()
        with pytest.raises(PortMissingError, match='RFC 2217 server is running there'):
            make_port(f'rfc2217://127.0.0.1:{listener.getsockname()[1]}').open()
        assert descriptors() == before


@pytest.mark.parametrize('greeting', [b'\xff\xfb\x01\xff\xfb\x03', b'\xff\xfd\x2c'])
def test_a_telnet_gateway_is_told_when_it_greets(
    greeting: bytes, descriptors: Callable[[], set[str]]
) -> None:
    with socket.create_server(('127.0.0.1', 0)) as listener:
        where = f'127.0.0.1:{listener.getsockname()[1]}'
        greeter = threading.Thread(target=lambda: accepted.append(_greeted(listener, greeting)))
        accepted: list[socket.socket] = []
        greeter.start()
        before = descriptors()
        with pytest.raises(NotASerialPortError, match=f'use rfc2217://{where}') as caught:
            SocketPort(f'socket://{where}').open()
        greeter.join()
        assert 'raw TCP' in caught.value.message
        accepted.pop().close()
        assert descriptors() <= before


def _greeted(listener: socket.socket, greeting: bytes) -> socket.socket:
    connection, _ = listener.accept()
    connection.sendall(greeting)
    return connection


@pytest.mark.parametrize('first', [b'\xff\xff\xfd\x00', b'\xff\xff\xfb\x02', b'\xff\xfb', b'>'])
def test_what_else_may_come_first_is_no_negotiation(first: bytes) -> None:
    with socket.create_server(('127.0.0.1', 0)) as listener:
        connecting = threading.Thread(target=lambda: accepted.append(_greeted(listener, first)))
        accepted: list[socket.socket] = []
        connecting.start()
        with SocketPort(f'socket://127.0.0.1:{listener.getsockname()[1]}') as port:
            received = b''
            while len(received) < len(first):
                received += port.read(8, time.monotonic() + 10.0)
            assert received == first
        connecting.join()
        accepted.pop().close()


def test_each_kind_takes_its_own_urls_only() -> None:
    with pytest.raises(PortNameError, match='no socket:// URL'):
        SocketPort('rfc2217://h:1')
    with pytest.raises(PortNameError, match='no rfc2217:// URL'):
        Rfc2217Port('socket://h:1')


@RFC2217
@pytest.mark.parametrize('wired', ['rfc2217'], indirect=True)
def test_a_rate_that_the_server_refuses_leaves_the_port_talking(wired: Any) -> None:
    port, far_end = wired
    with pytest.raises(BaudrateError, match='refuses 12345 bit/s'):
        port.set_baudrate(12345)
    assert port.baudrate == far_end.serial.rate == 57600
    port.set_baudrate(1_000_000)
    assert far_end.serial.rate == 1_000_000
    port.write(b'on', time.monotonic() + 10)
    assert far_end.receive(2) == b'on'
    port.close()
    port.set_baudrate(12345)
    with pytest.raises(BaudrateError, match='refuses 12345 bit/s'):
        port.open()
    assert not port.is_open


@RFC2217
@pytest.mark.parametrize('wired', ['socket', 'rfc2217'], indirect=True)
def test_a_peer_that_takes_nothing_fails_the_write_at_its_deadline(wired: Any) -> None:
    port, far_end = wired
    with far_end.changed:  # which the far end needs to take what it received
        deadline = time.monotonic() + 0.3
        with pytest.raises(TransmitError, match=r'it took \d+ of 30000000 bytes in time'):
            port.write(bytes(30_000_000), deadline)
        assert time.monotonic() < deadline + 5.0
        port.cancel()
        with pytest.raises(PortClosedError, match='cancelled'):
            port.write(b'x', time.monotonic() + 10.0)


def test_a_wakeup_rings_until_it_is_cleared(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ('eventfd', 'pipe'):
        if kind == 'pipe':
            monkeypatch.delattr(os, 'eventfd', raising=False)
        wakeup = Wakeup()
        assert rings(wakeup) is False
        wakeup.set()
        wakeup.set()
        assert rings(wakeup) is True
        wakeup.clear()
        wakeup.clear()
        assert rings(wakeup) is False
        wakeup.close()
        wakeup.close()


def rings(wakeup: Wakeup) -> bool:
    return bool(select.select([wakeup.fileno()], [], [], 0)[0])
