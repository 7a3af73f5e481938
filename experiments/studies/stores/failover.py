"""Failover: how soon to believe that the primary is dead, and what is lost when another takes over.

A primary and two replicas, one in a zone nearby and one in another region, and a monitor that holds the
primary's lease. Nobody can tell a host that is dead from one that is slow. So there is a detection timeout,
the lease's time to live, and it trades two evils: a long one lets users wait when the primary has crashed, a
short one takes a healthy primary's office away when the network is slow for a while. Where the lease is
renewed every third of it, another primary is there on average

    ttl - ttl/6 + the wait for reports

after a crash, since the last renewal is half an interval old then; nobody writes meanwhile.

What is lost is another choice, the commit rule. With asynchronous replication a write is acknowledged when
the primary alone has it, and what has not left it when it crashes is gone. The links to the replicas are 80 %
busy with the log, so that is who stands in the queue for them: of an M/D/1 queue with utilisation u there are
u + u^2/(2(1-u)) records in it. A write that waits for any one replica is on two disks then, and one that
waits for all on three: nothing is lost, and each write waits for the link, and with all for the other region.
And with all, one dead replica stops everything: each write that waits holds one of the primary's threads, and
when all wait reads are turned away as well.

The third choice is what stops the old primary when it is not dead, only cut off. By a lease it stops itself,
before another is chosen. By epochs alone the replicas do not obey it any more, but it goes on answering those
who are cut off with it: what it acknowledges by itself is lost, what it answers to reads is old. With no
fencing at all it goes on after the cut is healed.

What to see (the default sweep): with a lease of 2, 5, 10 and 30 s and asynchronous replication the primary's
crash costs 2.2, 4.7, 8.8 and 25.4 s without writes (by theory 2.2, 4.7, 8.8 and 25.5 s). When the monitor's
network is slow for 45 s, there are 7.8, 1.5, 0.2 and 0.0 failovers for nothing, and 22 %, 67 %, 91 % and
100 % of the requests are answered. Asynchronous replication loses 3.1 acknowledged writes in a crash (by
theory 2.4), the others none; a write takes 2 ms, 101 ms with any 1 and 179 ms with all. While a replica is
down, 5 % of the requests are answered with all, and 100 % otherwise. A primary that is cut off with half of
the users loses 39 acknowledged writes if its lease stops it, 453 if epochs do and 597 if nothing does, and
then 47 % of the reads tell what was replaced. With any 1 none is lost, and 0.0 %, 4.7 % and 4.7 % of the
reads are stale.

Sources: PostgreSQL documentation, "High Availability, Load Balancing, and Replication"; Patroni documentation
(`ttl`, `loop_wait`); Kleinrock, "Queueing Systems", volume 1 (1975), for M/D/1; Bailis and Kingsbury, "The
Network is Reliable" (ACM Queue 12, 2014), for what cuts do to failover.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from math import nan
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from models import Network, System
from models.consistency import HistoryRecorder, ReadStaleness, staleness_of_reads
from models.faults import Fault, FaultPlan, HostCrash, LinkDelay, NetworkPartition
from models.network import LocalityLatencies
from models.replication import READ, WRITE, UniqueWrites
from models.replication.primary_replica import (
    AllOf,
    AnyOf,
    Asynchronous,
    CommitRule,
    FailoverSettings,
    Fencing,
    PrimaryReplicaStore,
    ReplicationFlaws,
    ReplicationSettings,
)
from models.resilience import Timeout
from models.workload import OpenLoop, UniformKeys, request_table
from simulator import Environment
from simulator.measurement import RequestSample
from simulator.randomness import Constant, Exponential

from ...design import Points
from ...parameters import Unit
from ...study import Measure, Run, study
from ..troubled_run import TroubledRun
from .reads_and_writes import mix_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...result import SweepResult

Trouble = Literal["primary crash", "replica crash", "cut", "slow network"]
Commit = Literal["asynchronous", "any 1", "all"]
Fenced = Literal["lease", "epoch", "off"]

RULES: Mapping[str, CommitRule] = {"asynchronous": Asynchronous(), "any 1": AnyOf(1), "all": AllOf()}

WRITE_RATE = 20.0
"""Writes per second, and as many reads."""

RECORD_SIZE_BYTES = 2_000
LINK_LOAD = 0.8
"""How busy a link from the primary to a replica is with the log."""

REPORT_WAIT = 0.5
"""Seconds for which the monitor gathers what the members have."""

PATIENCE = 2.0
"""Seconds that a user waits for an answer."""

THREADS = 100
"""Requests that a member has under way at most, and refuses more: PostgreSQL's default `max_connections`."""

