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

"""Instructions that an exception ends, at any moment: the next one goes out, and is answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import ctypes
import os
import random
import signal
import sys
import threading
import time
from types import FrameType
from typing import Any

from dxl_port_driver import PortHandler
import dynamixel_sdk
from dynamixel_sdk import (
    COMM_PORT_BUSY,
    COMM_RX_TIMEOUT,
    COMM_SUCCESS,
    GroupSyncRead,
    PacketHandler,
)
from handler_support.fake_servo import FakeServo, MODEL, Pty, wait_until
import pytest

PONG = (MODEL, COMM_SUCCESS, 0)
PACKETS = PacketHandler(2.0)
TORQUE_ENABLE = 64


class Interrupted(BaseException):
    """As a Ctrl-C, and not to be mistaken for the one that ends the tests."""


@pytest.fixture
def servo() -> Iterator[FakeServo]:
    servo = FakeServo()
    yield servo
    servo.close()


@pytest.fixture
def port(servo: FakeServo) -> Iterator[PortHandler]:
    port = PortHandler(servo.name)
    assert port.openPort()
    port.setPacketTimeout = lambda length: port.setPacketTimeoutMillis(2000.0)
    yield port
    port.closePort()


@pytest.fixture
def on_signal() -> Iterator[Callable[[Callable[[], None]], None]]:
    """Give a way to have something done by a signal handler, on SIGUSR1."""
    before = signal.getsignal(signal.SIGUSR1)
    yield lambda what: (signal.signal(signal.SIGUSR1, lambda *_: what()), None)[1]
    signal.signal(signal.SIGUSR1, before)


def raise_interrupted() -> None:
    raise Interrupted


def signal_me(after_s: float, begun: threading.Event | None = None) -> threading.Thread:
    """Have the main thread signalled in a while, counted from an event where one is given."""
    main = threading.main_thread().ident
    assert main is not None

    def send() -> None:
        if begun is not None:
            begun.wait(10.0)
        time.sleep(after_s)
        signal.pthread_kill(main, signal.SIGUSR1)

    sender = threading.Thread(target=send)
    sender.start()
    return sender


def interrupt(what: Callable[[], object], after_s: float) -> None:
    """Do something again and again, until the signal's handler ends it."""
    begun = threading.Event()
    sender = signal_me(after_s, begun)
    try:
        begun.set()
        while True:
            what()
    except Interrupted:
        sender.join()


class RaisesAt:
    """Raises at the so-many-th line that is run of the SDK and of the port handler."""

    _OF = (os.path.dirname(dynamixel_sdk.__file__), os.path.dirname(sys.modules[
        'dxl_port_driver'].__file__ or ''))  # fmt: skip

    def __init__(self, line: int) -> None:
        self._left = line

    def __call__(self, frame: FrameType, event: str, _: object) -> Any:
        if not frame.f_code.co_filename.startswith(self._OF):
            return None
        if event == 'line':
            self._left -= 1
            if self._left == 0:
                raise Interrupted
        return self


def interrupted_at(line: int, what: Callable[[], object]) -> bool:
    """Do something up to a line; tell whether it was longer than that."""
    before = sys.gettrace()
    sys.settrace(RaisesAt(line))
    try:
        what()
    except Interrupted:
        return True
    finally:
        sys.settrace(before)
    return False


@pytest.mark.skipif(sys.gettrace() is not None, reason='a debugger or coverage is tracing')
def test_after_an_exception_at_any_line_the_next_instruction_goes_out(
    port: PortHandler, request: pytest.FixtureRequest
) -> None:
    step = 1 if request.config.getoption('--long') else 31
    line = 1
    while interrupted_at(line, lambda: PACKETS.ping(port, 1)):
        assert PACKETS.ping(port, 2) == PONG, f'after an exception at line {line}'
        line += step
    assert line > 100


def test_after_interrupts_at_random_moments_the_next_instruction_goes_out(
    servo: FakeServo,
    port: PortHandler,
    on_signal: Callable[[Callable[[], None]], None],
    request: pytest.FixtureRequest,
) -> None:
    on_signal(raise_interrupted)
    chance = random.Random(7)
    for attempt in range(1000 if request.config.getoption('--long') else 40):
        servo.delay_s = chance.choice((0.0, 0.002))
        interrupt(lambda: PACKETS.ping(port, 1), chance.uniform(0.0, 0.004))
        assert PACKETS.read2ByteTxRx(port, 1, attempt)[1:] == (COMM_SUCCESS, 0)
        servo.wait_until_asked(attempt.to_bytes(2, 'little') + b'\x02\x00')


