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

"""What is sent to bring the motors to rest when the driver stops serving them."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future

from dxl_port_driver.bus.transact_work import BatchWork, TransactWork
from dxl_port_driver.errors import RequestError
from dxl_port_driver.protocol.exchange import make_exchange
from dxl_port_driver.protocol.packets import parse_instruction
from dxl_port_driver.protocol.permission import Permission
from dxl_port_driver.protocol.timing import Link
from dxl_port_driver.protocol.transaction import Limits, Transaction, TransactionResult
from rclpy.impl.rcutils_logger import RcutilsLogger

_MOST_PACKETS = 32
_LIMITS = Limits(max_timeout_s=2.0, max_batch=_MOST_PACKETS)


def check_stop_packets(texts: Iterable[str], permission: Permission | None = None) -> None:
    """
    Check that each is one instruction packet in hex.

    :param permission: which instructions may be sent; None for packets from whoever starts the
        driver, who decides on that as well.
    :raises RequestError: one is not, or may not be sent, or there are too many.
    """
    packets = [_packet(text) for text in texts]
    if permission is not None:
        for packet in packets:
            permission.check(packet)
    if len(packets) > _MOST_PACKETS:
        raise RequestError(
            f'stop_packets has {len(packets)} packets; give at most {_MOST_PACKETS}, for instance '
            'by a Sync Write or a broadcast'
        )


def stop_work(texts: Iterable[str], link: Link) -> BatchWork | None:
    """
    Give the work that sends them, each with the answer that it brings, bounded in time.

    :param link: what the port needs for a byte.
    :return: None when there is nothing to send.
    """
    parts: list[TransactWork | TransactionResult] = [
        TransactWork(
            make_exchange(Transaction(_packet(text)), link, _LIMITS),
            max_hold_s=_LIMITS.max_timeout_s,
            queue_timeout_s=0.0,
        )
        for text in texts
    ]
    if not parts:
        return None
    return BatchWork(
        parts, stop_on_error=False, max_hold_s=_LIMITS.max_timeout_s, queue_timeout_s=0.0
    )


def log_stop(
    logger: RcutilsLogger,
    texts: Iterable[str],
    done: Future[list[TransactionResult]] | None,
) -> None:
    """Tell in the log what came of them, as an error where one failed or was refused."""
    if done is None:
        logger.error('the stop packets were not sent: the device is gone')
        return
    results = done.result()
    count = sum(result.ok for result in results)
    summary = f'{count} of {len(results)} stop packets succeeded'
    if count == len(results):
        logger.info(summary)
        return
    for text, result in zip(texts, results, strict=False):
        if not result.ok:
            logger.error(f'the stop packet {text} failed: {result.message}')
    logger.error(summary)


def _packet(text: str) -> bytes:
    try:
        data = bytes.fromhex(text)
    except ValueError:
        raise RequestError(
            f'stop_packets has {text!r}; give pairs of hex digits, as in FF FF FD 00 FE 06 00 03 '
            '40 00 00 2E 16'
        ) from None
    parse_instruction(data)
    return data
