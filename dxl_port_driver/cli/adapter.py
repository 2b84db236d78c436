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

"""What the system tells about the adapter behind a serial device, without opening it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from glob import escape, glob
import grp
import os
from pathlib import Path
import pwd
import stat


@dataclass(frozen=True)
class Adapter:
    """
    A serial adapter; what is not told is empty.

    :param kernel_driver: such as ``ftdi_sio``.
    :param usb_id: vendor and product, such as ``0403:6014``.
    :param manufacturer: as the adapter names it.
    :param product: as the adapter names itself.
    :param serial_number: of this one piece.
    """

    kernel_driver: str = ''
    usb_id: str = ''
    manufacturer: str = ''
    product: str = ''
    serial_number: str = ''


def find_adapter(device_path: str, sysfs: Path = Path('/sys')) -> Adapter:
    """
    Find out which adapter makes a tty.

    :param device_path: path of the device; links are followed.
    :param sysfs: where sysfs is mounted.
    """
    name = os.path.basename(os.path.realpath(device_path))
    link = sysfs / 'class' / 'tty' / name / 'device'
    if not link.exists():
        return Adapter()
    device = link.resolve()
    kernel_driver = (device / 'driver').resolve().name if (device / 'driver').exists() else ''
    for folder in _upwards(device, sysfs):
        if (folder / 'idVendor').is_file():
            return Adapter(
                kernel_driver,
                f'{_text(folder / "idVendor")}:{_text(folder / "idProduct")}',
                _text(folder / 'manufacturer'),
                _text(folder / 'product'),
                _text(folder / 'serial'),
            )
    return Adapter(kernel_driver)


def lasting_name(device_path: str, folder: str = '/dev/serial/by-id') -> str:
    """
    Give the name by which the adapter is found in whichever order things are plugged in.

    :param device_path: path of the device.
    :param folder: where udev keeps such names.
    :return: empty when there is none.
    """
    real = os.path.realpath(device_path)
    for path in sorted(glob(os.path.join(escape(folder), '*'))):
        if os.path.realpath(path) == real:
            return path
    return ''


def without_tty(vendor: str, product: str, sysfs: Path = Path('/sys')) -> list[str]:
    """
    Find USB adapters of a kind that are plugged in, but have no tty.

    :param vendor: such as ``1a86``.
    :param product: such as ``7523``.
    :param sysfs: where sysfs is mounted.
    :return: where each is plugged in, such as ``1-2``.
    """
    return [
        device.name
        for device in sorted(sysfs.glob('bus/usb/devices/*'))
        if (_text(device / 'idVendor'), _text(device / 'idProduct')) == (vendor, product)
        and not any(device.glob('*:*/tty*'))
    ]


def permissions(device_path: str) -> str:
    """
    Give mode and owners the way ``ls -l`` does.

    :return: empty when the path cannot be looked at.
    """
    try:
        status = os.stat(device_path)
    except OSError:
        return ''
    return f'{stat.filemode(status.st_mode)} {_owner(status.st_uid)}:{_group(status.st_gid)}'


def _upwards(device: Path, sysfs: Path) -> Iterator[Path]:
    top = sysfs.resolve()
    while device != top and device != device.parent:
        yield device
        device = device.parent


def _text(path: Path) -> str:
    try:
        return path.read_text('utf-8', 'replace').strip()
    except OSError:
        return ''


def _owner(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
