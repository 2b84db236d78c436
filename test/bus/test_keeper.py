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

"""The keeper of a port: it notices that the device went, and takes it again."""

from __future__ import annotations

from collections.abc import Iterator
import threading
import time

from dxl_port_driver.bus.bus import Bus
from dxl_port_driver.bus.keeper import Duties, Keeper
from dxl_port_driver.bus.work import AvailableWork, ReadWork
from dxl_port_driver.errors import (
    BaudrateError,
    DxlPortError,
    ReceiveError,
    ResultCode,
    TransmitError,
)
from dxl_port_driver.sim.sim_port import SimPort
import pytest

PATIENCE_S = 20.0


class Witness:
    """Sees what a keeper does."""

    def __init__(self) -> None:
        self.lost: list[str] = []
        self.reconnect = True
        self.is_lost, self.is_back, self.is_given_up = (threading.Event() for _ in range(3))

    def duties(self) -> Duties:
        return Duties(
            reconnect=lambda: self.reconnect,
            period_s=lambda: 0.02,
            on_lost=self._on_lost,
            on_back=self.is_back.set,
            on_given_up=self.is_given_up.set,
        )

    def _on_lost(self, reason: str) -> None:
        self.lost.append(reason)
        self.is_lost.set()


class SlowPort(SimPort):
    """A port whose device is there at once, but takes until ``may_open`` to make its baudrate."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.may_open, self.is_opening = threading.Event(), threading.Event()
        self.may_open.set()

    def _achieved_baudrate(self, read_back: int) -> int:
        achieved = super()._achieved_baudrate(read_back)
        if not self.is_open:
            self.is_opening.set()
            assert self.may_open.wait(PATIENCE_S)
        return achieved


class Kept:
    """A port on the virtual bus with a keeper, and its plug."""

    def __init__(self, name: str, witness: Witness) -> None:
        self.port = SlowPort(f'sim://{name}?ids=1&rates=57600,115200,1000000')
        self.port.open()
        self.bus = Bus(self.port)
        self.bus.admit()
        self.keeper = Keeper(self.bus, witness.duties())
        self.keeper.start()
        self.plug = self.port.server

    def close(self) -> None:
        self.port.may_open.set()
        self.keeper.stop()
        self.bus.shutdown('the test is over')
        self.port.close()


@pytest.fixture
def witness() -> Witness:
    return Witness()


@pytest.fixture
def kept(request: pytest.FixtureRequest, witness: Witness) -> Iterator[Kept]:
    kept = Kept(f'keeper{abs(hash(request.node.name))}', witness)
    yield kept
    kept.close()


def works(bus: Bus) -> bool:
    try:
        return bus.run(AvailableWork(0, 1.0, 0.0)) == 0
    except DxlPortError:
        return False


def test_a_device_that_nobody_uses_is_missed_at_once_and_taken_again(kept, witness):
    assert works(kept.bus)
    kept.plug.unplug()
    assert witness.is_lost.wait(PATIENCE_S)
    assert not kept.port.is_open
    with pytest.raises(TransmitError, match='check '):
        kept.bus.run(AvailableWork(0, 1.0, 0.0))
    kept.plug.plug()
    assert witness.is_back.wait(PATIENCE_S)
    assert works(kept.bus)
    assert len(witness.lost) == 1
    assert kept.bus.statistics.reconnects == 1


def test_who_is_served_and_who_waits_are_told(kept, witness):
    served = kept.bus.submit(ReadWork(10, 60.0, queue_timeout_s=60.0))
    waits = kept.bus.submit(ReadWork(10, 60.0, queue_timeout_s=60.0))
    kept.plug.unplug()
    assert served.result(PATIENCE_S).result is ResultCode.RX_FAIL
    with pytest.raises(TransmitError):
        waits.result(PATIENCE_S)


def test_again_and_again(kept, witness):
    for number in range(1, 6):
        witness.is_lost.clear()
        witness.is_back.clear()
        kept.plug.unplug()
        assert witness.is_lost.wait(PATIENCE_S)
        kept.plug.plug()
        assert witness.is_back.wait(PATIENCE_S)
        assert works(kept.bus)
        assert (len(witness.lost), kept.bus.statistics.reconnects) == (number, number)


def test_without_reconnect_it_gives_up_and_ends(kept, witness):
    witness.reconnect = False
    kept.plug.unplug()
    assert witness.is_given_up.wait(PATIENCE_S)
    kept.plug.plug()
    time.sleep(0.1)
    assert not witness.is_back.is_set()
    assert not kept.port.is_open


def test_reconnect_taken_back_ends_the_tries(kept, witness):
    kept.plug.unplug()
    assert witness.is_lost.wait(PATIENCE_S)
    witness.reconnect = False
    assert witness.is_given_up.wait(PATIENCE_S)


@pytest.fixture
def opening(kept: Kept, witness: Witness) -> Kept:
    """Give a port that is just being opened again."""
    kept.plug.unplug()
    assert witness.is_lost.wait(PATIENCE_S)
    kept.port.may_open.clear()
    kept.port.is_opening.clear()
    kept.plug.plug()
    assert kept.port.is_opening.wait(PATIENCE_S)
    return kept


def test_a_baudrate_set_while_the_device_is_taken_again_is_the_one_it_gets(opening, witness):
    begun = time.monotonic()
    opening.keeper.set_baudrate(57600)
    opening.keeper.set_baudrate(115_200)
    # Nobody is kept waiting for the device.
    assert time.monotonic() - begun < 1.0
    assert not witness.is_back.is_set()
    opening.port.may_open.set()
    assert witness.is_back.wait(PATIENCE_S)
    assert opening.port.real_baudrate == opening.port.baudrate == 115_200
    assert works(opening.bus)


def test_a_baudrate_set_then_that_it_cannot_make_is_as_one_set_while_it_was_away(opening, witness):
    opening.keeper.set_baudrate(9600)
    opening.port.may_open.set()
    assert not witness.is_back.wait(0.3)
    opening.keeper.set_baudrate(57600)
    assert witness.is_back.wait(PATIENCE_S)
    assert opening.port.real_baudrate == 57600


def test_a_baudrate_that_a_device_that_is_there_cannot_make_is_refused(kept):
    with pytest.raises(BaudrateError, match='9600'):
        kept.keeper.set_baudrate(9600)
    assert kept.port.real_baudrate == kept.port.baudrate == 1_000_000


def test_baudrates_set_all_the_time_while_it_comes_and_goes(kept, witness):
    over = threading.Event()

    def pull() -> None:
        while not over.wait(0.005):
            kept.plug.unplug()
            time.sleep(0.005)
            kept.plug.plug()

    pulling = threading.Thread(target=pull)
    pulling.start()
    refused = 0
    try:
        for turn in range(400):
            rate = (57600, 115_200)[turn % 2]
            try:
                kept.keeper.set_baudrate(rate)
            except BaudrateError:
                refused += 1
            time.sleep(0.002)
    finally:
        over.set()
        pulling.join()
    assert refused < 400
    deadline = time.monotonic() + PATIENCE_S
    while not works(kept.bus):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert kept.port.real_baudrate == kept.port.baudrate
    assert kept.keeper._thread.is_alive()


def test_it_can_be_stopped_while_the_device_is_gone_and_twice(kept, witness):
    kept.plug.unplug()
    assert witness.is_lost.wait(PATIENCE_S)
    kept.keeper.stop()
    kept.keeper.stop()
    assert not witness.is_back.is_set()


def test_a_bus_that_is_told_of_the_loss_twice_tells_once(still):
    bus = Bus(still)
    told: list[int] = []
    bus.on_lost = lambda: told.append(1)
    bus.lose('first')
    bus.lose('second')
    assert (bus.lost, told) == ('first', [1])
    bus.restore()
    assert bus.lost is None


def test_an_error_of_the_device_leads_to_a_look_at_it(still):
    bus = Bus(still)
    bus.admit()
    try:
        still.failure['available'] = ReceiveError('it is broken')
        with pytest.raises(ReceiveError):
            bus.run(AvailableWork(0, 1.0, 0.0))
        assert bus.lost == 'it is broken'
        with pytest.raises(TransmitError, match='it is broken'):
            bus.run(AvailableWork(0, 1.0, 0.0))
    finally:
        bus.shutdown('the test is over')
