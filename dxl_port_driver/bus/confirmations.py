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

"""
Which servos are set not to confirm writes, learnt from what they answer.

Status Return Level says which instructions a servo answers: 2 all, 1 Ping and Read only, 0 Ping
only (e-Manual, Control Table, Status Return Level). A servo at 1 carries a write out like any
other, but what the driver sees is what it sees of a servo without power. The difference: it
answers reads or pings around the writes that it does not answer. A lost packet looks like that
as well, so it takes two such writes with no confirmed one in between.

Whatever speaks against it ends it at once: a status packet to a write, or a Ping or Read that
gets no answer.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import auto, Enum

from dxl_port_driver.errors import RequestError
from dxl_port_driver.protocol.instructions import BROADCAST_ID, Instruction
from dxl_port_driver.protocol.packets import parse_instruction

_LEARNT_AFTER = 2
"""So many writes without an answer, each followed by an answer to something else."""


class Kind(Enum):
    """What Status Return Level makes a difference between, and what tells about it."""

    PING = auto()
    READ = auto()
    WRITE = auto()
    ORDER = auto()
    """Answered like a write; but a servo that restarts may fail to answer for other reasons."""


_KINDS: dict[int, Kind] = {
    Instruction.PING: Kind.PING,
    Instruction.READ: Kind.READ,
    Instruction.SYNC_READ: Kind.READ,
    Instruction.FAST_SYNC_READ: Kind.READ,
    Instruction.BULK_READ: Kind.READ,
    Instruction.FAST_BULK_READ: Kind.READ,
    Instruction.WRITE: Kind.WRITE,
    Instruction.REG_WRITE: Kind.WRITE,
    Instruction.ACTION: Kind.ORDER,
    Instruction.FACTORY_RESET: Kind.ORDER,
    Instruction.REBOOT: Kind.ORDER,
    Instruction.CLEAR: Kind.ORDER,
    Instruction.CONTROL_TABLE_BACKUP: Kind.ORDER,
}
ANSWERED_AT_LEVEL_2 = frozenset({Kind.WRITE, Kind.ORDER})
"""What a servo answers at Status Return Level 2 only."""


def kind_of(data: bytes) -> Kind | None:
    """
    Return what an instruction packet is, as far as Status Return Level goes.

    :param data: what is sent, whatever it is.
    :return: None when the level makes no difference to it, or that is not known.
    """
    try:
        packet = parse_instruction(data)
    except RequestError:
        return None
    kind = _KINDS.get(packet.instruction)
    return None if packet.id == BROADCAST_ID and kind is not Kind.READ else kind


@dataclass
class _Evidence:
    """
    What one servo has not answered.

    :param write_open: a write was the last that it did not answer.
    :param writes: writes not answered, each followed by an answer to something else.
    :param answers_reads: some of those answers were to reads.
    :param read_open: as ``write_open``, of reads.
    :param reads: reads not answered, each followed by an answer to a Ping.
    """

    write_open: bool = False
    writes: int = 0
    answers_reads: bool = False
    read_open: bool = False
    reads: int = 0


class Confirmations:
    """Learns which servos do not confirm writes; a record for each that left one unanswered."""

    def __init__(self) -> None:
        self._evidence: dict[int, _Evidence] = {}
        self.silent: frozenset[int] = frozenset()
        """Ids of the servos that do not confirm writes; any thread may look."""

    def has_evidence(self, servo: int) -> bool:
        """Return whether something is noted of a servo."""
        return servo in self._evidence

    def answered(self, servo: int, kind: Kind | None) -> None:
        """Note that a servo answered in time."""
        evidence = self._evidence.get(servo)
        if evidence is None or kind is None:
            return
        if kind in ANSWERED_AT_LEVEL_2:
            self.forget(servo)
            return
        if kind is Kind.PING:
            evidence.reads += evidence.read_open
        else:
            evidence.reads = 0
            evidence.answers_reads = True
        evidence.read_open = False
        evidence.writes += evidence.write_open
        evidence.write_open = False
        if evidence.writes >= _LEARNT_AFTER:
            self.silent |= {servo}

    def unanswered(self, servo: int, kind: Kind | None) -> None:
        """Note that not a single byte came from a servo."""
        if kind is Kind.PING:
            self.forget(servo)
        elif kind is Kind.WRITE:
            self._evidence.setdefault(servo, _Evidence()).write_open = True
        elif kind is Kind.READ:
            evidence = self._evidence.setdefault(servo, _Evidence())
            evidence.read_open = True
            if evidence.reads < _LEARNT_AFTER:
                # Else it is known to answer no reads, but pings.
                evidence.writes, evidence.write_open = 0, False
                self.silent -= {servo}

    def forget(self, servo: int) -> None:
        """Forget a servo: it confirms writes, or may have, or nothing is heard from it."""
        self._evidence.pop(servo, None)
        self.silent -= {servo}

    def cause(self, servo: int, kind: Kind | None) -> str:
        """
        Say that Status Return Level may be why a request got no answer, and what to do.

        :return: the rest of a sentence; empty when nothing speaks for it.
        """
        evidence = self._evidence.get(servo)
        if evidence is None:
            return ''
        if kind in ANSWERED_AT_LEVEL_2 and evidence.writes:
            others, level = ('reads', '1') if evidence.answers_reads else ('pings', '1 or 0')
            return (
                f'servo {servo} answers {others} but not this write, which it may have carried '
                f'out: its Status Return Level may be {level}; read the value back, send without '
                'waiting for an answer, or set Status Return Level to 2'
            )
        if kind is Kind.READ and evidence.reads:
            return (
                f'servo {servo} answers pings but not this read: its Status Return Level may be '
                '0; set it to 1 or 2'
            )
        return ''
