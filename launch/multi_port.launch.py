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
Start a driver for each port of a list.

::

    ros2 launch dxl_port_driver multi_port.launch.py ports:=my_robot.yaml

The file is a YAML list; config/multi_port.yaml is one to copy, and explains what may be in it.
"""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from dxl_port_driver.errors import RequestError
from dxl_port_driver.node.port_list import port_list
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import LifecycleNode
from launch_ros.parameter_descriptions import ParameterValue
import yaml


def generate_launch_description() -> LaunchDescription:
    """Give the launch arguments, and a node for each port."""
    share = Path(get_package_share_directory('dxl_port_driver'))
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                'ports',
                default_value=str(share / 'config' / 'multi_port.yaml'),
                description='YAML file with the list of ports; the one that is there by itself '
                'has emulated servos',
            ),
            DeclareLaunchArgument('log_level', default_value='info', description='of all nodes'),
            OpaqueFunction(function=_start),
        ]
    )


def _start(context: LaunchContext) -> list[LifecycleNode]:
    file = LaunchConfiguration('ports').perform(context)
    try:
        ports = port_list(yaml.safe_load(Path(file).read_text(encoding='utf-8')))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RequestError) as error:
        raise RuntimeError(f'{file} is not a list of ports that can be started: {error}') from None
    return [
        LifecycleNode(
            package='dxl_port_driver',
            executable='port_driver',
            name=port.name,
            namespace=port.namespace,
            parameters=[{key: _typed(value) for key, value in port.parameters.items()}],
            arguments=['--ros-args', '--log-level', LaunchConfiguration('log_level')],
            output='both',
        )
        for port in ports
    ]


def _typed(value: object) -> ParameterValue:
    # Without its type, a text that looks like a number would become one.
    return ParameterValue(value, value_type=list[str] if isinstance(value, list) else type(value))
