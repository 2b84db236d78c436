#!/bin/sh
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

# Writes the pinned lists again from the .in files: sh requirements/lock.sh (or `make lock`).

set -eu
cd "$(dirname "$0")"

# uv, because it alone resolves for several versions of Python at once; in a place of its own,
# because it is no part of what gets installed.
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT INT TERM
"${PYTHON:-python3}" -m venv "$tools/venv"
"$tools/venv/bin/python" -m pip install --quiet uv

lock() {
    output=$1
    shift
    "$tools/venv/bin/uv" pip compile --quiet --universal --python-version 3.10 --upgrade \
        --no-header --no-annotate "$@" > "$tools/$output"
    {
        echo '# Written by `make lock` from the .in files: do not edit.'
        # ROS 2 wheels exist for Linux only.
        grep -v "sys_platform == 'win32'" "$tools/$output"
    } > "$output"
}

lock kilted.txt kilted.in
lock jazzy.txt jazzy.in
# One list of these tools serves both distros, so it must not differ from either where they meet.
lock test.txt test.in -c kilted.txt
lock bench.txt bench.in -c kilted.txt
