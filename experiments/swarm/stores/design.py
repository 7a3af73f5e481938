"""What the swarm has to know of a design of stores: how it is drawn, built, struck and held to promises."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from random import Random
from typing import Any

from models import Endpoint, Host, Network
from models.consistency import divergence
from models.nodes import Node
from models.replication import Store
from models.storage import Disk, DurabilityPolicy, GroupCommit, PeriodicSync, SyncEachWrite
from simulator import Environment

from ..choices import Choice, Parameter
from ..plan import FaultPlan, Value
from .plan import Does, StorePlan

NEVER = 0
"""As a number of records or entries: a snapshot is never taken."""

Scheme = Callable[[Random, StorePlan], StorePlan]
"""Makes a plan whose faults are those of a schedule (see `schemes`), from one that was drawn."""

DURABILITY: Mapping[str, DurabilityPolicy] = {
    "group": GroupCommit(),
    "each": SyncEachWrite(),
    "periodic": PeriodicSync(interval=0.5),
}

DISK_PARAMETERS: Mapping[str, Parameter] = {
    "sync_time": Choice(0.001, 0.005, 0.03),
    "read_time": Choice(0.0, 0.0005, 0.005),
}
"""What a sync takes, and the reading of a record when a node starts again (s)."""


@dataclass(slots=True)
class Site:
    """Where a store is built: `disk(host)` is a host's, made when it is asked for first."""

    env: Environment
    network: Network
    hosts: list[Host]
    monitor: Callable[[], Host]
    sync_time: float
    read_time: float
    disks: dict[Host, Disk] = field(default_factory=dict)

    def disk(self, host: Host) -> Disk:
        """Return the disk of `host`."""
        if host not in self.disks:
            self.disks[host] = Disk(host, sync_time=self.sync_time, read_time=self.read_time)
        return self.disks[host]


@dataclass(frozen=True, slots=True)
class Flaw:
    """A bug to plant: `flaws` is what the store is given.

    It can show with the parameters that it `needs`, of each one of some values, and where there is `trouble`
    of these kinds: those are surely among the faults that are drawn, and others rarely. What plans have by
    chance otherwise, those to show it have all if it is among its `habits`. With a `scheme` faults are
    those of a schedule (see `schemes`), whatever was drawn.
    """

    flaws: object
    needs: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    trouble: tuple[str, ...] = ()
    habits: tuple[str, ...] = ()
    scheme: Scheme | None = None


class StoreDesign(ABC):
    """A design: its `parameters`, the simplest values first, and the `flaws` that can be planted, by name.

    It stands on some number of `node_counts`, knows the operations of `does`, and is right again `settle`
    seconds after all has healed. `at_its_best`, with the right parameters, it promises these laws, and with
    others those of its `other_bests`. Where its `disks_may_be_lost` there is something that it promises even
    then. Of the kinds of faults that are not for all it is struck with those that it `suffers`. Some plans
    are made after one of its `schemes`. Hosts of clients have `client_cores`. Processes whose names end in
    one of `standing` are always there.
    """

    parameters: Mapping[str, Parameter]
    flaws: Mapping[str, Flaw] = {}
    node_counts: tuple[int, ...] = (3, 5)
    does: tuple[Does, ...] = ("read", "write", "compare-and-set", "append", "add")
    settle: float = 10.0
    at_its_best: frozenset[str] = frozenset({"is_linearizable"})
    other_bests: tuple[frozenset[str], ...] = ()
    disks_may_be_lost: bool = False
    suffers: tuple[str, ...] = ()
    schemes: tuple[Scheme, ...] = ()
    client_cores: int = 1
    standing: tuple[str, ...] = (" memory",)

    @abstractmethod
    def build(self, site: Site, given: Mapping[str, Any], flaws: object | None) -> Store:
        """Return the store of all parameters `given`; raises ValueError for what does not go together."""

    @abstractmethod
    def promises(self, plan: StorePlan, given: Mapping[str, Any], *, claims: bool) -> set[str]:
        """Return the names of the laws that hold in `plan`; `claims`: it says that it is linearizable."""

    @abstractmethod
    def leader(self, store: Any) -> Node | None:
        """Return the node that decides now, as far as an observer can say; None where there is none."""

    def client(self, store: Any, given: Mapping[str, Any], host: Host) -> Endpoint:
        """Return a client on `host`."""
        return store.client(host)  # type: ignore[no-any-return] # as all stores do

    def knows(self, given: Mapping[str, Any]) -> tuple[Does, ...]:
        """Return what can be done with these parameters, of what it `does`."""
        return self.does

    def nodes(self, store: Any) -> list[Node]:
        """Return all nodes, those too that hold no data."""
        return list(store.nodes)

    def pace(self, given: Mapping[str, Any]) -> float:
        """Return the time (s) in which answers are expected: where they take longer, it gets nowhere."""
        return inf

    def drift_allowed(self, given: Mapping[str, Any]) -> float:
        """Return the drift that clocks may have before a promise ends; infinite where none rests on it."""
        return inf

    def orders(self, random: Random, load_end: float) -> Sequence[FaultPlan]:
        """Return what an operator wants on the way: in plans it stands among the faults."""
        return ()

    def tidy(self, store: Any) -> bool:
        """Do what is done once when all is quiet; return whether there is anything of the kind."""
        return False

    def goodbyes(self, store: Any) -> Iterable[Generator[Any, Any, None]]:
        """Return what each client does last, where that is more than to ask nothing any more."""
        return ()

    def lost_count(self, store: Any) -> int:
        """Return how many acknowledged writes are lost, where a store has an observer who knows."""
        return 0

    def disagreement(self, store: Store) -> Mapping[Any, Mapping[str, Any]]:
        """Return, by key, what nodes hold that should hold the same and do not."""
        return divergence(store.contents())
