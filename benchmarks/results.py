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

"""The file that a run leaves behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
import json
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure

FORM = 1
"""Version of the file's form."""


@dataclass
class Results:
    """
    All figures of a run.

    :param machine: what they were measured on.
    :param quick: whether they are rough ones.
    :param figures: the figures, in the order in which they are told.
    :param loads: the machine's load average before each measurement.
    """

    machine: Mapping[str, Any]
    quick: bool = False
    figures: list[Figure] = field(default_factory=list)
    loads: dict[str, float] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write the file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        data = {
            'form': FORM,
            'quick': self.quick,
            'machine': dict(self.machine),
            'load_average': self.loads,
            'figures': [figure.as_dict() for figure in self.figures],
        }
        path.write_text(json.dumps(data, indent=2, ensure_ascii=False) + '\n')

    @classmethod
    def load(cls, path: Path) -> Results:
        """
        Read a file.

        :raises ValueError: it is none of these files, or of another form.
        """
        data = json.loads(path.read_text())
        if not isinstance(data, dict) or data.get('form') != FORM:
            raise ValueError(f'{path} is no results file of form {FORM}')
        return cls(
            data['machine'],
            data['quick'],
            [Figure.from_dict(figure) for figure in data['figures']],
            data['load_average'],
        )
