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
from dxl_port_driver.cli.models import registers_of
from dxl_port_driver.cli.words import in_options
from dxl_port_driver.errors import RequestError, ResultCode
from dxl_port_driver.protocol.answers import expected_answers
from dxl_port_driver.protocol.framer import Framer
from dxl_port_driver.protocol.instructions import BROADCAST_ID, Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket, StatusPacket
from dxl_port_driver.protocol.transaction import Framing, Transaction, TransactionResult

_MODEL_ADDRESS = 0
_MODEL_LENGTH = 3
"""Model number (2) and firmware version (1), where a Ping of Protocol 2.0 has them."""


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
    :param received: bytes that came, whatever they were.
    :param refused: the part of :attr:`error` that says that it did not do as it was told.
    :param late: it is there, but its answer came later than was waited for.
    """

    id: int
    protocol: Protocol
    result: ResultCode
    message: str = ''
    error: int = 0
    params: bytes = b''
    elapsed_s: float = 0.0
    attempts: int = 0
    received: bytes = b''
    refused: int = 0
    late: bool = False

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
        return servo_errors.alarm(self.protocol, self.error & ~self.refused)

    @property
    def silent(self) -> bool:
        """Whether nothing at all came."""
        return self.result is ResultCode.RX_TIMEOUT and not self.received

    @classmethod
    def silence(cls, servo: int, protocol: Protocol) -> Reply:
        """Return what becomes of a question to a servo that is not there."""
        return cls(servo, protocol, ResultCode.RX_TIMEOUT)

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
    :param note: what a person should know beside that, such as that it answers late.
    """

    reply: Reply
    model: int | None
    firmware: int | None
    note: str = ''


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
        return self.identify(self.is_there(servo))

    def is_there(self, servo: int) -> Reply:
        """Ask a servo whether it is there, with one Ping."""
        return self._ask(self.ping_packet(servo))

    def identify(self, reply: Reply) -> Identity:
        """
        Find out what a servo is that has answered a ping.

        :param reply: what it answered.
        """
        if reply.protocol is Protocol.V2 or not reply.ok:
            return _identity(reply, reply.params)
        # A ping of Protocol 1.0 brings nothing but the id.
        told = self.read(reply.id, _MODEL_ADDRESS, _MODEL_LENGTH)
        identity = _identity(reply, told.params if told.ok else b'')
        registers = registers_of(identity.model)
        if registers is None or registers.firmware < _MODEL_LENGTH:
            return identity
        # One of a newer series that is set to Protocol 1.0 keeps its firmware version elsewhere.
        told = self.read(reply.id, registers.firmware, 1)
        return identity._replace(firmware=told.params[0] if told.ok else None)

    def roll_call(self) -> tuple[list[Identity], TransactionResult]:
        """Ask who is there, with one broadcast Ping."""
        packet = self.ping_packet(BROADCAST_ID)
        result = self.access.transact(self.transaction(packet))
        found: dict[int, Identity] = {}
        for status in status_packets(self.manner.protocol, result.data):
            if result.result is ResultCode.SUCCESS:
                asked = packet._replace(id=status.id)
                reply = _answered(asked, _reply(asked, result), status)
                found.setdefault(status.id, _identity(reply, status.params))
        return [found[servo] for servo in sorted(found)], result

    def read(self, servo: int, address: int, length: int) -> Reply:
        """
        Read registers.

        :raises RequestError: the protocol has no such address or length.
        """
        return self._ask(self.read_packet(servo, address, length))

    def write(self, servo: int, address: int, data: bytes) -> Reply:
        """
        Write registers; with the broadcast id, those of all servos, which no one answers.

        :raises RequestError: the protocol has no such address.
        """
        return self._ask(self._write_packet(servo, address, data))

    def write_only(self, servo: int, address: int, data: bytes) -> Reply:
        """
        Write registers and await no answer.

        :raises RequestError: the protocol has no such address.
        """
        packet = self._write_packet(servo, address, data)
        sending = Transaction(packet.encode(), Framing.NONE)
        return _reply(packet, self.access.transact(sending))

    def reboot(self, servo: int) -> Reply:
        """Have a servo start anew, as if its power had been off; its torque is off then."""
        return self._ask(InstructionPacket(self.manner.protocol, servo, Instruction.REBOOT))

    def ping_packet(self, servo: int) -> InstructionPacket:
        """Return the instruction packet of :meth:`is_there`."""
        return InstructionPacket(self.manner.protocol, servo, Instruction.PING)

    def read_packet(self, servo: int, address: int, length: int) -> InstructionPacket:
        """
        Return the instruction packet of :meth:`read`.

        :raises RequestError: the protocol has no such address or length.
        """
        protocol = self.manner.protocol
        params = read_params(protocol, address, length)
        return InstructionPacket(protocol, servo, Instruction.READ, params)

    def transaction(self, packet: InstructionPacket) -> Transaction:
        """Return the transaction that sends a packet in this manner."""
        return Transaction(
            packet.encode(), timeout_s=self.manner.timeout_s, retries=self.manner.retries
        )

    def _write_packet(self, servo: int, address: int, data: bytes) -> InstructionPacket:
        protocol = self.manner.protocol
        params = _address_bytes(protocol, address) + data
        return InstructionPacket(protocol, servo, Instruction.WRITE, params)

    def _ask(self, packet: InstructionPacket) -> Reply:
        return reply_of(packet, self.access.transact(self.transaction(packet)))


def reply_of(packet: InstructionPacket, result: TransactionResult) -> Reply:
    """
    Understand what came of a question to one servo.

    :param packet: the question.
    """
    reply = _reply(packet, result)
    succeeded = result.result is ResultCode.SUCCESS
    packets = status_packets(packet.protocol, result.data) if succeeded else []
    return _answered(packet, reply, packets[-1]) if packets else reply


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


def _reply(packet: InstructionPacket, result: TransactionResult) -> Reply:
    return Reply(
        packet.id,
        packet.protocol,
        result.result,
        # What a servo says beside its answer is told by the answer itself.
        '' if result.result is ResultCode.SUCCESS else in_options(result.message),
        elapsed_s=result.elapsed_s,
        attempts=result.attempts,
        received=result.data,
    )


def _answered(packet: InstructionPacket, reply: Reply, status: StatusPacket) -> Reply:
    """Take in the status packet: what a servo says may not be what was asked for."""
    wanted = expected_answers(packet).each[0].length
    whole = wanted is None or len(status.params) == wanted
    refused = servo_errors.refused_part(
        packet.protocol, status.error, packet.instruction, whole=whole
    )
    reply = reply._replace(error=status.error, refused=refused, params=status.params)
    why = servo_errors.refusal(packet.protocol, refused, packet.instruction)
    if why:
        return reply._replace(message=f'servo {packet.id} refused: {why}')
    if not whole:
        told = f'; it tells: {reply.alarm}' if reply.alarm else ''
        return reply._replace(
            message=f'servo {packet.id} answered with {len(status.params)} bytes of data instead '
            f'of {wanted}{told}'
        )
    return reply


def _identity(reply: Reply, told: bytes) -> Identity:
    if len(told) < _MODEL_LENGTH:
        return Identity(reply, None, None)
    return Identity(reply, int.from_bytes(told[:2], 'little'), told[2])


def in_protocol(manner: Manner, protocol: Protocol) -> Manner:
    """Give the same manner in another packet form."""
    return replace(manner, protocol=protocol)
