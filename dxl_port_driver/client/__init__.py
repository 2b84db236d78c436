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

"""Use of a driver's bus from other nodes, processes and hosts."""

from dxl_port_driver.client.call import Call
from dxl_port_driver.client.port_client import PortClient
from dxl_port_driver.client.remote_port_handler import RemotePortHandler

__all__ = ['Call', 'PortClient', 'RemotePortHandler']
