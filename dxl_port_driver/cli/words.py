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

"""Messages of the driver in the words of the command line."""

from __future__ import annotations

import re

_OPTIONS = {
    'FRAMING_LENGTH': '--length',
    'FRAMING_NONE': '--no-answer',
    'response_length': '--length',
    'response_count': '--count',
}
"""Names in a Transaction message, and the option that stands for each."""
_NAMES = re.compile(rf'\b({"|".join(_OPTIONS)})\b')


def in_options(message: str) -> str:
    """
    Name the command line's options instead of the fields and constants of ROS messages.

    :param message: a sentence that advises somebody who fills in a message.
    """
    return _NAMES.sub(lambda match: _OPTIONS[match[0]], message)
