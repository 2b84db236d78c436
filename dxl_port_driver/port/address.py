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

"""What a port name means: a device path, or a URL of one of the allowed schemes."""

from __future__ import annotations

from dataclasses import dataclass
import ipaddress
import os
import re

from dxl_port_driver.errors import PortNameError

MAX_NAME_LENGTH = 1024

_SCHEME = re.compile(r'([A-Za-z][A-Za-z0-9+.-]*)://')
_HOST_AND_PORT = re.compile(r'(\[[^\[\]]*\]|[^\[\]:/?#@]*):([0-9]{1,5})/?', re.ASCII)
_HOST_LABEL = re.compile(r'[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?', re.ASCII)
_ADVICE = (
    'give an absolute path such as /dev/ttyUSB0 or /dev/serial/by-id/..., '
    'or sim://, socket://HOST:PORT or rfc2217://HOST:PORT'
)


@dataclass(frozen=True)
class DevicePath:
    """
    A serial device of this machine.

    :param path: absolute path, without ``..`` in it.
    """

    path: str


@dataclass(frozen=True)
class SimUrl:
    """
    The virtual bus inside this process.

    :param url: the whole ``sim://`` URL; its options are the virtual bus's business.
    """

    url: str


@dataclass(frozen=True)
class SocketUrl:
    """
    A TCP connection whose far end is a serial line (``socket://``).

    :param host: host name, IPv4 address, or IPv6 address without its brackets.
    :param port: TCP port, 1 to 65535.
    """

    host: str
    port: int


@dataclass(frozen=True)
class Rfc2217Url:
    """
    A serial port served over the network by RFC 2217 (``rfc2217://``).

    :param host: host name, IPv4 address, or IPv6 address without its brackets.
    :param port: TCP port, 1 to 65535.
    """

    host: str
    port: int


Address = DevicePath | SimUrl | SocketUrl | Rfc2217Url


def parse_address(name: str) -> Address:
    """
    Tell what a port name names, without touching anything outside.

    URL options other than those of ``sim://`` are refused: pyserial would take ``?logging=debug``
    and the like from them, and a parameter must not switch such things.

    :param name: the port name, as the user wrote it.
    :raises PortNameError: it names no port that this driver opens.
    """
    if not isinstance(name, str):
        raise PortNameError(f'The port name must be text, not {_shown(name)}; {_ADVICE}.')
    if not name:
        raise PortNameError(f'The port name is empty; {_ADVICE}.')
    if len(name) > MAX_NAME_LENGTH:
        raise _refused(
            name, f'is {len(name)} characters long, {MAX_NAME_LENGTH} are the most; shorten it'
        )
    if not name.isprintable():
        raise _refused(name, 'has control or unprintable characters in it; write it without them')
    scheme = _SCHEME.match(name)
    if scheme is not None:
        return _parse_url(name, scheme[1], name[scheme.end() :])
    return _parse_path(name)


def _parse_path(name: str) -> DevicePath:
    if not name.startswith('/'):
        guess = f'/dev/{name}'
        if re.fullmatch(r'(?:dev/)?tty[A-Za-z0-9]+', name):
            guess = f'/dev/{name.rpartition("/")[2]}'
            raise _refused(name, f'is no absolute path; did you mean {guess}?')
        raise _refused(name, f'is neither an absolute path nor a URL; {_ADVICE}')
    if '..' in name.split('/'):
        raise _refused(name, 'has ".." in it; write the path without it')
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        raise _refused(name, 'cannot be the name of a file; check its characters') from None
    return DevicePath(name)


def _parse_url(name: str, scheme: str, rest: str) -> Address:
    if scheme == 'sim':
        return SimUrl(name)
    if scheme not in ('socket', 'rfc2217'):
        raise _refused(name, f'has the scheme {scheme}://, which this driver does not open; '
                       f'{_ADVICE}')  # fmt: skip
    if '?' in rest or '#' in rest:
        raise _refused(
            name, f'has options, which {scheme}:// must not have; write {scheme}://HOST:PORT'
        )
    match = _HOST_AND_PORT.fullmatch(rest)
    if match is None:
        raise _refused(
            name, f'is not of the form {scheme}://HOST:PORT; write it so, such as '
            f'{scheme}://192.168.1.20:4000'
        )  # fmt: skip
    host, port = match[1], int(match[2])
    if not 1 <= port <= 65535:
        raise _refused(name, f'has the TCP port {port}; use one from 1 to 65535')
    if host.startswith('['):
        host = host[1:-1]
        if not _is_ipv6(host):
            raise _refused(name, f'has {host!r} between brackets, which is no IPv6 address; '
                           'correct it')  # fmt: skip
    elif not _is_host_name(host):
        raise _refused(name, f'has {host!r} for a host, which is no host name; correct it')
    return SocketUrl(host, port) if scheme == 'socket' else Rfc2217Url(host, port)


def _is_host_name(host: str) -> bool:
    labels = host.removesuffix('.').split('.')
    return len(host) <= 253 and all(_HOST_LABEL.fullmatch(label) for label in labels)


def _is_ipv6(host: str) -> bool:
    address, separator, zone = host.partition('%')
    if separator and _HOST_LABEL.fullmatch(zone) is None:
        return False
    try:
        ipaddress.IPv6Address(address)
    except ValueError:
        return False
    return True


def _refused(name: str, why: str) -> PortNameError:
    return PortNameError(f'The port name {_shown(name)} {why}.'.replace('?.', '?'), port=name)


def _shown(value: object) -> str:
    """Keep a message readable however long the name is."""
    text = repr(value)
    return text if len(text) <= 80 else f'{text[:60]}...{text[-15:]}'