DELAY = 1.0
"""Seconds by which a message to or from the monitor is late on the slow network, on average; exponential."""

# Constant, as one connection from a primary to a replica would keep the order of what it carries.
_LATENCIES = LocalityLatencies(
    same_zone=Constant(0.00025), same_region=Constant(0.001), other_region=Constant(0.04)
)
_KEYS = 20
_BEFORE, _AFTER = 20.0, 15.0
_TTLS = (2.0, 5.0, 10.0, 30.0)

MEASURES = {
    "outage": Measure(description="longest time without an acknowledged write since the trouble", unit="s"),
    "outage_theory": Measure(description="the same by theory, where the primary crashes", unit="s"),
    "answered": Measure(description="share answered of the requests sent during the trouble"),
    "reads_answered": Measure(description="the same of the reads"),
    "write_p50": Measure(description="median time to an acknowledged write, while all is well", unit="s"),
    "lost_count": Measure(description="acknowledged writes that the last primary does not have"),
    "lost_theory": Measure(description="the same by theory, where the primary crashes"),
    "split_brain_count": Measure(description="writes acknowledged by another than the last primary"),
    "stale": Measure(description="share of the reads answered since the trouble that told what was replaced"),
    "false_failovers": Measure(description="failovers that no crash and no cut has called for"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FailoverRun(TroubledRun):
    """A run that is over: besides what users saw, how stale each of their `reads` was."""

    reads: tuple[ReadStaleness, ...]


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from ..figures.stores.failover import figures_of_sweep

    return figures_of_sweep(result)


def _figures_of_run(run: Run) -> "Mapping[str, Figure]":
    from ..figures.stores.failover import figures_of_run

    return figures_of_run(run)


@study(
    name="failover",
    question="How soon should another take over, what is lost, and what stops the old primary?",
    measures=MEASURES,
    sweep=Points(
        [
            *({"commit": commit, "ttl": ttl} for commit in RULES for ttl in _TTLS),
            *({"trouble": "slow network", "ttl": ttl} for ttl in _TTLS),
            *({"trouble": "replica crash", "commit": commit} for commit in RULES),
            *(
                {"trouble": "cut", "commit": commit, "fencing": fencing, "ttl": 5.0}
                for commit in ("asynchronous", "any 1")
                for fencing in ("lease", "epoch", "off")
            ),
        ]
    ),
    replications=4,
    figures_of_run=_figures_of_run,
    figures_of_sweep=_figures_of_sweep,
)
def failover(
    *,
    seed: int,
    trouble: Annotated[
        Trouble,
        Field(description="what happens; a cut parts the primary and half of the users from the rest"),
    ] = "primary crash",
    commit: Annotated[Commit, Field(description="how many replicas a write waits for")] = "any 1",
    ttl: Annotated[
        float,
        Field(
            ge=0.3,
            le=3_600,
            allow_inf_nan=False,
            description="how long after its last renewal a lease is over; it is renewed every third of this",
        ),
        Unit("s"),
    ] = 10.0,
    fencing: Annotated[
        Fenced, Field(description="what stops an old primary: its lease, a later epoch, or nothing (a bug)")
    ] = "lease",
    down: Annotated[
        float,
        Field(gt=0, le=36_000, allow_inf_nan=False, description="how long the trouble lasts"),
        Unit("s"),
    ] = 45.0,
) -> Run:
    """Let users write to a primary and its replicas, and let something happen to them."""
    env = Environment(seed=seed)
    system = System(env, network=Network(env, latencies=_LATENCIES))
    store = _build(env, system, commit, ttl, fencing)
    # At any time between two renewals, as likely as at any other.
    start = _BEFORE + float(env.stream("failover/start").uniform(0.0, ttl / 3.0))
    end = start + down
    recorder = HistoryRecorder(env)
    table = request_table()
    numbers = count(1)
    for side in ("inside", "outside"):
        client = recorder.around(store.client(system.host(side)), site=side)
        OpenLoop(
            env,
            Timeout(env, UniqueWrites(client, numbers), PATIENCE),
            rate=WRITE_RATE,
            mix=mix_of(0.5),
            keys=UniformKeys(env, _KEYS, name=f"{side}/keys"),
            until=end + _AFTER,
            table=table,
            name=side,
        )
    plan = FaultPlan(env)
    plan.at(start, _fault(system, trouble), duration=down)
    env.run(until=end + _AFTER + PATIENCE)
    run = FailoverRun(
        requests=table,
        log=env.event_log,
        start=start,
        end=end,
        duration=end + _AFTER,
        reads=staleness_of_reads(recorder.history()),
    )
    return Run(measures=_measures(run, store, trouble, commit, ttl), detail=run)


def _build(env: Environment, system: System, commit: str, ttl: float, fencing: str) -> PrimaryReplicaStore:
    """Build the store: the primary and a replica in two zones of a region, another replica far away."""
    here, far = system.add_region("here"), system.add_region("far")
    zones = [system.add_zone(name, here) for name in ("zone-1", "zone-2")]
    hosts = [system.add_host(name, zone) for name, zone in zip("ab", zones, strict=True)]
    hosts.append(system.add_host("c", system.add_zone("zone-3", far)))
    system.add_host("inside", zones[0])
    system.add_host("outside", zones[1])
    # A path from one member to another carries each record once.
    bandwidth = WRITE_RATE * RECORD_SIZE_BYTES / LINK_LOAD
    system.network.override(hosts, hosts, bandwidth=bandwidth)
    return PrimaryReplicaStore(
        env,
        system.network,
        hosts,
        settings=ReplicationSettings(
            commit_rule=RULES[commit],
            record_size_bytes=RECORD_SIZE_BYTES,
            failover=FailoverSettings(
                ttl=ttl,
                renewal_interval=ttl / 3.0,
                report_wait=REPORT_WAIT,
                fencing=Fencing.EPOCH if fencing == "epoch" else Fencing.LEASE,
            ),
        ),
        flaws=ReplicationFlaws(no_fencing=fencing == "off"),
        monitor_host=system.add_host("monitor", zones[1]),
        name="store",
        threads=THREADS,
        queue_size_max=0,
        discovery_timeout=0.5,
    )


def _fault(system: System, trouble: str) -> Fault:
    host, network = system.host, system.network
    members = [host(name) for name in "abc"]
    if trouble == "primary crash":
        return HostCrash(host("a"))
    if trouble == "replica crash":
        return HostCrash(host("b"))
    if trouble == "cut":
        others = [host(name) for name in ("b", "c", "monitor", "outside")]
        return NetworkPartition(network, [host("a"), host("inside")], others, name="cut")
    return LinkDelay(network, members, host("monitor"), Exponential(DELAY))


def _measures(
    run: FailoverRun, store: PrimaryReplicaStore, trouble: str, commit: str, ttl: float
) -> dict[str, float]:
    statistics = store.statistics()
    needed_count = 1 if trouble in ("primary crash", "cut") else 0
    crashed = trouble == "primary crash"
    read = [each for each in run.reads if each.read.invoked_at >= run.start]
    return {
        "outage": _outage(run.requests.sample(operation=WRITE), run.start, run.duration),
        "outage_theory": outage_by_theory(ttl) if crashed and commit != "all" else nan,
        "answered": run.during().availability(),
        "reads_answered": run.during(READ).availability(),
        "write_p50": float(run.before(WRITE).percentiles([50.0])[0]),
        "lost_count": float(statistics.lost_count),
        "lost_theory": (lost_by_theory() if commit == "asynchronous" else 0.0) if crashed else nan,
        "split_brain_count": float(statistics.split_brain_count),
        "stale": sum(each.seconds > 0.0 for each in read) / len(read) if read else nan,
        "false_failovers": float(max(statistics.failover_count - needed_count, 0)),
    }


def _outage(writes: RequestSample, start: float, end: float) -> float:
    """Return the longest time between two acknowledged writes, from `start` to `end`."""
    acknowledged = np.sort(writes.end[writes.succeeded])
    inside = acknowledged[(acknowledged > start) & (acknowledged < end)]
    return float(np.diff(np.concatenate(([start], inside, [end]))).max())


def outage_by_theory(ttl: float) -> float:
    """Return the mean time in seconds without a primary: messages and disks, which are milliseconds, apart.

    The lease is over `ttl` after the last renewal, which is between 0 and a third of that old.
    """
    return ttl - ttl / 6.0 + REPORT_WAIT


def lost_by_theory() -> float:
    """Return how many records are in a link to a replica on average: M/D/1 (Pollaczek and Khinchine)."""
    return LINK_LOAD + LINK_LOAD**2 / (2.0 * (1.0 - LINK_LOAD))
