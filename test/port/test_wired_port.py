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

"""What every port that has a far end promises about the bytes between the two."""

from __future__ import annotations

from collections.abc import Callable
import threading
import time
from typing import Any

from dxl_port_driver.errors import PortClosedError, ReceiveError, TransmitError
from dxl_port_driver.port.base import Port
import pytest

Soon = Callable[[], float]
# Telnet's escape, what a cooked tty would swallow or turn, and both protocols' headers.
AWKWARD = bytes(range(256)) + b'\xff\xff\xfd\x00\xff\xfa\x2c\xff\xf0\r\n\x03\x04\x11\x13'


def read_all(port: Port, length: int, deadline: float) -> bytes:
    data = b''
    while len(data) < length:
        chunk = port.read(length - len(data), deadline)
        assert chunk, f'{len(data)} of {length} bytes came in time'
        data += chunk
    return data


def write_on(port: Port, deadline: float) -> None:
    while time.monotonic() < deadline:
        port.write(b'x', deadline)
        port.pause(time.monotonic() + 0.01)


class TestWiredPort:
    def test_bytes_arrive_as_they_are(self, wired: Any, soon: Soon) -> None:
        port, far_end = wired
        assert port.write(AWKWARD, soon()) == len(AWKWARD)
        assert far_end.receive(len(AWKWARD)) == AWKWARD
        far_end.send(AWKWARD)
        assert read_all(port, len(AWKWARD), soon()) == AWKWARD

    def test_read_returns_what_is_there_and_no_more_than_asked(
        self, wired: Any, soon: Soon
    ) -> None:
        port, far_end = wired
        far_end.send(b'abcdef')
        assert read_all(port, 4, soon()) == b'abcd'
        assert read_all(port, 2, soon()) == b'ef'
        assert port.read(10, 0.0) == b''

    def test_read_waits_for_the_first_bytes(self, wired: Any, soon: Soon) -> None:
        port, far_end = wired
        sender = threading.Timer(0.05, far_end.send, (b'late',))
        sender.start()
        assert read_all(port, 4, soon()) == b'late'
        sender.join()

    def test_writing_nothing_is_no_mistake(self, wired: Any, soon: Soon) -> None:
        port, _ = wired
        assert port.write(b'', soon()) == 0

    def test_a_bytearray_is_written_and_stays_usable(self, wired: Any, soon: Soon) -> None:
        port, far_end = wired
        packet = bytearray(b'abc')
        assert port.write(packet, soon()) == 3
        packet += b'd'
        assert far_end.receive(3) == b'abc'

    def test_counts_and_clears_what_came(self, wired: Any, soon: Soon) -> None:
        port, far_end = wired
        assert port.available() == 0
        far_end.send(b'stale')
        while port.available() < 5:
            port.pause(time.monotonic() + 0.001)
        port.clear()
        assert port.available() == 0
        assert port.read(10, 0.0) == b''
        far_end.send(b'new')
        assert read_all(port, 3, soon()) == b'new'

    def test_what_comes_in_a_pause_stays(self, wired: Any, soon: Soon) -> None:
        port, far_end = wired
        far_end.send(b'kept')
        port.pause(time.monotonic() + 0.02)
        assert read_all(port, 4, soon()) == b'kept'

    def test_talks_on_after_a_cancelled_wait(self, wired: Any, soon: Soon) -> None:
        port, far_end = wired
        port.cancel()
        with pytest.raises(PortClosedError):
            port.read(1, soon())
        port.resume()
        far_end.send(b'on')
        assert read_all(port, 2, soon()) == b'on'

    def test_talks_on_after_a_change_of_baudrate(self, wired: Any, soon: Soon) -> None:
        port, far_end = wired
        far_end.send(b'before')
        while port.available() < 6:
            port.pause(time.monotonic() + 0.001)
        port.set_baudrate(2_000_000)
        assert read_all(port, 6, soon()) == b'before'
        port.write(b'ping', soon())
        assert far_end.receive(4) == b'ping'

    def test_unplugging_ends_a_read_that_waits(self, wired: Any, soon: Soon) -> None:
        port, far_end = wired
        puller = threading.Timer(0.05, far_end.unplug)
        puller.start()
        with pytest.raises(ReceiveError, match=r'failed while receiving .*open the port again'):
            port.read(10, soon())
        puller.join()
        assert port.is_open
        port.close()

    def test_each_use_tells_that_the_device_is_gone(self, wired: Any, soon: Soon) -> None:
        port, far_end = wired
        port.write(b'x', soon())
        far_end.receive(1)
        far_end.unplug()
        with pytest.raises(ReceiveError):
            port.read(1, soon())
        with pytest.raises(ReceiveError):
            port.available()
        with pytest.raises(ReceiveError):
            port.clear()
        # TCP takes the first bytes for a peer that is gone without complaint.
        with pytest.raises(TransmitError, match='failed while sending'):
            write_on(port, soon())

    def test_what_came_before_the_unplugging_is_no_hang(self, wired: Any, soon: Soon) -> None:
        port, far_end = wired
        far_end.send(b'last words')
        far_end.unplug()
        with pytest.raises(ReceiveError):
            read_all(port, 100, soon())
