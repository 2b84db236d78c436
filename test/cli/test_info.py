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

"""info about a port, and what it is made of."""

from __future__ import annotations

import os
import subprocess

from dxl_port_driver.cli.adapter import Adapter, find_adapter, lasting_name, permissions
import pytest


@pytest.fixture
def held_pty():
    """Give a pty that another process has open."""
    controller, terminal = os.openpty()
    path = os.ttyname(terminal)
    holder = subprocess.Popen(['cat'], stdin=terminal, stdout=subprocess.DEVNULL)
    os.close(terminal)
    yield path, holder.pid
    holder.kill()
    holder.wait()
    os.close(controller)


@pytest.mark.parametrize('command', ['ping', 'info', 'doctor'])
def test_a_port_that_is_held_says_by_whom_and_names_the_way_through_a_driver(
    dxl_port, held_pty, command
):
    path, pid = held_pty
    done = dxl_port(command, '--port', path)
    assert done.status == 3
    told = ' '.join((done.out + done.err).split())
    assert f'{path} is held by cat (pid {pid}); end that' in told
    assert '--driver instead of --port' in told


@pytest.fixture
def pty_path():
    controller, terminal = os.openpty()
    yield os.ttyname(terminal)
    os.close(controller)
    os.close(terminal)


def test_what_is_no_serial_port_is_told_in_one_sentence(dxl_port, tmp_path):
    done = dxl_port('info', '--port', str(tmp_path))
    assert done.status == 3
    told = ' '.join(done.err.split())
    assert told == (
        f'dxl_port: {tmp_path} is a directory and no serial port; give the path of a serial '
        'device, such as /dev/ttyUSB0'
    )


def test_info_tells_of_the_virtual_bus(dxl_port):
    done = dxl_port('info', '--port', 'sim://?latency_timer=16', '--json')
    assert done.status == 0
    (facts,) = done.records
    assert facts['port'] == 'sim://?latency_timer=16'
    assert (facts['baudrate'], facts['real_baudrate']) == (1_000_000, 1_000_000)
    assert facts['low_latency'] is True
    assert facts['latency_timer_ms'] == 1.0
    assert facts['usable'] is True


def test_info_tells_who_may_open_a_device_and_who_holds_it(dxl_port, pty_path):
    done = dxl_port('info', '--port', pty_path)
    shown = dict(line.split(maxsplit=1) for line in done.out.splitlines())
    assert shown['port'] == pty_path
    assert shown['permissions'].startswith('crw')
    assert shown['held_by'] == '-'
    # This process holds the pty itself.
    assert done.status in (0, 3)


def test_an_adapter_is_described_from_sysfs(tmp_path):
    usb = tmp_path / 'devices' / 'pci0' / 'usb1' / '1-2'
    tty = usb / '1-2:1.0' / 'ttyUSB0'
    tty.mkdir(parents=True)
    for name, text in {
        'idVendor': '0403',
        'idProduct': '6014',
        'manufacturer': 'FTDI',
        'product': 'USB <-> Serial Converter',
        'serial': 'FT2N0CEV',
    }.items():
        (usb / name).write_text(text + '\n')
    driver = tmp_path / 'bus' / 'usb-serial' / 'drivers' / 'ftdi_sio'
    driver.mkdir(parents=True)
    (tty / 'driver').symlink_to(driver)
    known = tmp_path / 'class' / 'tty' / 'ttyUSB0'
    known.mkdir(parents=True)
    (known / 'device').symlink_to(tty)
    assert find_adapter('/dev/ttyUSB0', tmp_path) == Adapter(
        'ftdi_sio', '0403:6014', 'FTDI', 'USB <-> Serial Converter', 'FT2N0CEV'
    )


def test_what_sysfs_does_not_know_is_left_empty(tmp_path):
    assert find_adapter('/dev/ttyUSB0', tmp_path) == Adapter()


def test_a_lasting_name_is_found_by_where_it_leads(tmp_path):
    device = tmp_path / 'ttyUSB0'
    device.touch()
    names = tmp_path / 'by-id'
    names.mkdir()
    (names / 'usb-FTDI-if00').symlink_to(device)
    assert lasting_name(str(device), str(names)) == str(names / 'usb-FTDI-if00')
    assert lasting_name(str(tmp_path / 'ttyUSB1'), str(names)) == ''


def test_permissions_of_what_is_not_there_are_empty(tmp_path):
    assert permissions(str(tmp_path / 'none')) == ''
