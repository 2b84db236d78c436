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

"""What ``/diagnostics`` says of the driver, once a second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import time

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from dxl_port_driver.bus.bus import Bus
from dxl_port_driver.bus.statistics import Lately, Percentiles
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

_PERIOD_S = 1.0
_SLOW_LATENCY_MS = 2.0
_MOST_FAILURES = 0.01
_MOST_UTILISATION = 0.9
_YES_OR_NO = {True: 'yes', False: 'no', None: 'unknown'}


@dataclass(frozen=True)
class Condition:
    """
    What the driver knows of itself.

    :param state: lifecycle state, or what it waits for.
    :param port_name: as the user wrote it.
    :param asked_baudrate: bit/s.
    :param real_baudrate: bit/s; 0 while the port is closed.
    :param latency_ms: the adapter's latency timer, ms; None when it cannot be read.
    :param bus: while the port is open.
    :param error: why the driver cannot work; empty when it can.
    :param traffic_dropped: pieces of traffic that could not be published in time.
    :param low_latency: whether the adapter is in low latency mode; None while the port is closed.
    """

    state: str
    port_name: str
    asked_baudrate: int
    real_baudrate: int = 0
    latency_ms: float | None = None
    bus: Bus | None = None
    error: str = ''
    traffic_dropped: int = 0
    low_latency: bool | None = None


class Diagnostics:
    """
    Publishes the condition of a driver.

    :param node: where topic and timer are created.
    :param condition: is asked for it each time.
    """

    def __init__(self, node: Node, condition: Callable[[], Condition]) -> None:
        self._node = node
        self._condition = condition
        self._publisher = node.create_publisher(DiagnosticArray, '/diagnostics', 10)
        # By the wall clock, it would stop for as long as that is set back.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = node.create_timer(_PERIOD_S, self.publish, clock=steady)

    def publish(self) -> None:
        """Publish now; also called when something has happened that should not wait."""
        array = DiagnosticArray(status=[_status(self._node, self._condition())])
        array.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(array)

    def destroy(self) -> None:
        """Take topic and timer away."""
        self._node.destroy_timer(self._timer)
        self._node.destroy_publisher(self._publisher)


def _status(node: Node, condition: Condition) -> DiagnosticStatus:
    values = [
        ('state', condition.state),
        ('baudrate asked [bit/s]', f'{condition.asked_baudrate}'),
        ('baudrate real [bit/s]', f'{condition.real_baudrate}'),
        ('latency timer [ms]', _shown(condition.latency_ms)),
        ('low latency', _YES_OR_NO[condition.low_latency]),
    ]
    warnings = _adapter_warnings(condition)
    if condition.bus is not None:
        statistics = condition.bus.statistics
        lately = statistics.lately(time.monotonic())
        warnings += _bus_warnings(lately)
        values += [
            ('transactions', f'{statistics.transactions}'),
            ('bytes sent', f'{statistics.bytes_sent}'),
            ('bytes received', f'{statistics.bytes_received}'),
            ('timeouts', f'{statistics.timeouts}'),
            ('corrupt answers', f'{statistics.corrupt}'),
            ('device failures', f'{statistics.device_failures}'),
            ('retries', f'{statistics.retries}'),
            ('reconnects', f'{statistics.reconnects}'),
            ('queue depth', f'{condition.bus.waiting}'),
            ('queue wait p50/p95/p99 [ms]', _milliseconds(lately.waits)),
            ('bus time p50/p95/p99 [ms]', _milliseconds(lately.holds)),
            ('bus utilisation [%]', f'{lately.utilisation * 100:.1f}'),
            ('traffic messages dropped', f'{condition.traffic_dropped}'),
        ]
    if condition.error:
        level, message = DiagnosticStatus.ERROR, condition.error
    elif warnings:
        level, message = DiagnosticStatus.WARN, '; '.join(warnings)
    else:
        level, message = DiagnosticStatus.OK, condition.state
    return DiagnosticStatus(
        level=level,
        name=f'{node.get_fully_qualified_name().lstrip("/")}: port',
        message=message,
        hardware_id=condition.port_name,
        values=[KeyValue(key=key, value=value) for key, value in values],
    )


def _adapter_warnings(condition: Condition) -> list[str]:
    latency_ms = condition.latency_ms
    if latency_ms is None or latency_ms <= _SLOW_LATENCY_MS:
        return []
    device = condition.port_name.rsplit('/', 1)[-1]
    return [
        f'the latency timer of the adapter is {latency_ms:g} ms, so every answer may come that '
        'much later: install udev/99-dynamixel.rules, or for now: echo 1 | sudo tee '
        f'/sys/bus/usb-serial/devices/{device}/latency_timer'
    ]


def _bus_warnings(lately: Lately) -> list[str]:
    warnings = []
    if lately.failures > _MOST_FAILURES * lately.ended:
        warnings.append(
            f'{lately.failures} of the last {lately.ended} transactions failed; check power, '
            'wiring, ids and baudrate'
        )
    if lately.garbled:
        warnings.append(
            f'{lately.garbled} answers were bytes without a header; the baudrate looks wrong'
        )
    if lately.utilisation > _MOST_UTILISATION:
        warnings.append(
            f'the bus is in use {lately.utilisation * 100:.0f} % of the time; ask for less, or '
            'raise the baudrate'
        )
    return warnings


def _shown(latency_ms: float | None) -> str:
    return 'unknown' if latency_ms is None else f'{latency_ms:g}'


def _milliseconds(times: Percentiles) -> str:
    return ' / '.join(f'{one * 1e3:.2f}' for one in times)
