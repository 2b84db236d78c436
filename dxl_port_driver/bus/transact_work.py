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

"""Transactions as work: one with its retries, or several back to back."""

from __future__ import annotations

import time

from dxl_port_driver.bus.late_answers import NEVER_IN_TIME
from dxl_port_driver.bus.lateness import Request
from dxl_port_driver.bus.work import Line, Steps, Wait, Work
from dxl_port_driver.errors import DxlPortError, ReceiveError, ResultCode, TransmitError
from dxl_port_driver.port.base import Port
from dxl_port_driver.protocol.plain_exchange import AwaitQuiet, Exchange, SendOnly
from dxl_port_driver.protocol.timing import MAX_RETURN_DELAY_S
from dxl_port_driver.protocol.transaction import Attempt, TransactionResult

_WORTH_A_RETRY = frozenset({ResultCode.RX_TIMEOUT, ResultCode.RX_CORRUPT})
_WRITE_GRACE_S = 0.1
_MOST_ATTEMPTS = 255  # TransactionResult.msg counts them in one byte
_ECHO_GRACE_S = 0.05
_HOLD_SLACK_S = 0.1
"""What those before it in a batch may have taken beside their timeouts, s."""
_NONE: frozenset[int] = frozenset()
_DOUBT = (
    'an answer came from a servo that has been silent, and it may be the late answer to an '
    'earlier question; ask again'
)
_TOO_LONG = (
    'it may take {:.3g} s at the baudrate that was set while it waited, and max_timeout allows '
    '{:g} s; ask for less, or raise the parameter or the baudrate'
)


