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

"""The error tree and the result codes."""

from __future__ import annotations

import inspect
import pickle
import re

from dxl_port_driver import errors
from dxl_port_driver.errors import DxlPortError, ResultCode
import dynamixel_sdk
import pytest

EVERY_ERROR = [
    member
    for member in vars(errors).values()
    if inspect.isclass(member) and issubclass(member, DxlPortError)
]
WITH_CODE = [error for error in EVERY_ERROR if error is not DxlPortError]
NO_ERROR = {ResultCode.SUCCESS, ResultCode.RX_WAITING}


def test_codes_and_errors_are_one_to_one():
    codes = [error.code for error in DxlPortError.__subclasses__()]
    assert len(codes) == len(set(codes))
    assert set(codes) == set(ResultCode) - NO_ERROR


@pytest.mark.parametrize('code', ResultCode, ids=lambda code: code.name)
def test_codes_are_those_of_the_sdk(code):
    assert code == getattr(dynamixel_sdk, f'COMM_{code.name}')


@pytest.mark.parametrize('error', WITH_CODE)
def test_an_error_has_the_code_of_its_branch(error):
    (branch,) = (base for base in error.__mro__ if base in DxlPortError.__subclasses__())
    assert error.code is branch.code


@pytest.mark.parametrize('error', WITH_CODE)
def test_an_error_carries_sentence_port_and_partial_bytes(error):
    told = error('It broke; mend it.', port='/dev/ttyUSB0')
    assert (str(told), told.message, told.port) == (
        'It broke; mend it.',
        'It broke; mend it.',
        '/dev/ttyUSB0',
    )
    assert told.partial == b''


@pytest.mark.parametrize('error', WITH_CODE)
def test_an_error_survives_the_way_between_processes(error):
    told = pickle.loads(pickle.dumps(error('It broke.', port='/dev/ttyUSB0')))
    assert type(told) is error
    assert (str(told), told.port) == ('It broke.', '/dev/ttyUSB0')


def test_partial_bytes_are_kept():
    assert errors.AnswerTimeoutError('late', partial=b'\xff\xff').partial == b'\xff\xff'


@pytest.mark.parametrize(
    ('error', 'also'),
    [
        (errors.PortBusyError, TimeoutError),
        (errors.TransmitError, OSError),
        (errors.ReceiveError, OSError),
        (errors.RequestError, ValueError),
        (errors.AnswerTimeoutError, TimeoutError),
        (errors.PortNameError, ValueError),
        (errors.BaudrateError, ValueError),
        (errors.PortNumberError, LookupError),
        (errors.PortOpenError, OSError),
        (errors.PortMissingError, FileNotFoundError),
        (errors.PortPermissionError, PermissionError),
    ],
)
def test_an_error_is_the_stdlib_one_that_fits(error, also):
    assert issubclass(error, also)


def test_the_tree_in_the_docstring_is_the_tree():
    drawn = re.findall(r'[├└]── (\w+)', errors.__doc__)
    assert sorted(drawn) == sorted(error.__name__ for error in WITH_CODE)
