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
from dxl_port_driver.bus.keeper import Duties
from dxl_port_driver.errors import DxlPortError, NotAvailableError, ReceiveError
from dxl_port_driver.node.baudrate_changes import BaudrateChanges
from dxl_port_driver.node.bus_services import BusServices
from dxl_port_driver.node.condition import Condition
from dxl_port_driver.node.cyclic_services import CyclicServices
from dxl_port_driver.node.declarations import REOPENING
from dxl_port_driver.node.diagnostics import Diagnostics
from dxl_port_driver.node.parameters import (
    as_meant,
    check_given,
    check_port_name,
    declare,
    refusal,
    Settings,
    undeclared_refusal,
)
from dxl_port_driver.node.service_guards import guard_services
from dxl_port_driver.node.session import link, Session
from dxl_port_driver.node.status import Status
from dxl_port_driver.node.stop_packets import check_stop_packets, log_stop, stop_work
from dxl_port_driver.node.traffic import TrafficPublisher
from dxl_port_driver.protocol.permission import Permission
from dxl_port_driver.protocol.timing import Link
from dxl_port_interfaces.msg import DriverStatus
from rcl_interfaces.msg import SetParametersResult
from rclpy.callback_groups import CallbackGroup, ReentrantCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter

Transition = Callable[['DriverNode', LifecycleState], TransitionCallbackReturn]


_FAREWELL_S = 0.5
"""How long the services stay after those who used the bus have been sent away, s."""


def _told(transition: Transition) -> Transition:
    """Log what goes wrong in a transition; rclpy turns it into ERROR without a word."""

    @functools.wraps(transition)
    def run(node: DriverNode, state: LifecycleState) -> TransitionCallbackReturn:
        try:
            return transition(node, state)
        except DxlPortError as error:
            # While a port is waited for, the same error comes at each try; once is enough.
            if not (node.awaits_port and str(error) == str(node.failure)):
                node.get_logger().error(f'{transition.__name__} failed: {error}')
            node.failure = error
            # What did not open stays as it was; what did not close is a case for on_error.
            if transition.__name__ in ('on_configure', 'on_activate'):
                return TransitionCallbackReturn.FAILURE
            return TransitionCallbackReturn.ERROR
        except Exception as error:
            node.get_logger().error(f'{transition.__name__} failed unexpectedly: {error!r}')
            raise
        finally:
            node.tell_status()

    return run


