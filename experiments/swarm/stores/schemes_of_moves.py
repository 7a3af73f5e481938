"""Schedules of moves (as those of `schemes`): what strikes a move comes while it is under way.

By chance a fault mostly misses a move, which takes a few round trips. Hosts and times are drawn.
"""

from __future__ import annotations

from random import Random

from ..plan import FaultPlan, Value
from .plan import DIRECTORY_LOSS, StorePlan

_DIGITS = 4
_ROUND_TRIPS = 20.0  # that a move takes, with syncs
_NEW_GOAL = "new_goal"
_ALONE: dict[str, Value] = {
    "shards": "single",
    "shard_count": 2,
    "directory": "single",
    "partitioner": "ranges",
}


def deaf_servers(random: Random, plan: StorePlan) -> StorePlan:
    """Return a plan in which ranges move away from servers that the directory cannot tell so.

    Clients still reach them. Longer than a lease: then the mover goes on without them. At times its process
    crashes meanwhile.
    """
    hosts = [host.name for host in plan.hosts]
    ttl = 0.6
    schedule = _Schedule(plan)
    start, target = random.uniform(0.3, 0.8), 2
    while start < plan.load_end:
        end = start + ttl * random.uniform(1.0, 3.0)
        deaf = random.sample(hosts[:-1], random.randint(1, len(hosts) - 1))
        for name in deaf:
            schedule.add("cut_link", start, end, source=name, target=hosts[-1], one_way=random.random() < 0.2)
        moved = start + random.uniform(0.0, 0.3)
        schedule.add(_NEW_GOAL, moved, moved, goal="move", key=random.choice(["a", "b"]), shard=target)
        if random.random() < 0.3:
            crash = moved + random.uniform(0.0, ttl)
            schedule.add("process_crash", crash, crash + 0.05, host=plan.monitor.name)
        start, target = end + random.uniform(0.1, 0.4), 3 - target
    return schedule.plan({**_ALONE, "servers": random.choice([1, 2]), "ttl": ttl})


def there_and_back(random: Random, plan: StorePlan) -> StorePlan:
    """Return a plan in which a range comes back to where it was, before what it left there is deleted.

    The store that it has left is down, or the mover does not reach its server, for as long as it is asked.
    """
    schedule = _Schedule(plan)
    start, here, there = random.uniform(0.3, 0.8), 1, 2
    key = random.choice(["mortal-1", "mortal-2"])
    schedule.add(_NEW_GOAL, 0.05, 0.05, goal="move", key=key, shard=here)
    while start < plan.load_end:
        schedule.add(_NEW_GOAL, start, start, goal="move", key=key, shard=there)
        left = (
            start
            + 0.02 * random.random()
            + plan.round_trip * random.uniform(_ROUND_TRIPS / 2.0, _ROUND_TRIPS)
        )
        back = left + random.uniform(1.0, 1.6)
        host = plan.hosts[(here - 1) % len(plan.hosts)].name
        if random.random() < 0.5:
            schedule.add("process_crash", left, back, host=host)
        else:
            schedule.add("cut_link", left, back, source=plan.monitor.name, target=host)
        again = start + random.uniform(0.3, 0.8)
        schedule.add(_NEW_GOAL, again, again, goal="move", key=key, shard=here)
        start = back + random.uniform(0.3, 0.8)
    return schedule.plan({**_ALONE, "servers": 1})


def lost_on_the_way(random: Random, plan: StorePlan) -> StorePlan:
    """Return a plan in which the mover does not reach a shard for a while, when a range moves there or away.

    So of an import, as of an export, nobody knows whether it was done.
    """
    schedule = _Schedule(plan)
    start, target = random.uniform(0.3, 0.8), 2
    while start < plan.load_end:
        key = random.choice(["a", "b", "list", "mortal-1", "number"])
        schedule.add(_NEW_GOAL, start, start, goal="move", key=key, shard=target)
        lost = start + 0.01 * random.random() + plan.round_trip * random.uniform(2.0, _ROUND_TRIPS)
        end = lost + random.uniform(0.2, 1.5)
        host = random.choice(plan.hosts).name
        schedule.add(
            "cut_link", lost, end, source=host, target=plan.monitor.name, one_way=random.random() < 0.5
        )
        start, target = max(end, start) + random.uniform(0.1, 0.5), 3 - target
    return schedule.plan({**_ALONE, "servers": 1})


