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

"""Why a device did not open: from the system's error number to a typed error with advice."""

from __future__ import annotations

import errno
import getpass
import grp
import os
import resource
import stat

from dxl_port_driver.errors import (
    NotASerialPortError,
    PortHeldError,
    PortMissingError,
    PortOpenError,
    PortPermissionError,
)
from dxl_port_driver.port.device_check import is_pty
from dxl_port_driver.port.device_list import serial_devices_sentence
from dxl_port_driver.port.holders import find_holders, Holder, is_open_here

_MISSING = (errno.ENOENT, errno.ENOTDIR, errno.ENODEV, errno.ENXIO, errno.ELOOP)
_DENIED = (errno.EACCES, errno.EPERM)
_HELD = (errno.EBUSY, errno.EAGAIN)


def open_error(error: BaseException, device_path: str, name: str) -> PortOpenError:
    """
    Translate what opening a device raised.

    :param error: the OSError, SerialException or termios.error; one that is translated already
        is given back.
    :param device_path: path that was opened.
    :param name: port name, as the user wrote it.
    """
    if isinstance(error, PortOpenError):
        return error
    number = errno_of(error)
    if number in _MISSING:
        return _missing(device_path, name)
    if number in _DENIED:
        return _permission(device_path, name)
    if number in _HELD:
        return _held(number, device_path, name)
    if number == errno.ENOTTY:
        return NotASerialPortError(
            f'{name} does not answer as a serial port does; give the path of a serial device, '
            'such as /dev/ttyUSB0.',
            port=name,
        )
    no_descriptors = no_descriptors_error(error, name)
    if no_descriptors is not None:
        return no_descriptors
    reason = os.strerror(number) if number is not None else str(error)
    return PortOpenError(
        f'{name} did not open ({reason}); check that there is working hardware behind it.',
        port=name,
    )


def no_descriptors_error(error: BaseException, name: str) -> PortOpenError | None:
    """
    Say that there are too many open files, which is no fault of the device.

    :param error: what opening the port raised.
    :param name: port name, as the user wrote it.
    :return: None when that is not the reason.
    """
    number = errno_of(error)
    if number == errno.EMFILE:
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        reason = (
            f'this program has as many files open as it may, {limit}; close some, or raise the '
            'limit with "ulimit -n"'
        )
    elif number == errno.ENFILE:
        reason = 'this machine has as many files open as it may (fs.file-max); close some'
    else:
        return None
    return PortOpenError(f'{name} did not open: {reason}.', port=name)


def errno_of(error: BaseException) -> int | None:
    """
    Find the system's error number: pyserial often buries it in the cause.

    :return: None when there is none.
    """
    seen: BaseException | None = error
    while seen is not None:
        number = getattr(seen, 'errno', None)
        if number is None and seen.args:
            number = seen.args[0]
        if isinstance(number, int):
            return number
        seen = seen.__cause__ or seen.__context__
    return None


def _held(number: int, device_path: str, name: str) -> PortHeldError:
    holders = find_holders(device_path)
    strangers = [holder for holder in holders if not holder.is_fork]
    if strangers:
        return held_error(name, strangers)
    forks = [holder for holder in holders if holder.has_lock] or holders
    if is_open_here(device_path) and not (forks and forks[0].has_lock):
        return PortHeldError(
            f'{name} is open in this program already; close it there first.', port=name
        )
    if forks:
        who = ', '.join(f'pid {holder.pid}' for holder in forks)
        return PortHeldError(
            f'{name} is open in a process that was forked from this program, or this one from it '
            f'({who}); close it there first.',
            port=name,
            holder=who,
        )
    if number == errno.EBUSY and _is_pty(device_path):
        # TIOCEXCL, which a pty keeps until its far end is closed.
        return PortHeldError(
            f'{name} is closed to further programs: one that this user may not look into has it '
            f'open ("sudo fuser -v {name}" tells which), or one has ended without undoing that; '
            'end that program, or restart the one that made this pty.',
            port=name,
        )
    return held_error(name, [])


def _is_pty(device_path: str) -> bool:
    try:
        return is_pty(os.stat(device_path))
    except OSError:
        return False


def held_error(name: str, holders: list[Holder]) -> PortHeldError:
    """
    Say who has the port.

    :param name: port name.
    :param holders: the processes that have it open; empty when the system does not tell.
    """
    who = ', '.join(str(holder) for holder in holders)
    advice = 'end it' if len(holders) == 1 else 'end them' if holders else (
        f'"sudo fuser -v {name}" tells which; end it'
    )  # fmt: skip
    return PortHeldError(
        f'{name} is held by {who or "another process"}; {advice}, or open the port with '
        'exclusive off in both.',
        port=name,
        holder=who,
    )


def _missing(device_path: str, name: str) -> PortMissingError:
    what = f'{name} does not exist'
    if device_path != name:
        what = f'{name} ({device_path}) does not exist'
    elif os.path.islink(device_path):
        what = f'{name} leads to {os.path.realpath(device_path)}, which does not exist'
    elif os.path.exists(device_path):
        what = f'{name} has no device behind it'
    return PortMissingError(
        f'{what}; plug the adapter in, or choose another port: {serial_devices_sentence()}.',
        port=name,
    )


def _permission(device_path: str, name: str) -> PortPermissionError:
    return PortPermissionError(
        f'{name} may not be opened by this user; {_permission_advice(device_path)}.', port=name
    )


def _permission_advice(device_path: str) -> str:
    try:
        status = os.stat(device_path)
    except OSError:
        return 'it is in a folder that this user may not enter: ask who owns the machine'
    group_may = status.st_mode & stat.S_IRGRP and status.st_mode & stat.S_IWGRP
    if not group_may or status.st_gid == 0:
        return (
            'its file permissions admit no group that one could join: install a udev rule that '
            'gives it to the group dialout'
        )
    user = _user_name()
    try:
        group = grp.getgrgid(status.st_gid)
    except KeyError:
        return f'it belongs to the group {status.st_gid}, which has no name here: create it'
    if user in group.gr_mem and status.st_gid not in os.getgroups():
        return f'{user} has joined the group {group.gr_name} since: log out and in again'
    return (
        f'join the group {group.gr_name} with "sudo usermod -aG {group.gr_name} {user}", '
        'then log out and in again'
    )


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container may run under a uid that has no entry in /etc/passwd.
        return '$USER'
