"""Faults that only the swarm has: what people do by hand, several as one, and chaos for a while.

What people do is also to add instances and to take them away: no trouble, one would think.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from models import Host, System
from models.faults import Fault
from models.faults.chaos import Chaos, WorkingHours
from models.resilience import BreakerState, CircuitBreaker
from models.resilience.feature_switches import FeatureSwitch
from models.services import Instance, Service
from simulator import Environment
from simulator.randomness import Exponential


class SwitchedOff(Fault):
    """Somebody turns features off by hand, and on again."""

    def __init__(self, system: System, switches: list[FeatureSwitch], *, name: str) -> None:
        super().__init__(system.env, name, "switched off")
        self._switches = switches
        self._turned_off: list[FeatureSwitch] = []

    def _start(self) -> None:
        # One that is off already is another's to turn on.
        self._turned_off = [switch for switch in self._switches if switch.is_on]
        for switch in self._turned_off:
            switch.turn_off(f"by {self.subject}")

    def _stop(self) -> None:
        for switch in self._turned_off:
            switch.turn_on()


class BreakersByHand(Fault):
    """Somebody sets `breakers` to a state by hand, and closes them again."""

    def __init__(
        self, system: System, breakers: list[CircuitBreaker], state: BreakerState, *, name: str
    ) -> None:
        super().__init__(system.env, name, "breakers by hand", {"state": str(state)})
        self.breakers = breakers
        self._state = state

    def _start(self) -> None:
        for breaker in self.breakers:
            breaker.move_to(self._state)

    def _stop(self) -> None:
        for breaker in self.breakers:
            breaker.move_to(BreakerState.CLOSED)


class InstanceAdded(Fault):
    """A service has one more instance, on `host`, which is retired in the end.

    `linger` and `grace` are those of `Instance.stop`.
    """

    def __init__(
        self, system: System, service: Service, host: Host, *, linger: float, grace: float, name: str
    ) -> None:
        super().__init__(system.env, name, "instance added")
        self._service = service
        self._host = host
        self._linger = linger
        self._grace = grace
        self._instance: Instance | None = None

    def _start(self) -> None:
        self._instance = self._service.add_instance(self._host)

    def _stop(self) -> None:
        # Another may have retired it meanwhile.
        if self._instance in self._service.instances:
            self._service.retire(self._instance, linger=self._linger, grace=self._grace)


class InstanceReplaced(Fault):
    """The oldest instance of a service is retired, and in the end there is a new one on its host."""

    def __init__(self, system: System, service: Service, *, linger: float, grace: float, name: str) -> None:
        super().__init__(system.env, name, "instance replaced")
        self._service = service
        self._linger = linger
        self._grace = grace
        self._host: Host | None = None

    def _start(self) -> None:
        self._host = None
        if self._service.instances:
            oldest = self._service.instances[0]
            self._host = oldest.host
            self._service.retire(oldest, linger=self._linger, grace=self._grace)

    def _stop(self) -> None:
        if self._host is not None:
            self._service.add_instance(self._host)


class Several(Fault):
    """Some `faults` at once, as one."""

    def __init__(self, env: Environment, faults: Sequence[Fault], *, name: str) -> None:
        super().__init__(env, name, "several")
        self.faults = faults

    def _start(self) -> None:
        for fault in self.faults:
            fault.inject_as(None)

    def _stop(self) -> None:
        for fault in self.faults:
            fault.heal()


class ChaosForAWhile(Fault):
    """Random chaos among `faults`, until it is healed: what is down then is repaired in its time.

    Times to failure are exponential with a mean of `between` (s); `repair`, `hours`, `down_max` and
    `repairers` are those of `Chaos`.
    """

    def __init__(
        self,
        system: System,
        faults: Sequence[Fault],
        *,
        until: float,
        between: float,
        repair: float,
        hours: WorkingHours | None,
        down_max: float,
        repairers: float,
        name: str,
    ) -> None:
        super().__init__(system.env, name, "chaos")
        self._begin: Callable[[], Chaos] = lambda: Chaos(
            system.env,
            faults,
            between=Exponential(between),
            repair=repair,
            hours=hours,
            down_max=down_max,
            repairers=repairers,
            until=until,
            name=name,
        )
        self.chaos: Chaos | None = None

    def _start(self) -> None:
        self.chaos = self._begin()

    def _stop(self) -> None:
        """Do nothing: it ends by itself, at `until`."""
