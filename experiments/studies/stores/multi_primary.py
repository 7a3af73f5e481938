"""Two primaries: both sides always answer, and what becomes of what both have changed.

Two regions, an ocean apart, have a database each that takes writes and tells the other afterwards. Users on
both sides fill carts, count things and give them names, and all share the same few. What they were told is
done is compared with what is there when both databases agree:

    last writer wins   a value is replaced whole by the one with the later timestamp, of its database's clock
    hybrid clock       the same, and a timestamp is later than that of what is replaced, whatever the clock
    siblings           both values are kept; the application reads, merges and writes: carts by union,
                       counters by the larger
    data types         a cart is an add-wins set, a counter adds up, a name is a register that keeps both

The network between the regions is cut for the last `partition` seconds in which users are there, or never.
The clock in the west is behind by `skew`.

"Last writer wins" is true of names: nobody minds that a later name replaces an earlier one. Of a cart it
takes the whole: what the other side has put into it meanwhile is gone. "Meanwhile" is the time that an update
takes to the other side, so it needs no partition. And it is only true while clocks are right.

Leaves out: more than two databases; users who move to the other side; deletes that are forgotten one day.

Two updates of one thing meet where the one is made before the other has come: of all updates as many as the
other side makes of that thing, times the delay, which is a way through the ocean and a sync.

What to see (the default sweep): both sides are always answered. Cut for 30 s, last writer wins loses 41 % of
the items put into carts and 39 % of the counts; siblings lose no item, and 32 % of the counts, and 28 % of
the items taken out are in their carts again; data types lose nothing. Without any cut last writer wins loses
2.0 % of the items, and 22 % where all fill one cart. No name is lost to an older one while clocks are right.
With the west 1 s behind 17 % of all acknowledged updates are overwritten by others that had not seen them, or
that they had replaced, and 47 % with 10 s, which is nearly all that the west does; with a hybrid clock it is
1.7 %, as with clocks that are right. What all have in common: after a cut of 30 s 37 % of the reads of names
were stale, and both databases agree 0.60 s after it is healed, however long it was: when each has said what
it has, which they do once a second by turns. It is healed at a full second, just before one of them does; a
moment later it takes 1.1 s.

Sources: Newman, "Building Microservices", chapter "Microservices at Scale"; Kingsbury, "Jepsen: Riak" and
"Jepsen: Cassandra" (2013), for the shape; DeCandia et al., "Dynamo" (SOSP 2007), for carts that are merged;
Shapiro et al., "Conflict-Free Replicated Data Types" (SSS 2011).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from models import Host, Network, Region, Zone
from models.consistency import Operation, convergence_time
from models.replication import MultiPrimaryStore
from models.replication.multi_primary import (
    Crdts,
    KeepSiblings,
    LastWriterWins,
    MultiPrimarySettings,
    Resolution,
)
from models.resilience import Timeout
from simulator import Environment

from ...design import Points
from ...misuse import Misuse
from ...parameters import Unit
from ...study import Measure, Run, study
from .multi_primary_users import (
    Books,
    ByMerging,
    ByOperations,
    Users,
    history_of_names,
    lost_names,
    staleness_of_names,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...result import SweepResult

ResolutionName = Literal["last writer wins", "hybrid clock", "siblings", "data types"]

RESOLUTIONS: Mapping[ResolutionName, Resolution] = {
    "last writer wins": LastWriterWins(),
    "hybrid clock": LastWriterWins(is_hybrid=True),
    "siblings": KeepSiblings(),
    "data types": Crdts(),
}
BY_CLOCK: tuple[ResolutionName, ...] = ("last writer wins", "hybrid clock")

USED_FOR = 40.0
"""Seconds for which users come; a partition ends when they go."""

PATIENCE = 1.0
THINK_TIME = 0.25
_SETTLING, _LOOK = 5.0, 0.02

MEASURES = {
    "lost_items": Measure(
        description="share of the items put into carts, and taken by nobody, that are gone"
    ),
    "returned_items": Measure(description="share of the items taken out of carts that are in them again"),
    "lost_counts": Measure(description="share of what was counted that is missing"),
    "lost_names": Measure(description="share of the names given that an older name has replaced"),
    "overwritten": Measure(
        description="share of the updates acknowledged that were replaced by who had not seen them"
    ),
    "conflicts": Measure(description="pairs of updates made without knowing of each other, per update"),
    "answered": Measure(description="share of what users asked for that was answered"),
    "stale": Measure(description="share of the reads of names that told one already replaced"),
    "staleness": Measure(description="mean time for which it had been replaced, of all reads", unit="s"),
    "convergence_time": Measure(
        description="from when users go and the network is healed until both databases agree", unit="s"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiPrimaryRun:
    """A run that is over: the `store`, what users have done, and the history of names."""

    store: MultiPrimaryStore
    books: Books
    names: list[Operation]


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from ..figures.stores.multi_primary import figures_of_sweep

    return figures_of_sweep(result)


def require_act(*, resolution: ResolutionName, skew: float, partition: float, **_others: object) -> None:
    """Raise Misuse for a clock that decides nothing, and for a partition that begins before anything else."""
    if skew and resolution not in BY_CLOCK:
        raise Misuse(f"skew must be 0 with resolution {resolution}, which goes by no clock, got {skew}")


@study(
    name="multi_primary",
    question="Two databases that both take writes: what becomes of what both have changed?",
    measures=MEASURES,
    sweep=Points(
        [
            *(
                {"resolution": resolution, "partition": partition}
                for resolution in ("last writer wins", "siblings", "data types")
                for partition in (0.0, 2.0, 10.0, 30.0)
            ),
            *(
                {"resolution": resolution, "skew": skew}
                for resolution in BY_CLOCK
                for skew in (0.0, 0.1, 1.0, 10.0)
            ),
            *(
                {"resolution": resolution, "keys": keys}
                for resolution in ("last writer wins", "siblings", "data types")
                for keys in (1, 100)
            ),
        ]
    ),
    replications=5,
    check=require_act,
    figures_of_sweep=_figures_of_sweep,
)
def multi_primary(
    *,
    seed: int,
    resolution: Annotated[
        ResolutionName, Field(description="what becomes of two updates of one key")
    ] = "last writer wins",
    partition: Annotated[
        float,
        Field(ge=0, le=USED_FOR, description="how long the regions are cut, until users go"),
        Unit("s"),
    ] = 0.0,
    skew: Annotated[
        float,
        Field(ge=0, le=3_600, allow_inf_nan=False, description="how far the clock in the west is behind"),
        Unit("s"),
    ] = 0.0,
    keys: Annotated[int, Field(ge=1, le=10_000, description="carts, counters and names, each")] = 10,
    users: Annotated[int, Field(ge=1, le=1_000, description="users on each side")] = 5,
) -> Run:
    """Let two regions change the same things, cut from each other or not."""
    env = Environment(seed=seed)
    network = Network(env)
    hosts = _hosts(env)
    store = MultiPrimaryStore(
        env, network, hosts, settings=MultiPrimarySettings(resolution=RESOLUTIONS[resolution])
    )
    if skew:
        hosts[1].skew_clock("study", -skew)
    crowd = Users(
        env,
        ByMerging() if resolution == "siblings" else ByOperations(),
        key_count=keys,
        think_time=THINK_TIME,
        until=USED_FOR,
    )
    for host in hosts:
        assert host.zone is not None
        web = Host(env, f"web of the {host.name}", zone=host.zone)
        for number in range(users):
            client = Timeout(env, store.client(web), PATIENCE)
            crowd.admit(client, f"{host.name} user {number}", host.name)
    if partition:
        env.run(until=USED_FOR - partition)
        rule = network.partition(*hosts)
        env.run(until=USED_FOR)
        network.heal(rule)
    return _measured(env, store, crowd)


def _hosts(env: Environment) -> list[Host]:
    """Return the host of a database in each of two regions."""
    return [Host(env, name, zone=Zone(f"{name}-a", Region(name))) for name in ("east", "west")]


def _measured(env: Environment, store: MultiPrimaryStore, users: Users) -> Run:
    """Run until both agree, and measure."""
    samples = []
    for look in range(1, round(_SETTLING / _LOOK) + 1):
        env.run(until=USED_FOR + look * _LOOK)
        samples.append((env.now, store.contents()))
    contents = next(iter(store.contents().values()))
    books, statistics = users.books, store.statistics()
    names = history_of_names(users.recorder.history())
    staleness = staleness_of_names(names)
    converged = convergence_time(samples, USED_FOR)
    measures = {
        "lost_items": books.lost_items(contents),
        "returned_items": books.returned_items(contents),
        "lost_counts": books.lost_counts(contents),
        "lost_names": lost_names(names, contents),
        "overwritten": statistics.overwritten_count / statistics.acknowledged_count,
        "conflicts": statistics.conflict_count / statistics.acknowledged_count,
        "answered": books.answered_count / books.asked_count,
        "stale": sum(seconds > 0.0 for seconds in staleness) / len(staleness),
        "staleness": sum(staleness) / len(staleness),
        "convergence_time": float("inf") if converged is None else converged,
    }
    return Run(measures=measures, detail=MultiPrimaryRun(store=store, books=books, names=names))
