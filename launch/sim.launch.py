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
Start the driver on emulated servos: no hardware is needed.

::

    ros2 launch dxl_port_driver sim.launch.py sim:='sim://?ids=1-6'

Every argument of port_driver.launch.py but port_name may be given as well.
"""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration


def generate_launch_description() -> LaunchDescription:
    """Give the launch description of the driver, on the virtual bus."""
    launch = Path(get_package_share_directory('dxl_port_driver')) / 'launch'
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                'sim', default_value='sim://', description='URL of the virtual bus'
            ),
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(str(launch / 'port_driver.launch.py')),
                launch_arguments={'port_name': LaunchConfiguration('sim')}.items(),
            ),
        ]
    )
