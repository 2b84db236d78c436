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
Every option of the virtual bus, in one table.

The same table serves the ``sim://`` URL, the command line of ``virtual_bus``, its run-time
commands and ``docs/virtual_bus.md``.
"""

from __future__ import annotations

from collections.abc import Callable
import difflib
from typing import Any, NamedTuple

from dxl_port_driver.errors import PortNameError
from dxl_port_driver.sim import option_values as values

_HELP = 'docs/virtual_bus.md lists the options'


class Option(NamedTuple):
    """
    One option.

    :param name: as in the URL.
    :param read: gives its value for text; raises ValueError with what would be right.
    :param default: text of its default.
    :param form: what may be given, for people.
    :param live: whether it may change while the bus runs.
    :param about: what it does, in one sentence.
    """

    name: str
    read: Callable[[str], Any]
    default: str
    form: str
    live: bool
    about: str


_PART = values.real(0, 1)
_MS = values.real(0, 60_000)

OPTIONS = (
    Option(
        'ids',
        values.ids,
        '1-6',
        'ids, ranges',
        False,
        'Ids of the servos; the same id twice makes two servos that talk at the same time.',
    ),
    Option(
        'protocol', values.protocol, '2.0', '1.0 or 2.0', False, 'Protocol of the servos in ids.'
    ),
    Option(
        'model',
        values.models,
        'auto',
        'number or name, or one for each id',
        False,
        'Model of the servos in ids; auto is 1020 for Protocol 2.0 and 29 for 1.0.',
    ),
    Option(
        'ids1',
        values.ids,
        '',
        'ids, ranges',
        False,
        'Ids of further servos, that speak Protocol 1.0 on the same bus.',
    ),
    Option(
        'model1',
        values.models,
        '29',
        'number or name, or one for each id',
        False,
        'Model of the servos in ids1.',
    ),
    Option(
        'seed',
        values.whole(0, 2**63 - 1),
        '0',
        'whole number',
        False,
        'Start of the random numbers behind all faults; the same seed, the same faults.',
    ),
    Option(
        'baudrate',
        values.rate,
        'any',
        'bit/s or any',
        False,
        'Rate that the servos start at; any: they hear at every rate.',
    ),
    Option(
        'rates',
        values.rates,
        'any',
        'bit/s, list, or any',
        False,
        'Rates that the adapter can make; asked for another one, it makes the closest.',
    ),
    Option(
        'wrong_rate',
        values.choice('silent', 'garbage'),
        'silent',
        'silent or garbage',
        True,
        'What comes back at a rate that no servo listens at.',
    ),
    Option(
        'return_delay',
        values.factory_or(0, 508),
        'factory',
        'microseconds or factory',
        False,
        'Return Delay Time that the servos start with; from the factory it is 500.',
    ),
    Option(
        'pace',
        values.switch,
        'on',
        'on or off',
        True,
        'Answers come when a wire at the baudrate would bring them; off: at once.',
    ),
    Option(
        'latency_timer',
        values.real(0, 255),
        '0',
        'ms',
        False,
        'Latency timer of the USB adapter: answers wait this long in it.',
    ),
    Option(
        'echo',
        values.switch,
        'off',
        'on or off',
        True,
        'The adapter hears itself: what is sent comes back before the answer.',
    ),
    Option(
        'collide',
        values.switch,
        'on',
        'on or off',
        True,
        'An instruction that runs into an answer garbles both; off: it is only counted.',
    ),
    Option(
        'chain',
        values.choice('silent', 'late'),
        'silent',
        'silent or late',
        True,
        'What the servos behind a missing one do in Sync and Bulk Read.',
    ),
    Option(
        'mute', values.ids, '', 'ids, ranges', True, 'Servos that hear and obey, but never answer.'
    ),
    Option('drop', _PART, '0', 'part of 1', True, 'Part of the answers that get lost.'),
    Option(
        'corrupt', _PART, '0', 'part of 1', True, 'Part of the answers that have one bit flipped.'
    ),
    Option(
        'wrong_id',
        _PART,
        '0',
        'part of 1',
        True,
        'Part of the answers that carry the id of another servo.',
    ),
    Option('delay', _MS, '0', 'ms', True, 'How much later than they should late answers come.'),
    Option('delay_rate', _PART, '1', 'part of 1', True, 'Part of the answers that come late.'),
    Option(
        'split',
        values.whole(0, 4096),
        '0',
        'bytes',
        True,
        'Answers come in pieces of so many bytes; 0: whole.',
    ),
    Option('split_gap', _MS, '0', 'ms', True, 'Pause between the pieces.'),
    Option(
        'noise',
        values.whole(0, 4096),
        '0',
        'bytes',
        True,
        'So many random bytes before and behind each answer.',
    ),
    Option('noise_rate', _PART, '1', 'part of 1', True, 'Part of the answers with noise around.'),
    Option(
        'unplug_after',
        values.whole(0, 10**9),
        '0',
        'instructions',
        False,
        'The adapter is pulled out after so many instructions; 0: never.',
    ),
    Option(
        'replug_after',
        values.real(0, 3600),
        '0',
        's',
        False,
        'It is plugged in again after so long; 0: not by itself.',
    ),
)
"""Every option; the order is that of the docs."""

_BY_NAME = {option.name: option for option in OPTIONS}


def find_option(name: str) -> Option:
    """
    Find an option by name.

    :raises PortNameError: there is none; the message names the closest.
    """
    option = _BY_NAME.get(name)
    if option is None:
        near = difflib.get_close_matches(name[:40], _BY_NAME, 1)
        hint = f'did you mean {near[0]}?' if near else f'{_HELP}.'
        raise PortNameError(f'the virtual bus has no option {name[:40]!r}; {hint}')
    return option


def read_value(option: Option, text: str) -> Any:
    """
    Read the value of an option.

    :raises PortNameError: the value is none; the message says what would be right.
    """
    try:
        return option.read(text)
    except ValueError as error:
        shown = text if len(text) <= 40 else f'{text[:40]}...'
        raise PortNameError(f'{option.name}={shown!r} is no {option.name}; {error}') from None
