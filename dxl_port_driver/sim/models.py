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
The models that the virtual bus has, and how to find one by number or name.

Source: e-Manual, the page of each model (Specifications, Control Table).
"""

from __future__ import annotations

import difflib
from functools import cache
from typing import NamedTuple

from dxl_port_driver.protocol.instructions import Protocol
from dxl_port_driver.sim.control_table import ControlTable
from dxl_port_driver.sim.tables_v1 import ax_table, mx_table
from dxl_port_driver.sim.tables_v2 import p_table, x_table

_X_RATES = (9600, 57600, 115200, 1_000_000, 2_000_000, 3_000_000, 4_000_000, 4_500_000)
_P_RATES = (*_X_RATES, 6_000_000, 10_500_000)


class Model(NamedTuple):
    """
    What a kind of servo is beside its control table.

    :param number: model number.
    :param name: name on the e-Manual's page.
    :param protocol: the protocol it speaks from the factory on.
    :param firmware: firmware version that it tells.
    :param counts_per_turn: position units in one turn.
    :param rpm_per_unit: speed of one unit of velocity, rev/min.
    :param no_load_rpm: highest speed, rev/min.
    :param acceleration_per_unit: of one unit of profile acceleration, rev/min per minute.
    :param supply: voltage of its supply, 0.1 V.
    :param boxes: names of its variants, as they stand on the box.
    :param modes: values that its Operating Mode register takes.
    """

    number: int
    name: str
    protocol: Protocol
    firmware: int
    counts_per_turn: float
    rpm_per_unit: float
    no_load_rpm: float
    acceleration_per_unit: float
    supply: int
    boxes: tuple[str, ...]
    modes: tuple[int, ...] = ()

    @property
    def table(self) -> ControlTable:
        """Its control table."""
        return _table_of(self.number)

    def rate_of(self, value: int) -> int:
        """Give the baudrate that a value of the Baud Rate register means, bit/s."""
        if self.protocol is Protocol.V1:
            return {250: 2_250_000, 251: 2_500_000, 252: 3_000_000}.get(
                value, round(2_000_000 / (value + 1))
            )
        rates = self._rates()
        return rates[min(value, len(rates) - 1)]

    def rate_value(self, baudrate: int) -> int | None:
        """Give the value of the Baud Rate register for a baudrate; None: it cannot make it."""
        baud = self.table['baud_rate']
        for value in range(baud.minimum, baud.maximum + 1):
            if abs(self.rate_of(value) - baudrate) <= 0.02 * baudrate:
                return value
        return None

    def _rates(self) -> tuple[int, ...]:
        return _P_RATES if self.table['baud_rate'].maximum == 9 else _X_RATES


MODELS = {
    model.number: model
    for model in (
        Model(12, 'AX-12A', Protocol.V1, 24, 1228.8, 0.111, 59, 0, 111, ('AX-12', 'AX-12+')),
        Model(
            29,
            'MX-28',
            Protocol.V1,
            40,
            4096,
            0.114,
            55,
            85.83,
            120,
            ('MX-28T', 'MX-28R', 'MX-28AT', 'MX-28AR'),
        ),
        Model(
            310,
            'MX-64',
            Protocol.V1,
            40,
            4096,
            0.114,
            63,
            85.83,
            120,
            ('MX-64T', 'MX-64R', 'MX-64AT', 'MX-64AR'),
        ),
        Model(
            1020,
            'XM430-W350',
            Protocol.V2,
            48,
            4096,
            0.229,
            46,
            214.577,
            120,
            ('XM430-W350-T', 'XM430-W350-R'),
            (0, 1, 3, 4, 5, 16),
        ),
        Model(
            1060,
            'XL430-W250',
            Protocol.V2,
            48,
            4096,
            0.229,
            61,
            214.577,
            111,
            ('XL430-W250-T',),
            (1, 3, 4, 16),
        ),
        Model(
            1200,
            'XL330-M288',
            Protocol.V2,
            52,
            4096,
            0.229,
            103,
            214.577,
            50,
            ('XL330-M288-T',),
            (0, 1, 3, 4, 5, 16),
        ),
        Model(
            2020,
            'PH54-200-S500',
            Protocol.V2,
            13,
            1_003_846,
            0.01,
            33.1,
            1,
            240,
            ('PH54-200-S500-R',),
            (0, 1, 3, 4, 16),
        ),
    )
}
"""Every model, by number."""


def find_model(text: str) -> Model | None:
    """Find a model by number, by name, or by the name on its box, in any case; None: no such."""
    if text.isascii() and text.isdigit():
        return MODELS.get(int(text[:9]))
    wanted = text.upper()
    return next((model for model in MODELS.values() if wanted in (model.name, *model.boxes)), None)


def suggest_model(text: str) -> str | None:
    """Return the name that a wrong name is close to; None when it is close to none."""
    names = [name for model in MODELS.values() for name in (model.name, *model.boxes)]
    return next(iter(difflib.get_close_matches(text.upper(), names, 1)), None)


def list_models(protocol: Protocol | None = None) -> str:
    """
    Return names and numbers of all models, for people.

    :param protocol: only those that speak it from the factory on; None: all.
    """
    return ', '.join(
        f'{model.name} ({model.number})'
        for model in MODELS.values()
        if protocol in (None, model.protocol)
    )


@cache
def _table_of(number: int) -> ControlTable:
    """Build the table when a servo of the model first needs it."""
    if number == 12:
        return ax_table()
    if number in (29, 310):
        return mx_table(number)
    if number == 2020:
        return p_table()
    return x_table(number)
