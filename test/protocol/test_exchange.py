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

"""What counts as the answer to a question, and when an exchange is over."""

from __future__ import annotations

from collections.abc import Iterable
import itertools

from dxl_port_driver.errors import RequestError, ResultCode
from dxl_port_driver.protocol.checksums import crc16
from dxl_port_driver.protocol.exchange import make_exchange
from dxl_port_driver.protocol.instructions import Instruction, Protocol
from dxl_port_driver.protocol.packets import InstructionPacket, StatusPacket
from dxl_port_driver.protocol.plain_exchange import Exchange
from dxl_port_driver.protocol.timing import Link
from dxl_port_driver.protocol.transaction import Attempt, Framing, Limits, Transaction
from hypothesis import given
from hypothesis import strategies as st
import pytest

V1, V2 = Protocol.V1, Protocol.V2
LINK = Link(10e-6, latency_s=1e-3)
LIMITS = Limits()
SUCCESS, RX_TIMEOUT, RX_CORRUPT = (
    ResultCode.SUCCESS,
    ResultCode.RX_TIMEOUT,
    ResultCode.RX_CORRUPT,
)


def ask(protocol: Protocol, servo: int, code: int, params: str = '') -> bytes:
    return InstructionPacket(protocol, servo, code, bytes.fromhex(params)).encode()


def status(protocol: Protocol, servo: int, params: str = '', error: int = 0) -> bytes:
    return StatusPacket(protocol, servo, error, bytes.fromhex(params)).encode()


def broken(packet: bytes) -> bytes:
    return packet[:-1] + bytes((packet[-1] ^ 0x01,))


def begun(data: bytes, limits: Limits = LIMITS, **more: object) -> Exchange:
    exchange = make_exchange(Transaction(data, **more), LINK, limits)
    exchange.begin(100.0)
    return exchange


def fed(exchange: Exchange, pieces: Iterable[bytes]) -> Attempt | None:
    """Feed until it is over; None when it is not."""
    for piece in pieces:
        exchange.feed(piece)
        if exchange.attempt is not None:
            return exchange.attempt
    return None


def done(exchange: Exchange, pieces: Iterable[bytes]) -> Attempt:
    """Feed until it is over or the time is."""
    if fed(exchange, pieces) is None:
        exchange.expire()
    assert exchange.attempt is not None
    return exchange.attempt


