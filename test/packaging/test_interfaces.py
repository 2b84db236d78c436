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

"""The generated interfaces, against the names and numbers that users rely on."""

from typing import Any

import pytest

_NEEDED = 'needs dxl_port_interfaces built and sourced'
msg: Any = pytest.importorskip('dxl_port_interfaces.msg', reason=_NEEDED)
srv: Any = pytest.importorskip('dxl_port_interfaces.srv', reason=_NEEDED)

DURATION = 'builtin_interfaces/Duration'
BYTES = 'sequence<uint8>'
OUTCOME = {'result': 'int32', 'message': 'string'}

FIELDS: dict[Any, dict[str, str]] = {
    msg.CommResult: {},
    msg.Traffic: {'stamp': 'builtin_interfaces/Time', 'direction': 'uint8', 'data': BYTES},
    msg.Transaction: {
        'data': BYTES,
        'framing': 'uint8',
        'response_length': 'uint32',
        'response_count': 'uint16',
        'timeout': DURATION,
        'queue_timeout': DURATION,
        'priority': 'uint8',
        'retries': 'uint8',
    },
    msg.TransactionResult: {
        **OUTCOME,
        'data': BYTES,
        'queued': DURATION,
        'elapsed': DURATION,
        'attempts': 'uint8',
        'error': 'uint8',
        'alert': 'boolean',
    },
    srv.Transact.Request: {'transaction': 'dxl_port_interfaces/Transaction'},
    srv.Transact.Response: {'result': 'dxl_port_interfaces/TransactionResult'},
    srv.TransactBatch.Request: {
        'transactions': 'sequence<dxl_port_interfaces/Transaction>',
        'stop_on_error': 'boolean',
    },
    srv.TransactBatch.Response: {'results': 'sequence<dxl_port_interfaces/TransactionResult>'},
    srv.WritePort.Request: {'data': BYTES},
    srv.WritePort.Response: {**OUTCOME, 'length': 'uint32'},
    srv.ReadPort.Request: {'length': 'uint32', 'timeout': DURATION},
    srv.ReadPort.Response: {**OUTCOME, 'data': BYTES},
    srv.GetBytesAvailable.Request: {},
    srv.GetBytesAvailable.Response: {**OUTCOME, 'length': 'uint32'},
}

CONSTANTS: dict[Any, dict[str, int]] = {
    msg.CommResult: {
        'SUCCESS': 0,
        'PORT_BUSY': -1000,
        'TX_FAIL': -1001,
        'RX_FAIL': -1002,
        'TX_ERROR': -2000,
        'RX_WAITING': -3000,
        'RX_TIMEOUT': -3001,
        'RX_CORRUPT': -3002,
        'NOT_AVAILABLE': -9000,
    },
    msg.Traffic: {'TX': 0, 'RX': 1},
    msg.Transaction: {'FRAMING_AUTO': 0, 'FRAMING_LENGTH': 1, 'FRAMING_NONE': 2},
}


def _name(interface: Any) -> str:
    return str(interface.__name__)


@pytest.mark.parametrize('interface', FIELDS, ids=_name)
def test_fields_and_their_types(interface: Any) -> None:
    fields = interface.get_fields_and_field_types()
    # A message without fields gets one from the generator.
    fields.pop('structure_needs_at_least_one_member', None)
    assert list(fields.items()) == list(FIELDS[interface].items())


@pytest.mark.parametrize('interface', CONSTANTS, ids=_name)
def test_values_of_constants(interface: Any) -> None:
    found = {name: getattr(interface, name) for name in CONSTANTS[interface]}
    assert found == CONSTANTS[interface]


def test_a_fresh_transaction_asks_for_the_usual() -> None:
    transaction = msg.Transaction()
    assert transaction.framing == msg.Transaction.FRAMING_AUTO
    assert (transaction.response_length, transaction.response_count) == (0, 0)
    assert (transaction.priority, transaction.retries) == (0, 0)
    assert (transaction.timeout.sec, transaction.timeout.nanosec) == (0, 0)
