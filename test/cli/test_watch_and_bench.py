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

"""watch and bench: what goes on for a while."""

from __future__ import annotations


def test_watch_prints_a_line_a_sweep_where_nobody_looks(dxl_port):
    done = dxl_port(
        'watch', '1,2,40', '132', '4', '--count', '3', '--rate', '50', '--port', 'sim://'
    )
    assert done.out.splitlines()[0].split() == ['TIME', 'ID', '1', 'ID', '2', 'ID', '40']
    assert [row[1:] for row in done.rows] == [['2048', '2048', '-']] * 3
    assert done.status == 1
    assert 'servo 40' in done.err


def test_watch_gives_an_object_for_each_servo_and_sweep(dxl_port):
    done = dxl_port(
        'watch', '1-2', '132', '4', '--count', '2', '--rate', '50', '--port', 'sim://', '--json'
    )
    assert done.status == 0
    assert [(r['sweep'], r['id'], r['signed']) for r in done.records] == [
        (1, 1, 2048),
        (1, 2, 2048),
        (2, 1, 2048),
        (2, 2, 2048),
    ]
    assert done.records[2]['time_s'] >= 0.02


def test_watch_ends_when_its_port_is_gone(dxl_port):
    done = dxl_port('watch', '1', '132', '4', '--rate', '100', '--port', 'sim://?unplug_after=3')
    assert done.status == 3
    assert len(done.rows) >= 3


def test_bench_tells_rate_percentiles_and_wire_share(dxl_port):
    done = dxl_port('bench', '1-3', '--count', '30', '--port', 'sim://?seed=103', '--json')
    assert done.status == 0
    (figures,) = done.records
    assert figures['transactions'] == 30
    assert figures['failures'] == 0
    assert figures['per_second'] > 10
    assert 0 < figures['call_median_ms'] <= figures['call_p99_ms'] <= figures['call_max_ms']
    assert 0 < figures['wire_share'] < 1


def test_bench_in_batches_counts_each_transaction(dxl_port):
    done = dxl_port(
        'bench', '1-3', '--count', '31', '--batch', '10', '--read', '132', '4',
        '--port', 'sim://?seed=104', '--json',
    )  # fmt: skip
    assert done.records[0]['transactions'] == 31
    assert done.records[0]['failures'] == 0


def test_bench_counts_failures_and_says_why(dxl_port):
    done = dxl_port('bench', '1,40', '--count', '4', '--port', 'sim://?seed=105')
    assert done.status == 1
    assert ['failures', '2'] in done.rows
    assert 'servo 40' in done.err