def bytewise(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


READ = {V1: ask(V1, 1, Instruction.READ, '24 04'), V2: ask(V2, 1, Instruction.READ, '84 00 04 00')}
ANSWER = {protocol: status(protocol, 1, 'A6 00 FF FF') for protocol in Protocol}
FOREIGN = {protocol: status(protocol, 2, 'A6 00 FF FF') for protocol in Protocol}
both = pytest.mark.parametrize('protocol', Protocol)


@both
@pytest.mark.parametrize('cut', [lambda data: [data], bytewise], ids=['whole', 'bytewise'])
def test_it_is_over_with_the_last_byte_of_the_answer(protocol, cut):
    exchange = begun(READ[protocol])
    assert fed(exchange, cut(ANSWER[protocol][:-1])) is None
    exchange.feed(ANSWER[protocol][-1:])
    assert exchange.attempt == Attempt(SUCCESS, '', ANSWER[protocol])


@both
def test_noise_before_the_answer_is_left_out(protocol):
    attempt = fed(begun(READ[protocol]), [b'\x00\xff\x12\xff', ANSWER[protocol]])
    assert attempt == Attempt(SUCCESS, '', ANSWER[protocol])


@both
def test_an_answer_with_an_error_is_an_answer(protocol):
    refusal = status(protocol, 1, error=0x04)
    name = {V1: '0x04 (overheating)', V2: '4 (data range)'}[protocol]
    assert fed(begun(READ[protocol]), [refusal]) == Attempt(
        SUCCESS, f'servo 1 reports error {name}', refusal
    )


@pytest.mark.parametrize(
    ('protocol', 'byte', 'params', 'error', 'alert', 'message'),
    [
        (V2, 0x00, '01 02', 0, False, ''),
        (V2, 0x80, '01 02', 0, True, ''),
        (V2, 0x07, '', 7, False, 'servo 1 reports error 7 (access)'),
        (V2, 0x87, '', 7, True, 'servo 1 reports error 7 (access) and a hardware alert'),
        (V2, 0x33, '', 0x33, False, 'servo 1 reports error 51'),
        (V1, 0x00, '01 02', 0, False, ''),
        (V1, 0x24, '01 02', 0x24, True, 'servo 1 reports error 0x24 (overheating, overload)'),
        (V1, 0x08, '', 0x08, False, 'servo 1 reports error 0x08 (range)'),
        # Feetech's bits, in an answer with data.
        (V1, 0x08, '01 02', 0x08, True, 'servo 1 reports error 0x08'),
        (V1, 0x40, '', 0x40, False, 'servo 1 reports error 0x40 (instruction)'),
    ],
)
def test_what_a_servo_reports_is_told_apart_from_the_result(
    protocol, byte, params, error, alert, message
):
    question = ask(protocol, 1, Instruction.READ, {V1: '24 02', V2: '84 00 02 00'}[protocol])
    answer = status(protocol, 1, params, byte)
    exchange = begun(question)
    assert fed(exchange, [answer]) == Attempt(SUCCESS, message, answer)
    assert (exchange.error, exchange.alert) == (error, alert)
    exchange.begin(200.0)
    assert (exchange.error, exchange.alert) == (0, False)


def test_of_several_servos_the_first_error_counts_and_each_is_named():
    each = [status(V2, 1, '01 02'), status(V2, 2, error=0x87), status(V2, 3, error=0x04)]
    exchange = begun(SYNC)
    attempt = fed(exchange, each)
    assert attempt == Attempt(
        SUCCESS,
        'servo 2 reports error 7 (access) and a hardware alert; servo 3 reports error 4 (data '
        'range)',
        b''.join(each),
    )
    assert (exchange.error, exchange.alert) == (7, True)


def test_what_servos_report_in_an_answer_that_is_not_whole_is_told_as_well():
    exchange = begun(SYNC)
    assert done(exchange, [status(V2, 1, '01 02', error=0x80)]).result is RX_TIMEOUT
    assert (exchange.error, exchange.alert) == (0, True)


@pytest.mark.parametrize('errors', [(0, 0, 0), (0x80, 0, 0), (0, 0x84, 4), (7, 0, 0)])
def test_each_part_of_a_joint_answer_may_report_an_error(errors):
    answer = joint_answer(1, 2, 3, errors=errors)
    exchange = begun(FAST)
    attempt = fed(exchange, [answer])
    assert attempt is not None
    assert (attempt.result, attempt.data) == (SUCCESS, answer)
    assert exchange.error == next((one & 0x7F for one in errors if one & 0x7F), 0)
    assert exchange.alert is any(one & 0x80 for one in errors)
    for servo, error in zip((1, 2, 3), errors, strict=True):
        assert (f'servo {servo} reports' in attempt.message) is bool(error & 0x7F)


@both
def test_a_packet_of_another_servo_is_set_aside_and_ours_behind_it_found(protocol):
    exchange = begun(READ[protocol])
    assert fed(exchange, [FOREIGN[protocol]]) is None
    assert fed(exchange, [ANSWER[protocol]]) == Attempt(SUCCESS, '', ANSWER[protocol])


@both
def test_a_broken_packet_of_another_servo_is_set_aside_and_ours_behind_it_found(protocol):
    other = broken(status(protocol, 2, 'A6 00 12 34'))
    exchange = begun(READ[protocol])
    assert fed(exchange, [other]) is None
    assert fed(exchange, [ANSWER[protocol]]) == Attempt(SUCCESS, '', ANSWER[protocol])


@both
def test_an_answer_of_ours_to_another_question_is_set_aside(protocol):
    exchange = begun(READ[protocol])
    assert fed(exchange, [status(protocol, 1, 'A6 00')]) is None
    assert fed(exchange, [ANSWER[protocol]]) == Attempt(SUCCESS, '', ANSWER[protocol])


def test_an_instruction_of_another_host_is_no_answer():
    heard = ask(V2, 1, Instruction.WRITE, '74 00 01')
    assert fed(begun(READ[V2]), [heard]) is None
    assert done(begun(READ[V2]), [heard]).result is RX_CORRUPT


@both
def test_only_packets_of_others_are_rx_corrupt_with_what_came(protocol):
    others = FOREIGN[protocol] + status(protocol, 7)
    attempt = done(begun(READ[protocol]), bytewise(others))
    assert (attempt.result, attempt.data) == (RX_CORRUPT, others)
    assert 'from id 2, 7' in attempt.message
    assert 'servo 1' in attempt.message


@both
def test_a_broken_answer_is_rx_corrupt_at_once_with_what_came(protocol):
    attempt = fed(begun(READ[protocol]), [broken(status(protocol, 1, '01 02 03 04'))])
    assert attempt is not None
    assert attempt.result is RX_CORRUPT
    assert attempt.data == broken(status(protocol, 1, '01 02 03 04'))
    assert {V1: 'checksum', V2: 'CRC'}[protocol] in attempt.message


@pytest.mark.parametrize('kept', [2, 3, 4, 5])
@pytest.mark.parametrize('cut', [lambda data: [data], bytewise], ids=['whole', 'bytewise'])
def test_a_v1_answer_behind_the_stump_of_one_is_found(kept, cut):
    whole = status(V1, 1)
    attempt = done(begun(ask(V1, 1, Instruction.PING)), cut(whole[:kept] + whole))
    assert attempt == Attempt(SUCCESS, '', whole)


@pytest.mark.parametrize('kept', range(1, 14))
@pytest.mark.parametrize('cut', [lambda data: [data], bytewise], ids=['whole', 'bytewise'])
def test_a_v2_answer_behind_the_stump_of_one_is_found_at_once(kept, cut):
    whole = status(V2, 1, '01 02 03')
    attempt = fed(begun(ask(V2, 1, Instruction.PING)), cut(whole[:kept] + whole))
    assert attempt == Attempt(SUCCESS, '', whole)


@both
def test_half_an_answer_is_rx_timeout_with_what_came(protocol):
    attempt = done(begun(READ[protocol]), [ANSWER[protocol][:7]])
    assert (attempt.result, attempt.data) == (RX_TIMEOUT, ANSWER[protocol][:7])
    assert 'only 7 bytes of one that broke off' in attempt.message


@both
def test_nothing_is_rx_timeout_and_says_so(protocol):
    attempt = done(begun(READ[protocol], timeout_s=0.25), [])
    assert (attempt.result, attempt.data) == (RX_TIMEOUT, b'')
    assert 'servo 1 within 250.0 ms, not a single byte; check' in attempt.message


@both
@pytest.mark.parametrize('times', [1, 2])
def test_an_answer_that_is_garbled_all_over_may_be_of_two_servos_with_one_id(protocol, times):
    ping = begun(ask(protocol, 1, Instruction.PING))
    answer = status(protocol, 1, '06 04 26' if protocol is V2 else '')
    attempt = done(ping, [b'\x55' * len(answer) * times])
    assert attempt.result is RX_TIMEOUT
    assert attempt.message == (
        f'no status packet came from servo 1 within {ping.timeout_s * 1e3:.1f} ms, only '
        f'{len(answer) * times} bytes that are none; check that no two servos share the id, the '
        'wiring, and the baudrate'
    )


@both
def test_a_few_bytes_that_are_none_do_not_look_like_two_servos(protocol):
    for packet, count in (
        (ask(protocol, 1, Instruction.PING), 5),
        (ask(protocol, 254, Instruction.PING), 50),
    ):
        attempt = done(begun(packet), [b'\x55' * count])
        assert f'only {count} bytes that are none; check the baudrate, the wiring, and' in (
            attempt.message
        )


@both
def test_an_answer_inside_what_looked_like_a_longer_packet_is_found_in_the_end(protocol):
    stump = {V1: b'\xff\xff\x01\x40', V2: b'\xff\xff\xfd\x00\xfe\x40\x00\x55'}[protocol]
    exchange = begun(READ[protocol])
    assert fed(exchange, [stump + ANSWER[protocol]]) is None
    exchange.expire()
    assert exchange.attempt == Attempt(SUCCESS, '', ANSWER[protocol])


@pytest.mark.parametrize('stump', [b'\xff\xff\xfd\x00\x01', b'\xff\xff\xfd\x00\x01\x08'])
def test_a_stump_that_makes_a_length_of_our_header_does_not_hold_our_answer_back(stump):
    attempt = fed(begun(READ[V2]), [stump + ANSWER[V2]])
    assert attempt == Attempt(SUCCESS, '', ANSWER[V2])


@both
def test_an_adapter_that_hears_itself_does_no_harm(protocol):
    for code, params, answer in (
        (Instruction.READ, {V1: '24 04', V2: '84 00 04 00'}[protocol], ANSWER[protocol]),
        (Instruction.PING, '', status(protocol, 1, '' if protocol is V1 else '01 02 03')),
        (Instruction.WRITE, '1E 00 01', status(protocol, 1)),
    ):
        sent = ask(protocol, 1, code, params)
        exchange = begun(sent)
        assert fed(exchange, [sent]) is None
        assert fed(exchange, [answer]) == Attempt(SUCCESS, '', answer)


@both
def test_an_echo_alone_is_rx_timeout(protocol):
    assert done(begun(READ[protocol]), [READ[protocol]]).result is RX_TIMEOUT


def test_a_v1_servo_with_a_voltage_error_answers_a_ping_in_its_very_words():
    ping = ask(V1, 1, Instruction.PING)
    answer = status(V1, 1, error=0x01)
    assert ping == answer
    assert done(begun(ping), [answer]) == Attempt(
        SUCCESS, 'servo 1 reports error 0x01 (input voltage)', answer
    )


@both
def test_it_starts_over_without_what_came_before(protocol):
    exchange = begun(READ[protocol])
    assert done(exchange, [FOREIGN[protocol] + ANSWER[protocol][:5]]).result is RX_CORRUPT
    exchange.begin(200.0)
    assert exchange.attempt is None
    assert done(exchange, [ANSWER[protocol][5:]]).result is RX_TIMEOUT
    exchange.begin(300.0)
    assert fed(exchange, [ANSWER[protocol]]) == Attempt(SUCCESS, '', ANSWER[protocol])


SYNC = ask(V2, 254, Instruction.SYNC_READ, '84 00 02 00 01 02 03')
BULK = ask(V2, 254, Instruction.BULK_READ, '01 84 00 02 00 02 84 00 02 00 03 84 00 02 00')
BULK_V1 = ask(V1, 254, Instruction.BULK_READ, '00 02 01 24 02 02 24 02 03 24')
GROUPS = pytest.mark.parametrize(
    ('protocol', 'question'), [(V2, SYNC), (V2, BULK), (V1, BULK_V1)], ids=['sync', 'bulk', 'v1']
)


@GROUPS
def test_a_group_read_is_over_with_the_answer_of_the_last_servo(protocol, question):
    each = [status(protocol, servo, '01 02') for servo in (1, 2, 3)]
    exchange = begun(question)
    assert fed(exchange, each[:2]) is None
    assert fed(exchange, each[2:]) == Attempt(SUCCESS, '', b''.join(each))


@GROUPS
def test_a_group_read_without_one_servo_is_rx_timeout_that_names_it(protocol, question):
    each = [status(protocol, servo, '01 02') for servo in (1, 3)]
    attempt = done(begun(question), each)
    assert (attempt.result, attempt.data) == (RX_TIMEOUT, b''.join(each))
    assert '2 of 3 status packets' in attempt.message
    assert 'servo 2' in attempt.message


@GROUPS
def test_a_servo_that_answers_a_group_read_twice_does_not_stand_for_another(protocol, question):
    one, two, three = (status(protocol, servo, '01 02') for servo in (1, 2, 3))
    exchange = begun(question)
    assert fed(exchange, [one, two, two]) is None
    assert fed(exchange, [three]) == Attempt(SUCCESS, '', one + two + three)


@GROUPS
def test_a_broken_answer_in_a_group_read_does_not_end_it_before_the_others(protocol, question):
    one, two, three = (status(protocol, servo, '01 02') for servo in (1, 2, 3))
    exchange = begun(question)
    assert fed(exchange, [broken(one), two, three]) is None
    exchange.expire()
    assert exchange.attempt.result is RX_CORRUPT


@GROUPS
@pytest.mark.parametrize('short', [1, 2, 3])
@pytest.mark.parametrize('cut', [lambda data: [data], bytewise], ids=['whole', 'bytewise'])
def test_a_group_read_with_a_short_answer_says_so_as_soon_as_all_have_answered(
    protocol, question, short, cut
):
    each = b''.join(
        status(protocol, servo, '01' if servo == short else '01 02') for servo in (1, 2, 3)
    )
    attempt = fed(begun(question), cut(each))
    assert attempt == Attempt(
        RX_CORRUPT,
        f'servo {short} sent 1 byte instead of 2; check address and length against its control '
        'table',
        each,
    )


def test_a_group_read_tells_each_wrong_length_and_who_is_missing():
    question = ask(V2, 254, Instruction.SYNC_READ, '84 00 04 00 01 02 03')
    came = status(V2, 1) + status(V2, 2, '01')
    exchange = begun(question)
    assert fed(exchange, [came]) is None
    exchange.expire()
    assert exchange.attempt == Attempt(
        RX_CORRUPT,
        'servo 1 sent 0 bytes instead of 4, servo 2 sent 1 byte instead of 4, and none came from '
        'servo 3; check address and length against its control table',
        came,
    )


def test_a_packet_of_a_wrong_length_before_the_turn_of_its_servo_is_not_its_answer():
    late, one, two, three = (
        status(V2, servo, params)
        for servo, params in ((3, '01'), (1, '01 02'), (2, '01 02'), (3, '01 02'))
    )
    exchange = begun(SYNC)
    assert fed(exchange, [late, one, two]) is None
    assert fed(exchange, [three]) == Attempt(SUCCESS, '', one + two + three)


def test_a_servo_whose_answer_came_behind_one_of_a_wrong_length_is_not_blamed():
    exchange = begun(SYNC)
    each = [status(V2, 1, '01'), status(V2, 1, '01 02'), status(V2, 2, '01'), status(V2, 3)]
    assert fed(exchange, each).message.startswith(
        'servo 2 sent 1 byte instead of 2, servo 3 sent 0 bytes instead of 2; check'
    )


@both
@pytest.mark.parametrize(
    ('params', 'message'),
    [
        (
            '01',
            'servo 1 sent 1 byte instead of 4; check address and length against its control '
            'table, and that timeouts are long enough',
        ),
        (
            '01 02 03 04 05',
            'servo 1 sent 5 bytes instead of 4; check that timeouts are long enough, and that no '
            'other program sends',
        ),
    ],
)
def test_a_read_of_one_servo_with_a_wrong_length_says_so(protocol, params, message):
    came = status(protocol, 1, params)
    assert done(begun(READ[protocol]), [came]) == Attempt(RX_CORRUPT, message, came)


def test_an_instruction_that_somebody_else_sent_is_told_as_that():
    heard = ask(V2, 4, Instruction.WRITE, '74 00 01')
    assert done(begun(READ[V2]), [heard]).message == (
        'an instruction packet came that this driver did not send (to id 4), and no status packet '
        'from servo 1; another program or controller sends on this bus'
    )


@both
def test_an_echo_alone_is_told_as_that(protocol):
    exchange = begun(READ[protocol])
    assert done(exchange, [READ[protocol]]).message == (
        f'no status packet came from servo 1 within {exchange.timeout_s * 1e3:.1f} ms, only the '
        'echo of the request; check power, wiring, id and baudrate'
    )


def test_an_answer_in_the_other_protocol_is_told_as_that():
    for asked, came in ((V1, V2), (V2, V1)):
        message = done(begun(READ[asked]), [status(came, 1, '01 02')]).message
        assert f'but one of Protocol {came} from servo 1; ask in Protocol {came}' in message
        assert 'baudrate' not in message


@both
def test_an_answer_that_broke_off_does_not_cast_doubt_on_the_baudrate(protocol):
    attempt = done(begun(READ[protocol]), [b'\x00' + ANSWER[protocol][:9]])
    assert 'only 9 bytes of one that broke off; check the wiring, the power' in attempt.message
    assert 'baudrate' not in attempt.message


@both
def test_silence_after_an_unknown_instruction_may_be_right(protocol):
    message = done(begun(ask(protocol, 1, 0x0B)), []).message
    assert 'the instruction is not known to this driver: if it brings no answer use' in message


def joint_answer(*servos: int, total: int = 0, errors: Iterable[int] = ()) -> bytes:
    """Give what servos answer to a fast read of 2 bytes, each with a CRC up to its place."""
    length = (total or len(servos)) * 6 + 1
    packet = b'\xff\xff\xfd\x00\xfe' + length.to_bytes(2, 'little') + b'\x55'
    for servo, error in itertools.zip_longest(servos, errors, fillvalue=0):
        packet += bytes((error, servo, 0xFF, 0xFF))
        packet += crc16(packet).to_bytes(2, 'little')
    return packet


@pytest.mark.parametrize(
    'question',
    [
        ask(V2, 254, Instruction.FAST_SYNC_READ, '84 00 02 00 01 02 03'),
        ask(V2, 254, Instruction.FAST_BULK_READ, BULK[8:-2].hex()),
    ],
    ids=['sync', 'bulk'],
)
def test_a_fast_read_is_over_with_the_one_joint_answer(question):
    answer = joint_answer(1, 2, 3)
    exchange = begun(question)
    assert fed(exchange, [answer[:-1]]) is None
    assert fed(exchange, [answer[-1:]]) == Attempt(SUCCESS, '', answer)
    lost = done(begun(question), [joint_answer(1, 2)])
    assert lost.result is RX_CORRUPT


FAST = ask(V2, 254, Instruction.FAST_SYNC_READ, '84 00 02 00 01 02 03')
FAST_BULK = ask(V2, 254, Instruction.FAST_BULK_READ, BULK[8:-2].hex())
FAST_READS = pytest.mark.parametrize('question', [FAST, FAST_BULK], ids=['sync', 'bulk'])


@FAST_READS
@pytest.mark.parametrize(
    ('came', 'told'),
    [
        (
            joint_answer(1, total=3),
            'ended before the part of servo 2 within {} (servo 1 answered), and in a fast read '
            'the servos behind a missing one stay silent (servo 3); check power, wiring and id of '
            'servo 2',
        ),
        (
            joint_answer(1, 2, total=3),
            'ended before the part of servo 3 within {} (servos 1, 2 answered); check power, '
            'wiring and id of servo 3',
        ),
        (
            joint_answer(1, 2, total=3)[:-1],
            'broke off within the part of servo 2 within {} (servo 1 answered), and in a fast '
            'read the servos behind a missing one stay silent (servo 3); check power, wiring and '
            'id of servo 2',
        ),
        (
            joint_answer(1, total=3)[:10],
            'broke off within the part of servo 1 within {}, and in a fast read the servos behind '
            'a missing one stay silent (servos 2, 3); check power, wiring and id of servo 1',
        ),
    ],
    ids=['one', 'two', 'half of the second', 'half of the first'],
)
def test_a_fast_read_that_ends_early_tells_who_answered_and_keeps_their_parts(
    question, came, told
):
    exchange = begun(question)
    attempt = done(exchange, [b'\x00noise', came])
    told = told.format(f'{exchange.timeout_s * 1e3:.1f} ms')
    assert attempt == Attempt(RX_TIMEOUT, f'the joint status packet {told}', came)


@FAST_READS
@pytest.mark.parametrize(('at', 'first', 'whole'), [(16, 2, ' (servo 1 answered)'), (11, 1, '')])
def test_a_fast_read_with_a_broken_part_tells_which_are_right(question, at, first, whole):
    came = bytearray(joint_answer(1, 2, 3))
    came[at] ^= 0x10
    attempt = done(begun(question), [bytes(came)])
    assert attempt == Attempt(
        RX_CORRUPT,
        f'the CRC of the joint status packet is wrong from the part of servo {first} on{whole}; '
        'check wiring and termination, and that no two servos share an id',
        bytes(came),
    )


def test_a_fast_read_with_the_parts_of_other_servos_is_not_believed():
    attempt = done(begun(FAST), [joint_answer(1, 7, 3)])
    assert attempt.result is RX_CORRUPT
    assert (
        'has a part of servo 7 where that of servo 2 was to come (servo 1 answered): it answers '
        'another request; check'
    ) in attempt.message
    assert fed(begun(FAST), [joint_answer(1, 7, 3), joint_answer(1, 2, 3)]) == Attempt(
        SUCCESS, '', joint_answer(1, 2, 3)
    )


def test_an_error_to_all_is_no_answer_to_a_fast_read():
    assert done(begun(FAST), [status(V2, 254, error=2)]).result is RX_CORRUPT


def test_a_fast_read_of_one_servo_is_answered():
    read = ask(V2, 254, Instruction.FAST_SYNC_READ, '84 00 02 00 05')
    answer = joint_answer(5)
    assert fed(begun(read), [answer]) == Attempt(SUCCESS, '', answer)


@FAST_READS
def test_a_fast_read_that_brings_nothing_says_whose_absence_silences_all(question):
    attempt = done(begun(question), [])
    assert (attempt.result, attempt.data) == (RX_TIMEOUT, b'')
    assert 'all stay silent when servo 1, the first asked, is missing; check' in attempt.message


@both
def test_a_broadcast_ping_collects_until_the_time_is_over(protocol):
    each = [status(protocol, servo, '' if protocol is V1 else '06 04 26') for servo in (3, 1, 9)]
    exchange = begun(ask(protocol, 254, Instruction.PING))
    assert fed(exchange, [each[0], b'\x00\x00', *each[1:]]) is None
    exchange.expire()
    assert exchange.attempt == Attempt(SUCCESS, '', b''.join(each))


@both
def test_a_broadcast_ping_that_nobody_answers_is_rx_timeout(protocol):
    attempt = done(begun(ask(protocol, 254, Instruction.PING)), [])
    assert attempt.result is RX_TIMEOUT
    assert 'any servo' in attempt.message


def test_a_broadcast_ping_gives_each_id_its_turn():
    exchange = begun(ask(V2, 254, Instruction.PING))
    assert exchange.timeout_s >= 253 * 14 * LINK.byte_time_s + 253 * 3e-3


@both
def test_a_broadcast_ping_may_end_with_a_number_of_answers(protocol):
    each = [status(protocol, servo, '' if protocol is V1 else '06 04 26') for servo in (3, 1)]
    exchange = begun(ask(protocol, 254, Instruction.PING), response_count=2)
    assert fed(exchange, each) == Attempt(SUCCESS, '', b''.join(each))
    few = done(begun(ask(protocol, 254, Instruction.PING), response_count=3), each)
    assert (few.result, few.data) == (RX_TIMEOUT, b''.join(each))
    assert '2 of 3 status packets' in few.message


@both
def test_a_number_of_answers_may_be_expected_where_none_is_due(protocol):
    exchange = begun(ask(protocol, 254, Instruction.ACTION), response_count=1)
    answer = status(protocol, 4)
    assert fed(exchange, [answer]) == Attempt(SUCCESS, '', answer)


@both
@pytest.mark.parametrize('code', [Instruction.ACTION, Instruction.WRITE, Instruction.REBOOT])
def test_any_other_broadcast_holds_the_bus_for_its_time_on_the_wire(protocol, code):
    data = ask(protocol, 254, code, '00 00 01')
    exchange = begun(data, timeout_s=5.0)
    assert not exchange.awaits_answer
    assert exchange.deadline == pytest.approx(100.0 + len(data) * LINK.byte_time_s)
    assert done(exchange, [b'whatever']) == Attempt(SUCCESS)


def test_framing_none_sends_any_bytes_and_awaits_nothing():
    exchange = begun(b'any bytes', framing=Framing.NONE)
    assert not exchange.awaits_answer
    assert done(exchange, []) == Attempt(SUCCESS)


def test_framing_length_is_over_with_the_number_of_bytes():
    exchange = begun(b'any bytes', framing=Framing.LENGTH, response_length=5)
    assert fed(exchange, [b'ab', b'cd']) is None
    assert fed(exchange, [b'ef']) == Attempt(SUCCESS, '', b'abcde')


def test_framing_length_with_too_few_bytes_is_rx_timeout_with_what_came():
    attempt = done(begun(b'any', framing=Framing.LENGTH, response_length=5), [b'ab', b'c'])
    assert (attempt.result, attempt.data) == (RX_TIMEOUT, b'abc')
    assert '3 of 5 bytes' in attempt.message


def test_framing_length_knows_who_answers_an_instruction_packet_and_whether_all_came():
    sync = ask(V2, 254, Instruction.SYNC_READ, '84 00 04 00 01 02')
    for question, length, asked, whole in (
        (READ[V2], 15, {1}, True),
        (READ[V2], 14, {1}, False),
        (READ[V1], 10, {1}, True),
        (READ[V1], 99, {1}, True),
        (sync, 30, {1, 2}, True),
        (sync, 15, {1, 2}, False),
        (b'any bytes', 1, {-1}, True),
        (ask(V2, 254, Instruction.SYNC_READ, '84'), 1, {-1}, True),
        (ask(V2, 254, Instruction.PING), 14, {-1}, False),
    ):
        exchange = begun(question, framing=Framing.LENGTH, response_length=length)
        assert exchange.asked == exchange.owing == asked
        assert exchange.heard == frozenset()
        exchange.feed(bytes(length))
        assert exchange.heard == asked
        assert exchange.is_complete == whole
        assert exchange.owing == (frozenset() if whole else asked)


def test_framing_length_starts_over_with_nothing():
    exchange = begun(b'any', framing=Framing.LENGTH, response_length=5)
    assert done(exchange, [b'abc']).result is RX_TIMEOUT
    exchange.begin(0.0)
    assert fed(exchange, [b'de']) is None


@both
def test_the_time_is_that_of_the_rule_or_of_the_request(protocol):
    question, answer = READ[protocol], ANSWER[protocol]
    rule_s = LINK.packet_timeout_s(len(answer)) + len(question) * LINK.byte_time_s
    assert begun(question).deadline == pytest.approx(100.0 + rule_s)
    assert begun(question, timeout_s=0.25).deadline == pytest.approx(100.25)
    assert begun(question, timeout_s=0.25).rule_s == pytest.approx(rule_s)


@pytest.mark.parametrize(
    ('transaction', 'what'),
    [
        (Transaction(b''), 'data is empty'),
        (Transaction(b'no packet'), 'is no instruction packet'),
        (Transaction(broken(READ[V2])), 'CRC'),
        (Transaction(ANSWER[V2]), 'is a status packet'),
        (Transaction(READ[V1] + READ[V1]), 'exactly one packet'),
        (Transaction(ask(V2, 1, Instruction.READ, '00 00 00 20')), 'answer would have 8203 bytes'),
        (Transaction(ask(V2, 254, Instruction.SYNC_READ, '00 00')), 'Sync Read has 2'),
        (Transaction(READ[V1], timeout_s=11.0), 'timeout is 11 s'),
        (Transaction(bytes(4097), Framing.NONE), 'max_bytes'),
    ],
)
def test_a_request_that_is_wrong_in_itself_is_refused(transaction, what):
    with pytest.raises(RequestError, match=what):
        make_exchange(transaction, LINK, LIMITS)


@both
@pytest.mark.parametrize('more', [{}, {'response_count': 60000}])
def test_endless_answers_to_a_broadcast_ping_end_it_within_the_limits(protocol, more):
    exchange = begun(ask(protocol, 254, Instruction.PING), Limits(max_bytes=200), **more)
    chatter = (status(protocol, 1, '' if protocol is V1 else '01 02 03') for _ in range(1000))
    attempt = fed(exchange, chatter)
    assert attempt is not None
    assert attempt.result is ResultCode.TX_ERROR
    assert len(attempt.data) <= 200
    assert 'max_bytes allows' in attempt.message


# Bytes of which packets to and from servo 1 are made come more often than by chance.
SHREDS = st.one_of(
    st.sampled_from(
        [
            packet[start:end]
            for packet in (*READ.values(), *ANSWER.values(), *FOREIGN.values())
            for start, end in ((0, None), (0, 4), (0, 7), (2, None), (0, -1), (5, None))
        ]
    ),
    st.binary(max_size=8),
)


@given(
    st.sampled_from(
        (*READ.values(), SYNC, BULK_V1, *(ask(protocol, 254, 1) for protocol in Protocol))
    ),
    st.lists(SHREDS, max_size=20),
    st.sampled_from((0, 0, 2)),
)
def test_any_garbage_ends_in_a_result_code(question, garbage, count):
    limits = Limits(max_bytes=100)
    exchange = begun(question, limits, response_count=count)
    attempt = done(exchange, garbage)
    assert attempt.result in {SUCCESS, RX_TIMEOUT, RX_CORRUPT, ResultCode.TX_ERROR}
    assert (attempt.message == '') is (attempt.result is SUCCESS and not exchange.error)
    assert len(attempt.data) <= limits.max_bytes


@given(st.sampled_from(Protocol), st.lists(SHREDS, max_size=12))
def test_the_same_bytes_end_the_same_however_they_are_cut(protocol, garbage):
    whole = b''.join(garbage)
    attempts = [
        done(begun(READ[protocol]), pieces) for pieces in ([whole], garbage, bytewise(whole))
    ]
    # What had come when it was over does depend on it.
    outcomes = {
        (attempt.result, attempt.data if attempt.result is not RX_CORRUPT else b'')
        for attempt in attempts
    }
    assert len(outcomes) == 1


@both
def test_the_memory_of_an_exchange_is_bounded_under_endless_noise(protocol):
    exchange = begun(READ[protocol], Limits(max_bytes=200))
    for _ in range(200):
        exchange.feed(b'\x00\xff\xff\x02\x10\x33' * 100)
        exchange.feed(b'\xff\xff\xfd\x00\xfe\xff\xffU' * 50)
        exchange.feed(FOREIGN[protocol] * 50)
    exchange.expire()
    assert exchange.attempt.result is RX_CORRUPT
    assert len(exchange.attempt.data) <= 200
    assert len(exchange.attempt.message) < 500


def test_the_parts_of_a_joint_packet_are_told_behind_the_echo_of_the_request():
    request = InstructionPacket(
        Protocol.V2, 254, Instruction.FAST_SYNC_READ, bytes((132, 0, 4, 0, 1, 2))
    ).encode()
    head = bytes.fromhex('ff ff fd 00 fe 11 00 55')  # 2 servos, each error, id, 4 bytes and CRC
    part = head + b'\0\1abcd'
    part += crc16(part).to_bytes(2, 'little')
    exchange = make_exchange(Transaction(data=request), Link(1e-5, 0.016), Limits())
    exchange.begin(0.0)
    exchange.feed(request + part)
    exchange.expire()
    assert exchange.attempt.data == part
    assert 'ended before the part of servo 2' in exchange.attempt.message
