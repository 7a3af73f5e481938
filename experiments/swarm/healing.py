"""When all faults have healed, everything is as it was before.

- Hosts are up, work at their own speed and know what time it is; processes listen; messages pass untouched;
  pools have their connections, features are on, and no breaker is held in a state by hand.
- When the system has run empty, each instance answers once more: in its own time, and well, if it needs
  nobody else.

Source of the idea: what is injected must be withdrawn, in whatever order faults overlap; chaos engineering
calls it rollback (Chaos Toolkit), and experiments that leave something behind spoil the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from math import ceil
from typing import Any

from models import CallFailed, Host, Request, Response
from models.faults import Fault
from models.resilience import BreakerState, CircuitBreaker
from models.resilience.bulkheads import ConnectionPool
from models.resilience.feature_switches import FeatureSwitch
from models.services import Instance

from .hand_made_faults import ChaosForAWhile
from .invariants import BrokenInvariant, entity_of
from .live_system import LiveSystem
from .part_kind import managed_services
from .parts import PARTS
from .plan import ServicePlan

_HELD_BY_HAND = {BreakerState.DISABLED, BreakerState.FORCED_OPEN, BreakerState.METRICS_ONLY}

_PATIENCE = 10.0  # how long to wait for all instances to answer, the first time (s)
_PATIENCES_MAX = 12
_ROUNDING = 1e-6  # s


def is_being_repaired(live: LiveSystem) -> bool:
    """Say whether repairers are still at work, of whom one alone takes his time, or hosts boot."""
    chaos = [part.chaos for part in live.parts if isinstance(part, ChaosForAWhile)]
    is_broken = any(each is not None and each.down_count for each in chaos)
    return is_broken or any(host.is_booting for host in live.hosts)


def check_healed(live: LiveSystem) -> None:
    """Raise `BrokenInvariant` for what is not as it was, when faults should have healed and hosts booted."""
    for part in _to_be_as_before(live):
        for kind, rules in _AS_BEFORE.items():
            if isinstance(part, kind):
                for rule, holds in rules:
                    if not holds(part):
                        raise _unhealed(part, rule, live.env.now)
    for host in live.hosts:
        if host.speed != _own_speed(live, host):
            raise _unhealed(host, "a host works at its own speed", live.env.now)
    for connection in live.system.connections:
        if not _is_plain(live, connection.host, connection.target.host):
            raise _unhealed(connection, "messages pass untouched", live.env.now)


def _own_speed(live: LiveSystem, host: Host) -> float:
    """Return how fast a host is when nothing slows it down: as planned, or 1 where it is hired."""
    return next((planned.speed for planned in live.plan.hosts if planned.name == host.name), 1.0)


def _to_be_as_before(live: LiveSystem) -> Iterator[object]:
    """Yield what is to be as it was: not what somebody else adds and takes away, who sees to it himself."""
    planned = {host.name for host in live.plan.hosts}
    managed = managed_services(live.plan.parts, PARTS)
    for part in (*live.hosts, *live.endpoints, *live.parts):
        host = part if isinstance(part, Host) else part.host if isinstance(part, Instance) else None
        is_managed = isinstance(part, Instance) and part.name.rpartition("-")[0] in managed
        if not is_managed and (host is None or host.name in planned):
            yield part


def _is_plain(live: LiveSystem, one: Host | None, other: Host | None) -> bool:
    path = live.system.network.path
    return one is None or other is None or (path(one, other).is_plain and path(other, one).is_plain)


_AS_BEFORE: dict[type, tuple[tuple[str, Callable[[Any], bool]], ...]] = {
    Host: (
        ("a host is up", lambda host: host.is_up),
        ("a host knows what time it is", lambda host: host.clock() == host.env.now),
    ),
    Instance: (("a process listens", lambda instance: instance.is_listening or instance.is_stopping),),
    CircuitBreaker: (("no state is held by hand", lambda breaker: breaker.state not in _HELD_BY_HAND),),
    FeatureSwitch: (("a feature is on", lambda switch: switch.is_on),),
    ConnectionPool: (
        ("no connection has leaked", lambda pool: pool.statistics().leaked_count == 0),
        ("no connection leaks", lambda pool: pool.leak_probability == 0.0),
    ),
    Fault: (("a fault has healed", lambda fault: not fault.is_injected),),
    ChaosForAWhile: (("all is repaired", lambda fault: fault.chaos is None or fault.chaos.down_count == 0),),
}
"""What must be so again, by class."""


def _unhealed(part: object, rule: str, now: float) -> BrokenInvariant:
    rule = f"{rule} when all faults have healed"
    return BrokenInvariant(rule, entity_of(part), f"{type(part).__name__}: {rule}", now)


# -- does everything work again


def check_all_answer(live: LiveSystem, advance: Callable[[float], object]) -> None:
    """Ask each instance once more; raises `BrokenInvariant` for one that does not answer as it should.

    For a system that has run empty and is sure to do so again; `advance(time)` runs it.
    """
    # First those that need nobody: what others have left going on afterwards would be in their way.
    pairs = [
        (plan, instance)
        for plan in sorted(live.plan.services, key=lambda plan: len(plan.dependencies) > 0)
        for instance in live.system.service(plan.name).instances
        if all(part.vouches_for(instance) for part in live.others)
    ]
    asking = live.env.process(_ask(live, pairs), "is all well?")
    patience = _PATIENCE
    for _ in range(_PATIENCES_MAX):
        advance(live.env.now + patience)
        if not asking.is_alive:
            return
        patience *= 2
    rule = "every instance answers when all faults have healed"
    raise BrokenInvariant(rule, "the system", f"Instance: {rule}", live.env.now)


def _ask(live: LiveSystem, pairs: list[tuple[ServicePlan, Instance]]) -> Generator[Any, Any, None]:
    """Ask instances, one after the other."""
    env = live.env
    for plan, instance in pairs:
        start = env.now
        answer: Response | CallFailed
        try:
            answer = yield from instance.call(Request(key="is all well?"))
        except CallFailed as failure:
            answer = failure
        if plan.dependencies:
            continue
        if not isinstance(answer, Response) or answer.degraded:
            raise _broken(instance, "an instance that needs nobody answers well", env.now, repr(answer))
        took, least = env.now - start, plan.demand.mean / _own_speed(live, instance.host)
        most = _longest(plan, least)
        if plan.demand.law == "constant" and not least - _ROUNDING <= took <= most + _ROUNDING:
            rule = "an instance that is alone takes as long as its work"
            raise _broken(instance, rule, env.now, f"{took!r} s, work of {least!r} s")


def _longest(plan: ServicePlan, work: float) -> float:
    """Return how long `work` (s) may take an instance that is alone, its quota considered (s)."""
    quota = plan.resources.cpu_quota
    if quota is None or quota.cores >= 1.0:
        return work
    # The first period may be nearly over.
    return (1 + ceil(work / quota.time)) * quota.period


def _broken(instance: Instance, rule: str, now: float, detail: str) -> BrokenInvariant:
    return BrokenInvariant(rule, entity_of(instance), f"Instance: {rule}", now, detail)
