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

"""How colcon and pip build dxl_port_driver: modules, executables, files of its share folder."""

from glob import glob

from setuptools import find_packages, setup

PACKAGE = 'dxl_port_driver'
SHARE = f'share/{PACKAGE}'

setup(
    name=PACKAGE,
    version='0.1.0',
    description='Owns the serial port of a DYNAMIXEL servo bus and shares it with other nodes.',
    author='dxl_port_driver maintainers',
    author_email='maintainers@example.com',
    maintainer='dxl_port_driver maintainers',
    maintainer_email='maintainers@example.com',
    license='Apache-2.0',
    packages=find_packages(include=[PACKAGE, f'{PACKAGE}.*']),
    package_data={PACKAGE: ['py.typed']},
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{PACKAGE}']),
        (SHARE, ['package.xml']),
        (f'{SHARE}/launch', sorted(glob('launch/*.launch.py'))),
        (f'{SHARE}/config', sorted(glob('config/*.yaml'))),
        (f'{SHARE}/security', sorted(glob('security/*.xml'))),
        (f'{SHARE}/udev', sorted(glob('udev/*.rules'))),
    ],
    python_requires='>=3.10',
    install_requires=['setuptools', 'click', 'pyserial', 'rich'],
    # colcon runs no test of a package that has no 'test' extra with pytest in it.
    extras_require={'test': ['pytest']},
    zip_safe=True,
    entry_points={
        'console_scripts': [
            f'dxl_port = {PACKAGE}.cli.main:main',
            f'port_driver = {PACKAGE}.node.main:main',
            f'virtual_bus = {PACKAGE}.sim.command:main',
        ],
    },
)
