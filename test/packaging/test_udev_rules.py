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

"""The udev rules: right in form, and each adapter gets what it should and no other does."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
import re
import shutil
import subprocess
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
FILE = ROOT / 'udev' / '99-dynamixel.rules'
PAGE = ROOT / 'docs' / 'adapters.md'

# udev(7): what is compared, and what is assigned.
MATCHES = {'ACTION', 'SUBSYSTEM', 'SUBSYSTEMS', 'DRIVER', 'ATTRS'}
ASSIGNED = {'SYMLINK', 'GROUP', 'MODE', 'ATTR', 'ENV', 'GOTO', 'LABEL'}
TOKEN = re.compile(r'([A-Z]+)(?:\{([A-Za-z_]+)\})?(==|!=|\+=|=)"([^"]*)"')


class Token(NamedTuple):
    """One ``KEY{attribute}OPERATOR"value"``."""

    key: str
    attribute: str
    operator: str
    value: str


def parse(text: str) -> list[list[Token]]:
    """Read rules more strictly than udev, which ignores a line that it does not understand."""
    rules = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith('#'):
            continue
        tokens = []
        for part in line.split(', '):
            match = TOKEN.fullmatch(part)
            assert match, f'line {number}: {part!r} is no KEY=="value"'
            token = Token(match[1], match[2] or '', match[3], match[4])
            right = ('==', '!=') if token.key in MATCHES else ('=', '+=')
            assert token.key in MATCHES | ASSIGNED, f'line {number}: no key {token.key}'
            assert token.operator in right, f'line {number}: {part!r} has a wrong operator'
            assert (token.key in ('ATTR', 'ATTRS', 'ENV')) == bool(token.attribute), part
            tokens.append(token)
        assert any(token.key in ASSIGNED for token in tokens), f'line {number} does nothing'
        rules.append(tokens)
    return rules


RULES = parse(FILE.read_text('ascii'))


class Device(NamedTuple):
    """What udev knows of a device: its own keys, and the attributes of its USB parent."""

    subsystem: str
    driver: str = ''
    parent: dict[str, str] = {}  # noqa: RUF012 (a constant)
    action: str = 'add'
    environment: dict[str, str] = {}  # noqa: RUF012 (a constant)


def applied(device: Device) -> dict[str, str]:
    """Give what the rules assign to a device."""
    own = {'ACTION': device.action, 'SUBSYSTEM': device.subsystem, 'DRIVER': device.driver}
    given: dict[str, str] = {}
    skip_to = None
    for rule in RULES:
        if skip_to and Token('LABEL', '', '=', skip_to) not in rule:
            continue
        skip_to = None
        for key, attribute, operator, value in rule:
            if key == 'ATTRS':
                actual = device.parent.get(attribute)
            elif key == 'SUBSYSTEMS':
                actual = 'usb' if device.parent else None
            elif key in own:
                actual = own[key]
            elif key == 'GOTO':
                skip_to = value
                continue
            else:
                for name, text in device.parent.items():
                    value = value.replace(f'$attr{{{name}}}', text)
                for name, text in device.environment.items():
                    value = value.replace(f'$env{{{name}}}', text)
                given[f'{key}{{{attribute}}}' if attribute else key] = value
                continue
            fits = actual is not None and any(
                fnmatchcase(actual, pattern) for pattern in value.split('|')
            )
            if fits is not (operator == '=='):
                break
    given.pop('LABEL', None)
    return given


def tty(vendor: str, product: str, serial: str = '', maker: str = '') -> Device:
    parent = {'idVendor': vendor, 'idProduct': product}
    parent |= {'serial': serial} if serial else {}
    return Device('tty', parent=parent | ({'manufacturer': maker} if maker else {}))


OPEN_TO_THE_GROUP = {
    'GROUP': 'dialout',
    'MODE': '0660',
    'ENV{ID_MM_DEVICE_IGNORE}': '1',
    'ENV{ID_MM_PORT_IGNORE}': '1',
}


def test_every_goto_leads_to_a_label_further_down():
    labels = {t.value: i for i, rule in enumerate(RULES) for t in rule if t.key == 'LABEL'}
    gotos = [(t.value, i) for i, rule in enumerate(RULES) for t in rule if t.key == 'GOTO']
    assert gotos
    assert all(labels[label] > i for label, i in gotos)


def test_udev_itself_finds_nothing_wrong():
    udevadm = shutil.which('udevadm', path='/usr/bin:/bin:/usr/sbin:/sbin')
    if udevadm is None:
        pytest.skip('needs udevadm')
    outcome = subprocess.run([udevadm, 'verify', FILE], capture_output=True, text=True)
    if 'verb' in outcome.stderr:
        pytest.skip('needs udevadm 254, which has "verify"')
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.mark.parametrize('action', ['add', 'change', 'bind'])
def test_an_ftdi_chip_gets_a_latency_timer_of_1_ms(action: str):
    assert applied(Device('usb-serial', 'ftdi_sio', action=action)) == {'ATTR{latency_timer}': '1'}
    assert applied(Device('usb-serial', 'cp210x', action=action)) == {}


def test_several_u2d2_get_names_that_do_not_swap():
    one = applied(tty('0403', '6014', 'FT4THVLM', 'FTDI'))
    other = applied(tty('0403', '6014', 'FT3FSNI8', 'FTDI'))
    assert one == {'SYMLINK': 'u2d2_FT4THVLM', **OPEN_TO_THE_GROUP}
    assert other['SYMLINK'] == 'u2d2_FT3FSNI8'


def test_the_two_ports_of_an_ft2232h_have_names_of_their_own():
    chip = tty('0403', '6010', 'FT7ABC', 'FTDI')
    ports = [chip._replace(environment={'ID_USB_INTERFACE_NUM': f'0{n}'}) for n in range(2)]
    names = [applied(port)['SYMLINK'] for port in ports]
    assert names == ['ft2232h_FT7ABC_00', 'ft2232h_FT7ABC_01']


@pytest.mark.parametrize(
    ('device', 'name'),
    [
        (tty('0403', '6014'), None),
        (tty('0403', '6001', 'A4012AB0'), None),
        (tty('2f5d', '2202', 'BA98C8C3', 'ROBOTIS'), 'robotis_BA98C8C3'),
        (tty('0483', '5740', 'FFFFFFFEFFFF', 'ROBOTIS'), None),
        (tty('0403', '6015', 'DK0AHBX1', 'FTDI'), 'ft231x_DK0AHBX1'),
        (tty('1a86', '7523'), None),
        (tty('1a86', '5523'), None),
        (tty('1a86', '7523', '5C2D', 'QinHeng'), 'ch340_5C2D'),
        (tty('1a86', '55d3', '5A46083234', 'QinHeng'), 'ch343_5A46083234'),
        (tty('10c4', 'ea60', '0001', 'Silicon Labs'), None),
        (tty('10c4', 'ea60', 'c2b9e8', 'Silicon Labs'), 'cp210x_c2b9e8'),
        (tty('16d0', '06a7', '7403'), 'usb2ax_7403'),
    ],
    ids=lambda value: str(value)[:60] if isinstance(value, str) else None,
)
def test_other_adapters_are_open_to_the_group(device: Device, name: str | None):
    assert applied(device) == OPEN_TO_THE_GROUP | ({'SYMLINK': name} if name else {})


@pytest.mark.parametrize(
    'device',
    [
        tty('0483', '5740', '123', 'STMicroelectronics'),
        tty('0483', '5740', '123'),
        tty('10c4', 'ea70', '0001', 'Silicon Labs'),
        tty('1a86', '5512'),
        Device('tty'),
        Device('usb', parent={'idVendor': '0403', 'idProduct': '6014', 'serial': '1'}),
        tty('0403', '6014', 'FT4THVLM')._replace(action='remove'),
    ],
)
def test_what_is_no_adapter_for_servos_is_left_alone(device: Device):
    assert applied(device) == {}


@pytest.mark.parametrize(
    'wrong',
    [
        'SUBSYSTEM=="tty" MODE="0660"',
        'SUBSYSTEM="tty", MODE="0660"',
        'SUBSYTEM=="tty", MODE="0660"',
        'SUBSYSTEM=="tty", MODE=="0660"',
        'SUBSYSTEM=="tty", ATTRS=="x", MODE="0660"',
        'SUBSYSTEM=="tty", MODE="0660',
        'SUBSYSTEM=="tty"',
    ],
)
def test_the_check_itself_finds_what_is_wrong(wrong: str):
    with pytest.raises(AssertionError):
        parse(wrong)


def test_the_page_explains_what_is_in_the_file():
    page = PAGE.read_text('utf-8')
    for word in ('latency_timer', 'u2d2_', 'dialout', 'ModemManager', FILE.name, 'udevadm'):
        assert word in page
