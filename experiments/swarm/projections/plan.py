"""An event log with its handlers, projections and users as a value, and what goes wrong when.

As a plan of a store it is drawn from a seed, built, run, cut down and kept in a file; parts have names that
do not change when others are taken away, and each default is the simplest value there is. What is given and
asked is spelled out, one by one; the id of a command is its user and its time.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from ...misuse import Misuse, unknown_name
from ..choices import Names, completed
from ..plan import Count, DurationPlan, FaultPlan, Name, Plan, PositiveSeconds, Record, Seconds, Value

LogKind = Literal["disk", "raft"]
Model = Literal["stock", "orders", "sellers"]
Checkpointing = Literal["together", "after", "before"]
Does = Literal["restock", "reserve", "cancel", "query"]


class AskPlan(Record):
    """What a user wants at a time (s), or when he has his last answer, if that is later, of an `item`.

    He gives a command, which is only handed in if it is `submitted`; a cancellation is that of the last order
    that he has asked for before. Or he asks the view `of` a name, and demands his own last command if it is
    `own`.
    """

    at: Seconds = 0.0
    does: Does = "restock"
    item: Count = 1
    submitted: bool = False
    of: Name | None = None
    own: bool = False


class UserPlan(Record):
    """Somebody on a host of his own name, who waits for `patience` s, and gives a command `attempts` times.

    Each time he goes to the next handler.
    """

    name: Name
    patience: PositiveSeconds = 0.5
    attempts: Count = 1
    asks: tuple[AskPlan, ...] = ()


class ViewPlan(Record):
    """A projection on a host of its own name, by one of three read models."""

    name: Name
    model: Model = "stock"
    checkpointing: Checkpointing = "together"


class ProjectionsPlan(Plan):
    """A `log`, on one disk or on Raft, with `parameters` (see `parameters`), and all who use it.

    Asks and faults are over at `load_end` (s). `latency` is one way. `flaw` is a bug that is planted.
    """

    log: LogKind
    parameters: dict[str, Value] = {}
    flaw: Name | None = None
    load_end: PositiveSeconds = 4.0
    latency: DurationPlan = DurationPlan()
    handlers: Annotated[tuple[Name, ...], Field(min_length=1)] = ("commands-1",)
    views: tuple[ViewPlan, ...] = ()
    users: tuple[UserPlan, ...] = ()
    faults: tuple[FaultPlan, ...] = ()

    @property
    def log_hosts(self) -> tuple[str, ...]:
        """The names of the hosts of the log."""
        return ("log",) if self.log == "disk" else ("log-1", "log-2", "log-3")

    @property
    def disks_lost(self) -> frozenset[str]:
        """The names of the hosts whose disks are destroyed."""
        return frozenset(str(each.parameters.get("host")) for each in self.faults if each.kind == "disk_loss")

    def names(self) -> Names:
        """Return the names of hosts: `instances` have a node, `services` are the views, `hosts` are all."""
        views = tuple(view.name for view in self.views)
        nodes = (*self.log_hosts, *self.handlers, *views)
        users = tuple(user.name for user in self.users)
        return Names(hosts=(*nodes, *users), instances=nodes, services=views)


def require_sound(plan: ProjectionsPlan) -> None:
    """Raise Misuse unless all that the plan names is there, once, and of a kind that there is."""
    from .fault_catalogue import FAULTS
    from .parameters import FLAWS, PARAMETERS

    names = plan.names()
    _require_distinct("the names of hosts and users", names.hosts)
    _require_distinct("the names of faults", [fault.name for fault in plan.faults])
    completed(PARAMETERS, plan.parameters, "parameters", names)
    if plan.flaw is not None and plan.flaw not in FLAWS:
        raise unknown_name("flaw", plan.flaw, FLAWS)
    for index, user in enumerate(plan.users):
        _require_distinct(f"the times of users.{index}.asks", [repr(ask.at) for ask in user.asks])
    for index, fault in enumerate(plan.faults):
        if fault.kind not in FAULTS:
            raise unknown_name(f"faults.{index}.kind", fault.kind, FAULTS)
        if not fault.start <= fault.end:
            raise Misuse(f"faults.{index}.end must be >= start ({fault.start!r} s), got {fault.end!r}")
        completed(FAULTS[fault.kind].parameters, fault.parameters, f"faults.{index}.parameters", names)


def _require_distinct(place: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise Misuse(f"{place} must be given once, got {name!r} twice")
        seen.add(name)
