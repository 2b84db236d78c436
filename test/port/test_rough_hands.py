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


"""Threads and signal handlers inside the methods of one port, at the same time and at random."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import contextlib
import os
import random
import signal
import sys
import threading
import time
from typing import Any

from dxl_port_driver.errors import DxlPortError, PortClosedError
from dxl_port_driver.port.base import Port
from dxl_port_driver.port.open_port import make_port
import pytest

Soon = Callable[[], float]
RATES = (57600, 115200, 1_000_000, 4_500_000)
THREADS = 4


@pytest.fixture
def quick_switches() -> Iterator[None]:
    """Have the interpreter change threads a hundred times as often as it does by itself."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-5)
    yield
    sys.setswitchinterval(before)


def run_all(*calls: Callable[[], None], patience_s: float = 50.0) -> list[BaseException]:
    """Run calls in threads of their own; returns what they raised."""
    raised: list[BaseException] = []

    def run(call: Callable[[], None]) -> None:
        try:
            call()
        except BaseException as error:  # told by the test
            raised.append(error)

    threads = [threading.Thread(target=run, args=(call,), daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(patience_s)
        assert not thread.is_alive(), 'a call hangs'
    return raised


class TestReentrantWaits:
    def test_two_readers_each_get_bytes_or_a_time_out(self, wired: Any, soon: Soon) -> None:
        port, far_end = wired
        got: list[bytes] = []

        def read() -> None:
            while sum(map(len, got)) < 200:
                got.append(port.read(1, time.monotonic() + 0.02))

        def send() -> None:
            for _ in range(200):
                far_end.send(b'x')

        assert run_all(read, read, send) == []
        assert b''.join(got) == b'x' * 200

    def test_a_read_that_was_left_behind_is_in_nobodys_way(self, wired: Any, soon: Soon) -> None:
        port, _ = wired
        is_reading = threading.Event()

        def left_behind() -> None:
            is_reading.set()
            with pytest.raises(PortClosedError):
                port.read(10, soon())

        def goes_on() -> None:
            is_reading.wait()
            for _ in range(20):
                port.read(1, 0.0)
                port.read(1, time.monotonic() + 0.0005)
                port.read(1, time.monotonic() + 0.003)
                port.write(b'x', soon())
            port.close()

        assert run_all(left_behind, goes_on) == []

    @pytest.mark.parametrize('wired', ['pty', 'socket'], indirect=True)
    @pytest.mark.parametrize('wait', ['read', 'pause', 'write'])
    def test_a_signal_handler_uses_the_port_in_the_midst_of_a_wait(
        self, wired: Any, wait: str, soon: Soon
    ) -> None:
        port, far_end = wired
        inside: list[object] = []

        def handler(number: int, frame: object) -> None:
            port.clear()
            inside.append(port.read(5, time.monotonic() + 0.002))
            port.pause(time.monotonic() + 0.002)
            inside.append(port.available())
            if wait != 'write':
                inside.append(port.write(b'torque off', soon()))

        before = signal.signal(signal.SIGALRM, handler)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.03)
            if wait == 'read':
                assert port.read(1, time.monotonic() + 0.1) == b''
            elif wait == 'pause':
                port.pause(time.monotonic() + 0.1)
            else:
                # A TCP far end needs that to take what it received.
                full = getattr(far_end, 'changed', contextlib.nullcontext())
                with full, pytest.raises(DxlPortError, match='in time'):
                    port.write(bytes(30_000_000), time.monotonic() + 0.2)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, before)
        assert inside == ([b'', 0] if wait == 'write' else [b'', 0, 10])
        if wait != 'write':
            assert far_end.receive(10) == b'torque off'

    @pytest.mark.parametrize('wired', ['pty', 'socket'], indirect=True)
    def test_a_signal_handler_that_opens_the_port_again_ends_the_read(
        self, wired: Any, soon: Soon, descriptors: Callable[[], set[str]]
    ) -> None:
        port, _ = wired
        before = descriptors()
        old = signal.signal(signal.SIGALRM, lambda *_: port.open())
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.03)
            with pytest.raises(PortClosedError, match='is closed'):
                port.read(1, soon())
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, old)
        assert port.read(1, 0.0) == b''
        assert port.write(b'on', soon()) == 2
        # The far end of a TCP connection has another descriptor for the new one.
        assert len(descriptors()) <= len(before) + 1

    def test_calls_that_handlers_interrupt_forget_no_use(self, pty_end: Any) -> None:
        class HandlerError(Exception):
            pass

        def handler(number: int, frame: object) -> None:
            raise HandlerError

        draw = random.Random(5)
        interrupted = 0
        port = make_port(pty_end.name)
        before = signal.signal(signal.SIGALRM, handler)
        try:
            port.open()
            for _ in range(1000):
                try:
                    signal.setitimer(signal.ITIMER_REAL, draw.uniform(2e-6, 2e-4))
                    while True:
                        port.clear()
                        port.read(1, time.monotonic() + 5e-5)
                        port.available()
                except HandlerError:
                    interrupted += 1
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, before)
        assert interrupted == 1000
        assert port._device.users == set()  # type: ignore[attr-defined]
        port.close()


class Bystander:
    """Opens and closes files meanwhile, and sees that nothing else touches them."""

    def __init__(self) -> None:
        self.is_over = False

    def __call__(self) -> None:
        while not self.is_over:
            pairs = [os.pipe() for _ in range(3)]
            for _, writer in pairs:
                os.write(writer, b'untouched')
            time.sleep(0.0002)
            for reader, writer in pairs:
                os.close(writer)
                assert os.read(reader, 100) == b'untouched'
                os.close(reader)


