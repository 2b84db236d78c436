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

"""What every kind of port promises, each of them opened for real."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import threading
import time
from typing import Any

from dxl_port_driver.errors import BaudrateError, PortClosedError
from dxl_port_driver.port.base import Port
from dxl_port_driver.port.open_port import make_port
import pytest

Soon = Callable[[], float]
NONSENSE: list[Any] = [0, -57600, 2**31, True, '57600', 57600.5, None]


@pytest.fixture
def port(any_name: str) -> Iterator[Port]:
    port = make_port(any_name, baudrate=57600)
    yield port
    port.close()


class TestAnyPort:
    def test_is_open_between_open_and_close(self, port: Port, any_name: str) -> None:
        assert port.name == any_name
        assert not port.is_open
        for _ in range(2):
            port.open()
            assert port.is_open
            port.close()
            port.close()
            assert not port.is_open

    def test_opening_an_open_port_opens_it_afresh(self, port: Port) -> None:
        port.open()
        port.open()
        assert port.is_open
        assert port.available() == 0

    def test_with_opens_and_closes(self, port: Port) -> None:
        with port:
            assert port.is_open
        assert not port.is_open

    def test_opening_and_closing_leaves_no_descriptor(
        self, port: Port, descriptors: Callable[[], set[str]]
    ) -> None:
        port.open()
        port.close()
        before = descriptors()
        for _ in range(3):
            port.open()
            port.close()
        # The far end is in this process as well, and closes its own a moment later.
        deadline = time.monotonic() + 10.0
        while len(descriptors()) > len(before):
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def test_a_closed_port_says_so(self, port: Port, any_name: str, soon: Soon) -> None:
        for use in (
            lambda: port.read(1, soon()),
            lambda: port.write(b'1', soon()),
            lambda: port.pause(soon()),
            port.available,
            port.clear,
        ):
            with pytest.raises(PortClosedError, match='is closed; open it') as caught:
                use()
            assert caught.value.port == any_name

    def test_a_read_ends_at_its_deadline_and_not_before(self, port: Port) -> None:
        port.open()
        for wait_s in (-1.0, 0.0, 0.0004, 0.0204):
            deadline = time.monotonic() + wait_s
            assert port.read(10, deadline) == b''
            assert deadline <= time.monotonic() < deadline + 2.0

    def test_a_pause_ends_at_its_deadline_and_not_before(self, port: Port) -> None:
        port.open()
        for wait_s in (-1.0, 0.0004, 0.0204):
            deadline = time.monotonic() + wait_s
            port.pause(deadline)
            assert deadline <= time.monotonic() < deadline + 2.0

    def test_waiting_costs_no_cpu(self, port: Port) -> None:
        port.open()
        before_s = time.process_time()
        port.read(10, time.monotonic() + 0.5)
        assert time.process_time() - before_s < 0.1

    @pytest.mark.parametrize('wait', ['read', 'pause'])
    def test_cancel_ends_a_wait_from_another_thread(
        self, port: Port, wait: str, soon: Soon
    ) -> None:
        port.open()
        canceller = threading.Timer(0.05, port.cancel)
        canceller.start()
        deadline = soon()
        with pytest.raises(PortClosedError, match='cancelled'):
            port.read(10, deadline) if wait == 'read' else port.pause(deadline)
        assert time.monotonic() < deadline
        canceller.join()

    def test_a_cancelled_port_stays_so_until_resumed(self, port: Port, soon: Soon) -> None:
        port.open()
        port.cancel()
        port.cancel()
        for use in (
            lambda: port.read(1, soon()),
            lambda: port.write(b'1', soon()),
            lambda: port.pause(soon()),
        ):
            with pytest.raises(PortClosedError, match='cancelled'):
                use()
        port.resume()
        assert port.read(1, 0.0) == b''
        port.cancel()
        port.open()
        assert port.read(1, 0.0) == b''

    def test_cancel_and_resume_of_a_closed_port_do_nothing(self, port: Port) -> None:
        port.cancel()
        port.resume()
        port.open()
        assert port.read(1, 0.0) == b''

    def test_reading_nothing_is_a_mistake_of_the_caller(self, port: Port) -> None:
        port.open()
        with pytest.raises(ValueError, match='at least 1'):
            port.read(0, 0.0)

    def test_a_baudrate_is_taken_closed_and_open(self, port: Port) -> None:
        port.set_baudrate(115200)
        assert port.baudrate == 115200
        port.open()
        assert port.baudrate == port.real_baudrate == 115200
        port.set_baudrate(1_000_000)
        assert port.baudrate == 1_000_000
        assert abs(port.real_baudrate - 1_000_000) <= 20_000

    def test_a_nonsense_baudrate_changes_nothing(self, port: Port) -> None:
        for rate in NONSENSE:
            with pytest.raises(BaudrateError, match='bit/s'):
                port.set_baudrate(rate)
            with pytest.raises(BaudrateError, match='bit/s'):
                make_port(port.name, baudrate=rate)
        port.open()
        for rate in NONSENSE:
            with pytest.raises(BaudrateError, match='bit/s'):
                port.set_baudrate(rate)
        assert port.baudrate == port.real_baudrate == 57600

    def test_what_an_adapter_may_have_is_answered_by_all(self, port: Port) -> None:
        assert port.set_low_latency(True) in (True, False)
        port.open()
        assert port.set_low_latency(True) in (True, False)
        assert port.latency_timer_ms is None or port.latency_timer_ms > 0.0
