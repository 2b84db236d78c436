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
The run-time commands of a virtual bus: a line of text in, a sentence out.

Every live option is a command of its own (``drop 0.1``, ``pace off``).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
import difflib
import json
from typing import Any, NamedTuple, Protocol

from dxl_port_driver.errors import PortNameError
from dxl_port_driver.sim.bus import Bus
from dxl_port_driver.sim.option_table import OPTIONS, read_value
from dxl_port_driver.sim.option_values import ids as read_ids
from dxl_port_driver.sim.servo import Servo

_LIVE = {option.name: option for option in OPTIONS if option.live}


class Quit(Exception):
    """Raised for the command ``quit``."""


class _Refused(Exception):
    """The command is not as it should be; says how it should be."""


class Command(NamedTuple):
    """
    One command.

    :param form: how to write it.
    :param about: what it does.
    """

    form: str
    about: str


COMMANDS = {
    'unmute': Command('unmute IDS|all', 'Let servos answer again.'),
    'unplug': Command('unplug [SECONDS]', 'Pull the adapter out; for so long, or until plug.'),
    'plug': Command('plug', 'Plug the adapter in; prints the path of its new pty.'),
    'get': Command('get ID REGISTER', 'Look at a register of a servo without a packet.'),
    'set': Command('set ID REGISTER VALUE', 'Put a value into a register, past all checks.'),
    'servos': Command('servos', 'List the servos.'),
    'path': Command('path', 'Print the path of the pty.'),
    'stats': Command('stats', 'Print all counts as one line of JSON.'),
    'clear': Command('clear', 'Set all counts to 0.'),
    'help': Command('help', 'List the commands.'),
    'quit': Command('quit', 'End the virtual bus.'),
}
"""The commands beside the live options."""


class Served(Protocol):
    """A bus with an adapter that can be pulled out; see :mod:`dxl_port_driver.sim.pty_server`."""

    bus: Bus
    lock: AbstractContextManager[Any]

    @property
    def path(self) -> str | None:
        """Path of the pty; None while unplugged."""

    def unplug(self, replug_after_s: float | None = None) -> bool:
        """Pull the adapter out; False when it was out already."""

    def plug(self) -> bool:
        """Plug the adapter in; False when it was in already."""


class Console:
    """
    Carries out commands on a bus.

    :param server: the bus, served.
    :param clock: gives the time, s.
    """

    def __init__(self, server: Served, clock: Callable[[], float]) -> None:
        self._server = server
        self._clock = clock

    def run(self, line: str) -> str:
        """
        Carry out one command.

        :return: what to print; empty for an empty line.
        :raises Quit: it was ``quit``.
        """
        words = line.split()
        if not words:
            return ''
        name, arguments = words[0], words[1:]
        try:
            with self._server.lock:
                if name in _LIVE:
                    return self._set_option(name, arguments)
                if name not in COMMANDS:
                    near = difflib.get_close_matches(name[:40], [*_LIVE, *COMMANDS], 1)
                    hint = f'did you mean {near[0]}?' if near else 'help lists the commands.'
                    return f'error: there is no command {name[:40]!r}; {hint}'
                do: Callable[[list[str]], str] = getattr(self, f'_do_{name}')
                return do(arguments)
        except _Refused:
            return f'error: write {COMMANDS[name].form}'
        except PortNameError as error:
            return f'error: {error}'

    def _set_option(self, name: str, arguments: list[str]) -> str:
        option = _LIVE[name]
        if len(arguments) != 1:
            return f'error: write {name} VALUE ({option.form})'
        self._server.bus.set_option(name, read_value(option, arguments[0]))
        return f'ok: {name} is {arguments[0]}'

    def _do_unmute(self, arguments: list[str]) -> str:
        if len(arguments) != 1:
            raise _Refused
        faults = self._server.bus.faults
        try:
            freed = faults.mute if arguments == ['all'] else frozenset(read_ids(arguments[0]))
        except ValueError as error:
            return f'error: {error}'
        faults.set('mute', faults.mute - freed)
        return f'ok: mute is {_listed(faults.mute)}'

    def _do_unplug(self, arguments: list[str]) -> str:
        seconds = None
        if arguments:
            seconds = _number(arguments)
        if not self._server.unplug(seconds):
            return 'error: the adapter is out already; plug puts it in again'
        return 'ok: unplugged' if seconds is None else f'ok: unplugged for {seconds:g} s'

    def _do_plug(self, arguments: list[str]) -> str:
        _none(arguments)
        if not self._server.plug():
            return f'error: the adapter is in already, at {self._server.path}'
        return f'ok: plugged in at {self._server.path}'

    def _do_get(self, arguments: list[str]) -> str:
        if len(arguments) != 2:
            raise _Refused
        servo = self._servo(arguments[0])
        try:
            return f'ok: {arguments[1]} is {servo.peek(arguments[1], self._clock())}'
        except KeyError:
            return f'error: the {servo.model.name} has no register {arguments[1][:40]!r}'

    def _do_set(self, arguments: list[str]) -> str:
        if len(arguments) != 3:
            raise _Refused
        servo = self._servo(arguments[0])
        try:
            servo.poke(arguments[1], int(arguments[2][:20]), self._clock())
        except KeyError:
            return f'error: the {servo.model.name} has no register {arguments[1][:40]!r}'
        except ValueError:
            raise _Refused from None
        self._server.bus.reindex()
        return f'ok: {arguments[1]} is {arguments[2]}'

    def _do_servos(self, arguments: list[str]) -> str:
        _none(arguments)
        return 'ok: ' + ', '.join(
            f'{servo.id} {servo.model.name} Protocol {servo.protocol} {servo.baudrate} bit/s'
            for servo in self._server.bus.servos
        )

    def _do_path(self, arguments: list[str]) -> str:
        _none(arguments)
        path = self._server.path
        return 'error: the adapter is out; plug puts it in' if path is None else path

    def _do_stats(self, arguments: list[str]) -> str:
        _none(arguments)
        return json.dumps(self._server.bus.statistics.as_dict())

    def _do_clear(self, arguments: list[str]) -> str:
        _none(arguments)
        self._server.bus.statistics.clear()
        return 'ok: all counts are 0'

    def _do_help(self, arguments: list[str]) -> str:
        _none(arguments)
        rows = [(f'{option.name} VALUE', option.about) for option in _LIVE.values()]
        rows += [(command.form, command.about) for command in COMMANDS.values()]
        return '\n'.join(f'{form:24}{about}' for form, about in rows)

    def _do_quit(self, arguments: list[str]) -> str:
        _none(arguments)
        raise Quit

    def _servo(self, text: str) -> Servo:
        for servo in self._server.bus.servos:
            if text == str(servo.id):
                return servo
        raise PortNameError(f'there is no servo {text[:40]!r}; servos lists them')


def _none(arguments: list[str]) -> None:
    if arguments:
        raise _Refused


def _number(arguments: list[str]) -> float:
    try:
        value = float(arguments[0])
    except ValueError:
        raise _Refused from None
    if len(arguments) != 1 or not 0.0 <= value <= 3600.0:
        raise _Refused
    return value


def _listed(numbers: frozenset[int]) -> str:
    return ','.join(map(str, sorted(numbers))) or 'nobody'
