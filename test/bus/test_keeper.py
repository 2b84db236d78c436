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
from dxl_port_driver.errors import DxlPortError, ReceiveError, ResultCode, TransmitError
from dxl_port_driver.port.open_port import make_port
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


class Kept:
    """A port on the virtual bus with a keeper, and its plug."""

    def __init__(self, name: str, witness: Witness) -> None:
        self.port = make_port(f'sim://{name}?ids=1')
        self.port.open()
        self.bus = Bus(self.port)
        self.bus.admit()
        self.keeper = Keeper(self.bus, witness.duties())
        self.keeper.start()
        self.plug = self.port.server  # type: ignore[attr-defined]

    def close(self) -> None:
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