def test_an_exception_in_each_method_frees_the_port_for_other_threads(servo: FakeServo) -> None:
    class Trouble:
        """A number or a packet, until it is used."""

        def use(self, *_: object) -> Any:
            raise Interrupted

        __rmul__ = __float__ = __int__ = __iter__ = use

    port = PortHandler(servo.name)
    assert port.openPort()
    port.setPacketTimeoutMillis(60_000.0)
    trouble: Any = Trouble()
    for use in (
        lambda: port.setPacketTimeout(trouble),
        lambda: port.setPacketTimeoutMillis(trouble),
        lambda: port.writePort(trouble),
        lambda: port.readPort(trouble),
    ):
        port.is_using = True
        assert in_thread(lambda: port.is_using)
        with pytest.raises(Interrupted):
            use()
        assert not in_thread(lambda: port.is_using)
    port.closePort()


def test_a_method_that_is_interrupted_leaves_a_port_that_another_thread_uses(
    port: PortHandler,
) -> None:
    port.setPacketTimeoutMillis(60_000.0)
    goes_on = threading.Event()
    owner, _ = start_exchange(port, goes_on)
    with pytest.raises(TypeError):
        port.setPacketTimeoutMillis('soon')  # type: ignore[arg-type]
    assert port.is_using
    assert PACKETS.ping(port, 1) == (0, COMM_PORT_BUSY, 0)
    goes_on.set()
    owner.join()


def test_a_signal_handler_may_switch_off_the_torque_while_a_ping_waits(
    servo: FakeServo, port: PortHandler, on_signal: Callable[[Callable[[], None]], None]
) -> None:
    gave = []
    on_signal(lambda: gave.append(PACKETS.write1ByteTxRx(port, 1, TORQUE_ENABLE, 0)))
    port.setPacketTimeout = lambda length: port.setPacketTimeoutMillis(300.0)
    servo.is_mute = True
    sender = signal_me(0.05)

    def speak_again() -> None:
        wait_until(lambda: len(servo.asked) == 1)
        servo.is_mute = False

    speaker = threading.Thread(target=speak_again)
    speaker.start()
    assert PACKETS.ping(port, 1) == (0, COMM_RX_TIMEOUT, 0)
    sender.join()
    speaker.join()
    assert gave == [(COMM_SUCCESS, 0)]
    assert servo.asked[-1].params == bytes((TORQUE_ENABLE, 0, 0))
    assert PACKETS.ping(port, 1) == PONG


