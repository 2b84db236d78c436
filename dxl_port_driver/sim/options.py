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

"""What kind of virtual bus is wanted: ``sim://?ids=1-6&protocol=2.0&seed=7``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
import re
from urllib.parse import parse_qsl, urlsplit

from dxl_port_driver.errors import PortNameError
from dxl_port_driver.protocol.instructions import Protocol
from dxl_port_driver.sim.models import list_models, Model
from dxl_port_driver.sim.option_table import find_option, OPTIONS, read_value

MAX_URL_LENGTH = 1024
_NAME = re.compile(r'[A-Za-z0-9_-]{0,32}')


@dataclass(frozen=True)
class SimOptions:
    """
    What kind of bus is wanted; each field is the option of the same name.

    :param name: what stands before the ``?``: buses of different names are different buses.
    """

    ids: tuple[int, ...]
    protocol: Protocol
    model: tuple[Model, ...]
    ids1: tuple[int, ...]
    model1: tuple[Model, ...]
    seed: int
    baudrate: int | None
    rates: tuple[int, ...]
    wrong_rate: str
    return_delay: int | None
    pace: bool
    latency_timer: float
    echo: bool
    collide: bool
    chain: str
    mute: tuple[int, ...]
    drop: float
    corrupt: float
    wrong_id: float
    delay: float
    delay_rate: float
    split: int
    split_gap: float
    noise: int
    noise_rate: float
    unplug_after: int
    replug_after: float
    name: str = ''

    def servos(self) -> list[tuple[int, Model]]:
        """Give id and model of every servo."""
        return [
            *_paired(self.ids, self.model),
            *_paired(self.ids1, self.model1),
        ]


def _paired(ids: tuple[int, ...], models: tuple[Model, ...]) -> Iterable[tuple[int, Model]]:
    return zip(ids, models * len(ids) if len(models) == 1 else models, strict=False)


def parse_url(url: str) -> SimOptions:
    """
    Read a ``sim://`` URL.

    :raises PortNameError: it is none, or an option is unknown, given twice, or wrong.
    """
    if len(url) > MAX_URL_LENGTH:
        raise PortNameError(
            f'a sim:// URL of {len(url)} characters is too long; use at most {MAX_URL_LENGTH}'
        )
    try:
        parts = urlsplit(url)
        pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError as error:
        raise PortNameError(f'{url!r} is no sim:// URL ({error}); write sim://?ids=1-6') from None
    if parts.scheme != 'sim' or not url.lower().startswith('sim://'):
        raise PortNameError(f'{url!r} is no sim:// URL; write sim://?ids=1-6')
    if not _NAME.fullmatch(parts.netloc) or parts.path not in ('', '/') or parts.fragment:
        raise PortNameError(
            f'{url!r} has more than a name and options; write sim://NAME?ids=1-6 with letters, '
            'digits, - and _ in the name, or no name at all'
        )
    given: dict[str, str] = {}
    for name, text in pairs:
        if name in given:
            raise PortNameError(f'the option {name[:40]!r} is given twice; give it once')
        given[name] = text
    return make_options(given, parts.netloc)


def make_options(given: Mapping[str, str], name: str = '') -> SimOptions:
    """
    Make options of their texts; those not given have their defaults.

    :raises PortNameError: an option is unknown or wrong, or two do not go together.
    """
    for unknown in given:
        find_option(unknown)
    texts = {option.name: given.get(option.name, option.default) for option in OPTIONS}
    if texts['model'] == 'auto':
        is_v1 = read_value(find_option('protocol'), texts['protocol']) is Protocol.V1
        texts['model'] = '29' if is_v1 else '1020'
    read = {option.name: read_value(option, texts[option.name]) for option in OPTIONS}
    options = SimOptions(name=name, **read)
    _check_models('ids', options.ids, 'model', options.model, options.protocol)
    _check_models('ids1', options.ids1, 'model1', options.model1, Protocol.V1)
    _check_rates(options)
    return options


def _check_models(
    ids_name: str,
    ids: tuple[int, ...],
    name: str,
    models: tuple[Model, ...],
    protocol: Protocol,
) -> None:
    if len(models) not in (1, len(ids)):
        raise PortNameError(
            f'{name} names {len(models)} models for {len(ids)} servos; name one for all, or one '
            f'for each of {ids_name}'
        )
    for model in models:
        if model.protocol is not protocol:
            raise PortNameError(
                f'{model.name} ({model.number}) does not speak Protocol {protocol}; for {name} '
                f'use one of {list_models(protocol)}'
            )
    if protocol is Protocol.V2 and 253 in ids:
        raise PortNameError(f'{ids_name} has 253, an id of Protocol 1.0 only; use 0 to 252')


def _check_rates(options: SimOptions) -> None:
    if options.baudrate is None:
        return
    for _, model in options.servos():
        if model.rate_value(options.baudrate) is None:
            raise PortNameError(
                f'baudrate={options.baudrate} is no rate of the {model.name}; use another one, '
                'such as 57600 or 1000000'
            )
