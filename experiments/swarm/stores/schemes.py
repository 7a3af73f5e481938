"""Schedules for what needs faults in a certain order: hosts and times are drawn, the order is not.

Faults by chance are mostly not where they would tell: a crash is not in the few milliseconds of a sync, and
nobody starts again just while whoever leads is cut off from some. So plans without a flaw too are made after
a schedule now and then (`StoreDesign.schemes`).

`hunted` and `deposed_twice` are of figure 8 of Ongaro and Ousterhout, "In Search of an Understandable
Consensus Algorithm" (2014): who leads has written what nobody else has, crashes, and another leads, who does
not know of it; then the first one leads again, passes that on, and crashes once more. Faults in any order
have not been seen to do this, in hundreds of plans.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from random import Random

from ..plan import FaultPlan, Value
from .plan import OperationPlan, StoreClientPlan, StoreHostPlan, StorePlan

_DIGITS = 4
_READS_APART = 0.15
_LEASED: Mapping[str, Mapping[str, Value]] = {
    "raft": {"reads": "lease", "election_timeout": 0.5, "timeout_spread": 1.2},
    "primary_replica": {"failover": "lease", "reads": "primary", "ttl": 0.6},
}


def hunted(random: Random, plan: StorePlan) -> StorePlan:
    """Return a plan of five hosts in which nobody leads for long, or is heard by all.

    Nobody asks for anything: what each leader writes first, to begin its term, is enough of an entry, and a
    store says by itself what it may not lose. So it is cheap, and does not depend on what clients do.
    """
    names = [f"node-{number}" for number in range(1, 6)]
    end = 8.0
    hunt = _fault("hunt", 1, 0.2, end, up=random.choice([0.02, 0.05]))
    cuts = []
    for number in range(2, random.randint(3, 5) + 1):
        start = random.uniform(0.2, 1.5)
        inside = tuple(sorted(random.sample(names, random.randint(1, 2))))
        cuts.append(_fault("cut", number, start, start + random.uniform(0.2, 0.8), inside=inside))
    return plan.model_copy(
        update={
            "load_end": end,
            "hosts": tuple(StoreHostPlan(name=name) for name in names),
            "monitor": StoreHostPlan(name="monitor"),
            "zones": (),
            "zone_latency": None,
            "clients": (),
            "loss_probability": random.choice([0.2, 0.3, 0.4]),
            "faults": (hunt, *cuts),
        }
    )


def besieged(random: Random, plan: StorePlan) -> StorePlan:
    """Return a plan in which whoever leads is out of reach for some, and others start again meanwhile.

    Out of reach of all but some clients, or of the monitor alone; or all that is said comes so late that it
    is of another leader's time. So those who start again must know what they have promised, and whom.
    """
    names = [host.name for host in plan.hosts]
    clients = sorted(client.name for client in plan.clients)
    faults: list[FaultPlan] = []

    def add(kind: str, start: float, end: float, **parameters: Value) -> None:
        faults.append(_fault(kind, len(faults) + 1, start, end, **parameters))

    start = random.uniform(0.3, 0.8)
    while start < plan.load_end:
        end = start + random.uniform(0.1, 1.0)
        some = random.sample(clients, (len(clients) + 1) // 2)
        match random.choice(("cut", "cut", "cut_link", "delay")):
            case "cut":
                add("cut", start, end, inside=("leader", *sorted(some)), way=random.choice(("both", "out")))
            case "cut_link":
                add("cut_link", start, end, source="leader", target=plan.monitor.name)
                add("cut_link", start, end, source="leader", target=random.choice(names))
            case "delay":
                add("delay", start, end, inside=tuple(names), mean=0.3)
        for _ in range(random.randint(1, 3)):
            crash = start + (end - start) * random.random() ** 3  # mostly while it still has a lease
            kind = random.choice(("host_crash", "process_crash"))
            add(kind, crash, crash + random.choice((0.01, 0.1)), host=random.choice(names))
        start = end + random.uniform(0.1, 0.6)
    return plan.model_copy(update={"faults": tuple(each for each in faults if each.end <= plan.load_end)})


def usurped(random: Random, plan: StorePlan) -> StorePlan:
    """Return a plan in which whoever leads has a lease and is heard by some clients alone.

    Another one has not been heard by it for a while, and would lead; and a third starts again while the lease
    lasts, and must not help that one before it is over.
    """
    names = [host.name for host in plan.hosts]
    clients = sorted(client.name for client in plan.clients)
    faults: list[FaultPlan] = []
    start = random.uniform(0.3, 0.8)
    while start < plan.load_end:
        other, third = random.sample(names, 2)
        alone = start + random.uniform(0.3, 1.0)
        crash = alone + random.uniform(0.0, 0.1)
        end = crash + random.uniform(0.4, 1.0)
        inside = ("leader", *sorted(random.sample(clients, (len(clients) + 1) // 2)))
        number = len(faults) + 1
        faults += [
            _fault("cut_link", number, start, end, source="leader", target=other),
            _fault("cut", number + 1, alone, end, inside=inside),
            _fault("process_crash", number + 2, crash, crash + 0.01, host=third),
        ]
        start = end + random.uniform(0.3, 0.6)
    return plan.model_copy(
        update={
            "parameters": {**plan.parameters, **_LEASED[plan.store]},
            "faults": tuple(each for each in faults if each.end <= plan.load_end),
        }
    )


def passed_over(random: Random, plan: StorePlan) -> StorePlan:
    """Return a plan of three hosts with a monitor, which does not hear the first, a primary without a lease.

    The second is to be the next one. Either the first does not hear it, and the third starts again and again,
    and must know what it has promised; or it does not hear the first, and the monitor does not hear the
    third, which alone has what the first writes, and without which it must not choose. The store is one that
    keeps what it acknowledges.
    """
    first, second, third = (host.name for host in plan.hosts[:3])
    starts_again = random.random() < 0.5
    start = random.uniform(0.3, 0.7)
    end = start + random.uniform(0.8, 1.3)
    faults = [
        _fault("cut_link", 1, start, end, source=first, target=plan.monitor.name),
        _fault("cut_link", 2, start, end, source=second, target=first, one_way=starts_again),
    ]
    if starts_again:
        up, of_process = random.uniform(0.02, 0.08), random.random() < 0.5
        last = _fault("restarts", 3, start + 0.2, end, host=third, down=0.01, up=up, of_process=of_process)
    else:
        last = _fault("cut_link", 3, start, end, source=third, target=plan.monitor.name)
    settings: dict[str, Value] = {"failover": "epoch", "ttl": 0.3, "rule": "any 1", "told": "committed"}
    safe: dict[str, Value] = {"durability": "group", "progress": "flushed", "unclean_election": False}
    return plan.model_copy(
        update={
            "parameters": {**plan.parameters, **settings, **safe},
            "hosts": plan.hosts[:3],
            "faults": (*faults, last),
        }
    )


def torn_snapshots(random: Random, plan: StorePlan) -> StorePlan:
    """Return a plan of followers that need a snapshot, and crash while it is on its way to their disks.

    First the process crashes, so that what was written is there but not synced, and then the host, so that it
    is gone. The store needs snapshots, and clients that write.
    """
    faults: list[FaultPlan] = []
    start = random.uniform(0.3, 0.6)
    while start < plan.load_end:
        host = random.choice(plan.hosts).name
        back = start + random.uniform(0.2, 0.8)
        torn = back + random.uniform(0.1, 0.4)
        last = torn + random.uniform(0.02, 0.2)
        for kind, begin, end, given in (
            ("cut", start, back, {"inside": (host,)}),
            ("process_crash_at_sync", back, torn, {"host": host}),
            ("host_crash", last, last + 0.02, {"host": host}),
        ):
            faults.append(_fault(kind, len(faults) + 1, begin, end, **given))
        start = last + random.uniform(0.2, 0.5)
    snapshots: dict[str, Value] = {"snapshot_after": 5, "entries_kept": 0}
    return plan.model_copy(
        update={
            "parameters": {**plan.parameters, **snapshots},
            "faults": tuple(each for each in faults if each.end <= plan.load_end),
        }
    )


def deposed_twice(random: Random, plan: StorePlan) -> StorePlan:
    """Return a plan of three hosts with a monitor, of which the first leads twice, and the second too.

    When the first leads again clients only read: what it wrote would be of its present epoch.
    """
    first, second, third = (host.name for host in plan.hosts[:3])
    begin = random.uniform(0.3, 0.8)
    crash = begin + random.uniform(0.2, 0.5)
    back = crash + random.uniform(1.0, 2.0)
    last = back + random.uniform(1.0, 2.0)
    faults = (
        _fault("cut_link", 1, begin, back, source=first, target=second),
        _fault("cut_link", 2, begin, back, source=first, target=third),
        _fault("host_crash", 3, crash, back, host=first),
        _fault("cut_link", 4, crash, back, source=second, target=third),
        _fault("host_crash", 5, back, last, host=second),
        _fault("host_crash", 6, last, 8.0, host=first),
    )
    return plan.model_copy(
        update={
            "load_end": 8.0,
            "hosts": plan.hosts[:3],
            "clients": tuple(_reading(client, back) for client in plan.clients),
            "faults": faults,
        }
    )


def _reading(client: StoreClientPlan, since: float) -> StoreClientPlan:
    """Return a client that only reads from a time on, every now and then."""
    before = [each for each in client.operations if each.at < since]
    count = int((8.0 - since) / _READS_APART)
    reads = [
        OperationPlan(at=round(since + _READS_APART * number, _DIGITS), key=key)
        for number, key in zip(range(1, count), cycle(["a", "b"]), strict=False)
    ]
    return client.model_copy(update={"operations": (*before, *reads)})


def _fault(kind: str, number: int, start: float, end: float, **parameters: Value) -> FaultPlan:
    start, end = round(start, _DIGITS), round(end, _DIGITS)
    return FaultPlan(kind=kind, name=f"fault-{number}", start=start, end=end, parameters=parameters)
