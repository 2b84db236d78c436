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

"""What a check of the doctor's found."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class State(Enum):
    """How bad it is."""

    OK = 'ok'
    NOTE = 'note'
    """Nothing is wrong, but it should be known."""
    WARN = 'warn'
    """It works, but not as well as it could."""
    FAIL = 'fail'


class Check(NamedTuple):
    """
    One thing that was looked at.

    :param name: what.
    :param state: how bad it is.
    :param message: what was found.
    :param mend: what to do about it; empty where there is nothing to do.
    """

    name: str
    state: State
    message: str
    mend: str = ''
