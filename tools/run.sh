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

# Runs the driver in the foreground, after a word on how to call it: sh tools/run.sh VENV PORT BAUDRATE

set -eu

venv=$1
port=$2
baudrate=$3

cat <<TEXT
The driver runs as /dxl_port_driver on $port at $baudrate bit/s. Ctrl-C ends it.

From another terminal, in this folder:
  $venv/bin/dxl_port ping
  $venv/bin/dxl_port read 1 132 4
  $venv/bin/dxl_port --help

From another terminal with ROS 2 of the same distro, in a workspace that has dxl_port_interfaces
(a Ping of servo 1 in Protocol 2.0):
  ros2 service call /dxl_port_driver/transact dxl_port_interfaces/srv/Transact \\
    "{transaction: {data: [255, 255, 253, 0, 1, 3, 0, 1, 25, 78]}}"
  ros2 param set /dxl_port_driver baudrate 57600

TEXT

exec "$venv/bin/port_driver" --ros-args \
    -p "port_name:=$port" -p "baudrate:=$baudrate" -p autostart:=true
