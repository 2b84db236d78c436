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

"""What a person wants to know about a driver, or set: its state, and its parameters."""

from __future__ import annotations

import threading
from typing import Any

from dxl_port_driver.client.port_client import PortClient
from dxl_port_driver.client.question import harmless, Question
from dxl_port_driver.client.questions import PROVE_GET_PARAMETERS, PROVE_SET_PARAMETERS
from dxl_port_driver.errors import RequestError
from dxl_port_interfaces.msg import DriverStatus
from lifecycle_msgs.srv import GetState
from rcl_interfaces.srv import GetParameters, ListParameters, SetParameters
from rclpy.parameter import Parameter, parameter_value_to_python
from rclpy.qos import DurabilityPolicy, QoSProfile

_STATUS_QOS = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)


def get_state(client: PortClient) -> str:
    """
    Give the label of the driver's lifecycle state, such as ``active``.

    :raises DxlPortError: the driver was not reached.
    """

    def answer(response: Any) -> str:
        label: str = response.current_state.label
        return label

    proof = harmless(GetState, 'get_state')
    return client.ask(Question(GetState, 'get_state', GetState.Request(), answer, proof=proof))


def get_problem(client: PortClient, timeout_s: float = 2.0) -> str:
    """
    Give why the driver cannot work by its own account; empty: nothing is wrong.

    :param client: one whose node is being spun.
    :param timeout_s: how long to wait for that account, s; a driver that gives none has no
        problem.
    """
    told = threading.Event()
    problems: list[str] = []

    def on_status(status: DriverStatus) -> None:
        problems.append(status.message)
        told.set()

    subscription = client.node.create_subscription(
        DriverStatus, f'{client.driver}/status', on_status, _STATUS_QOS
    )
    told.wait(timeout_s)
    client.node.destroy_subscription(subscription)
    return next(filter(None, problems), '')


def get_parameters(client: PortClient) -> dict[str, object]:
    """
    Give all parameters of the driver by name, in order of the alphabet.

    :raises DxlPortError: the driver was not reached.
    """
    names: list[str] = client.ask(
        Question(
            ListParameters,
            'list_parameters',
            ListParameters.Request(depth=ListParameters.Request.DEPTH_RECURSIVE),
            lambda response: sorted(response.result.names),
            proof=harmless(ListParameters, 'list_parameters'),
        )
    )

    def answer(response: Any) -> dict[str, object]:
        values = map(parameter_value_to_python, response.values)
        return dict(zip(names, values, strict=False))

    request = GetParameters.Request(names=names)
    return client.ask(
        Question(GetParameters, 'get_parameters', request, answer, proof=PROVE_GET_PARAMETERS)
    )


def set_parameter(client: PortClient, name: str, value: bool | int | float | str) -> None:
    """
    Set one parameter of the driver, for everybody who uses it.

    :raises RequestError: the driver refuses it, and says why.
    :raises DxlPortError: the driver was not reached.
    """

    def answer(response: Any) -> None:
        for result in response.results:
            if not result.successful:
                raise RequestError(result.reason, port=client.driver)

    request = SetParameters.Request(parameters=[Parameter(name, value=value).to_parameter_msg()])
    client.ask(
        Question(SetParameters, 'set_parameters', request, answer, proof=PROVE_SET_PARAMETERS)
    )
