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

"""The control tables, against facts from the e-Manual."""

from __future__ import annotations

import random

from dxl_port_driver.protocol.instructions import Instruction, Protocol
from dxl_port_driver.sim.models import find_model, MODELS
import pytest
from sim_support.bench import Bench


@pytest.mark.parametrize('model', MODELS.values(), ids=lambda model: model.name)
def test_a_table_has_no_overlaps_and_starts_within_its_own_ranges(model):
    end = 0
    for register in model.table.registers:
        assert register.address >= end, register.name
        end = register.address + register.size
        if register.writable:
            assert register.minimum <= register.initial <= register.maximum, register.name
    assert model.table['model_number'].initial == model.number


@pytest.mark.parametrize(
    ('name', 'register', 'address', 'size', 'initial'),
    [
        ('XM430-W350', 'torque_enable', 64, 1, 0),
        ('XM430-W350', 'goal_position', 116, 4, 0),
        ('XM430-W350', 'present_position', 132, 4, 0),
        ('XM430-W350', 'current_limit', 38, 2, 1193),
        ('XM430-W350', 'indirect_address_29', 578, 2, 634),
        ('XM430-W350', 'indirect_data_56', 661, 1, 0),
        ('XL430-W250', 'present_load', 126, 2, 0),
        ('XL430-W250', 'temperature_limit', 31, 1, 72),
        ('XL330-M288', 'indirect_data_1', 208, 1, 0),
        ('XL330-M288', 'pwm_slope', 62, 1, 140),
        ('PH54-200-S500', 'torque_enable', 512, 1, 0),
        ('PH54-200-S500', 'goal_position', 564, 4, 0),
        ('PH54-200-S500', 'present_position', 580, 4, 0),
        ('PH54-200-S500', 'indirect_data_128', 761, 1, 0),
        ('AX-12A', 'goal_position', 30, 2, 0),
        ('AX-12A', 'present_temperature', 43, 1, 0),
        ('MX-28', 'p_gain', 28, 1, 32),
        ('MX-64', 'goal_torque', 71, 2, 0),
    ],
)
def test_items_are_where_the_e_manual_has_them(name, register, address, size, initial):
    found = find_model(name).table[register]
    assert (found.address, found.size, found.initial) == (address, size, initial)


@pytest.mark.parametrize(
    ('name', 'value', 'rate'),
    [
        ('XM430-W350', 1, 57600),
        ('XM430-W350', 3, 1_000_000),
        ('XM430-W350', 7, 4_500_000),
        ('PH54-200-S500', 9, 10_500_000),
        ('AX-12A', 1, 1_000_000),
        ('AX-12A', 34, 57143),
        ('MX-28', 250, 2_250_000),
    ],
)
def test_baud_rate_values(name, value, rate):
    model = find_model(name)
    assert model.rate_of(value) == rate
    assert model.rate_of(model.rate_value(rate)) == rate


def test_protocols():
    assert {m.number for m in MODELS.values() if m.protocol is Protocol.V1} == {12, 29, 310}


@pytest.mark.parametrize(
    ('name', 'number'),
    [
        ('XL330-M288-T', 1200),
        ('xl330-m288-t', 1200),
        ('XL330-M288', 1200),
        ('XM430-W350-R', 1020),
        ('XL430-W250-T', 1060),
        ('PH54-200-S500-R', 2020),
        ('MX-28AT', 29),
        ('MX-64AR', 310),
        ('AX-12', 12),
        ('1200', 1200),
    ],
)
def test_the_names_on_the_box_are_known(name, number):
    assert find_model(name).number == number


@pytest.mark.parametrize('name', ['PH54-200-S500-T', 'XL330', 'MX-28B', '', '1201'])
def test_other_names_are_not(name):
    assert find_model(name) is None


@pytest.mark.parametrize('model', MODELS.values(), ids=lambda model: model.name)
def test_a_servo_survives_whatever_its_items_hold(model):
    draw = random.Random(model.number)
    ids = {'id', 'secondary_id', 'baud_rate', 'protocol_type', 'status_return_level'}
    items = [
        register
        for register in model.table.registers
        if register.name not in ids and not register.name.startswith('indirect')
    ]
    for _ in range(20):
        bench = Bench(f'ids=1&protocol={model.protocol}&model={model.number}', model.protocol)
        servo = bench.bus.servos[0]
        for _ in range(50):
            item = draw.choice(items)
            high = 1 << 8 * item.size
            value = draw.choice([0, 1, -1, high // 2, high - 1, draw.randrange(high)])
            if draw.random() < 0.3:
                servo.poke(item.name, value, bench.now)
                bench.bus.reindex()
            else:
                within = draw.randint(item.minimum, max(item.minimum, item.maximum))
                params = bench.place(item.address) + item.encode(within)
                bench.send(1, Instruction.WRITE, params)
                bench.answers(draw.choice([0.001, 0.1, 3.0]))
            params = bench.place(0) + bench.place(min(model.table.size, 250))
            (frame,) = bench.ask(1, Instruction.READ, params)
            assert len(bench.data(frame)) == min(model.table.size, 250)
