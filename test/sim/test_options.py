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

"""What may stand in a sim:// URL."""

from __future__ import annotations

import contextlib

from dxl_port_driver.errors import PortNameError
from dxl_port_driver.protocol.instructions import Protocol
from dxl_port_driver.sim.option_table import find_option, OPTIONS
from dxl_port_driver.sim.options import make_options, parse_url
from hypothesis import given
from hypothesis import strategies as st
import pytest


def test_a_bare_url_is_six_servos_of_protocol_2():
    options = parse_url('sim://')
    assert options.ids == (1, 2, 3, 4, 5, 6)
    assert options.protocol is Protocol.V2
    assert [model.name for _, model in options.servos()] == ['XM430-W350'] * 6
    assert parse_url('sim://?') == parse_url('sim:///') == options


def test_options_are_read():
    options = parse_url('sim://left?ids=1-3,9&model=1060,1060,1200,2020&drop=0.25&pace=off&seed=7')
    assert options.name == 'left'
    assert options.ids == (1, 2, 3, 9)
    assert [model.number for _, model in options.servos()] == [1060, 1060, 1200, 2020]
    assert (options.drop, options.pace, options.seed) == (0.25, False, 7)


def test_protocol_1_has_a_model_of_its_own():
    assert [m.number for _, m in parse_url('sim://?ids=1&protocol=1.0').servos()] == [29]


def test_models_go_by_name_too():
    assert parse_url('sim://?model=xl330-m288').model[0].number == 1200


def test_both_protocols_on_one_bus():
    servos = parse_url('sim://?ids=1-2&ids1=11&model1=12').servos()
    assert [(servo_id, model.protocol) for servo_id, model in servos] == [
        (1, Protocol.V2),
        (2, Protocol.V2),
        (11, Protocol.V1),
    ]


@pytest.mark.parametrize(
    ('url', 'said'),
    [
        ('sim://?idz=1', "no option 'idz'; did you mean ids?"),
        ('sim://?zzzzzz=1', 'docs/virtual_bus.md'),
        ('sim://?ids=7-3', 'lower id first'),
        ('sim://?ids=254', 'ids from 0 to 252'),
        ('sim://?ids=253', 'Protocol 1.0 only'),
        ('sim://?ids=0-252,0-252', 'at most 253'),
        ('sim://?ids=1&ids=2', 'given twice'),
        (
            'sim://?model=1021',
            "model='1021' is no model; the virtual bus has AX-12A (12), MX-28 (29)",
        ),
        ('sim://?model=1020,1021', "'1021' is none; the virtual bus has AX-12A (12), "),
        ('sim://?model=XM430', 'did you mean XM430-W350'),
        ('sim://?model=XM430', 'The virtual bus has AX-12A (12), MX-28 (29), MX-64 (310), XM430'),
        ('sim://?model=xyz', 'is no model; the virtual bus has AX-12A (12)'),
        ('sim://?model=12', 'does not speak Protocol 2.0'),
        ('sim://?protocol=1.0&model=1020', 'does not speak Protocol 1.0'),
        ('sim://?protocol=1.0&model=1020', 'use one of AX-12A (12), MX-28 (29), MX-64 (310)'),
        ('sim://?model=1020,1020', '2 models for 6 servos'),
        ('sim://?protocol=3', '1.0 or 2.0'),
        ('sim://?drop=2', 'number from 0 to 1'),
        ('sim://?drop=nan', 'number from 0 to 1'),
        ('sim://?seed=-1', 'whole number'),
        ('sim://?seed=' + '9' * 30, 'whole number'),
        ('sim://?pace=maybe', 'on or off'),
        ('sim://?chain=loud', 'silent or late'),
        ('sim://?baudrate=1234567', 'no rate of the XM430-W350'),
        ('sim://?drop', 'no sim:// URL'),
        ('sim://?drop=', "drop=''"),
        ('sim://a/b?ids=1', 'a name and options'),
        ('sim://x y', 'a name and options'),
        ('sim://?ids=1#2', 'a name and options'),
        ('sim://[', 'no sim:// URL'),
        ('sim:?ids=1', 'no sim:// URL'),
        ('socket://h:1', 'no sim:// URL'),
        ('sim://?ids=' + '1' * 5000, 'too long'),
    ],
)
def test_a_wrong_url_says_what_is_wrong(url, said):
    with pytest.raises(PortNameError) as caught:
        parse_url(url)
    assert said in str(caught.value)
    assert '\n' not in str(caught.value)


@given(st.text(max_size=200))
def test_any_text_is_a_url_or_refused(text):
    for url in (text, f'sim://{text}', f'sim://?{text}'):
        with contextlib.suppress(PortNameError):
            parse_url(url)


@given(st.dictionaries(st.sampled_from([option.name for option in OPTIONS]), st.text(max_size=30)))
def test_any_values_are_options_or_refused(given_texts):
    with contextlib.suppress(PortNameError):
        assert hash(make_options(given_texts)) == hash(make_options(given_texts))


@pytest.mark.parametrize('option', OPTIONS, ids=lambda option: option.name)
def test_each_option_has_a_default_that_is_right_and_an_explanation(option):
    assert find_option(option.name) is option
    assert option.about.endswith('.')
    assert option.form
    if option.default != 'auto':
        option.read(option.default)
