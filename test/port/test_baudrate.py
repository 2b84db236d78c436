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

from __future__ import annotations

from dxl_port_driver.errors import BaudrateError
from dxl_port_driver.port.baudrate import checked_baudrate, MAX_BAUDRATE, require_near
import pytest


@pytest.mark.parametrize('rate', [1, 9600, 57600, 1_000_000, 10_500_000, MAX_BAUDRATE])
def test_lets_rates_through(rate: int) -> None:
    assert checked_baudrate(rate, 'p') == rate


@pytest.mark.parametrize('rate', [0, -1, MAX_BAUDRATE + 1, 2**64, True, '57600', 57600.0, None])
def test_refuses_nonsense_by_its_value(rate: object) -> None:
    with pytest.raises(BaudrateError) as caught:
        checked_baudrate(rate, '/dev/ttyX')
    assert repr(rate) in str(caught.value)
    assert '/dev/ttyX' in str(caught.value)


@pytest.mark.parametrize('real', [980_000, 1_000_000, 1_020_000])
def test_two_percent_is_near_enough(real: int) -> None:
    require_near(1_000_000, real, 'p')


@pytest.mark.parametrize('real', [0, 979_999, 1_020_001])
def test_farther_off_names_the_closest(real: int) -> None:
    with pytest.raises(BaudrateError, match=f'1000000 .*closest .* {real} ') as caught:
        require_near(1_000_000, real, 'p')
    assert caught.value.closest == real
