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

"""A port that this process opens itself, without ROS."""

from __future__ import annotations

import time

from dxl_port_driver.bus.bus import Bus
from dxl_port_driver.bus.transact_work import BatchWork, TransactWork
from dxl_port_driver.cli.access import BusAccess
from dxl_port_driver.errors import DxlPortError
from dxl_port_driver.port.address import parse_address, SocketUrl
from dxl_port_driver.port.dtr import Dtr
from dxl_port_driver.port.open_port import make_port
from dxl_port_driver.protocol.exchange import make_exchange
from dxl_port_driver.protocol.timing import byte_time_s, DEFAULT_LATENCY_TIMER_MS, Link
from dxl_port_driver.protocol.transaction import Limits, Transaction, TransactionResult

# Nobody shares the port with us, and who sits at the keyboard may ask for anything.
_LIMITS = Limits(max_bytes=1 << 20, max_timeout_s=3600.0, max_queue_time_s=60.0)


class LocalAccess(BusAccess):
    """
    A port, open until :meth:`close`.

    :param port_name: device path or URL.
    :param baudrate: bit/s.
    :param open_delay_s: how long to wait after opening for a board that resets then, s.
    :param dtr: what is done with DTR.
    :raises DxlPortError: it does not open.
    """

    def __init__(
        self, port_name: str, baudrate: int, *, open_delay_s: float = 0.0, dtr: Dtr = Dtr.ON
    ) -> None:
        super().__init__(port_name)
        self._port = make_port(port_name, baudrate=baudrate, dtr=dtr)
        self._port.open()
        self._bus = Bus(self._port)
        try:
            if open_delay_s:
                # Here and not in the first request: its time is the servo's.
                time.sleep(open_delay_s)
                self._port.clear()
            self.low_latency = self._port.set_low_latency(True)
            """Whether the adapter took low latency mode."""
            self.latency_timer_ms = self._port.latency_timer_ms
            """The adapter's latency timer, ms; None when it has none that can be read."""
            self._bus.admit()
        except BaseException:
            self._port.close()
            raise

    @property
    def sets_baudrate(self) -> bool:
        """Whether the port has a baudrate to set: the far end of ``socket://`` has its own."""
        return not isinstance(parse_address(self.name), SocketUrl)

    @property
    def baudrate(self) -> int:
        """The baudrate asked for, bit/s."""
        return self._port.baudrate

    @property
    def real_baudrate(self) -> int:
        """The baudrate that the device says it makes, bit/s."""
        return self._port.real_baudrate

    def set_baudrate(self, baudrate: int) -> None:
        """Change the baudrate; nobody else is on the bus."""
        self._port.set_baudrate(baudrate)

    def transact(self, transaction: Transaction) -> TransactionResult:
        """Carry out one transaction."""
        try:
            return self._bus.run(self._work(transaction))
        except DxlPortError as error:
            return _failed(error)

    def transact_batch(self, transactions: list[Transaction]) -> list[TransactionResult]:
        """Carry out several back to back."""
        try:
            work = BatchWork(
                [self._work(transaction) for transaction in transactions],
                stop_on_error=False,
                max_hold_s=_LIMITS.max_timeout_s,
                queue_timeout_s=_LIMITS.max_queue_time_s,
            )
            return self._bus.run(work)
        except DxlPortError as error:
            return [_failed(error)]

    def _work(self, transaction: Transaction) -> TransactWork:
        return TransactWork(
            make_exchange(transaction, self._link(), _LIMITS),
            retries=transaction.retries,
            max_hold_s=_LIMITS.max_timeout_s,
            queue_timeout_s=_LIMITS.max_queue_time_s,
        )

    def _link(self) -> Link:
        latency_ms = self.latency_timer_ms or DEFAULT_LATENCY_TIMER_MS
        return Link(byte_time_s(self._port.real_baudrate), latency_ms / 1e3)

    def close(self) -> None:
        """Close the port."""
        try:
            self._bus.shutdown(f'{self.name} is being closed')
        finally:
            self._port.close()


def _failed(error: DxlPortError) -> TransactionResult:
    return TransactionResult(error.code, error.message, error.partial)
