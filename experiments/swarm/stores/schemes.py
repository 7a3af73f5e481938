"""Schedules for flaws that need faults in a certain order: hosts and times are drawn, the order is not.

Both are of figure 8 of Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm" (2014):
who leads has written what nobody else has, crashes, and another leads, who does not know of it; then the
first one leads again, passes that on, and crashes once more. Faults in any order have not been seen to do
this, in hundreds of plans.
"""

from __future__ import annotations

from itertools import cycle
from random import Random

from ..plan import FaultPlan, Value
from .plan import OperationPlan, StoreClientPlan, StoreHostPlan, StorePlan

_DIGITS = 4
_READS_APART = 0.15


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
