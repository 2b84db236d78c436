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

"""Clients that know what every servo answers, so that an answer is right or it is not."""

from __future__ import annotations

from collections import Counter
import random
from typing import Any, NamedTuple

from dxl_port_driver.errors import ResultCode
from dxl_port_interfaces.srv import Transact
from ros_support.calls import message
from ros_support.graph import RemoteDriver
from ros_support.wire import read

# Registers of one byte each, whose values differ: an answer to one question is never right
# for another one. They are id, baud rate, return delay, operating and protocol type.
_REGISTERS = (7, 8, 9, 11, 13)
ERRORS = frozenset(int(code) for code in ResultCode) - {int(ResultCode.SUCCESS)}


class Question(NamedTuple):
    """Which register of which servo."""

    servo: int
    register: int

    @property
    def packet(self) -> bytes:
        """The instruction packet."""
        return read(self.servo, self.register, 1)


class Truth:
    """
    What each servo answers to each question, learnt while the line is clean.

    :param driver: active, on a line without faults.
    :param servos: their ids.
    """

    def __init__(self, driver: RemoteDriver, servos: range) -> None:
        client = Client(driver)
        self.questions = [Question(servo, at) for servo in servos for at in _REGISTERS]
        self._answers = {}
        for question in self.questions:
            result = client.ask(question, timeout=5.0, retries=3)
            assert result.result == ResultCode.SUCCESS, result.message
            self._answers[question] = result.data.tobytes()
        assert len(set(self._answers.values())) > len(servos) * 3

    def check(self, question: Question, result: Any) -> int:
        """Demand the right answer, or an error that says what happened; give its code."""
        if result.result == ResultCode.SUCCESS:
            assert result.data.tobytes() == self._answers[question], (
                f'{question} was answered with {result.data.tobytes().hex(" ")}'
            )
        else:
            assert result.result in ERRORS
            assert result.message
        return int(result.result)


class Client:
    """
    A client of its own on the graph.

    :param driver: what it asks.
    """

    def __init__(self, driver: RemoteDriver) -> None:
        self._graph = driver.graph
        self._client = driver.graph.node.create_client(Transact, f'{driver.name}/transact')
        assert self._client.wait_for_service(20.0)

    def ask(self, question: Question, **fields: Any) -> Any:
        """Ask, give the TransactionResult."""
        # Unless a test says otherwise, the packet timeout rule is what ends a wait.
        given = {'timeout': 0.0, **fields}
        request = Transact.Request(transaction=message(question.packet, **given))
        return self._graph.result(self._client.call_async(request)).result

    def ask_many(
        self, truth: Truth, count: int, chance: random.Random, **fields: Any
    ) -> Counter[int]:
        """Ask at random, check every answer, give how often which code came."""
        codes: Counter[int] = Counter()
        for _ in range(count):
            question = chance.choice(truth.questions)
            codes[truth.check(question, self.ask(question, **fields))] += 1
        return codes
