"""Small plans of stores, made by hand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from experiments.swarm.plan import DurationPlan, FaultPlan, Value
from experiments.swarm.stores import StorePlan
from experiments.swarm.stores.plan import OperationPlan, StoreClientPlan, StoreHostPlan

EVERY = 0.05


def hosts(count: int) -> tuple[StoreHostPlan, ...]:
    return tuple(StoreHostPlan(name=f"node-{number}") for number in range(1, count + 1))


def client(number: int, does: Iterable[str] = ("write", "read"), *, until: float = 2.0) -> StoreClientPlan:
    """Return a client that does these things in turns, one every 50 ms, to one key."""
    kinds = list(does)
    count = int(until / EVERY)
    operations = tuple(
        OperationPlan(at=round(0.1 + EVERY * index, 4), does=kinds[index % len(kinds)])  # type: ignore[arg-type]
        for index in range(count)
    )
    return StoreClientPlan(name=f"client-{number}", patience=0.2, operations=operations)


def fault(kind: str, start: float, end: float, **parameters: Value) -> FaultPlan:
    return FaultPlan(kind=kind, name=f"{kind} at {start}", start=start, end=end, parameters=parameters)


def plan(store: str, *faults: FaultPlan, nodes: int = 3, clients: int = 2, **others: Any) -> StorePlan:
    """Return a plan of three seconds with two clients that write and read one key."""
    return StorePlan(
        store=store,
        hosts=hosts(nodes),
        clients=tuple(client(number) for number in range(1, clients + 1)),
        faults=faults,
        **{"seed": 1, "load_end": 3.0, "latency": DurationPlan(mean=0.002), **others},
    )