def late_reads(random: Random, plan: StorePlan) -> StorePlan:
    """Return a plan in which servers on other hosts reach their store late, and a range moves to and fro.

    So the store reads what was asked for when the next owner has the range already. Clients wait for that.
    (Where only its answer is late nothing is wrong: what it tells was so when it was asked.)
    """
    patient = tuple(client.model_copy(update={"patience": 1.5}) for client in plan.clients)
    schedule = _Schedule(plan.model_copy(update={"clients": patient}))
    names = [host.name for host in plan.hosts]
    start, target = random.uniform(0.3, 0.8), 2
    for store, beside in ((names[0], names[1]), (names[1], names[2])):
        schedule.add("slow_link", 0.1, plan.load_end, source=beside, target=store, mean=0.3, one_way=True)
    while start < plan.load_end:
        key = random.choice(["a", "a", "b"])
        schedule.add(_NEW_GOAL, start, start, goal="move", key=key, shard=target)
        start, target = start + random.uniform(0.3, 1.0), 3 - target
    return schedule.plan({**_ALONE, "servers": 2, "ttl": 0.6, "store_timeout": 0.5})


def late_sweeps(random: Random, plan: StorePlan) -> StorePlan:
    """Return a plan in which a mover that has just started sweeps shards while ranges move to them.

    The first shard that it asks does not answer for a while, and the others come late.
    """
    schedule = _Schedule(plan)
    start, target = random.uniform(0.3, 0.8), 2
    first = plan.hosts[0].name
    while start < plan.load_end:
        crash, back = start + random.uniform(0.3, 0.6), start + random.uniform(1.2, 1.8)
        schedule.add(_NEW_GOAL, start, start, goal="move", key="number", shard=target)
        schedule.add("process_crash", crash, back, host=first)
        schedule.add("process_crash", crash + 0.05, crash + 0.1, host=plan.monitor.name)
        moved = crash + random.uniform(0.3, 1.1)
        schedule.add(_NEW_GOAL, moved, moved, goal="move", key="number", shard=5 - target)
        start, target = max(moved, back) + random.uniform(0.2, 0.6), random.choice((2, 3))
    slow: dict[str, Value] = {"batch_size": 1, "rounds_max": 0, "parallel_moves": 1}
    return schedule.plan({**_ALONE, **slow, "shard_count": 3, "servers": 1, "store_timeout": 0.5})


def forgetful_directory(random: Random, plan: StorePlan) -> StorePlan:
    """Return a plan in which the directory loses its disk, and some start after that who know no better."""
    schedule = _Schedule(plan)
    start, target = random.uniform(0.3, 0.8), 2
    lost = random.uniform(0.5, plan.load_end)
    schedule.add(DIRECTORY_LOSS, lost, lost + random.uniform(0.01, 0.5))
    while start < plan.load_end:
        key = random.choice(["a", "b", "mortal-1", "number"])
        schedule.add(_NEW_GOAL, start, start, goal="move", key=key, shard=target)
        crash = start + random.uniform(0.0, 0.8)
        host = random.choice([*plan.hosts, plan.monitor]).name
        schedule.add("host_crash", crash, crash + random.uniform(0.01, 0.3), host=host)
        start, target = start + random.uniform(0.3, 1.0), 3 - target
    return schedule.plan({**_ALONE, "directory": random.choice(["single", "raft"])})


class _Schedule:
    """Faults and orders of a plan, one after the other."""

    def __init__(self, plan: StorePlan) -> None:
        self._plan = plan
        self._faults: list[FaultPlan] = []

    def add(self, kind: str, start: float, end: float, **parameters: Value) -> None:
        start, end = round(start, _DIGITS), round(end, _DIGITS)
        name = f"fault-{len(self._faults) + 1}"
        self._faults.append(FaultPlan(kind=kind, name=name, start=start, end=end, parameters=parameters))

    def plan(self, parameters: dict[str, Value]) -> StorePlan:
        """Return the plan with them, as far as they begin in time, and these parameters."""
        faults = tuple(each for each in self._faults if each.start < self._plan.load_end)
        return self._plan.model_copy(
            update={"parameters": {**self._plan.parameters, **parameters}, "faults": faults}
        )
