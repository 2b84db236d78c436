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

"""The lifecycle node that owns a port for the whole robot."""

from __future__ import annotations

from collections.abc import Callable
import functools
from typing import Any

from dxl_port_driver.bus.bus import Bus
from dxl_port_driver.bus.work import BaudrateWork
from dxl_port_driver.errors import DxlPortError, NotAvailableError
from dxl_port_driver.node.awaiting import finished, Pause
from dxl_port_driver.node.bus_services import BusServices
from dxl_port_driver.node.cyclic_services import CyclicServices
from dxl_port_driver.node.parameters import DECLARATIONS, refusal, Settings
from dxl_port_driver.node.service_guards import Callback, guard_services, wrap_service
from dxl_port_driver.port.base import Port
from dxl_port_driver.port.open_port import make_port
from dxl_port_driver.protocol.timing import byte_time_s, DEFAULT_LATENCY_TIMER_MS, Link
from rcl_interfaces.msg import SetParametersResult
from rclpy.callback_groups import CallbackGroup, ReentrantCallbackGroup
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter

Transition = Callable[['DriverNode', LifecycleState], TransitionCallbackReturn]


def _told(transition: Transition) -> Transition:
    """Log what goes wrong in a transition; rclpy turns it into ERROR without a word."""

    @functools.wraps(transition)
    def run(node: DriverNode, state: LifecycleState) -> TransitionCallbackReturn:
        try:
            return transition(node, state)
        except DxlPortError as error:
            node.get_logger().error(f'{transition.__name__} failed: {error}')
            # What did not open stays as it was; what did not close is a case for on_error.
            if transition.__name__ in ('on_configure', 'on_activate'):
                return TransitionCallbackReturn.FAILURE
            return TransitionCallbackReturn.ERROR
        except Exception as error:
            node.get_logger().error(f'{transition.__name__} failed unexpectedly: {error!r}')
            raise

    return run