class DriverNode(LifecycleNode):
    """
    Owns a port; see the contract's tables of states, services and parameters.

    :param name: name of the node.
    :param options: further arguments of :class:`rclpy.node.Node`.
    :raises DxlPortError: a parameter makes no sense, or is none of the driver's.
    """

    def __init__(self, name: str = 'dxl_port_driver', **options: Any) -> None:
        # A callback that awaits the bus must not keep others waiting, and rclpy gives its own
        # services the default group: so that one has to be reentrant.
        self._reentrant = ReentrantCallbackGroup()
        self._bus_services: BusServices | None = None
        self._session: Session | None = None
        self._is_active = False
        self._is_given_up = False
        self._conflict = ''
        self._status: Status | None = None
        self.failure: DxlPortError | None = None
        """Why the port cannot be used, or was not opened; None when it can, or was not tried."""
        self._services_withdrawn = False
        self.awaits_port = False
        """Whether the port is being tried again and again until it opens."""
        self.is_finalized = False
        """True once it has been shut down; nothing can be done with it any more."""
        self.has_left = False
        """True once, after that, all who waited are answered and the services are gone."""
        super().__init__(name, **options)
        # Kept: a node that is being destroyed does not know it any more, and has to say it.
        self._full_name = self.get_fully_qualified_name()
        declare(self)
        check_given(self)
        self.settings = Settings.of(self)
        check_port_name(self.settings.port_name, self.settings.allowed_ports)
        check_stop_packets(self.settings.stop_packets)
        self.permission = Permission(self.settings.allowed_instructions)
        self.limits = self.settings.limits()
        self._device_given_up = self.create_guard_condition(self._fail)
        # First of all that others may use, so that another driver of this name is soon known.
        self._status = Status(self, self._fill_in_status, self._on_others)
        self._bus_services = BusServices(self, self)
        self._cyclic = CyclicServices(self, self)
        self._traffic = TrafficPublisher(self)
        self._diagnostics = Diagnostics(self, self._condition)
        self._baudrate = BaudrateChanges(self, self)
        self.add_on_set_parameters_callback(self._on_set_parameters)
        self.add_post_set_parameters_callback(self._on_parameters_set)
        guard_services(self)
        # Whoever ends ROS under the node ends it; without it, its threads would keep the process.
        self.context.on_shutdown(self._on_context_shutdown)

    @property
    def default_callback_group(self) -> CallbackGroup:
        """The group of every callback that names no other."""
        return self._reentrant

    @property
    def is_configured(self) -> bool:
        """Whether it has taken its port."""
        return self._session is not None

    @property
    def gives_way(self) -> bool:
        """Whether another driver of its name goes before it, so that it may not be active."""
        return self._status is not None and self._status.elder is not None

    @property
    def bus(self) -> Bus:
        """
        The bus, for whoever has a request.

        :raises NotAvailableError: the node is not active.
        """
        session = self._session
        if session is None or not self._is_active:
            raise NotAvailableError(
                f'{self._full_name} is not active; configure and activate it before using its port'
            )
        return session.bus

    @property
    def link(self) -> Link:
        """What the port needs for a byte."""
        session = self._session
        return link(self.settings, None) if session is None else session.link

    # Transitions

    @_told
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Open the port."""
        duties = Duties(
            reconnect=lambda: self.settings.reconnect,
            period_s=lambda: self.settings.reconnect_period,
            on_lost=self._on_lost,
            on_back=self._on_back,
            on_given_up=self._device_given_up.trigger,
        )
        self._session = Session(self.settings, duties, self.get_logger())
        self.failure = None
        self._apply_settings()
        # A TCP connection says nothing of the baudrate at its far end.
        rate = f' at {self.settings.baudrate} bit/s' if self._session.port.sets_baudrate else ''
        self._tell_afterwards(f'{self.settings.port_name} is open{rate}')
        return TransitionCallbackReturn.SUCCESS

    @_told
    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Let requests in."""
        if self._session is None:
            raise NotAvailableError('there is no open port; clean up and configure again')
        if self.gives_way:
            self.get_logger().error(f'on_activate failed: {self._conflict}')
            return TransitionCallbackReturn.FAILURE
        self._session.port.available()  # a port that went away while inactive says so here
        self._session.bus.admit()
        self._is_active = True
        return super().on_activate(state)

    @_told
    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Send away whoever waits."""
        if self._is_given_up:
            return TransitionCallbackReturn.ERROR
        self._dismiss('was deactivated')
        return super().on_deactivate(state)

    @_told
    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close the port."""
        if self._is_given_up:
            return TransitionCallbackReturn.ERROR
        self.close('was cleaned up')
        return super().on_cleanup(state)

    @_told
    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close the port; the services leave the graph as soon as all who wait are answered."""
        is_awaited = self._bus_services is not None and self._bus_services.is_busy
        self.close('is shutting down')
        self.is_finalized = True
        # An answer cannot leave by a service that is gone, and DDS needs a moment to bring it.
        self._farewell = self.create_timer(
            _FAREWELL_S if is_awaited else 0.0,
            self._leave,
            clock=Clock(clock_type=ClockType.STEADY_TIME),
        )
        return super().on_shutdown(state)

    def _leave(self) -> None:
        self.destroy_timer(self._farewell)
        if self._bus_services is not None:
            self._bus_services.destroy()
        self._cyclic.destroy()
        self._traffic.destroy()
        self._diagnostics.destroy()
        if self._status is not None:
            self._status.destroy()
        self.has_left = True

    @_told
    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close the port; the node may be configured again."""
        self._is_given_up = False
        self.close('failed')
        return super().on_error(state)

    def close(self, why: str) -> None:
        """
        Send everybody away and close the port; safe at any time, any number of times.

        :param why: what the node did, as the end of a sentence that begins with its name.
        """
        session = self._session
        if session is None:
            return
        try:
            self._dismiss(why)
        finally:
            self._session = None
            session.close(self._reason(why))
            self._traffic.stop()
            self.get_logger().info(f'{session.port.name} is closed')

    def _dismiss(self, why: str) -> None:
        was_active, self._is_active = self._is_active, False
        self._cyclic.stop_all()
        if self._session is None:
            return
        stop = stop_work(self.settings.stop_packets, self.link) if was_active else None
        if self.gives_way and not self._session.bus.statistics.transactions:
            stop = None  # it has moved nothing, and the servos may be those of the other driver
        done = self._session.bus.dismiss(self._reason(why), stop)
        if stop is not None:
            log_stop(self.get_logger(), self.settings.stop_packets, done)

    def _reason(self, why: str) -> str:
        return f'{self._full_name} {why}; activate it again to use its port'

    def destroy_node(self) -> None:
        """Destroy the node; the port is closed as at a shutdown, whoever ends the node."""
        try:
            self.close('was destroyed')
        finally:
            if self._bus_services is not None:
                self._bus_services.destroy()
            super().destroy_node()

    def _on_context_shutdown(self) -> None:
        self.close('lost its ROS context')

    # Other drivers of its name

    def _on_others(self) -> None:
        """Give way to a driver of the same name that was started earlier, and tell of any."""
        assert self._status is not None
        others = self._status.others
        self._conflict = _conflict(self._full_name, others, gives_way=self.gives_way)
        if not others:
            advice = '' if self._is_active else '; activate this one if it is to be used'
            self.get_logger().info(f'no other driver is called {self._full_name} now{advice}')
        else:
            self.get_logger().error(self._conflict)
        if self.gives_way and self._is_active:
            self.trigger_deactivate()
        self._offer_services()
        self.tell_status()

    def _offer_services(self) -> None:
        """Have the services on the graph unless a driver that goes before this one has them."""
        if self.is_finalized or self._bus_services is None:
            return
        if not self.gives_way and self._services_withdrawn:
            self._services_withdrawn = False
            self._bus_services = BusServices(self, self)
            self._cyclic = CyclicServices(self, self)
            guard_services(self)
        elif self.gives_way and not self._services_withdrawn:
            # A request goes to all services of a name, and the client takes the first response:
            # a refusal from here would be quicker than what the other driver did.
            self._services_withdrawn = True
            self._bus_services.destroy()
            self._cyclic.destroy()

    # The device

    def _on_lost(self, reason: str) -> None:
        self.failure = ReceiveError(reason)
        waits = 'waiting for it to come back' if self.settings.reconnect else 'giving it up'
        self.get_logger().error(f'{self.settings.port_name} is gone ({reason}); {waits}')
        self.tell_status()

    def _on_back(self) -> None:
        # The session has set the port up again; all else that belongs to the settings has not
        # changed, and is the executor's.
        self.failure = None
        self.get_logger().info(f'{self.settings.port_name} is back; work goes on')
        self.tell_status()

    def _fail(self) -> None:
        """Go through error processing to unconfigured: the device is gone for good."""
        session = self._session
        if session is None or session.bus.lost is None:
            return  # by now it was cleaned up, or has taken another port
        self._is_given_up = True
        if self._is_active:
            self.trigger_deactivate()
        else:
            self.trigger_cleanup()

    def _tell_afterwards(self, text: str) -> None:
        """
        Log what is no news, once the callback under way is over.

        For the first line of a process rclpy looks through all modules that are loaded, which
        takes 15 ms and more; the way from start to active is not the time for that.
        """
        if self.executor is None:
            self.get_logger().info(text)
        else:
            self.executor.create_task(lambda: self.get_logger().info(text))

    def _apply_settings(self) -> None:
        if self._session is not None:
            listener = None
            if self.settings.publish_traffic:
                self._traffic.start()
                listener = self._traffic.tell
            self._session.apply(self.settings, listener)
            if listener is None:
                self._traffic.stop()

    def _condition(self) -> Condition:
        session = self._session
        port = session.port if session is not None else None
        state = 'active' if self._is_active else 'inactive' if session else 'unconfigured'
        return Condition(
            state,
            self.settings.port_name,
            self.settings.baudrate,
            port.real_baudrate if port is not None and port.is_open else 0,
            port.latency_timer_ms if port is not None else None,
            session.bus if session is not None else None,
            self._problem,
            self._traffic.dropped,
            session.low_latency if session is not None else None,
        )

    @property
    def _problem(self) -> str:
        return self._conflict or ('' if self.failure is None else str(self.failure))

    def tell_status(self) -> None:
        """Publish the status if it has changed; may be called in any thread."""
        if self._status is not None:
            self._status.publish()

    def _fill_in_status(self, status: DriverStatus) -> None:
        session = self._session
        if self.is_finalized:
            status.state = DriverStatus.STATE_FINALIZED
        elif self._is_active:
            status.state = DriverStatus.STATE_ACTIVE
        elif session is not None:
            status.state = DriverStatus.STATE_INACTIVE
        else:
            status.state = DriverStatus.STATE_UNCONFIGURED
        status.port_name = self.settings.port_name
        status.baudrate = self.settings.baudrate
        if session is not None and session.port.is_open:
            status.real_baudrate = session.port.real_baudrate
            status.device_present = session.bus.lost is None
        status.message = self._problem

    # Parameters

    def refusal(self, parameters: list[Parameter[Any]]) -> str | None:
        """Tell why these parameters cannot be set; None when nothing is against it so far."""
        reasons = (
            refusal(parameter, self.settings, active=self._is_active)
            or undeclared_refusal(parameter, self)
            for parameter in map(as_meant, parameters)
        )
        return next((reason for reason in reasons if reason is not None), None)

    def set_parameters_atomically(
        self, parameter_list: list[Parameter[Any]]
    ) -> SetParametersResult:
        """Set parameters, or refuse with a reason that names one; rclpy's own does not."""
        parameters = [as_meant(parameter) for parameter in parameter_list]
        reason = self.refusal(parameters)
        if reason is not None:
            return SetParametersResult(successful=False, reason=reason)
        return super().set_parameters_atomically(parameters)

    def _on_set_parameters(self, parameters: list[Parameter[Any]]) -> SetParametersResult:
        """Refuse, or do those changes that can fail."""
        reason = self.refusal(parameters)
        if reason is not None:
            return SetParametersResult(successful=False, reason=reason)
        settings = self.settings.changed(parameters)
        names = {parameter.name for parameter in parameters}
        session = self._session
        try:
            if session is not None and names & REOPENING:
                session.reopen(settings)
                self.failure = None
            elif session is not None and 'baudrate' in names:
                if self._is_active:
                    self._baudrate.change(settings.baudrate)
                else:
                    session.set_baudrate(settings.baudrate)
        except DxlPortError as error:
            # The port that was to be another one is the old one, opened anew.
            self._apply_settings()
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _on_parameters_set(self, parameters: list[Parameter[Any]]) -> None:
        """Take notice of values that have been accepted."""
        self.settings = self.settings.changed(parameters)
        self.limits = self.settings.limits()
        self._apply_settings()
        self.tell_status()


def _conflict(full_name: str, others: list[DriverStatus], *, gives_way: bool) -> str:
    """Tell of other drivers of the same name, and what to do; empty where there are none."""
    if not others:
        return ''
    told = ', '.join(f'process {one.pid} on {one.host} with {one.port_name}' for one in others)
    what = (
        'it was started earlier, so this one serves nobody'
        if gives_way
        else 'this one was started earlier and goes on'
    )
    return (
        f'another driver is called {full_name} as well ({told}); {what}; end one of them, or give '
        'it a name or namespace of its own'
    )
