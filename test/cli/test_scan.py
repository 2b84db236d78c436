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

"""scan: both protocols, many baudrates."""

from __future__ import annotations

# Few ids, and time enough for each on a busy computer.
SCAN = ('scan', '--timeout', '0.3', '--ids')


def found(outcome):
    return [(r['baudrate'], r['protocol'], r['id']) for r in outcome.records if r['ok']]


def test_scan_finds_the_servos_of_both_protocols(dxl_port):
    done = dxl_port(
        *SCAN, '1,7,200', '--port', 'sim://?ids=1,200&ids1=7', '--baudrate', '1M', '--json'
    )
    assert done.status == 0
    assert found(done) == [
        (1_000_000, '2.0', 1),
        (1_000_000, '2.0', 200),
        (1_000_000, '1.0', 7),
    ]


def test_scan_tells_at_which_baudrate_servos_answer(dxl_port):
    done = dxl_port(
        *SCAN, '1-3', '--port', 'sim://?baudrate=115200',
        '--baudrates', '1M,115200', '--protocol', '2.0',
    )  # fmt: skip
    assert done.status == 0
    assert [row[:3] for row in done.rows] == [['115200', '2.0', str(n)] for n in (1, 2, 3)]


def test_scan_leaves_out_a_rate_that_the_adapter_cannot_make(dxl_port):
    done = dxl_port(
        *SCAN, '1', '--port', 'sim://?rates=1000000',
        '--baudrates', '4.5M,1M', '--protocol', '2.0',
    )  # fmt: skip
    assert done.status == 0
    assert 'left out 4500000 bit/s: ' in done.err
    assert len(done.rows) == 1


def test_scan_that_finds_nobody_says_where_it_has_looked(dxl_port):
    done = dxl_port(*SCAN, '1', '--port', 'sim://?ids=', '--baudrates', '57600,1M')
    assert done.status == 1
    assert 'at 57600, 1000000 bit/s in Protocol 2.0 or 1.0' in done.err


def test_two_servos_with_one_id_show_as_broken_answers(dxl_port):
    done = dxl_port(
        *SCAN, '3', '--each', '--protocol', '2.0', '--baudrates', '1M',
        '--port', 'sim://?ids=3,3&model=1020,1060',
    )  # fmt: skip
    assert done.status == 1
    assert 'bytes that are none' in done.err
    assert 'two servos may share the id' in done.err