class TransactWork(Work[TransactionResult]):
    """
    One transaction with its retries.

    :param exchange: its rules.
    :param retries: more tries after RX_TIMEOUT or RX_CORRUPT.
    :param max_hold_s: no further try begins that could hold the bus longer than this, s.
    :param keep_received: leave in the receive buffer what is there.
    """

    begins_by_sending = True

    def __init__(
        self,
        exchange: Exchange,
        *,
        retries: int = 0,
        max_hold_s: float,
        keep_received: bool = False,
        priority: int = 0,
        queue_timeout_s: float,
    ) -> None:
        super().__init__(priority, queue_timeout_s, exchange.expected_s)
        self._exchange = exchange
        self._retries = min(retries, _MOST_ATTEMPTS - 1)
        self._max_hold_s = max_hold_s
        self._keep_received = keep_received
        self._last_received = b''

    @property
    def timeout_s(self) -> float:
        """How long one try may hold the bus, s."""
        return self._exchange.timeout_s

    @property
    def wire_s(self) -> float:
        """How long one try occupies the wire at the least, s."""
        return self._exchange.wire_s

    def steps(self, port: Port, line: Line) -> Steps[TransactionResult]:
        """Send, await the answer, and try again as often as was asked for."""
        return self.until(time.monotonic() + self._max_hold_s, port, line)

    def until(self, give_up: float, port: Port, line: Line) -> Steps[TransactionResult]:
        """
        Do the same as one of several.

        :param give_up: no further try begins that could last longer, monotonic time, s.
        """
        begun = time.monotonic()
        exchange = self._exchange
        if line.link is not None and exchange.adapt(line.link):
            # Else this was seen to when it was asked for, of a batch as a whole.
            too_long = begun + exchange.timeout_s > give_up + _HOLD_SLACK_S
            if too_long:
                message = _TOO_LONG.format(exchange.timeout_s, self._max_hold_s)
                return TransactionResult(ResultCode.TX_ERROR, message, queued_s=self.queued_s)
        attempts = 0
        while True:
            attempts += 1
            try:
                # With a further try, the wait before that one is long enough to measure.
                is_last = attempts > self._retries
                attempt = yield from self._attempt(port, line, give_up if is_last else 0.0)
            except DxlPortError as error:
                cause = line.cause(error)
                attempt = Attempt(cause.code, cause.message, error.partial)
            now = time.monotonic()
            if exchange.brings_unknown and not isinstance(exchange, AwaitQuiet):
                written = exchange.data if self._keep_received else b''
                line.unrest.begin(max(now, line.quiet_from), exchange.quiet_s, written)
            if (
                attempt.result not in _WORTH_A_RETRY
                or attempts > self._retries
                or line.free_from(exchange.asked, now) + exchange.timeout_s > give_up
            ):
                result = TransactionResult(
                    attempt.result,
                    _with_attempts(attempt.message, attempts),
                    attempt.data,
                    self.queued_s,
                    now - begun,
                    attempts,
                    exchange.error,
                    exchange.alert,
                )
                line.statistics.add(result, len(exchange.data), now)
                return result
            line.statistics.bytes_received += len(attempt.data)

    def _attempt(self, port: Port, line: Line, listen_until: float) -> Steps[Attempt]:
        exchange = self._exchange
        if line.unrest.is_there:
            yield from self._await_rest(port, line)
        if self._keep_received:
            yield from line.fall_quiet()
        else:
            try:
                yield from line.settle(exchange.asked, port)
            except ReceiveError as error:
                # Nothing has been sent, and who asked should know that.
                raise TransmitError(error.message, port=error.port) from error
        begun = time.monotonic()
        exchange.begin(begun)
        # What may still come, should this end before it is over: those asked, not yet noted.
        owing, received = exchange.asked, b''
        try:
            port.write(exchange.data, exchange.deadline + _WRITE_GRACE_S)
            if line.hears_itself:
                exchange.attempt = yield from self._drop_echo()
                if exchange.attempt is not None:
                    received = exchange.attempt.data
                    return exchange.attempt
            if not exchange.awaits_answer:
                yield Wait(exchange.deadline, 0)
                exchange.expire()
                if isinstance(exchange, AwaitQuiet):
                    yield from self._await_quiet(exchange, line)
                # Who waits for nothing is done, but the next must not run into an answer.
                clear_from = exchange.deadline + exchange.ignored_answer_s
                line.occupied(clear_from)
                if isinstance(exchange, SendOnly):
                    for servo in exchange.confirming:
                        line.late.may_confirm(servo, clear_from + exchange.quiet_s + line.late_s)
            elif line.is_unconfirmed(exchange):
                yield from self._await_confirmation(port, line, begun)
            else:
                yield from self._await_answer(port, line)
            if exchange.asked <= line.plain and not line.late.is_awaited and self._is_over:
                owing = _NONE
            else:
                owing, received = yield from self._settle_accounts(port, line, begun, listen_until)
        finally:
            if owing:
                line.unanswered(self._request(begun), owing, received)
        assert exchange.attempt is not None
        return exchange.attempt

    @property
    def _is_over(self) -> bool:
        """Whether it succeeded, and nothing more can come."""
        exchange = self._exchange
        succeeded = exchange.attempt is not None and exchange.attempt.result is ResultCode.SUCCESS
        return succeeded and exchange.is_complete

    def _await_answer(self, port: Port, line: Line) -> Steps[None]:
        """Take what comes until the exchange is over."""
        exchange = self._exchange
        while exchange.attempt is None:
            received = yield Wait(exchange.deadline)
            if received:
                self._last_received = received
                exchange.feed(received)
            # Also when bytes came: noise may go on coming without end.
            if exchange.attempt is None and time.monotonic() >= exchange.deadline:
                exchange.known = line.known(exchange, port)
                exchange.expire()

    def _await_confirmation(self, port: Port, line: Line, begun: float) -> Steps[None]:
        """Hold the bus for as long as a servo can confirm a write, which it did not do before."""
        exchange = self._exchange
        is_clear = begun + exchange.wire_s + MAX_RETURN_DELAY_S
        while time.monotonic() < is_clear:
            received = yield Wait(is_clear)
            if received:
                self._last_received = received
                exchange.feed(received)
                yield from self._await_answer(port, line)
                return
        # An adapter or a network may keep a confirmation back for longer.
        line.unconfirmed(exchange.asked, self._request(begun))
        exchange.attempt = Attempt(ResultCode.SUCCESS)

    def _settle_accounts(
        self, port: Port, line: Line, begun: float, listen_until: float
    ) -> Steps[tuple[frozenset[int], bytes]]:
        """
        Take note of who answered and who did not, where there is more to it than an answer.

        :param listen_until: how long a late answer may be waited for, monotonic time, s.
        :return: who still owes one, and what has come of it.
        """
        exchange, late = self._exchange, line.late
        assert exchange.attempt is not None
        if exchange.attempt.result is ResultCode.SUCCESS and not exchange.attempt.data:
            return _NONE, b''  # nothing was awaited, or no more than a confirmation
        if late.is_awaited:
            line.set_aside(exchange, begun)
            if line.may_be_confirmation(exchange):
                return (yield from self._await_second(port, line, begun))
            if late.is_doubtful(exchange.heard, time.monotonic()):
                late.heard(exchange.heard)
                data = exchange.attempt.data
                exchange.attempt = Attempt(ResultCode.RX_CORRUPT, _DOUBT, data)
                return exchange.asked, data
        line.learn(exchange)
        owing, received = _NONE if self._is_over else exchange.owing, exchange.attempt.data
        is_silent = exchange.attempt.result is ResultCode.RX_TIMEOUT
        now = time.monotonic()
        if is_silent and now < listen_until and late.lateness.may_listen(owing, now):
            line.unanswered(self._request(begun), owing, received)
            yield from line.listen(owing, min(listen_until, now + NEVER_IN_TIME * line.late_s))
            # Once more, with what is known by now.
            exchange.attempt = None
            exchange.known = line.known(exchange, port)
            exchange.expire()
            return _NONE, b''
        return owing, received

    def _await_second(
        self, port: Port, line: Line, begun: float
    ) -> Steps[tuple[frozenset[int], bytes]]:
        """
        Wait for a second answer, as the first may be to an earlier write.

        A servo that did not confirm writes does so again. This happens once, then it is known.
        """
        exchange, first = self._exchange, self._exchange.attempt
        assert first is not None
        for servo in exchange.heard:
            line.confirms(servo)
        exchange.begin(begun)
        exchange.feed(_behind(first.data, self._last_received))
        yield from self._await_answer(port, line)
        if exchange.attempt is not None and exchange.attempt.result is ResultCode.SUCCESS:
            return _NONE, b''
        exchange.attempt = first
        return exchange.asked, b''

    def _request(self, begun: float) -> Request:
        exchange = self._exchange
        # It may have ended before its time, cancelled or by a broken answer.
        waited_s = min(exchange.timeout_s, time.monotonic() - begun)
        return Request(begun, exchange.rule_s, waited_s)

    @staticmethod
    def _await_quiet(exchange: AwaitQuiet, line: Line) -> Steps[None]:
        """Take what comes until nothing does for a while, or the time is over."""
        now = time.monotonic()
        quiet_from, give_up = now + exchange.quiet_s, now + exchange.timeout_s
        line.unrest.begin(now, exchange.quiet_s)
        while now < min(quiet_from, give_up):
            received = yield Wait(min(quiet_from, give_up))
            now = time.monotonic()
            if received:
                exchange.feed(received)
                quiet_from = now + exchange.quiet_s
                line.unrest.begin(now, exchange.quiet_s)
        is_quiet = now >= quiet_from
        exchange.end(is_quiet=is_quiet)
        if is_quiet:
            line.unrest.ended()

    def _await_rest(self, port: Port, line: Line) -> Steps[None]:
        """Wait until nothing is on the wire that nobody can tell the end of."""
        try:
            raw = self._exchange.data if self._keep_received else b''
            for until in line.unrest.waits(port, raw):
                yield Wait(until, 0)
        except ReceiveError as error:
            # Nothing has been sent, and who asked should know that.
            raise TransmitError(error.message, port=error.port) from error

    def _drop_echo(self) -> Steps[Attempt | None]:
        """Take what was sent off the line again; give what came of it if that fails."""
        sent = self._exchange.data
        deadline = self._exchange.deadline + _ECHO_GRACE_S
        echo = b''
        while len(echo) < len(sent):
            received = yield Wait(deadline, len(sent) - len(echo))
            echo += received
            if not received and time.monotonic() >= deadline:
                return Attempt(
                    ResultCode.RX_TIMEOUT,
                    f'{len(echo)} of {len(sent)} bytes came back as an echo; set tx_echo to '
                    'false unless the adapter hears itself',
                    echo,
                )
        if echo != sent:
            return Attempt(
                ResultCode.RX_CORRUPT,
                'the echo is not what was sent: somebody else sent at the same time, the wiring '
                'is bad, or the adapter does not hear itself, and tx_echo has to be false',
                echo,
            )
        return None


