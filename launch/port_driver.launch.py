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
Start the driver of one port.

::

    ros2 launch dxl_port_driver port_driver.launch.py port_name:=/dev/ttyUSB0 baudrate:=57600

What is given on the command line counts more than the file of parameters.
"""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import LifecycleNode
from launch_ros.parameter_descriptions import ParameterValue

_FROM_FILE = ''


def generate_launch_description() -> LaunchDescription:
    """Give the launch arguments and the node."""
    share = Path(get_package_share_directory('dxl_port_driver'))
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                'port_name',
                default_value=_FROM_FILE,
                description='device path or URL; empty: as in params_file, else /dev/ttyUSB0',
            ),
            DeclareLaunchArgument(
                'baudrate',
                default_value=_FROM_FILE,
                description='bit/s; empty: as in params_file, else 1000000',
            ),
            DeclareLaunchArgument('namespace', default_value='', description='of the node'),
            DeclareLaunchArgument(
                'name', default_value='dxl_port_driver', description='of the node'
            ),
            DeclareLaunchArgument(
                'params_file',
                default_value=str(share / 'config' / 'port_driver.yaml'),
                description='YAML file with the parameters of the node',
            ),
            DeclareLaunchArgument(
                'autostart',
                default_value='true',
                description='configure and activate the node at start',
            ),
            DeclareLaunchArgument(
                'stop_with_parent',
                default_value='true',
                description='end the node in order when the process that launched it has ended',
            ),
            DeclareLaunchArgument('log_level', default_value='info', description='of the node'),
            OpaqueFunction(function=_start),
        ]
    )


def _start(context: LaunchContext) -> list[LifecycleNode]:
    given = {
        name: ParameterValue(LaunchConfiguration(name), value_type=kind)
        for name, kind in (('port_name', str), ('baudrate', int))
        if LaunchConfiguration(name).perform(context) != _FROM_FILE
    }
    file = LaunchConfiguration('params_file').perform(context)
    if not Path(file).is_file():
        # launch_ros would pass over it, and the driver run without what is in it.
        raise RuntimeError(f'params_file is {file!r}, which is no file; give the path of one')
    return [
        LifecycleNode(
            package='dxl_port_driver',
            executable='port_driver',
            name=LaunchConfiguration('name'),
            namespace=LaunchConfiguration('namespace'),
            parameters=[
                file,
                {
                    **given,
                    **{
                        name: ParameterValue(LaunchConfiguration(name), value_type=bool)
                        for name in ('autostart', 'stop_with_parent')
                    },
                },
            ],
            arguments=['--ros-args', '--log-level', LaunchConfiguration('log_level')],
            output='both',
        )
    ]
