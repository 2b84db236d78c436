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

"""A bus that another program holds for long."""

from __future__ import annotations

import contextlib

from dxl_port_driver.client import PortClient, RemotePortHandler
from dxl_port_driver.client.driver_facts import set_parameter
from dxl_port_driver.errors import NotAvailableError, PortBusyError, ResultCode
from dxl_port_driver.protocol.transaction import Framing
from dynamixel_sdk import COMM_SUCCESS, COMM_TX_FAIL, PacketHandler
import pytest
from ros_support.graph import eventually, PATIENCE_S
from ros_support.wire import ping

DRIVER = '/dxl_port_driver'


@contextlib.contextmanager
def bus_held_by_another():
    """Let another program hold the bus until the test has done its part."""
    with PortClient.in_background() as client:
        assert client.transact(ping(1)).result is ResultCode.SUCCESS
        call = client.transact_async(
            b'\x00', framing=Framing.LENGTH, response_length=1, timeout_s=6.0
        )
        waiting = client.transact(ping(1), queue_timeout_s=0.01)
        assert waiting.result is ResultCode.PORT_BUSY
        yield call


def test_opening_needs_no_turn_on_the_bus(active_driver):
    with bus_held_by_another() as holder:
        port = RemotePortHandler(DRIVER)
        assert port.openPort(), port.last_error
        assert port.getBaudRate() == 1_000_000
        assert port.setBaudRate(1_000_000)
        assert not holder.done()
        port.closePort()


def test_a_busy_bus_is_told_and_the_next_instruction_goes_out(active_driver):
    port = RemotePortHandler(DRIVER, queue_timeout_s=0.01)
    handler = PacketHandler(2.0)
    with PortClient.in_background() as client:
        set_parameter(client, 'max_queue_time', 0.2)
    with bus_held_by_another() as holder:
        for _ in range(3):
            assert handler.ping(port, 1) == (0, COMM_TX_FAIL, 0)
            assert isinstance(port.last_error, PortBusyError)
            assert port.last_error.waited_s > 0.0
        with PortClient.in_background() as client:
            calls = [
                client.write_async(b'\x01'),
                client.read_async(1),
                client.get_bytes_available_async(),
            ]
            for call in calls:
                with pytest.raises(PortBusyError):
                    call.result(PATIENCE_S)
            with pytest.raises(NotAvailableError):
                client.clear()
        assert port.writePort(b'\x00\x01') == -1
        port.clearPort()
        assert port.getBytesAvailable() == -1
        assert isinstance(port.last_error, PortBusyError)
        assert port.readPort(1) == b''
        assert isinstance(port.last_error, PortBusyError)
        assert not holder.done()
    port.closePort()
    patient = RemotePortHandler(DRIVER)
    # By then the bus is free: the time that it was held for is over.
    eventually(lambda: handler.ping(patient, 1) == (1020, COMM_SUCCESS, 0))
    patient.closePort()
