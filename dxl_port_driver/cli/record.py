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

"""``dxl_port record``: what goes over a bus, into a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
import time
from typing import Any, TYPE_CHECKING

import click
from dxl_port_driver.cli.examples import examples
from dxl_port_driver.cli.exits import ExitStatus
from dxl_port_driver.cli.options import target_options
from dxl_port_driver.cli.output import Output
from dxl_port_driver.cli.target import Target
from dxl_port_driver.cli.values import RealType
from dxl_port_driver.errors import NotAvailableError
from dxl_port_driver.port.baudrate import DEFAULT_BAUDRATE
from dxl_port_driver.recording.file import RecordingFile, RecordingWriteError
from dxl_port_driver.recording.format import Header, Piece
from dxl_port_driver.recording.sorting import Sorter
from dxl_port_driver.recording.stamps import Stamps

if TYPE_CHECKING:
    from dxl_port_driver.client.traffic import Heard, TrafficListener

_LOOK_S = 0.2
_MOST_READ = 4096
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@click.command(
    'record',
    epilog=examples(
        'record session.dxl --driver /arm/dxl_port_driver',
        'record session.dxl --seconds 10',
        'record session.dxl --port /dev/ttyUSB1 --baudrate 57600',
    ),
)
@click.argument('file', type=click.Path(dir_okay=False))
@click.option('--seconds', type=RealType(0.01, 1e6), metavar='S', help='End after so long.')
@click.option('--count', type=click.IntRange(1), help='End after so many pieces of traffic.')
@click.option('--force', is_flag=True, help='Replace a file that is there.')
@target_options
def command(
    file: str,
    seconds: float | None,
    count: int | None,
    force: bool,
    target: Target,
    output: Output,
) -> ExitStatus:
    """
    Write what goes over a bus into FILE, until Ctrl-C.

    From a driver it is all that the driver sends and receives; its parameter publish_traffic is
    set for as long as it takes. A port is only listened to, with a second adapter on the bus.
    replay plays such a file, timeline draws it, and grep ' TX ' FILE shows what was sent.
    """
    take = _Take(file, seconds, count, force, output)
    try:
        with take:
            if target.port is not None:
                _from_port(target.port, target.baudrate or DEFAULT_BAUDRATE, take)
            else:
                _from_driver(target, take)
    except RecordingWriteError as error:
        output.fail(error.message)
        return ExitStatus.FAILED
    return ExitStatus.OK


class _Take:
    """
    A recording that is being made.

    :param seconds: how long it is to be; None: until it is ended.
    :param count: how many pieces; None: any number.
    """

    def __init__(
        self, path: str, seconds: float | None, count: int | None, force: bool, output: Output
    ) -> None:
        self._path = path
        self._seconds = seconds
        self._count = count
        self._force = force
        self._output = output
        self._file: RecordingFile | None = None
        self._begun = 0.0
        self._failed = False
        self.lost = 0
        """Pieces that are not in the file and should be."""

    def begin(self, port: str, baudrate: int, start: datetime) -> None:
        """Make the file."""
        header = Header(port, baudrate, start)
        self._file = RecordingFile(self._path, header, overwrite=self._force)
        self._begun = time.monotonic()
        self._output.note(f'recording {port} at {baudrate} bit/s into {self._path}')

    @property
    def elapsed_s(self) -> float:
        """Time since the file was made, s."""
        return time.monotonic() - self._begun

    @property
    def goes_on(self) -> bool:
        """Whether there is more to record."""
        assert self._file is not None
        return (self._count is None or self._file.pieces < self._count) and (
            self._seconds is None or self.elapsed_s < self._seconds
        )

    def add(self, piece: Piece) -> None:
        """Write a piece, if it is still wanted and there is room for it."""
        assert self._file is not None
        if self._failed or (self._count is not None and self._file.pieces >= self._count):
            return
        try:
            self._file.write(piece)
        except RecordingWriteError:
            self._failed = True
            raise

    def __enter__(self) -> _Take:
        return self

    def __exit__(self, *_: object) -> None:
        file = self._file
        if file is None:
            return
        try:
            if self.lost and not self._failed:
                file.comment(f'lost: {self.lost} pieces that came quicker than they were taken')
        finally:
            file.close()
            self._tell(file)

    def _tell(self, file: RecordingFile) -> None:
        seconds = self.elapsed_s
        self._output.record(
            file=self._path,
            pieces=file.pieces,
            bytes=file.bytes,
            lost=self.lost,
            seconds=round(seconds, 3),
        )
        self._output.note(
            f'{file.pieces} pieces, {file.bytes} bytes, {seconds:.1f} s in {self._path}'
            + (f'; {self.lost} pieces were lost' if self.lost else '')
        )


def _from_port(name: str, baudrate: int, take: _Take) -> None:
    """Listen; both ways of the traffic come in together."""
    # Whoever records from a driver needs no pyserial.
    from dxl_port_driver.port.open_port import make_port

    with make_port(name, baudrate=baudrate) as port:
        port.set_low_latency(True)
        take.begin(name, baudrate, datetime.now(timezone.utc))
        sorter = Sorter()
        try:
            while take.goes_on:
                data = port.read(_MOST_READ, time.monotonic() + _LOOK_S)
                at_us = round(take.elapsed_s * 1e6)
                for piece in sorter.hear(at_us, data) if data else ():
                    take.add(piece)
        finally:
            for piece in sorter.flush():
                take.add(piece)


def _from_driver(target: Target, take: _Take) -> None:
    with _listening(target) as listener:
        start_ns = time.time_ns()
        port = str(listener.parameters.get('port_name', ''))
        baudrate = int(str(listener.parameters.get('baudrate', DEFAULT_BAUDRATE)))
        take.begin(port, baudrate, _EPOCH + timedelta(microseconds=start_ns // 1000))
        stamps = Stamps(start_ns)

        def add(heard: Heard) -> None:
            at_us = stamps.at_us(heard.stamp_ns, take.elapsed_s)
            take.add(Piece(at_us, heard.sent, heard.data))

        try:
            while take.goes_on:
                heard = listener.next(_LOOK_S)
                if heard is not None:
                    add(heard)
                elif not listener.is_alive:
                    raise NotAvailableError(
                        f'{target.driver} went away, and the recording ends there'
                    )
        finally:
            while (heard := listener.next(0.0)) is not None:
                add(heard)
            take.lost = listener.lost


@contextmanager
def _listening(target: Target) -> Iterator[TrafficListener]:
    """Give a driver's traffic; ROS is imported only by those who need it."""
    try:
        from dxl_port_driver.client import PortClient
        from dxl_port_driver.client.traffic import TrafficListener
    except ImportError as error:
        raise NotAvailableError(
            f'there is no ROS 2 to reach {target.driver} with ({error}); source the setup file of '
            'your ROS 2 workspace, or listen to a port without ROS: --port'
        ) from error
    client: Any
    with (
        PortClient.in_background(target.driver, wait_for_driver_s=target.wait_s) as client,
        TrafficListener(client) as listener,
    ):
        yield listener
