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

"""``dxl_port timeline``: a recording as a picture."""

from __future__ import annotations

from pathlib import Path

import click
from dxl_port_driver.cli.examples import examples
from dxl_port_driver.cli.exits import ExitStatus
from dxl_port_driver.cli.output import Output
from dxl_port_driver.cli.values import RealType
from dxl_port_driver.errors import NotAvailableError, RequestError
from dxl_port_driver.recording.file import load_recording
from dxl_port_driver.recording.timeline import Kind, make_timeline

_MOST_BARS = 20_000
_FORMS = ('.svg', '.png')


@click.command(
    'timeline',
    epilog=examples(
        'timeline session.dxl',
        'timeline session.dxl --from 1.5 --to 1.6 -o trouble.png',
    ),
)
@click.argument('file', type=click.Path(dir_okay=False))
@click.option(
    '-o',
    '--output',
    'picture',
    type=click.Path(dir_okay=False, path_type=Path),
    help='The picture, .svg or .png.  [default: FILE with .svg]',
)
@click.option('--from', 'begin_s', type=RealType(0, 1e9), default=0.0, metavar='S')
@click.option('--to', 'end_s', type=RealType(0, 1e9), metavar='S', help='Draw only this part.')
@click.option('--json', 'as_json', is_flag=True, help='Print what was counted as a JSON object.')
def command(
    file: str, picture: Path | None, begin_s: float, end_s: float | None, as_json: bool
) -> ExitStatus:
    """
    Draw the recording FILE: a lane for each servo, over time.

    Shown are requests, answers, the time that was waited for them, requests that got no answer,
    and when the bus was idle.
    """
    path = Path(file).with_suffix('.svg') if picture is None else picture
    if path.suffix.lower() not in _FORMS:
        raise click.UsageError(f'{path} is neither .svg nor .png')
    if end_s is not None and end_s <= begin_s:
        raise click.UsageError(f'--to {end_s:g} is not behind --from {begin_s:g}')
    recording = load_recording(file)
    timeline = make_timeline(recording).cut(begin_s, end_s)
    if not timeline.bars:
        raise RequestError(f'there is nothing to draw in that part of {file}')
    if len(timeline.bars) > _MOST_BARS:
        raise RequestError(
            f'{file} has too much in it for one picture; draw a part of it: --from '
            f'{timeline.begin_s:.3f} --to '
            f'{timeline.bars[_MOST_BARS // 2].end_s:.3f}'
        )
    try:
        from dxl_port_driver.cli.drawing import draw
    except ImportError as error:
        raise NotAvailableError(
            f'there is no matplotlib to draw with ({error}); install python3-matplotlib'
        ) from error
    try:
        draw(timeline, recording.header, path)
    except OSError as error:
        raise NotAvailableError(f'{path} cannot be written: {error.strerror or error}') from error
    output = Output(as_json)
    counts = {
        'instructions': timeline.count(Kind.REQUEST),
        'answers': timeline.count(Kind.ANSWER),
        'timeouts': timeline.count(Kind.TIMEOUT),
    }
    output.record(picture=str(path), **counts, utilisation=round(timeline.utilisation, 4))
    output.line(str(path))
    return ExitStatus.OK
