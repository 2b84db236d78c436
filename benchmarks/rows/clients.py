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

"""How much of the wire's time many clients together can fill."""

from __future__ import annotations

from contextlib import ExitStack
from statistics import median
from time import monotonic, sleep
from typing import Any, NamedTuple

from benchmarks.domains import ros_domain
from benchmarks.figures import Figure, over_rounds
from benchmarks.programs import Driver, Program, VirtualBus
from benchmarks.questions import bus_on, FACTORY_RETURN_DELAY_S, ideal_s, READ
from benchmarks.rows.batch import SIZE
from benchmarks.setting import Setting

CLIENTS = 8

_FACTORY_NOTE = (
    'A read of 4 bytes occupies the bus for its bytes and the 0.5 ms that a servo waits, as it '
    'comes from the factory, before it answers.'
)


class _Rates(NamedTuple):
    """
    Reads a second, one value a round.

    :param clients: of all clients together.
    :param local: of one user in process.
    :param ideal: of the wire.
    :param shares: the slowest client's part of what the fastest one got.
    :param cores: processor time of all on the machine while the clients were at it.
    """

    clients: list[float]
    local: list[float]
    ideal: float
    shares: list[float]
    cores: list[float]


def measure(setting: Setting) -> list[Figure]:
    """Let 8 processes ask as fast as they get answers."""
    singles = _rates(setting, 1_000_000, batch=1)
    half = _rates(setting, 1_000_000, batch=1, clients=CLIENTS // 2)
    batches = _rates(setting, 4_000_000, batch=SIZE)
    no_delay = _rates(setting, 1_000_000, batch=SIZE, return_delay=0)
    return [
        Figure(
            'clients_against_local',
            f'{CLIENTS} clients together, 1 Mbit/s, reads a second',
            'one saturating local user',
            **over_rounds([a / b for a, b in zip(singles.clients, singles.local, strict=True)]),
            goal=0.9,
            at_least=True,
            goal_of='3',
            details=_details(singles),
        ),
        Figure(
            'clients_1m',
            f'{CLIENTS} saturating clients, 1 Mbit/s, bus utilisation',
            'wire limit',
            **over_rounds([rate / singles.ideal for rate in singles.clients]),
            goal=0.85,
            at_least=True,
            goal_of='5',
            details=_details(singles),
            note=_FACTORY_NOTE,
        ),
        Figure(
            'clients_half',
            f'the same with {CLIENTS // 2} clients',
            'wire limit',
            **over_rounds([rate / half.ideal for rate in half.clients]),
            at_least=True,
            details=_details(half),
            note='DDS wakes every client for each response. Where that keeps the cores busy, the '
            'processor is the limit and not the bus.',
        ),
        Figure(
            'clients_4m_batches',
            f'the same at 4 Mbit/s with batches of {SIZE}',
            'wire limit',
            **over_rounds([rate / batches.ideal for rate in batches.clients]),
            goal=0.75,
            at_least=True,
            goal_of='5',
            details=_details(batches),
            note=_FACTORY_NOTE,
        ),
        Figure(
            'clients_no_delay_batches',
            f'the same at 1 Mbit/s with batches of {SIZE}, return delay 0',
            'wire limit',
            **over_rounds([rate / no_delay.ideal for rate in no_delay.clients]),
            at_least=True,
            details=_details(no_delay),
        ),
    ]


def _rates(
    setting: Setting,
    baudrate: int,
    batch: int,
    return_delay: int | None = None,
    clients: int = CLIENTS,
) -> _Rates:
    seconds = setting.seconds(4.0, 1.5)
    options: dict[str, Any] = {} if return_delay is None else {'return_delay': return_delay}
    delay_s = FACTORY_RETURN_DELAY_S if return_delay is None else return_delay * 1e-6
    rates = _Rates([], [], 1.0 / ideal_s(READ, baudrate, delay_s), [], [])
    with ExitStack() as stack:
        domain = stack.enter_context(ros_domain())
        bus = stack.enter_context(VirtualBus(**options))
        other_bus = stack.enter_context(VirtualBus(**options))
        driver = stack.enter_context(Driver(domain, bus.path, baudrate=baudrate))
        exchange = stack.enter_context(bus_on(other_bus.path, baudrate))
        asking = []
        for _ in range(clients):
            client = Program('benchmarks.client_process', [f'--batch={batch}'], domain)
            asking.append(stack.enter_context(client))
        for client in asking:
            client.hear()
        programs: list[Program] = [bus, driver, *asking]
        for _ in range(setting.pick(6, 2)):
            for client in asking:
                client.say(f'go {seconds}')
            # The middle of the time, when all of them are at it.
            sleep(0.2 * seconds)
            cpu, answers, begun = _cpu_s(programs), bus.statistics()['answers'], monotonic()
            sleep(0.6 * seconds)
            answers, elapsed = bus.statistics()['answers'] - answers, monotonic() - begun
            rates.clients.append(answers / elapsed)
            rates.cores.append((_cpu_s(programs) - cpu) / elapsed)
            counts = [int(client.hear()) for client in asking]
            rates.shares.append(min(counts) / max(counts))
            count, begun = 0, monotonic()
            while monotonic() < begun + 0.6 * seconds:
                exchange()
                count += 1
            rates.local.append(count / (monotonic() - begun))
    return rates


def _cpu_s(programs: list[Program]) -> float:
    return sum(program.cpu_s() for program in programs)


def _details(rates: _Rates) -> dict[str, float]:
    return {
        'clients, reads/s': round(median(rates.clients)),
        'one local user, reads/s': round(median(rates.local)),
        'wire limit, reads/s': round(rates.ideal),
        'slowest client / fastest client': round(median(rates.shares), 3),
        'cores busy, driver, bus and clients': round(median(rates.cores), 2),
    }