def _behind(packet: bytes, received: bytes) -> bytes:
    """Return what follows a packet among the bytes that it ended in."""
    start = received.find(packet)
    if start >= 0:
        return received[start + len(packet) :]
    ends = (n for n in range(len(packet) - 1, 0, -1) if received.startswith(packet[-n:]))
    return received[next(ends, len(received)) :]


def _with_attempts(message: str, attempts: int) -> str:
    return f'{message} (after {attempts} attempts)' if message and attempts > 1 else message


class BatchWork(Work[list[TransactionResult]]):
    """
    Several transactions back to back.

    :param parts: the transactions; where one is wrong in itself, its result.
    :param stop_on_error: end with the first that does not succeed.
    :param max_hold_s: no try begins that could hold the bus longer than this in all, s.
    """

    begins_by_sending = True

    def __init__(
        self,
        parts: list[TransactWork | TransactionResult],
        *,
        stop_on_error: bool,
        max_hold_s: float,
        queue_timeout_s: float,
    ) -> None:
        works = [part for part in parts if isinstance(part, TransactWork)]
        super().__init__(
            max((work.priority for work in works), default=0),
            queue_timeout_s,
            sum(work.expected_s for work in works),
        )
        self.wire_s = sum(work.wire_s for work in works)
        """How long it occupies the wire at the least, s."""
        self._parts = parts
        self._stop_on_error = stop_on_error
        self._max_hold_s = max_hold_s

    @property
    def first_error(self) -> TransactionResult | None:
        """The result of the first transaction that is wrong in itself."""
        return next((part for part in self._parts if isinstance(part, TransactionResult)), None)

    def steps(self, port: Port, line: Line) -> Steps[list[TransactionResult]]:
        """Carry them out in order; nobody else gets in between."""
        give_up = time.monotonic() + self._max_hold_s
        results: list[TransactionResult] = []
        for part in self._parts:
            if isinstance(part, TransactWork):
                part.queued_s = self.queued_s
                result = yield from part.until(give_up, port, line)
            else:
                result = part
            results.append(result)
            if self._stop_on_error and result.result is not ResultCode.SUCCESS:
                break
        return results
