"""The kinds of faults that strike stores: whom each strikes, and with what.

Whom a fault strikes is found out when it begins: a host by its name, or the leader's, whoever that is by
then. Where nobody is (no leader, a host without a disk) nothing happens. A new kind is an entry in the table:
its parameters, and a function `make(live, name, **parameters)` that returns a fault to be injected now and
healed later, or None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from random import Random

from models import Host
from models.faults import (
    ClockSkew,
    DiskLoss,
    Fault,
    Flapping,
    HostCrash,
    LinkDelay,
    LinkLoss,
    NetworkPartition,
    ProcessCrash,
    SlowHost,
)
from simulator.randomness import Exponential

from ...misuse import Misuse, unknown_name
from ..choices import Choice, Names, Parameter, Reference
from ..hand_made_faults import Several
from ..plan import Value
from .faults import BusyDisk, CrashAtSync, Hunt, Order, OtherDrift
from .live_store import LEADER, LiveStore
from .moving_store import GOALS, MovingStore
from .plan import DIRECTORY_LOSS, DRIFT, LITTLE_DRIFT, StorePlan

NEW_GOAL = "new_goal"
"""What is no fault, but an order to a mover: it comes at a time, and is cut down, as faults are."""

SECOND_MOVER = "second_mover"
"""Nor is this: there is another mover for a while, as when somebody takes the first one for dead."""

MOVED_KEYS = ("a", "b", "list", "mortal-1", "mortal-2", "number", "salted 1", "last of client-1")
"""Keys whose ranges an order may be about: others lie between them."""

_LEADER_SHARE = 0.45
_LAST_SHARE = 0.15
_RESTART = 0.01  # s: what a process takes to be started again
_STANDSTILL = 1e-9  # times as fast: what takes a microsecond takes longer than any plan


@dataclass(frozen=True, slots=True)
class HostOrLeader(Reference):
    """The name of a host on which there is a node, or "leader"."""

    def candidates(self, names: Names) -> tuple[str, ...]:
        """Return the names."""
        return (*names.instances, LEADER)

    def draw(self, random: Random, names: Names) -> Value:
        """Return one of the names, often the leader, at times the last: the monitor where there is one."""
        luck = random.random()
        if luck < _LEADER_SHARE:
            return LEADER
        return names.instances[-1] if luck < _LEADER_SHARE + _LAST_SHARE else random.choice(names.instances)


@dataclass(frozen=True, slots=True)
class OneClient(Reference):
    """The name of a client, which is that of its host."""

    def candidates(self, names: Names) -> tuple[str, ...]:
        """Return the names."""
        return tuple(name for name in names.hosts if name not in names.instances)


@dataclass(frozen=True, slots=True)
class SomeHosts(Parameter):
    """The names of some hosts, "leader" among them, of all there are."""

    def draw(self, random: Random, names: Names) -> Value:
        """Return some of the names.

        Often the leader with some clients, who believe in it; at times the last host with a node alone, which
        is the monitor where there is one.
        """
        clients = [name for name in names.hosts if name not in names.instances]
        luck = random.random()
        if luck < _LEADER_SHARE:
            return (LEADER, *sorted(random.sample(clients, (len(clients) + random.randint(0, 1)) // 2)))
        if luck < _LEADER_SHARE + _LAST_SHARE:
            return (names.instances[-1],)
        hosts = random.sample(names.hosts, random.randint(1, len(names.hosts) - 1))
        return tuple(name for name in names.hosts if name in hosts)

    def require(self, place: str, value: Value, names: Names) -> None:
        """Raise Misuse unless there are hosts of these names, at least one."""
        if not isinstance(value, tuple) or not value:
            raise Misuse(f"{place} must be a list of one host or more, got {value!r}")
        for number, name in enumerate(value):
            if name not in (*names.hosts, LEADER):
                raise unknown_name(f"{place}.{number}", name, (*names.hosts, LEADER))


@dataclass(frozen=True, slots=True)
class Drift(Parameter):
    """How many seconds a clock gains in a second: more than -1, or it would go back."""

    def draw(self, random: Random, names: Names) -> Value:
        """Return as much as many a promise allows; whoever draws for one knows how much that is."""
        return random.choice([LITTLE_DRIFT, -LITTLE_DRIFT])

    def default(self, place: str) -> Value:
        """Return what clocks often gain at most."""
        return LITTLE_DRIFT

    def require(self, place: str, value: Value, names: Names) -> None:
        """Raise Misuse for what is no drift."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not -1.0 < value < inf:
            raise Misuse(f"{place} must be a finite number > -1, got {value!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFaultKind:
    """One kind: see above. Of kinds that are not `is_common` few are drawn.

    Those that are not `is_for_all` are not drawn among the others, but where a plan is made for them.
    """

    parameters: Mapping[str, Parameter]
    make: Callable[..., Fault | None]
    is_common: bool = True
    is_for_all: bool = True


def names_of(plan: StorePlan) -> Names:
    """Return the names of a plan's hosts: `instances` are those of nodes, `hosts` those of clients too."""
    nodes = tuple(host.name for host in plan.host_plans)
    return Names(hosts=(*nodes, *(client.name for client in plan.clients)), instances=nodes)


def _process_crash(live: LiveStore, name: str, host: str) -> Fault | None:
    where = live.host_of(host)
    node = None if where is None else live.node_on(where)
    return None if node is None else ProcessCrash(node, name=name)


def _part_crash(live: LiveStore, name: str, host: str, which: int) -> Fault | None:
    where = live.host_of(host)
    parts = [node for node in live.nodes() if node.host is where]
    return ProcessCrash(parts[which % len(parts)], name=name) if parts else None


def _new_goal(live: LiveStore, name: str, goal: str, key: str, shard: int) -> Fault:
    def give() -> None:
        if isinstance(live.store, MovingStore):
            live.store.pursue(goal, key, shard)

    return Order(live.env, give, name=name)


def _second_mover(live: LiveStore, name: str) -> Fault:
    def turn(is_on: bool) -> None:
        if isinstance(live.store, MovingStore):
            live.store.turn_second_mover(is_on=is_on)

    return Order(live.env, lambda: turn(True), take_back=lambda: turn(False), name=name)


def _directory_loss(live: LiveStore, name: str) -> Fault:
    disks = live.store.directory_disks if isinstance(live.store, MovingStore) else ()
    losses = [DiskLoss(disk, name=f"{name} {disk.host.name}") for disk in disks[:1]]
    return Several(live.env, losses, name=name)


def _host_crash(live: LiveStore, name: str, host: str, resets: bool) -> Fault | None:
    where = live.host_of(host)
    return None if where is None else HostCrash(where, resets=resets, name=name)


def _power_outage(live: LiveStore, name: str) -> Fault | None:
    crashes = [HostCrash(node.host, name=f"{name} {node.name}") for node in live.nodes()]
    return Several(live.env, crashes, name=name)


def _restarts(
    live: LiveStore, name: str, host: str, down: float, up: float, of_process: bool
) -> Fault | None:
    turn = _process_crash if of_process else _host_restart
    fault = turn(live, f"{name} turn", host)
    return None if fault is None else Flapping(fault, up=up, down=down, name=name)


def _host_restart(live: LiveStore, name: str, host: str) -> Fault | None:
    return _host_crash(live, name, host, resets=False)


def _crash_at_sync(live: LiveStore, name: str, host: str, after: bool, down: float) -> Fault | None:
    where = live.host_of(host)
    disk = None if where is None else live.disks.get(where)
    if disk is None:
        return None
    return CrashAtSync(disk, after=after, down=down, interval=live.given["sync_time"] / 4.0, name=name)


def _process_crash_at_sync(live: LiveStore, name: str, host: str) -> Fault | None:
    where = live.host_of(host)
    disk = None if where is None else live.disks.get(where)
    crash = _process_crash(live, f"{name} crash", host)
    if disk is None or crash is None:
        return None
    interval = live.given["sync_time"] / 4.0
    return CrashAtSync(disk, after=False, down=_RESTART, interval=interval, name=name, crash=crash)


def _hunt(live: LiveStore, name: str, down: float, up: float) -> Fault:
    return Hunt(live.env, lambda: live.host_of(LEADER), down=down, up=up, name=name)


def _disk_loss(live: LiveStore, name: str, host: str) -> Fault | None:
    where = live.host_of(host)
    disk = None if where is None else live.disks.get(where)
    return None if disk is None else DiskLoss(disk, name=name)


def _busy_disk(live: LiveStore, name: str, host: str, users_count: int) -> Fault | None:
    where = live.host_of(host)
    disk = None if where is None else live.disks.get(where)
    return None if disk is None else BusyDisk(disk, users_count=users_count, name=name)


def _cut(live: LiveStore, name: str, inside: tuple[str, ...], way: str) -> Fault | None:
    within = _hosts(live, inside)
    without = [host for host in live.hosts.values() if host not in within]
    if not within or not without:
        return None
    ends = (without, within) if way == "in" else (within, without)
    return NetworkPartition(live.network, *ends, one_way=way != "both", name=name)


def _cut_link(live: LiveStore, name: str, source: str, target: str, one_way: bool) -> Fault | None:
    ends = live.host_of(source), live.host_of(target)
    if ends[0] is None or ends[1] is None or ends[0] is ends[1]:
        return None
    return NetworkPartition(live.network, ends[0], ends[1], one_way=one_way, name=name)


def _loss(live: LiveStore, name: str, inside: tuple[str, ...], probability: float) -> Fault | None:
    within = _hosts(live, inside)
    return LinkLoss(live.network, within, _all(live), probability, name=name) if within else None


def _delay(live: LiveStore, name: str, inside: tuple[str, ...], mean: float, one_way: bool) -> Fault | None:
    within = _hosts(live, inside)
    delay = Exponential(mean)
    return LinkDelay(live.network, within, _all(live), delay, one_way=one_way, name=name) if within else None


def _slow_link(
    live: LiveStore, name: str, source: str, target: str, mean: float, one_way: bool
) -> Fault | None:
    ends = live.host_of(source), live.host_of(target)
    if ends[0] is None or ends[1] is None or ends[0] is ends[1]:
        return None
    return LinkDelay(live.network, ends[0], ends[1], Exponential(mean), one_way=one_way, name=name)


def _clock(live: LiveStore, name: str, host: str, offset: float) -> Fault | None:
    where = live.host_of(host)
    return None if where is None else ClockSkew(where, offset, name=name)


def _drift(live: LiveStore, name: str, host: str, drift: float) -> Fault | None:
    where = live.host_of(host)
    if where is None:
        return None
    usual = next((each.drift for each in live.plan.host_plans if each.name == where.name), 0.0)
    return None if drift == usual else OtherDrift(where, drift, usual, name=name)


def _slow_host(live: LiveStore, name: str, host: str, factor: float) -> Fault | None:
    where = live.host_of(host)
    return None if where is None else SlowHost(where, factor, name=name)


def _pause(live: LiveStore, name: str, host: str) -> Fault | None:
    where = live.host_of(host)
    return None if where is None else SlowHost(where, _STANDSTILL, name=name)


def _client_crash(live: LiveStore, name: str, host: str) -> Fault | None:
    return _host_crash(live, name, host, resets=False)


def _hosts(live: LiveStore, names: tuple[str, ...]) -> list[Host]:
    found = [live.host_of(name) for name in names]
    return [host for host in dict.fromkeys(found) if host is not None]


def _all(live: LiveStore) -> list[Host]:
    return list(live.hosts.values())


_A_HOST = HostOrLeader()
_A_CLIENT = OneClient()
_SOME = SomeHosts()

STORE_FAULTS: Mapping[str, StoreFaultKind] = {
    "process_crash": StoreFaultKind(parameters={"host": _A_HOST}, make=_process_crash),
    "part_crash": StoreFaultKind(
        parameters={"host": _A_HOST, "which": Choice(0, 1, 2, 3)}, make=_part_crash, is_for_all=False
    ),
    "host_crash": StoreFaultKind(
        parameters={"host": _A_HOST, "resets": Choice(False, True)}, make=_host_crash
    ),
    "power_outage": StoreFaultKind(parameters={}, make=_power_outage, is_common=False),
    "restarts": StoreFaultKind(
        parameters={
            "host": _A_HOST,
            "down": Choice(0.05, 0.2),
            "up": Choice(0.05, 0.3),
            "of_process": Choice(False, True),
        },
        make=_restarts,
    ),
    "crash_at_sync": StoreFaultKind(
        parameters={"host": _A_HOST, "after": Choice(False, True), "down": Choice(0.01, 0.2, 1.0)},
        make=_crash_at_sync,
    ),
    "process_crash_at_sync": StoreFaultKind(
        parameters={"host": _A_HOST}, make=_process_crash_at_sync, is_for_all=False
    ),
    "hunt": StoreFaultKind(
        parameters={"down": Choice(0.05, 0.4), "up": Choice(0.05, 0.2, 0.6)}, make=_hunt, is_common=False
    ),
    "disk_loss": StoreFaultKind(parameters={"host": _A_HOST}, make=_disk_loss, is_common=False),
    "busy_disk": StoreFaultKind(parameters={"host": _A_HOST, "users_count": Choice(3, 20)}, make=_busy_disk),
    "cut": StoreFaultKind(parameters={"inside": _SOME, "way": Choice("both", "out", "in")}, make=_cut),
    "cut_link": StoreFaultKind(
        parameters={"source": _A_HOST, "target": _A_HOST, "one_way": Choice(False, True)}, make=_cut_link
    ),
    "loss": StoreFaultKind(parameters={"inside": _SOME, "probability": Choice(0.5, 0.1)}, make=_loss),
    "delay": StoreFaultKind(
        parameters={"inside": _SOME, "mean": Choice(0.05, 0.005, 0.3), "one_way": Choice(False, True)},
        make=_delay,
    ),
    "slow_link": StoreFaultKind(
        parameters={
            "source": _A_HOST,
            "target": _A_HOST,
            "mean": Choice(0.3, 0.05),
            "one_way": Choice(False, True),
        },
        make=_slow_link,
        is_for_all=False,
    ),
    "clock": StoreFaultKind(
        parameters={"host": _A_HOST, "offset": Choice(10.0, -10.0, 0.5, -0.05)},
        make=_clock,
    ),
    DRIFT: StoreFaultKind(parameters={"host": _A_HOST, "drift": Drift()}, make=_drift, is_for_all=False),
    "pause": StoreFaultKind(parameters={"host": _A_CLIENT}, make=_pause, is_for_all=False),
    "client_crash": StoreFaultKind(parameters={"host": _A_CLIENT}, make=_client_crash, is_for_all=False),
    NEW_GOAL: StoreFaultKind(
        parameters={"goal": Choice(*GOALS), "key": Choice(*MOVED_KEYS), "shard": Choice(1, 2, 3)},
        make=_new_goal,
        is_for_all=False,
    ),
    SECOND_MOVER: StoreFaultKind(parameters={}, make=_second_mover, is_for_all=False),
    DIRECTORY_LOSS: StoreFaultKind(parameters={}, make=_directory_loss, is_for_all=False),
    "slow_host": StoreFaultKind(parameters={"host": _A_HOST, "factor": Choice(0.01, 0.1)}, make=_slow_host),
}
