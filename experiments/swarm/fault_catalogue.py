"""The kinds of faults that a plan may hold: what each strikes, and with what.

A new kind is an entry in the table: its parameters, and a function `build(system, name, **parameters)` that
returns a fault, to be injected and healed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from models import System
from models.faults import (
    ClockSkew,
    DependencyOutage,
    ErrorBurst,
    Fault,
    Flapping,
    HostCrash,
    LinkDelay,
    LinkLoss,
    NetworkOutage,
    NetworkPartition,
    PoolLeak,
    PowerOutage,
    ProcessCrash,
    SlowAnswers,
    SlowHost,
)
from models.network import Place
from models.resilience import BreakerState, CircuitBreaker
from models.resilience.bulkheads import ConnectionPool
from models.resilience.feature_switches import FeatureSwitch

from .choices import Choice, NameOf, Parameter, WrapperOf
from .wrapper_catalogue import BREAKERS, parts_of

_A_HOST = NameOf(("hosts",))
_A_ZONE = NameOf(("zones",))
_A_SERVICE = NameOf(("services",))
_AN_INSTANCE = NameOf(("instances",))
_PROBABILITY = Choice(1.0, 0.3)
_BURSTS = (0.3, 0.5)  # how long they last and how long the gaps are, on average (s)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultKind:
    """One kind: `build(system, name, **parameters)` makes the fault.

    `leaves_callers` says that calls which it has met may wait for ever, also when it is healed.
    """

    parameters: Mapping[str, Parameter]
    build: Callable[..., Fault]
    leaves_callers: bool = False


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


class _Several(Fault):
    """Some faults at once, as one."""

    def __init__(self, system: System, faults: list[Fault], *, name: str) -> None:
        super().__init__(system.env, name, "several")
        self._faults = faults

    def _start(self) -> None:
        for fault in self._faults:
            fault.inject_as(None)

    def _stop(self) -> None:
        for fault in self._faults:
            fault.heal()


def _place(system: System, name: str) -> Place:
    return system.zone(name) if name in system.zones else system.host(name)


def _partition(system: System, name: str, source: str, target: str, one_way: bool) -> Fault:
    ends = _place(system, source), _place(system, target)
    return NetworkPartition(system.network, *ends, one_way=one_way, name=name)


def _loss(
    system: System, name: str, source: str, target: str, one_way: bool, probability: float, in_bursts: bool
) -> Fault:
    ends = _place(system, source), _place(system, target)
    burst, gap = _BURSTS if in_bursts else (None, None)
    return LinkLoss(
        system.network, *ends, probability, one_way=one_way, burst_mean=burst, gap_mean=gap, name=name
    )


def _delay(
    system: System, name: str, source: str, target: str, one_way: bool, delay: float, in_bursts: bool
) -> Fault:
    ends = _place(system, source), _place(system, target)
    burst, gap = _BURSTS if in_bursts else (None, None)
    return LinkDelay(system.network, *ends, delay, one_way=one_way, burst_mean=burst, gap_mean=gap, name=name)


def _dependency_outage(system: System, name: str, service: str, mode: str) -> Fault:
    delay = 0.3 if mode == "slow" else None
    return DependencyOutage(system.service(service), mode, delay=delay, name=name)


def _flapping(system: System, name: str, host: str, down: float, up: float) -> Fault:
    return Flapping(HostCrash(system.host(host), name=f"{name} turn"), up=up, down=down, name=name)


def _pool_leak(system: System, name: str, wrapper: str, count: int | None, probability: float) -> Fault:
    leaks: list[Fault] = [
        PoolLeak(pool, probability=probability) if count is None else PoolLeak(pool, count=count)
        for pool in parts_of(system, wrapper, ConnectionPool)
    ]
    return _Several(system, leaks, name=name)


_ENDS: dict[str, Parameter] = {
    "source": _A_HOST,
    "target": NameOf(("hosts", "zones")),
    "one_way": Choice(False, True),
}

FAULTS: dict[str, FaultKind] = {
    "host_crash": FaultKind(
        parameters={"host": _A_HOST, "resets": Choice(False, True)},
        build=lambda system, name, host, resets: HostCrash(system.host(host), resets=resets, name=name),
    ),
    "process_crash": FaultKind(
        parameters={"instance": _AN_INSTANCE},
        build=lambda system, name, instance: ProcessCrash(system.instance(instance), name=name),
    ),
    "flapping_host": FaultKind(
        parameters={"host": _A_HOST, "down": Choice(0.5, 0.05), "up": Choice(0.5, 0.05)}, build=_flapping
    ),
    "power_outage": FaultKind(
        parameters={"zone": _A_ZONE},
        build=lambda system, name, zone: PowerOutage(system.zone(zone), name=name),
    ),
    "network_outage": FaultKind(
        parameters={"zone": _A_ZONE},
        build=lambda system, name, zone: NetworkOutage(system.network, system.zone(zone), name=name),
    ),
    "slow_host": FaultKind(
        parameters={"host": _A_HOST, "factor": Choice(0.1, 0.5, 0.01)},
        build=lambda system, name, host, factor: SlowHost(system.host(host), factor, name=name),
    ),
    "clock_skew": FaultKind(
        parameters={"host": _A_HOST, "offset": Choice(1.0, -5.0), "drift": Choice(0.0, 0.1)},
        build=lambda system, name, host, offset, drift: ClockSkew(
            system.host(host), offset, drift, name=name
        ),
    ),
    "partition": FaultKind(parameters=_ENDS, build=_partition),
    "loss": FaultKind(
        parameters=_ENDS | {"probability": Choice(1.0, 0.5, 0.1), "in_bursts": Choice(False, True)},
        build=_loss,
    ),
    "delay": FaultKind(
        parameters=_ENDS | {"delay": Choice(0.3, 0.05), "in_bursts": Choice(False, True)}, build=_delay
    ),
    "errors": FaultKind(
        parameters={"service": _A_SERVICE, "probability": _PROBABILITY},
        build=lambda system, name, service, probability: ErrorBurst(
            system.service(service), probability, name=name
        ),
    ),
    "slow_answers": FaultKind(
        parameters={"instance": _AN_INSTANCE, "delay": Choice(0.3, 0.05)},
        build=lambda system, name, instance, delay: SlowAnswers(system.instance(instance), delay, name=name),
    ),
    "dependency_outage": FaultKind(
        parameters={"service": _A_SERVICE, "mode": Choice("errors", "refused", "slow")},
        build=_dependency_outage,
    ),
    "silence": FaultKind(
        parameters={"service": _A_SERVICE},
        build=lambda system, name, service: DependencyOutage(system.service(service), "silent", name=name),
        leaves_callers=True,
    ),
    "pool_leak": FaultKind(
        parameters={
            "wrapper": WrapperOf(("connection_pool",)),
            "count": Choice(1, None),
            "probability": _PROBABILITY,
        },
        build=_pool_leak,
    ),
    "breaker_by_hand": FaultKind(
        parameters={
            "wrapper": WrapperOf(tuple(BREAKERS)),
            "state": Choice(*(str(state) for state in BreakerState if state is not BreakerState.CLOSED)),
        },
        build=lambda system, name, wrapper, state: BreakersByHand(
            system, parts_of(system, wrapper, CircuitBreaker), BreakerState(state), name=name
        ),
    ),
    "switched_off": FaultKind(
        parameters={"wrapper": WrapperOf(("switched",))},
        build=lambda system, name, wrapper: SwitchedOff(
            system, parts_of(system, wrapper, FeatureSwitch), name=name
        ),
    ),
}
"""By kind."""
