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

from __future__ import annotations

from dxl_port_driver.errors import PortNameError
from dxl_port_driver.port.address import (
    DevicePath,
    MAX_NAME_LENGTH,
    parse_address,
    Rfc2217Url,
    SimUrl,
    SocketUrl,
)
from hypothesis import example, given
from hypothesis import strategies as st
import pytest

ADDRESSES = (DevicePath, SimUrl, SocketUrl, Rfc2217Url)
SCHEMES = ['spy', 'alt', 'loop', 'hwgrep', 'cp2110', 'file', 'http', 'SIM', 'Socket']


@pytest.mark.parametrize(
    ('name', 'address'),
    [
        ('/dev/ttyUSB0', DevicePath('/dev/ttyUSB0')),
        ('/dev/serial/by-id/usb-A_b-if00', DevicePath('/dev/serial/by-id/usb-A_b-if00')),
        ('/tmp/my link', DevicePath('/tmp/my link')),
        ('sim://', SimUrl('sim://')),
        ('sim://?ids=1-6&seed=7', SimUrl('sim://?ids=1-6&seed=7')),
        ('socket://127.0.0.1:4000', SocketUrl('127.0.0.1', 4000)),
        ('socket://bus-1.local:65535/', SocketUrl('bus-1.local', 65535)),
        ('socket://[::1]:1', SocketUrl('::1', 1)),
        ('socket://[fe80::1%eth0]:7', SocketUrl('fe80::1%eth0', 7)),
        ('rfc2217://host:2217', Rfc2217Url('host', 2217)),
    ],
)
def test_takes_paths_and_allowed_urls(name: str, address: object) -> None:
    assert parse_address(name) == address


@pytest.mark.parametrize('scheme', SCHEMES)
def test_refuses_other_schemes_by_name(scheme: str) -> None:
    with pytest.raises(PortNameError, match=f'the scheme {scheme}://.*give an absolute path'):
        parse_address(f'{scheme}:///dev/ttyUSB0')


@pytest.mark.parametrize(
    ('name', 'why'),
    [
        ('', 'is empty'),
        ('/dev/tty\0USB0', 'control'),
        ('/dev/ttyUSB0\n', 'control'),
        ('/dev/\ud800', 'control'),
        ('/' + 'a' * MAX_NAME_LENGTH, 'characters long'),
        ('ttyUSB0', r'did you mean /dev/ttyUSB0\?$'),
        ('dev/ttyACM1', r'did you mean /dev/ttyACM1\?$'),
        ('COM3', 'neither an absolute path nor a URL'),
        ('sim:', 'neither an absolute path nor a URL'),
        ('/dev/../etc/passwd', r'has "\.\." in it'),
        ('socket://h:1?logging=debug', 'has options'),
        ('socket://h:1#x', 'has options'),
        ('rfc2217://h:1?ign_set_control&timeout=9', 'has options'),
        ('socket://h', 'not of the form'),
        ('socket://h:0', 'TCP port 0'),
        ('socket://h:65536', 'TCP port 65536'),
        ('socket://h:+1', 'not of the form'),
        ('socket://h:\u0661', 'not of the form'),
        ('socket://h:1/path', 'not of the form'),
        ('socket://user@h:1', 'not of the form'),
        ('socket://:1', 'no host name'),
        ('socket://a..b:1', 'no host name'),
        ('socket://-a:1', 'no host name'),
        ('socket://' + 'a' * 64 + ':1', 'no host name'),
        ('socket://höst:1', 'no host name'),
        ('socket://[::1:1', 'not of the form'),
        ('socket://[nonsense]:1', 'no IPv6 address'),
        ('socket://[::1%]:1', 'no IPv6 address'),
        (None, 'must be text'),
        (b'/dev/ttyUSB0', 'must be text'),
        (7, 'must be text'),
    ],
)
def test_refuses_what_names_no_port(name: object, why: str) -> None:
    with pytest.raises(PortNameError, match=why) as caught:
        parse_address(name)  # type: ignore[arg-type]
    assert len(str(caught.value)) < 400
    assert '\n' not in str(caught.value)


@given(
    st.one_of(
        st.text(),
        st.builds(
            '{}://{}'.format, st.sampled_from(['socket', 'rfc2217', 'sim', *SCHEMES]), st.text()
        ),
        st.builds('socket://{}:{}'.format, st.text('ab.-[]:%/@?', max_size=12), st.integers()),
        st.builds('/{}'.format, st.text()),
    )
)
@example('socket://[')
@example('rfc2217://[::%0]:1')
def test_any_text_is_an_address_or_a_port_name_error(name: str) -> None:
    try:
        address = parse_address(name)
    except PortNameError:
        return
    assert isinstance(address, ADDRESSES)
    if isinstance(address, SocketUrl | Rfc2217Url):
        assert 1 <= address.port <= 65535
        address.host.encode('idna')