class Hands:
    """Two ports of one device, and what rough hands do with them."""

    def __init__(self, name: str, seed: int) -> None:
        self.seed = seed
        self.ports = [make_port(name, baudrate=57600) for _ in range(2)]
        self.unexpected: list[tuple[str, BaseException]] = []
        self.told: set[type] = set()
        self.calls: dict[str, Callable[[Port, random.Random], object]] = {
            'open': lambda port, draw: port.open(),
            'close': lambda port, draw: port.close(),
            'read': lambda port, draw: port.read(8, time.monotonic() + draw.choice(self.waits)),
            'write': lambda port, draw: port.write(b'abc', time.monotonic() + 0.002),
            'available': lambda port, draw: port.available(),
            'clear': lambda port, draw: port.clear(),
            'pause': lambda port, draw: port.pause(time.monotonic() + draw.choice(self.waits)),
            'set_baudrate': lambda port, draw: port.set_baudrate(draw.choice(RATES)),
            'cancel': lambda port, draw: port.cancel(),
            'resume': lambda port, draw: port.resume(),
            'low_latency': lambda port, draw: port.set_low_latency(draw.random() < 0.5),
            'told': lambda port, draw: (
                port.is_open, port.hangup_fd, port.baudrate, port.real_baudrate,
                port.latency_timer_ms,
            ),
            'open_instead_of': self.open_instead,
        }  # fmt: skip

    waits = (-1.0, 0.0, 0.0003, 0.002)

    def open_instead(self, port: Port, draw: random.Random) -> None:
        port.open_instead_of(self.ports[port is self.ports[0]])

    def play(self, thread: int, count: int) -> None:
        draw = random.Random(f'{self.seed} {thread}')
        names = list(self.calls)
        weights = [4 if name in ('open', 'read') else 1 for name in names]
        for name in draw.choices(names, weights, k=count):
            try:
                self.calls[name](draw.choice(self.ports), draw)
            except DxlPortError as error:
                self.told.add(type(error))
            except BaseException as error:  # told by the test, with the call
                self.unexpected.append((name, error))

    def run(self, count: int) -> None:
        bystander = Bystander()
        watch = threading.Thread(target=bystander, daemon=True)
        watch.start()
        try:
            raised = run_all(*(lambda n=n: self.play(n, count // THREADS) for n in range(THREADS)))
        finally:
            bystander.is_over = True
            watch.join()
            for port in self.ports:
                port.close()
        assert raised == []
        assert self.unexpected == [], f'seed {self.seed}'


@pytest.mark.usefixtures('quick_switches')
class TestInterleavings:
    @pytest.mark.timeout(600)
    @pytest.mark.parametrize('kind', ['pty', 'socket', 'sim'])
    def test_all_methods_from_four_threads_raise_their_own_errors_only(
        self,
        kind: str,
        far_end_of: Any,
        request: pytest.FixtureRequest,
        descriptors: Callable[[], set[str]],
    ) -> None:
        is_long = request.config.getoption('--long')
        for seed in range(10 if is_long else 1):
            with far_end_of(kind) as far_end:
                make_port(far_end.name).close()
                before = descriptors()
                hands = Hands(far_end.name, seed)
                hands.run(1_000 if is_long else 600)
                assert PortClosedError in hands.told
                most = len(before) + (kind == 'socket')
                wait_until(lambda most=most: len(descriptors()) <= most)  # type: ignore[misc]

    @pytest.mark.filterwarnings(r'ignore:set(Daemon|Name)\(\):DeprecationWarning')
    @pytest.mark.parametrize('kind', ['rfc2217'])
    def test_a_port_that_takes_long_to_open_as_well(
        self, kind: str, far_end_of: Any, request: pytest.FixtureRequest
    ) -> None:
        is_long = request.config.getoption('--long')
        with far_end_of(kind) as far_end:
            port = make_port(far_end.name)
            for seed in range(10 if is_long else 1):
                port.open()
                hands = Hands(far_end.name, seed)
                hands.ports = [port]
                del hands.calls['open_instead_of'], hands.calls['open']
                del hands.calls['set_baudrate']
                hands.run(400)
                assert PortClosedError in hands.told

    @pytest.mark.parametrize('method', ['read', 'write', 'pause'])
    @pytest.mark.parametrize('how', ['close', 'open', 'cancel'])
    def test_closing_ends_what_waits_at_once(
        self, wired: Any, method: str, how: str, soon: Soon
    ) -> None:
        port, far_end = wired
        if port.name.startswith('rfc2217') and how == 'open':
            how = 'close'  # its far end serves one connection at a time
        if method == 'write' and not hasattr(far_end, 'master'):
            method = 'pause'  # its far end takes all that there is
        is_inside = threading.Event()
        caught: list[BaseException] = []

        def wait() -> None:
            is_inside.set()
            try:
                if method == 'read':
                    port.read(1, soon())
                elif method == 'pause':
                    port.pause(soon())
                else:
                    port.write(bytes(1_000_000), soon())
            except PortClosedError as error:
                caught.append(error)

        waiter = threading.Thread(target=wait, daemon=True)
        waiter.start()
        is_inside.wait()
        time.sleep(0.01)  # most often it is inside the wait by now, and right if it is not
        getattr(port, how)()
        waiter.join(9.0)
        assert not waiter.is_alive()
        if how == 'open':
            assert port.is_open
        else:
            assert len(caught) == 1


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10.0
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)
