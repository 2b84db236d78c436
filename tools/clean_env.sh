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

# Runs a command without what a sourced ROS workspace or an active virtual environment left behind:
#   sh tools/clean_env.sh COMMAND [ARGUMENT...]
# Everything that `make` runs goes through here, and this is the only place that knows what leaks.

set -eu

for name in $(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p'); do
    case $name in
        # A choice that a person makes for a running system: which network, which keys, where logs go.
        ROS_DOMAIN_ID | ROS_AUTOMATIC_DISCOVERY_RANGE | ROS_STATIC_PEERS) ;;
        ROS_SECURITY_* | ROS_HOME | ROS_LOG_DIR) ;;
        AMENT_* | CMAKE_* | COLCON_* | CONDA_* | RMW_* | ROS_* | _ROS_WHEELS_*) unset "$name" ;;
        LD_LIBRARY_PATH | PKG_CONFIG_PATH | VIRTUAL_ENV) unset "$name" ;;
        PYTHONHOME | PYTHONPATH | PYTHONPLATLIBDIR | PYTHONSTARTUP | PYTHONUSERBASE) unset "$name" ;;
        # The flags of the `make` around are not meant for the builds inside.
        GNUMAKEFLAGS | MAKEFLAGS | MAKELEVEL | MFLAGS) unset "$name" ;;
    esac
done

# CMake also searches beside each folder in PATH, so a ROS prefix has to go from there, too.
clean_path=
rest=${PATH-/usr/local/bin:/usr/bin:/bin}:
while [ -n "$rest" ]; do
    folder=${rest%%:*}
    rest=${rest#*:}
    if [ -n "$folder" ] && [ ! -d "$folder/../share/ament_index" ]; then
        clean_path=${clean_path:+$clean_path:}$folder
    fi
done
PATH=$clean_path
export PATH

exec "$@"
