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

# Makes the virtual environment of a ROS distro ready, or sees that it is:
#   sh tools/setup.sh DISTRO VENV [PYTHON] [--with-tests] [--with-bench] [--check]
# This part finds a Python that can run the rest (tools/setup_ros); it has to speak to any old one.

set -eu
cd "$(dirname "$0")/.."

distro=$1
venv=$2
python=${3-}
[ $# -le 3 ] && shift $# || shift 3

if [ -z "$python" ]; then
    # The Python that the environment was made with, so that a second call from another shell,
    # where python3 is another one, does not make it anew.
    python=python3
    if [ -r "$venv/.setup/base_python" ]; then
        read -r recorded < "$venv/.setup/base_python"
        [ ! -x "$recorded" ] || python=$recorded
    fi
fi

if ! "$python" -c '' 2>/dev/null; then
    echo "setup: no Python at '$python': install Python 3.10 to 3.13 (Debian, Ubuntu: apt install python3 python3-venv python3-dev), or name one: make PYTHON=/path/to/python3" >&2
    exit 1
fi
if ! "$python" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))'; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    echo "setup: '$python' is Python $version, and ROS 2 wheels exist for 3.10 to 3.13: install one of these, then name it: make PYTHON=python3.12" >&2
    exit 1
fi

exec "$python" -m tools.setup_ros "$distro" "$venv" "$@"
