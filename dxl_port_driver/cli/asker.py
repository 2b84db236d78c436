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

"""Questions to servos: built for the protocol, sent, and their answers understood."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from dxl_port_driver.cli import servo_errors
from dxl_port_driver.cli.access import BusAccess
from dxl_port_driver.cli.exits import ExitStatus, status_of_result
from dxl_port_driver.errors import RequestError, ResultCode
from dxl_port_driver.protocol.framer import Framer
from dxl_port_driver.protocol.instructions import BROADCAST_ID, Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket, StatusPacket
from dxl_port_driver.protocol.transaction import Transaction, TransactionResult

_MODEL_ADDRESS = 0
_MODEL_LENGTH = 3
"""Model number (2) and firmware version (1), where every Protocol 1.0 servo has them."""


@dataclass(frozen=True)
class Manner:
    """
    How to ask.

    :param protocol: in which packet form.
    :param timeout_s: longest wait for the answer; 0: the packet timeout rule.
    :param retries: more tries after no answer or a broken one.
    """

    protocol: Protocol = Protocol.V2
    timeout_s: float = 0.0
    retries: int = 0


class Reply(NamedTuple):
    """
    What one servo made of a question.

    :param id: the servo asked.
    :param protocol: in which packet form.
    :param result: what came of it on the wire.
    :param message: why it failed, in a sentence; empty when it did not.
    :param error: error byte of the status packet.
    :param params: what it answered.
    :param elapsed_s: how long the bus was held.
    :param attempts: how many times it was asked.
    :param heard: bytes that came, whatever they were.
    """

    id: int
    protocol: Protocol
    result: ResultCode
    message: str = ''
    error: int = 0
    params: bytes = b''
    elapsed_s: float = 0.0
    attempts: int = 0
    heard: int = 0

    @property
    def ok(self) -> bool:
        """Whether the servo answered and did as it was told."""
        return self.result is ResultCode.SUCCESS and not self.message

    @property
    def status(self) -> ExitStatus:
        """The exit status that this alone would end with."""
        wire = status_of_result(self.result)
        return ExitStatus.FAILED if wire is ExitStatus.OK and not self.ok else wire

    @property
    def alarm(self) -> str:
        """What is wrong with the servo itself; empty when nothing is."""
        return servo_errors.alarm(self.protocol, self.error)

    def fields(self) -> dict[str, object]:
        """Give what ``--json`` tells of every answer."""
        return {
            'id': self.id,
            'protocol': str(self.protocol),
            'ok': self.ok,
            'result': self.result.name,
            'message': self.message,
            'error': self.error,
            'alarm': self.alarm,
            'elapsed_s': round(self.elapsed_s, 6),
            'attempts': self.attempts,
        }


class Identity(NamedTuple):
    """
    Who a servo says it is.

    :param reply: its answer to the ping.
    :param model: model number; None when it did not tell.
    :param firmware: firmware version; None when it did not tell.
    """

    reply: Reply
    model: int | None
    firmware: int | None


class Asker:
    """
    Asks servos, one after another.

    :param access: through this.
    :param manner: in this way.
    """

    def __init__(self, access: BusAccess, manner: Manner) -> None:
        self.access = access
        self.manner = manner

    def ping(self, servo: int) -> Identity:
        """Ask a servo whether it is there and what it is."""
        reply = self._ask(servo, Instruction.PING)
        if self.manner.protocol is Protocol.V2:
            return _identity(reply, reply.params)
        if not reply.ok:
            return Identity(reply, None, None)
        # A ping of Protocol 1.0 brings nothing but the id.
        told = self.read(servo, _MODEL_ADDRESS, _MODEL_LENGTH)
        return _identity(reply, told.params if told.ok else b'')

    def roll_call(self) -> tuple[list[Identity], TransactionResult]:
        """Ask who is there, with one broadcast Ping."""
        packet = InstructionPacket(self.manner.protocol, BROADCAST_ID, Instruction.PING)
        result = self.access.transact(self._transaction(packet))
        found: dict[int, Identity] = {}
        for status in status_packets(self.manner.protocol, result.data):
            if result.result is ResultCode.SUCCESS:
                reply = _reply(status.id, self.manner.protocol, result, status)
                found.setdefault(status.id, _identity(reply, status.params))
        return [found[servo] for servo in sorted(found)], result

    def read(self, servo: int, address: int, length: int) -> Reply:
        """
        Read registers.

        :raises RequestError: the protocol has no such address or length.
        """
        return self._ask(
            servo, Instruction.READ, read_params(self.manner.protocol, address, length)
        )

    def write(self, servo: int, address: int, data: bytes) -> Reply:
        """
        Write registers; with the broadcast id, those of all servos, which no one answers.

        :raises RequestError: the protocol has no such address.
        """
        return self._ask(
            servo, Instruction.WRITE, _address_bytes(self.manner.protocol, address) + data
        )

    def reading(self, servo: int, address: int, length: int) -> Transaction:
        """
        Give the transaction of :meth:`read`, for who sends many.

        :raises RequestError: the protocol has no such address or length.
        """
        protocol = self.manner.protocol
        params = read_params(protocol, address, length)
        return self._transaction(InstructionPacket(protocol, servo, Instruction.READ, params))

    def pinging(self, servo: int) -> Transaction:
        """Give the transaction of :meth:`ping`, for who sends many."""
        packet = InstructionPacket(self.manner.protocol, servo, Instruction.PING)
        return self._transaction(packet)

    def _ask(self, servo: int, instruction: Instruction, params: bytes = b'') -> Reply:
        protocol = self.manner.protocol
        packet = InstructionPacket(protocol, servo, instruction, params)
        result = self.access.transact(self._transaction(packet))
        return reply_of(servo, protocol, result)

    def _transaction(self, packet: InstructionPacket) -> Transaction:
        return Transaction(
            packet.encode(), timeout_s=self.manner.timeout_s, retries=self.manner.retries
        )


def reply_of(servo: int, protocol: Protocol, result: TransactionResult) -> Reply:
    """Understand what came of a question to one servo."""
    packets = status_packets(protocol, result.data) if result.result is ResultCode.SUCCESS else []
    return _reply(servo, protocol, result, packets[-1] if packets else None)


def status_packets(protocol: Protocol, data: bytes) -> list[StatusPacket]:
    """Give the whole status packets among bytes that were received."""
    packets = []
    framer = Framer(protocol)
    for frame in framer.feed(data) + framer.flush():
        if not frame.intact:
            continue
        if protocol is Protocol.V1:
            packets.append(StatusPacket(protocol, frame.id, frame.code, frame.params))
        elif frame.code == Instruction.STATUS and frame.params:
            error, params = frame.params[0], frame.params[1:]
            packets.append(StatusPacket(protocol, frame.id, error, params))
    return packets


def read_params(protocol: Protocol, address: int, length: int) -> bytes:
    """
    Give the parameters of a Read.

    :raises RequestError: the protocol has no such address or length.
    """
    where = _address_bytes(protocol, address)
    most = (1 << 8 * len(where)) - 1
    if not 1 <= length <= most:
        raise RequestError(
            f'length {length} does not fit into a Protocol {protocol} packet; give 1 to {most}'
        )
    return where + length.to_bytes(len(where), 'little')


def _address_bytes(protocol: Protocol, address: int) -> bytes:
    size = 1 if protocol is Protocol.V1 else 2
    most = (1 << 8 * size) - 1
    if not 0 <= address <= most:
        raise RequestError(
            f'address {address} does not fit into a Protocol {protocol} packet; give 0 to {most}'
        )
    return address.to_bytes(size, 'little')


def _reply(
    servo: int, protocol: Protocol, result: TransactionResult, status: StatusPacket | None
) -> Reply:
    reply = Reply(
        servo,
        protocol,
        result.result,
        result.message,
        elapsed_s=result.elapsed_s,
        attempts=result.attempts,
        heard=len(result.data),
    )
    if status is None:
        return reply
    why = servo_errors.refusal(protocol, status.error)
    message = f'servo {servo} refused: {why}' if why else ''
    return reply._replace(message=message, error=status.error, params=status.params)


def _identity(reply: Reply, told: bytes) -> Identity:
    if len(told) < _MODEL_LENGTH:
        return Identity(reply, None, None)
    return Identity(reply, int.from_bytes(told[:2], 'little'), told[2])


def in_protocol(manner: Manner, protocol: Protocol) -> Manner:
    """Give the same manner in another packet form."""
    return replace(manner, protocol=protocol)
