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


OWN_FIELDS = {
    errors.PortBusyError: {'waited_s': 1.5},
    errors.BaudrateError: {'closest': 57_600},
    errors.PortHeldError: {'holder': 'screen (pid 7)'},
}
"""What a class has beyond the message, the port and the partial bytes."""

FIELDS = {'port': '/dev/ttyUSB0', 'partial': b'\xff\xff'}


@pytest.mark.parametrize('error', WITH_CODE)
def test_an_error_is_made_of_a_sentence_alone(error):
    told = error('It broke; repair it.')
    assert (str(told), told.message, told.port, told.partial) == (
        'It broke; repair it.',
        'It broke; repair it.',
        '',
        b'',
    )


@pytest.mark.parametrize('error', WITH_CODE)
def test_an_error_keeps_every_field_on_the_way_between_processes_as_well(error):
    fields = FIELDS | OWN_FIELDS.get(error, {})
    assert set(fields) == set(inspect.signature(error).parameters) - {'message'}
    made = error('It broke.', **fields)
    for told in (made, pickle.loads(pickle.dumps(made))):
        assert type(told) is error
        assert str(told) == 'It broke.'
        assert {name: getattr(told, name) for name in fields} == fields


@pytest.mark.parametrize('code', sorted(set(ResultCode) - NO_ERROR), ids=lambda code: code.name)
def test_every_code_makes_its_error_with_every_field(code):
    made = errors.make_error(code, 'It broke.', **FIELDS, waited_s=1.5)
    assert type(made) in DxlPortError.__subclasses__()
    assert made.code is code
    assert (made.message, made.port, made.partial) == ('It broke.', *FIELDS.values())
    assert getattr(made, 'waited_s', 1.5) == 1.5
    assert errors.make_error(code, 'It broke.').partial == b''


@pytest.mark.parametrize('code', NO_ERROR)
def test_a_code_of_no_failure_makes_no_error(code):
    with pytest.raises(LookupError):
        errors.make_error(code, 'all is well')


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
