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

"""A bus, whichever way it is reached; each command is written once, against :class:`BusAccess`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import TYPE_CHECKING

from dxl_port_driver.protocol.transaction import Transaction, TransactionResult

if TYPE_CHECKING:
    from typing_extensions import Self


class BusAccess(ABC):
    """
    A bus that can be used.

    :param name: the port or the driver, as in a sentence.
    """

    is_driver = False
    """Whether the bus belongs to a driver, which others use as well."""

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def sets_baudrate(self) -> bool:
        """
        Whether the baudrate is set at this end, not by the far end of a TCP connection.

        :raises DxlPortError: it cannot be told.
        """
        return True

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
