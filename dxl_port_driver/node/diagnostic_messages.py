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

from collections.abc import Iterable
import time

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from dxl_port_driver.bus.bus import Bus
from dxl_port_driver.bus.lateness import LateServos
from dxl_port_driver.bus.statistics import Lately, Percentiles
from dxl_port_driver.node.condition import Condition
from dxl_port_driver.protocol.instructions import BROADCAST_ID
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
        ('baudrate real [bit/s]', _real_baudrate(condition)),
        ('latency timer [ms]', _shown(condition.latency_ms)),
        ('low latency', _YES_OR_NO[condition.low_latency]),
    ]
    warnings = _adapter_warnings(condition)
    if condition.bus is not None:
        statistics = condition.bus.statistics
        lately = statistics.lately(time.monotonic())
        late = condition.bus.line.report(time.monotonic())
        warnings += _bus_warnings(condition.bus, lately, late)
        values += [
            ('transactions', f'{statistics.transactions}'),
            ('bytes sent', f'{statistics.bytes_sent}'),
            ('bytes received', f'{statistics.bytes_received}'),
            ('timeouts', f'{statistics.timeouts}'),
            ('corrupt answers', f'{statistics.corrupt}'),
            ('late answers', f'{statistics.late_answers}'),
            ('largest lateness [ms]', f'{statistics.largest_lateness_s * 1e3:.1f}'),
            ('servos that answer late', _ids(late.ids if late else ())),
            ('servos that do not confirm writes', _ids(condition.bus.line.confirmations.silent)),
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


def _bus_warnings(bus: Bus, lately: Lately, late: LateServos | None) -> list[str]:
    warnings = []
    sets_baudrate = bus.port.sets_baudrate
    if late is not None:
        link = bus.line.link
        timer_ms = late.latency_timer_ms(link.latency_s) if link is not None else None
        advice = 'allow longer timeouts'
        if timer_ms is not None:
            advice = f'raise latency_timer to {timer_ms} ms'
        warnings.append(f'{late}; {advice}')
    if lately.failures > _MOST_FAILURES * lately.ended:
        what = f'{lately.failures} of the last {lately.ended} transactions failed'
        rate = 'baudrate' if sets_baudrate else "the gateway's serial settings"
        # Why they did is told already where answers come late.
        warnings.append(
            what if late is not None else f'{what}; check power, wiring, ids and {rate}'
        )
    if lately.garbled:
        rate = 'the baudrate looks' if sets_baudrate else "the gateway's serial settings look"
        warnings.append(f'{lately.garbled} answers were bytes without a header; {rate} wrong')
    if lately.utilisation > _MOST_UTILISATION:
        warnings.append(
            f'the bus is in use {lately.utilisation * 100:.0f} % of the time; ask for less, or '
            'raise the baudrate'
        )
    return warnings


def _real_baudrate(condition: Condition) -> str:
    if condition.bus is not None and not condition.bus.port.sets_baudrate:
        return 'unknown'  # the far end of the connection sets it
    return f'{condition.real_baudrate}'


def _ids(servos: Iterable[int]) -> str:
    return ', '.join(str(servo) for servo in sorted(servos) if servo != BROADCAST_ID) or 'none'


def _shown(latency_ms: float | None) -> str:
    return 'unknown' if latency_ms is None else f'{latency_ms:g}'


def _milliseconds(times: Percentiles) -> str:
    return ' / '.join(f'{one * 1e3:.2f}' for one in times)
