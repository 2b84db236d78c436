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

"""
The way to a bus, whichever it is: a port that this process opens, or a driver on the ROS graph.

Each command is written once, against :class:`BusAccess`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING

from dxl_port_driver.port.baudrate import DEFAULT_BAUDRATE
from dxl_port_driver.protocol.transaction import Transaction, TransactionResult

if TYPE_CHECKING:
    from typing_extensions import Self

DEFAULT_DRIVER = '/dxl_port_driver'


class BusAccess(ABC):
    """
    A bus that can be used.

    :param name: the port or the driver, as in a sentence.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def transact(self, transaction: Transaction) -> TransactionResult:
        """Carry out one transaction; whatever goes wrong is in the result."""

    @abstractmethod
    def transact_batch(self, transactions: list[Transaction]) -> list[TransactionResult]:
        """
        Carry out several back to back; whatever goes wrong is in their results.

        :return: one result each, or a single one when the batch as a whole was refused.
        """

    @property
    @abstractmethod
    def baudrate(self) -> int:
        """
        The baudrate of the bus, bit/s.

        :raises DxlPortError: it cannot be told.
        """

    @abstractmethod
    def set_baudrate(self, baudrate: int) -> None:
        """
        Change the baudrate of the bus; for a driver, its parameter.

        :raises DxlPortError: it is as it was.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of the bus; safe any number of times."""

    def __enter__(self) -> Self:
        """Give itself for a ``with`` block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the bus at the end of the block."""
        self.close()


@dataclass(frozen=True)
class Target:
    """
    What the user wants to talk through.

    :param port: device path or URL; None: a driver.
    :param driver: name of the driver node.
    :param baudrate: bit/s, for a port; None: the default.
    :param wait_s: longest wait for a driver to be found, s.
    """

    port: str | None = None
    driver: str = DEFAULT_DRIVER
    baudrate: int | None = None
    wait_s: float = 5.0

    def open(self) -> BusAccess:
        """
        Open the port, or find the driver.

        :raises DxlPortError: there is nothing to use.
        """
        # Each way is imported when it is taken: a port needs no ROS, a driver no pyserial.
        if self.port is not None:
            from dxl_port_driver.cli.local_access import LocalAccess

            return LocalAccess(self.port, self.baudrate or DEFAULT_BAUDRATE)
        from dxl_port_driver.cli.driver_access import DriverAccess

        return DriverAccess(self.driver, self.wait_s)
