"""Durability: what is lost against what is down.

A store that does not answer still has the data. A store that answers may have lost what it acknowledged. The
two are bought separately, and a policy that helps one may hurt the other:

    a sync before the acknowledgement   what is acknowledged outlives a crash of its host; each write waits
                                        for the disk, and a sync for each write bounds how many there can be
    a sync now and then                 a crash of the host takes what came since the last one
    a replica, asynchronous             another takes over, without what was on its way
    a replica that is waited for        nothing is lost as long as one of those who have it lives
    all replicas waited for             nothing is lost, and the first that is down stops all writes
    a majority waited for               nothing is lost, and the rest goes on

And what is struck matters as much as what is done about it: the crash of a process takes what was in its
memory, that of a host what was not synced, the loss of a disk all that was on it, and the loss of a zone all
of this on several hosts at once: two copies in the memory of one zone are one copy.

Loss and downtime are both given in seconds: how long writes have come that were acknowledged and are gone,
and how long writes have come that were not acknowledged within a second. The trade calls them recovery point
and recovery time. What is gone is asked at the end, when everything is repaired and quiet: it is on no node
any more.

What to see (the default sweep): one process whose host has crashed is down for 9.1 s, as long as the repair
takes, and loses nothing that it has synced; synced once a second, it loses 565 ms of writes. Without its disk
it is down for 9.1 s too, and has lost everything. An asynchronous replica takes over: down for 2.4 s, and
with the zone it loses 0.75 writes on average, which were waiting for the link (by theory, M/D/1, 1.5). To
wait for a copy nearby makes a write take 12.5 ms instead of 7.0, and loses nothing with a zone, but is down
for 9.3 s then: who could take over may not know all. The same two copies only in memory lose 1.0 writes. To
wait for all takes 107 ms, loses nothing, and is down for 10.7 s when one host crashes. Raft loses nothing
either, takes 7.7 ms, and a crash of the leader's host costs no write its second; with the zone that holds two
of its three nodes it is down for 8.5 s. A sync for each write takes 5 ms, so there are 200 a second at the
most: of 400 writes a second all are answered in time for about a second, until the queue is a second long,
and then none; over the three to four seconds that are watched this makes 109 a second, with group commit all.

Sources: DeWitt et al., "Implementation Techniques for Main Memory Database Systems" (SIGMOD 1984), for group
commit; PostgreSQL documentation, `synchronous_commit`; Kafka documentation, on replication in place of fsync;
Schroeder and Gibson, "Disk Failures in the Real World" (FAST 2007); Ford et al., "Availability in Globally
Distributed Storage Systems" (OSDI 2010), for failures that strike together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from models.consistency import HistoryRecorder, lost_writes
from models.observers.messages import MessageWatch, SpaceTimeTrace, space_time_trace
from models.replication import WRITE, UniqueWrites
from models.workload import OpenLoop, Operation, OperationMix
from simulator import Environment

from ...design import Points
from ...misuse import Misuse
from ...parameters import Unit
from ...study import Measure, Run, study
from ..troubled_run import TroubledRun
from .durability_setup import (
    PATIENCE,
    POLICIES,
    RATE,
    RULES,
    Durability,
    Setup,
    StoreName,
    Trouble,
    lasting,
    set_up,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...result import SweepResult

STORES = ("single", *RULES, "quorums", "raft")
TROUBLES = ("process crash", "host crash", "disk loss", "zone loss")

MANY = 400.0
"""Writes per second that are more than a disk can sync one by one."""

_WARM_UP, _BEFORE, _AFTER, _QUIET = 2.0, 4.0, 4.0, 4.0
_SHOWN_BEFORE, _SHOWN_AFTER = 0.09, 0.11

MEASURES = {
    "lost": Measure(
        description="acknowledged writes that are gone in the end, as seconds of writes", unit="s"
    ),
    "down": Measure(description="writes that were not acknowledged, as seconds of writes", unit="s"),
    "lost_count": Measure(description="acknowledged writes that are gone in the end"),
    "p50": Measure(description="median time to an acknowledged write, while all is well", unit="s"),
    "p99": Measure(description="99th percentile of the same", unit="s"),
    "throughput": Measure(description="writes acknowledged per second, while all is well", unit="1/s"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DurabilityRun(TroubledRun):
    """A run that is over: besides what users saw, the `trace` of the moments around the trouble."""

    trace: SpaceTimeTrace


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from ..figures.stores.durability import figures_of_sweep

    return figures_of_sweep(result)


def _figures_of_run(run: Run) -> "Mapping[str, Figure]":
    from ..figures.stores.durability import figures_of_run

    return figures_of_run(run)


def require_memory(*, store: str, durability: str, **_others: object) -> None:
    """Raise Misuse for Raft with promises that are not on disk."""
    if store == "raft" and durability == "periodic":
        raise Misuse("durability must not be periodic with store raft, whose votes must be on disk")


def _points() -> list[dict[str, Any]]:
    """Each store in each trouble, synced and not; one process with each policy, and more writes."""
    compared = [
        {"store": store, "durability": durability, "trouble": trouble}
        for durability in ("group commit", "periodic")
        for store in STORES
        if (store, durability) != ("raft", "periodic")
        for trouble in TROUBLES
    ]
    loaded = [
        {"store": "single", "durability": durability, "trouble": "none", "rate": rate}
        for durability in POLICIES
        for rate in (RATE, MANY)
    ]
    return compared + loaded


@study(
    name="durability",
    question="What is lost, and what is merely down, when a process, a host, a disk or a zone is gone?",
    measures=MEASURES,
    sweep=Points(_points()),
    replications=4,
    check=require_memory,
    figures_of_run=_figures_of_run,
    figures_of_sweep=_figures_of_sweep,
)
def durability(
    *,
    seed: int,
    store: Annotated[StoreName, Field(description="which store, on one host or on three")] = "asynchronous",
    durability: Annotated[
        Durability, Field(description="when a log is synced: for each write, for all that wait, every second")
    ] = "group commit",
    trouble: Annotated[
        Trouble, Field(description="what strikes the primary, the leader, or a node that clients call")
    ] = "zone loss",
    rate: Annotated[
        float,
        Field(gt=0, le=10_000, allow_inf_nan=False, description="writes per second, each to a new key"),
        Unit("1/s"),
    ] = RATE,
) -> Run:
    """Let clients write to a store, strike it, and look for what it has acknowledged."""
    env = Environment(seed=seed)
    setup = set_up(env, store, durability)
    # At any time between two syncs, as likely as at any other.
    start = _WARM_UP + _BEFORE + float(env.stream("durability/start").uniform(0.0, 1.0))
    end = start + lasting(trouble)
    env.run(until=_WARM_UP)
    users, recorder = _admit_users(env, setup, rate, until=end + _AFTER)
    env.run(until=start - _SHOWN_BEFORE)
    watch = MessageWatch(setup.system.network, start=env.now, end=start + _SHOWN_AFTER)
    env.run(until=start)
    if trouble != "none":
        fault = setup.fault(trouble)
        fault.inject()
        env.call_later(end - start, fault.heal)
    env.run(until=watch.end)
    watch.stop()
    env.run(until=end + _AFTER + _QUIET)
    history = recorder.history()
    held = {key: value for contents in setup.store.contents().values() for key, value in contents.items()}
    lost = lost_writes(history, held)
    names = [node.host.name for node in setup.store.nodes]
    run = DurabilityRun(
        requests=users.table,
        log=env.event_log,
        start=start,
        end=end,
        duration=end + _AFTER,
        trace=space_time_trace(watch, history, end=watch.end, hosts=["clients", *names], lost_writes=lost),
    )
    return Run(measures=_measures(run, rate, len(lost)), detail=run)


def _admit_users(
    env: Environment, setup: Setup, rate: float, *, until: float
) -> tuple[OpenLoop, HistoryRecorder]:
    """Let users write from now on, each to a key of its own, so that nothing is ever replaced."""
    recorder = HistoryRecorder(env)
    keys = count(1)
    users = OpenLoop(
        env,
        UniqueWrites(recorder.around(setup.client(), site="clients"), count(1)),
        rate=rate,
        mix=OperationMix(Operation(name=WRITE)),
        keys=lambda: next(keys),
        until=until,
        name="users",
    )
    return users, recorder


def _measures(run: DurabilityRun, rate: float, lost_count: int) -> dict[str, float]:
    well_until = run.start - PATIENCE  # none of these writes has seen the trouble
    before = run.requests.sample(_WARM_UP, well_until, by="start")
    troubled = run.requests.sample(run.start, run.duration, by="start")
    p50, p99 = before.percentiles([50.0, 99.0]).tolist()
    return {
        "lost": lost_count / rate,
        "down": float(len(troubled.succeeded) - troubled.succeeded.sum()) / rate,
        "lost_count": float(lost_count),
        "p50": p50,
        "p99": p99,
        "throughput": float(before.succeeded.sum()) / (well_until - _WARM_UP),
    }
