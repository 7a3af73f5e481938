"""Faults that only the swarm has: what people do by hand, several as one, and chaos for a while."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from models import System
from models.faults import Fault
from models.faults.chaos import Chaos, WorkingHours
from models.resilience import BreakerState, CircuitBreaker
from models.resilience.feature_switches import FeatureSwitch
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


class Several(Fault):
    """Some `faults` at once, as one."""

    def __init__(self, system: System, faults: list[Fault], *, name: str) -> None:
        super().__init__(system.env, name, "several")
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
