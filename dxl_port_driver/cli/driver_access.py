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

"""A driver on the ROS graph, which others may be using at the same time."""

from __future__ import annotations

from typing import Any

from dxl_port_driver.cli.access import BusAccess
from dxl_port_driver.errors import NotAvailableError
from dxl_port_driver.protocol.transaction import Transaction, TransactionResult

_STEPS = {'unconfigured': ('configure', 'activate'), 'inactive': ('activate',)}
"""Transitions from a state to active."""


class DriverAccess(BusAccess):
    """
    A driver, until :meth:`close`.

    :param driver: name of the node, with its namespace.
    :param wait_s: longest wait for it to be found, s.
    :param only_active: refuse one that serves nobody at the moment.
    :raises DxlPortError: it is not there, or not active.
    """

    is_driver = True

    def __init__(self, driver: str, wait_s: float, *, only_active: bool = True) -> None:
        super().__init__(driver)
        try:
            from dxl_port_driver.client import driver_facts, PortClient
        except ImportError as error:
            raise NotAvailableError(
                f'there is no ROS 2 to reach {driver} with ({error}); source the setup file of '
                'your ROS 2 workspace, or use a port without ROS: --port'
            ) from error
        self._facts = driver_facts
        self._sets_baudrate: bool | None = None
        self._client = PortClient.in_background(driver, wait_for_driver_s=wait_s)
        try:
            # A missing driver is told once and now, not for each servo that is asked.
            self.state: str = driver_facts.get_state(self._client)
            """The lifecycle state it was in when it was found."""
            if only_active and self.refusal:
                raise NotAvailableError(self.refusal)
        except BaseException:
            self.close()
            raise

    @property
    def refusal(self) -> str:
        """Why it serves nobody, and what to do about that; empty when it is active."""
        if self.state == 'active':
            return ''
        problem = self.problem()
        if problem:
            return f'{self.name} is {self.state}: {problem}'
        advice = ' and '.join(
            f'"ros2 lifecycle set {self.name} {step}"' for step in _STEPS.get(self.state, ())
        )
        return f'{self.name} is {self.state} and serves nobody; ' + (
            f'bring it up with {advice}' if advice else 'wait until it is active'
        )

    def problem(self) -> str:
        """Give why it cannot work by its own account; empty: nothing is wrong."""
        return self._facts.get_problem(self._client)

    def parameters(self) -> dict[str, Any]:
        """
        Give all its parameters, by name.

        :raises DxlPortError: it was not reached.
        """
        return self._facts.get_parameters(self._client)

    @property
    def sets_baudrate(self) -> bool:
        """
        Whether its port has a baudrate to set: the far end of ``socket://`` has its own.

        :raises DxlPortError: it was not reached.
        """
        if self._sets_baudrate is None:
            port = str(self.parameters().get('port_name', ''))
            self._sets_baudrate = not port.startswith('socket://')
        return self._sets_baudrate

    @property
    def baudrate(self) -> int:
        """
        Its parameter ``baudrate``, bit/s.

        :raises DxlPortError: it was not reached.
        """
        return self._client.get_baudrate()

    def set_baudrate(self, baudrate: int) -> None:
        """
        Set its parameter ``baudrate``, for everybody who uses it.

        :raises BaudrateError: it refuses the rate.
        :raises DxlPortError: it was not reached.
        """
        self._client.set_baudrate(baudrate)

    def transact(self, transaction: Transaction) -> TransactionResult:
        """Carry out one transaction, in its turn."""
        return self._client.transact(transaction)

    def transact_batch(self, transactions: list[Transaction]) -> list[TransactionResult]:
        """Carry out several back to back."""
        return self._client.transact_batch(transactions)

    def close(self) -> None:
        """Leave the graph; the driver goes on."""
        self._client.close()
