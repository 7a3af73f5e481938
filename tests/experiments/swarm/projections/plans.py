"""Small plans of event logs, made by hand."""

from __future__ import annotations

from typing import Any

from experiments.swarm.plan import FaultPlan, Value
from experiments.swarm.projections import ProjectionsPlan
from experiments.swarm.projections.plan import AskPlan, UserPlan, ViewPlan

EVERY = 0.04
DOES = ("restock", "reserve", "query", "reserve", "cancel", "query")


def fault(kind: str, start: float, end: float, **parameters: Value) -> FaultPlan:
    return FaultPlan(kind=kind, name=f"{kind} at {start}", start=start, end=end, parameters=parameters)


def user(number: int, *, attempts: int = 5, until: float = 2.5) -> UserPlan:
    """Return a user who does all kinds of things in turn, one every 40 ms, and some by handing them in."""
    asks = tuple(
        AskPlan(
            at=round(0.1 + EVERY * index, 4),
            does=DOES[index % len(DOES)],  # type: ignore[arg-type] # one of those
            item=1 + index // len(DOES) % 2,
            submitted=index % 7 == 0 and DOES[index % len(DOES)] != "query",
            of=f"view-{1 + index % 3}",
            own=index % 5 == 0,
        )
        for index in range(number, int(until / EVERY))
    )
    return UserPlan(name=f"user-{number}", attempts=attempts, asks=asks)


def plan(log: str = "disk", *faults: FaultPlan, attempts: int = 5, **others: Any) -> ProjectionsPlan:
    """Return a plan of three seconds with two handlers, a view of each kind, and two users."""
    return ProjectionsPlan(
        log=log,  # type: ignore[arg-type] # one of the two
        faults=faults,
        **{
            "seed": 1,
            "load_end": 3.0,
            "handlers": ("commands-1", "commands-2"),
            "views": tuple(
                ViewPlan(name=f"view-{number}", model=model)  # type: ignore[arg-type] # one of those
                for number, model in enumerate(("stock", "orders", "sellers"), 1)
            ),
            "users": tuple(user(number, attempts=attempts) for number in (1, 2)),
            **others,
        },
    )
