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
What went over a bus, in a file: written, read, played, and drawn.

``format`` says what a recording looks like, ``cutting`` finds packets in bytes, ``sorting`` tells
instructions from answers where a listener heard both, ``exchanges`` puts answers to what they
answer, ``player`` answers as in a recording, ``timeline`` says what is drawn where: all of them
are pure. ``file`` keeps a recording on disk, ``server`` plays one behind a real pty.
"""