class DriverNode(LifecycleNode):
    """
    Owns a port; see the contract's tables of states, services and parameters.

    :param name: name of the node.
    :param options: further arguments of :class:`rclpy.node.Node`.
    """

    def __init__(self, name: str = 'dxl_port_driver', **options: Any) -> None:
        # A callback that awaits the bus must not keep others waiting, and rclpy gives its own
        # services the default group: so that one has to be reentrant.
        self._reentrant = ReentrantCallbackGroup()
        self._port: Port | None = None
        self._bus: Bus | None = None
        self._is_active = False
        self.is_finalized = False
        """True once it has been shut down; nothing can be done with it any more."""
        self._baudrate_changing = False
        self._baudrate_tried: int | DxlPortError | None = None
        super().__init__(name, **options)
        for declaration in DECLARATIONS:
            self.declare_parameter(declaration.name, declaration.default, declaration.descriptor())
        self.settings = self._read_settings()
        self.limits = self.settings.limits()
        self.link = Link(byte_time_s(self.settings.baudrate))
        self.add_on_set_parameters_callback(self._on_set_parameters)
        self.add_post_set_parameters_callback(self._on_parameters_set)
        self._services_of_the_bus = BusServices(self, self)
        self._cyclic = CyclicServices(self, self)
        wrap_service(self, 'set_parameters', self._baudrate_first)
        wrap_service(self, 'set_parameters_atomically', self._baudrate_first)
        guard_services(self)

    @property
    def default_callback_group(self) -> CallbackGroup:
        """The group of every callback that names no other."""
        return self._reentrant

    @property
    def bus(self) -> Bus:
        """
        The bus, for whoever has a request.

        :raises NotAvailableError: the node is not active.
        """
        if self._bus is None or not self._is_active:
            raise NotAvailableError(
                f'{self.get_fully_qualified_name()} is not active; configure and activate it '
                'before using its port'
            )
        return self._bus

    # Transitions

    @_told
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Open the port."""
        self._use(self._opened(self.settings))
        self.get_logger().info(
            f'{self.settings.port_name} is open at {self.settings.baudrate} bit/s'
        )
        return TransitionCallbackReturn.SUCCESS

    @_told
    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Let requests in."""
        if self._port is None or self._bus is None:
            raise NotAvailableError('there is no open port; clean up and configure again')
        self._port.available()  # a port that went away while inactive says so here
        self._bus.admit()
        self._is_active = True
        return super().on_activate(state)

    @_told
    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Send away whoever waits."""
        self._dismiss('was deactivated')
        return super().on_deactivate(state)

    @_told
    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close the port."""
        self.close('was cleaned up')
        return super().on_cleanup(state)

    @_told
    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close the port and take the services off the graph."""
        self.close('is shutting down')
        self._services_of_the_bus.destroy()
        self._cyclic.destroy()
        self.is_finalized = True
        return super().on_shutdown(state)

    @_told
    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close the port; the node may be configured again."""
        self.close('failed')
        return super().on_error(state)

    def close(self, why: str) -> None:
        """
        Send everybody away and close the port; safe at any time, any number of times.

        :param why: what the node did, as the end of a sentence that begins with its name.
        """
        bus, port = self._bus, self._port
        self._bus = self._port = None
        try:
            if bus is not None:
                self._is_active = False
                self._cyclic.stop_all()
                bus.shutdown(self._reason(why))
        finally:
            if port is not None:
                port.close()
                self.get_logger().info(f'{port.name} is closed')

    def _dismiss(self, why: str) -> None:
        self._is_active = False
        self._cyclic.stop_all()
        if self._bus is not None:
            self._bus.dismiss(self._reason(why))

    def _reason(self, why: str) -> str:
        return f'{self.get_fully_qualified_name()} {why}; activate it again to use its port'

    # The port

    def _opened(self, settings: Settings) -> Port:
        port = make_port(
            settings.port_name, baudrate=settings.baudrate, exclusive=settings.exclusive
        )
        port.open()
        return port

    def _use(self, port: Port) -> None:
        if self._bus is not None:
            self._bus.shutdown(self._reason('takes another port'))
        self._port, self._bus = port, Bus(port, self.settings.max_queue)
        self._apply_latency()

    def _reopen(self, settings: Settings) -> None:
        """Take a port with other settings; when it does not open, keep the one there is."""
        old = self._port
        if old is None:
            return
        old.close()
        try:
            port = self._opened(settings)
        except DxlPortError:
            old.open()
            raise
        self._use(port)

    def _apply_latency(self) -> None:
        """Ask for low latency and learn how long an answer takes at the present settings."""
        settings, port = self.settings, self._port
        latency_ms = settings.latency_timer
        if port is not None:
            low = port.set_low_latency(settings.low_latency)
            if settings.low_latency and not low:
                self.get_logger().debug(f'{port.name} has no low latency mode')
            latency_ms = latency_ms or port.latency_timer_ms or 0.0
        self.link = Link(
            byte_time_s(settings.baudrate), (latency_ms or DEFAULT_LATENCY_TIMER_MS) / 1e3
        )

    # Parameters

    def _read_settings(self) -> Settings:
        return Settings(
            **{
                declaration.name: self.get_parameter(declaration.name).value
                for declaration in DECLARATIONS
            }
        )

    def _on_set_parameters(self, parameters: list[Parameter[Any]]) -> SetParametersResult:
        """Refuse, or do those changes that can fail."""
        reason = self._refusal(parameters)
        if reason is not None:
            return SetParametersResult(successful=False, reason=reason)
        settings = self.settings.changed(parameters)
        names = {parameter.name for parameter in parameters}
        try:
            if self._port is not None and names & {'port_name', 'exclusive'}:
                self._reopen(settings)
            elif 'baudrate' in names:
                self._change_baudrate(settings.baudrate)
        except DxlPortError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _refusal(self, parameters: list[Parameter[Any]]) -> str | None:
        reasons = (refusal(parameter, active=self._is_active) for parameter in parameters)
        return next((reason for reason in reasons if reason is not None), None)

    def _on_parameters_set(self, parameters: list[Parameter[Any]]) -> None:
        """Take notice of values that have been accepted."""
        self.settings = self._read_settings()
        self.limits = self.settings.limits()
        if self._bus is not None:
            self._bus.max_waiting = self.settings.max_queue
        self._apply_latency()

    def _change_baudrate(self, baudrate: int) -> None:
        if self._baudrate_tried is not None:
            if isinstance(self._baudrate_tried, DxlPortError):
                raise self._baudrate_tried
        elif self._is_active:
            self.bus.run(self._baudrate_work(baudrate))
        elif self._port is not None:
            self._port.set_baudrate(baudrate)

    def _baudrate_work(self, baudrate: int) -> BaudrateWork:
        # Its turn comes when the request that has the bus is done.
        return BaudrateWork(baudrate, queue_timeout_s=self.limits.max_timeout_s + 1.0)

    def _baudrate_first(self, set_parameters: Callback) -> Callback:
        """
        Change the baudrate of an active node before its parameter is set.

        The parameter callbacks of rclpy cannot await, and the bus may be busy for as long as
        ``max_timeout``: to wait there would freeze the node.
        """

        async def answer(request: Any, response: Any) -> Any:
            while self._baudrate_changing:
                await Pause()
            parameters = [Parameter.from_parameter_msg(message) for message in request.parameters]
            asked = [item.value for item in parameters if item.name == 'baudrate']
            if not asked or not self._is_active or self._refusal(parameters) is not None:
                return set_parameters(request, response)
            self._baudrate_changing = True
            try:
                work = self._baudrate_work(asked[-1])
                try:
                    await finished(self.bus.submit(work), self.executor)
                    self._baudrate_tried = asked[-1]
                except DxlPortError as error:
                    self._baudrate_tried = error
                return set_parameters(request, response)
            finally:
                self._baudrate_tried = None
                self._baudrate_changing = False
                if self.executor is not None:
                    self.executor.wake()

        return answer
