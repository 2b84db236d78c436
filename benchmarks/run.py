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
Measures everything and tells it: ``make bench``, or ``python -m benchmarks.run --quick``.

Writes the figures to ``benchmarks/results/``, and from them the page ``docs/performance.md`` with
its plots. Ends with 0 if everything could be measured, whether or not it was fast enough.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
import subprocess
import sys

from benchmarks.figures import Figure
from benchmarks.machine import load, tell_machine
from benchmarks.page import write_page
from benchmarks.results import Results
from benchmarks.rows import NAMES
from benchmarks.table import print_table

ROOT = Path(__file__).resolve().parents[1]
DEFAULT_OUT = ROOT / 'benchmarks' / 'results' / 'latest.json'
_LONGEST_S = 1800.0


def main() -> int:
    """Measure; return 1 when something could not be measured."""
    options = _options()
    results = Results(tell_machine(), quick=options.quick)
    failed: list[str] = []
    for name in options.only or NAMES:
        print(f'measuring {name} ...', file=sys.stderr, flush=True)
        results.loads[name] = load()
        try:
            figures = _measure(name, options.quick)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            print(f'{name} could not be measured: {error}', file=sys.stderr)
            failed.append(name)
            continue
        results.figures += figures
        print_table(figures, title=name)
    results.save(options.out)
    print_table(results.figures, title='all')
    print(f'written: {options.out}')
    if not options.quick and not options.only:
        print(f'written: {write_page(results, ROOT / "docs")}')
    if failed:
        print(f'not measured: {", ".join(failed)}', file=sys.stderr)
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog='benchmarks.run', description=__doc__)
    parser.add_argument(
        '--quick', action='store_true', help='roughly, in two minutes; writes no page'
    )
    parser.add_argument(
        '--only', action='append', choices=NAMES, help='only this one; may be given again'
    )
    parser.add_argument(
        '--out', type=Path, default=DEFAULT_OUT, help='where the figures go (%(default)s)'
    )
    return parser.parse_args()


def _measure(name: str, quick: bool) -> list[Figure]:
    """
    Make one measurement, in a process of its own.

    :raises RuntimeError: it failed; the message is what it said.
    """
    command = [sys.executable, '-m', 'benchmarks.one', name, *(['--quick'] if quick else [])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=_LONGEST_S)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    found = json.loads(done.stdout)
    if found['failed']:
        print(f'{name}: {found["failed"]} transactions failed meanwhile', file=sys.stderr)
    return [Figure.from_dict(figure) for figure in found['figures']]


if __name__ == '__main__':
    sys.exit(main())
