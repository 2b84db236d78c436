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

"""What the condition of a driver is in the messages of ``/diagnostics``."""

from __future__ import annotations

import time

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from dxl_port_driver.bus.statistics import Lately, Percentiles
from dxl_port_driver.node.condition import Condition
from rclpy.node import Node

_SLOW_LATENCY_MS = 2.0
_MOST_FAILURES = 0.01
_MOST_UTILISATION = 0.9
_YES_OR_NO = {True: 'yes', False: 'no', None: 'unknown'}


def diagnostic_array(node: Node, condition: Condition) -> DiagnosticArray:
    """
    Give the message that tells the condition of a driver.

    :param node: is told to be in that condition, by its name and at the time of its clock.
    """
    array = DiagnosticArray(status=[_status(node, condition)])
    array.header.stamp = node.get_clock().now().to_msg()
    return array


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
