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

"""The services and the topic for what a control loop asks again and again."""

from __future__ import annotations

import functools
import math

from dxl_port_driver.bus.cyclic import Cycle, CyclicRunner, Results
from dxl_port_driver.bus.transact_work import BatchWork
from dxl_port_driver.conversions import result_to_message, seconds
from dxl_port_driver.errors import DxlPortError, RequestError, ResultCode
from dxl_port_driver.node.prompt_services import WAITING_REQUESTS
from dxl_port_driver.node.work_orders import batch_work, Driver
from dxl_port_interfaces.msg import CyclicResult
from dxl_port_interfaces.srv import StartCyclic, StopCyclic
from rclpy.node import Node
from rclpy.qos import QoSProfile

_LONGEST_NAME = 64
_KEPT_RESULTS = 10
_LOWEST_HZ, _HIGHEST_HZ = 0.01, 10_000.0
# A shorter one cannot be renewed in time over DDS; a longer one protects nothing.
_SHORTEST_LEASE_S, _LONGEST_LEASE_S = 0.05, 3600.0


class CyclicServices:
    """
    Starts and stops cyclic transactions, and publishes what comes of them.

    :param node: where services and topic are created.
    :param driver: gives the bus, while there is one.
    """

    def __init__(self, node: Node, driver: Driver) -> None:
        self._node = node
        self._driver = driver
        self._runner: CyclicRunner | None = None
        self._publisher = node.create_publisher(CyclicResult, '~/cyclic', _KEPT_RESULTS)
        qos = QoSProfile(depth=WAITING_REQUESTS)
        self._services = [
            node.create_service(StartCyclic, '~/start_cyclic', self._start, qos_profile=qos),
            node.create_service(StopCyclic, '~/stop_cyclic', self._stop, qos_profile=qos),
        ]

    def stop_all(self) -> None:
        """End all cycles; safe any number of times."""
        runner, self._runner = self._runner, None
        for cycle in runner.stop_all() if runner is not None else ():
            self._log_end(cycle)

    def destroy(self) -> None:
        """Take services and topic off the graph."""
        self.stop_all()
        for service in self._services:
            self._node.destroy_service(service)
        self._services = []
        self._node.destroy_publisher(self._publisher)

    def _start(
        self, request: StartCyclic.Request, response: StartCyclic.Response
    ) -> StartCyclic.Response:
        try:
            bus = self._driver.bus
            _check_name(request.name)
            lease_s = seconds(request.lease)
            if not request.transactions and request.rate == 0.0 and lease_s == 0.0:
                self._renew(request.name)
                return response
            _check_rate(request.rate)
            _check_lease(lease_s)
            period_s = 1.0 / request.rate
            make_work = functools.partial(
                batch_work,
                request.transactions,
                self._driver,
                stop_on_error=request.stop_on_error,
            )
            cycle = Cycle(
                request.name,
                period_s,
                _wire_s(make_work()),
                make_work,
                self._publish,
                lease_s or math.inf,
                self._tell_expiry,
            )
            if self._runner is None:
                self._runner = CyclicRunner(bus)
            self._runner.start(cycle)
        except DxlPortError as error:
            response.result, response.message = int(error.code), str(error)
        return response

    def _renew(self, name: str) -> None:
        if self._runner is None:
            self._runner = CyclicRunner(self._driver.bus)
        self._runner.renew(name)

    def _stop(
        self, request: StopCyclic.Request, response: StopCyclic.Response
    ) -> StopCyclic.Response:
        runner = self._runner
        if runner is None:
            cycles = []
        elif request.name:
            cycle = runner.stop(request.name)
            cycles = [] if cycle is None else [cycle]
        else:
            cycles = runner.stop_all()
        if request.name and not cycles:
            response.result = int(ResultCode.TX_ERROR)
            response.message = (
                f'no cyclic transaction {request.name!r} runs: it was stopped, its lease is over, '
                'or it was never started; give the name that it was started with, or none to stop '
                'all'
            )
        for cycle in cycles:
            self._log_end(cycle)
            response.cycles += cycle.done
            response.missed += cycle.missed
        return response

    def _publish(self, cycle: Cycle, number: int, results: Results) -> None:
        self._publisher.publish(
            CyclicResult(
                stamp=self._node.get_clock().now().to_msg(),
                name=cycle.name,
                cycle=number,
                missed=cycle.missed,
                results=[result_to_message(result) for result in results],
            )
        )

    def _tell_expiry(self, cycle: Cycle) -> None:
        why = (
            f'its lease of {cycle.lease_s:g} s is over: the program that started it neither '
            'renewed it nor started it again, so it is gone, hangs, or cannot be reached'
        )
        self._node.get_logger().warning(f'{_end_of(cycle)}; {why}')
        self._publisher.publish(
            CyclicResult(
                stamp=self._node.get_clock().now().to_msg(),
                name=cycle.name,
                cycle=cycle.done + cycle.missed,
                missed=cycle.missed,
                ended=True,
                message=f'cyclic transaction {cycle.name!r} ended: {why}',
            )
        )

    def _log_end(self, cycle: Cycle) -> None:
        self._node.get_logger().info(_end_of(cycle))


def _end_of(cycle: Cycle) -> str:
    return (
        f'cyclic transaction {cycle.name!r} ended after {cycle.done} cycles, '
        f'{cycle.missed} were missed'
    )


def _check_name(name: str) -> None:
    if not name or len(name) > _LONGEST_NAME:
        raise RequestError(
            f'the name has {len(name)} characters; give 1 to {_LONGEST_NAME}, so that it can be '
            'stopped and its answers told from others'
        )


def _check_rate(rate: float) -> None:
    if not math.isfinite(rate) or not _LOWEST_HZ <= rate <= _HIGHEST_HZ:
        raise RequestError(
            f'rate is {rate:g} Hz; give {_LOWEST_HZ:g} to {_HIGHEST_HZ:g} Hz, or the name alone, '
            'without rate, transactions and lease, to renew the lease of a cycle that runs'
        )


def _check_lease(lease_s: float) -> None:
    if lease_s and not _SHORTEST_LEASE_S <= lease_s <= _LONGEST_LEASE_S:
        raise RequestError(
            f'lease is {lease_s:g} s; give {_SHORTEST_LEASE_S:g} to {_LONGEST_LEASE_S:g} s, or 0 '
            'for a cycle that goes on without the program that started it'
        )


def _wire_s(work: BatchWork) -> float:
    """Give the time on the wire, now that every transaction has to be right from the start."""
    wrong = work.first_error
    if wrong is not None:
        raise RequestError(wrong.message)
    return work.wire_s