def test_a_packet_that_is_being_written_is_not_interrupted(
    port: PortHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    gave = []

    def meanwhile() -> None:
        gave.append(PACKETS.ping(port, 1))

    monkeypatch.setattr(port, 'clearPort', meanwhile)
    PACKETS.ping(port, 1)
    assert gave == [(0, COMM_PORT_BUSY, 0)]


def test_a_program_that_sets_the_flag_by_itself_finds_it_set(port: PortHandler) -> None:
    port.is_using = True
    assert port.is_using
    assert PACKETS.ping(port, 1) == (0, COMM_PORT_BUSY, 0)
    port.is_using = False
    assert PACKETS.ping(port, 1) == PONG


def test_the_answer_to_an_interrupted_instruction_is_not_read_as_anothers(
    servo: FakeServo, port: PortHandler, on_signal: Callable[[Callable[[], None]], None]
) -> None:
    on_signal(raise_interrupted)
    # As on an adapter that keeps answers for long: this machine may be busy as well.
    port.latency_timer = 50.0
    for _ in range(5):
        servo.delay_s = 0.015
        interrupt(lambda: PACKETS.read2ByteTxRx(port, 1, 0x33), 0.002)
        servo.delay_s = 0.0
        assert PACKETS.read2ByteTxRx(port, 1, 0x44) == (0x4444, COMM_SUCCESS, 0)


def test_other_threads_find_the_port_busy_while_an_exchange_goes_on(
    servo: FakeServo, port: PortHandler
) -> None:
    servo.delay_s = 0.2
    gave = []
    pinger = threading.Thread(target=lambda: gave.append(PACKETS.ping(port, 1)))
    pinger.start()
    wait_until(lambda: port.is_using)
    assert PACKETS.ping(port, 2) == (0, COMM_PORT_BUSY, 0)
    pinger.join()
    assert gave == [PONG]
    assert not port.is_using


def test_other_threads_find_it_busy_between_the_halves_of_a_group_read(
    servo: FakeServo, port: PortHandler
) -> None:
    servo.is_mute = True
    group = GroupSyncRead(port, PACKETS, 132, 4)
    assert group.addParam(1)
    assert group.txPacket() == COMM_SUCCESS
    assert in_thread(lambda: PACKETS.ping(port, 2)) == (0, COMM_PORT_BUSY, 0)
    port.setPacketTimeoutMillis(1.0)
    assert group.rxPacket() == COMM_RX_TIMEOUT
    servo.is_mute = False
    assert in_thread(lambda: PACKETS.ping(port, 2)) == PONG


def test_it_is_free_when_the_time_of_an_exchange_that_was_left_is_over(
    servo: FakeServo, port: PortHandler
) -> None:
    """The thread that left it lives on, and asks for nothing any more."""
    port.setPacketTimeout = lambda length: port.setPacketTimeoutMillis(50.0)
    servo.is_mute = True
    left, ends = threading.Event(), threading.Event()

    def leave() -> None:
        group = GroupSyncRead(port, PACKETS, 132, 4)
        group.addParam(1)
        group.txPacket()
        left.set()
        ends.wait(30.0)

    owner = threading.Thread(target=leave)
    owner.start()
    assert left.wait(10.0)
    wait_until(lambda: not port.is_using)
    servo.is_mute = False
    assert PACKETS.ping(port, 1)[1] == COMM_SUCCESS
    ends.set()
    owner.join()


def test_it_is_free_when_the_thread_that_set_it_has_ended(port: PortHandler) -> None:
    port.setPacketTimeoutMillis(60_000.0)

    def leave() -> None:
        group = GroupSyncRead(port, PACKETS, 132, 4)
        group.addParam(1)
        group.txPacket()

    in_thread(leave)
    assert not port.is_using
    assert PACKETS.ping(port, 1) == PONG


def test_it_is_free_after_an_exception_in_another_thread(
    servo: FakeServo, port: PortHandler
) -> None:
    servo.is_mute = True
    ends = threading.Event()

    def leave() -> None:
        try:
            PACKETS.ping(port, 1)
        except Interrupted:
            ends.wait(30.0)

    owner = threading.Thread(target=leave)
    owner.start()
    wait_until(lambda: port.is_using and len(servo.asked) == 1)
    assert owner.ident is not None
    assert ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(owner.ident), ctypes.py_object(Interrupted)
    )
    os.write(servo.line.master, b'wake up')
    wait_until(lambda: not port.is_using)
    servo.is_mute = False
    assert PACKETS.ping(port, 1) == PONG
    ends.set()
    owner.join()


def test_a_port_that_was_left_in_use_and_dropped_is_garbage_at_once() -> None:
    line = Pty()
    fds = len(os.listdir('/proc/self/fd'))
    port = PortHandler(line.name)
    assert port.openPort()
    PACKETS.txPacket(port, [0xFF, 0xFF, 0xFD, 0, 1, 3, 0, 1, 0, 0])
    port.closePort()
    del port
    assert len(os.listdir('/proc/self/fd')) == fds
    line.unplug()


def start_exchange(
    port: PortHandler, goes_on: threading.Event
) -> tuple[threading.Thread, threading.Event]:
    """Have another thread set the flag and stay inside of the function that did so."""
    is_set = threading.Event()

    def hold() -> None:
        port.is_using = True
        is_set.set()
        goes_on.wait(30.0)
        port.is_using = False

    owner = threading.Thread(target=hold)
    owner.start()
    assert is_set.wait(10.0)
    return owner, is_set


def in_thread(what: Callable[[], Any]) -> Any:
    gave: list[Any] = []
    thread = threading.Thread(target=lambda: gave.append(what()))
    thread.start()
    thread.join()
    return gave[0]
