"""Sharding: what splitting data over n databases buys, and what it does not.

A database takes 50 writes a second, and its users, who write, wait and think, have more to write. So the keys
are split over n databases by a routing table; a server in front of each knows what is its own, and users ask
the right one (`models.sharding`).

What that buys is throughput. If s is the share of the keys that the fullest shard has, W what a write works
and Z how long each of U users thinks, there are at most

    min(1 / (W s), U / (Z + W))

writes a second (the asymptotic bounds of operational analysis): the fullest shard is what counts. On a ring
with v points for each shard the deviation of a share over its mean is sqrt((n - 1) / (n v + 1)): one point is
far too few. Modulo and jump hash are even. Ranges of keys are as even as what is asked for: where each key is
new and higher than all before, the last range has all the writes.

What it does not buy is availability. If a host is up for a share a of the time, a write needs one host, and
is acknowledged with probability a, however many there are; that all of it works has the probability a^n, and
falls. A host that dies takes 1/n of the keys with it, for as long as it is down.

That is what copies are for, of each shard: they cost hosts and add no writes, as each copy executes each
write. With three of them, of which two must be up, a shard is up for 3 a^2 - 2 a^3 of the time, less the time
to notice: until a lease is over and another is primary, until a leader is elected; and until whoever has
asked a host that is silent gives up, which is his patience. The theory here knows nothing of that time; what
is measured beyond it is the price of noticing. It is paid for each crash, of three times as many hosts: here
some seconds, where a host is away for 25. If hosts are back as soon as they are missed, copies bring little;
if they are away for hours, the price is nothing.

And there is one thing more that may be down: the directory, which says where the table is. Servers may act by
their table for a lease, renewed three times while it lasts. So a directory that is down for less than what is
left of a lease is not felt at all, and a longer outage stops every shard. A long lease is paid for when
ranges move: see `resharding`.

What to see (the default sweep): 1, 2, 4 and 8 shards of one process write 50, 100, 189 and 303 times a second
(at most 50, 100, 200 and 375) with a p99 of 859, 567, 344 and 154 ms. Eight shards of a primary and its
replica, of Raft and of quorums, on 16, 24 and 24 hosts, write 302, 300 and 250 times. With 1, 10 and 100
points a shard on the ring the spread is 0.80, 0.35 and 0.09 (theory: 0.88, 0.29 and 0.09), the busiest has
2.7, 1.6 and 1.3 times the mean, and all write 156, 253 and 292. Of keys that grow ranges write 50, modulo
305. With one host down 100, 52, 27 and 12 % of the writes are not acknowledged. Where each host is down for
5 % of the time, by chance, it is 5.1, 5.2, 5.1 and 5.2 % (theory: 5.0 %), and all of it works for 95, 90, 80
and 67 % of the time (theory: 95, 90, 81 and 66 %): splitting alone makes nothing more resilient. Copies do:
of four shards, in the order of above, 5.1, 1.3, 1.5 and 0.9 % of the writes are hit, which would be 5.0, 0.2,
0.7 and 0.7 % if it took no time to notice, and all of it works for 80, 95, 95 and 96 % of the time. The
asynchronous pairs lose 25 acknowledged writes, the others none. When one host dies, a shard is out for 19.8,
2.5, 2.1 and 0.4 s, and 26.8, 3.9, 4.1 and 0.8 % of all writes are hit. With leases of 3, 10 and 30 s, 87, 61
and 0 % of the writes are hit by 20 s without the directory (theory: 88, 59 and 0 %).

Leaves out: queries that need several shards, see `scatter_gather`; keys that are hot, see `hot_keys`. Source:
Denning and Buzen, "The Operational Analysis of Queueing Network Models" (1978), section on bounds; Karger et
al., "Consistent Hashing and Random Trees" (STOC 1997); Lamping and Veach, "A Fast, Minimal Memory, Consistent
Hash Algorithm" (2014); Trivedi, "Probability and Statistics with Reliability, Queuing, and Computer Science
Applications" (2nd ed. 2002), for k of n; Newman, "Building Microservices" (2nd ed. 2021), on scaling by
partitioning.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from math import nan
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from models import Host, Network
from models.consistency import HistoryRecorder, Operation, lost_writes
from models.faults import HostCrash
from models.replication import WRITE, SingleNodeStore, UniqueWrites
from models.resilience import Timeout
from models.sharding import ShardedStore, ShardingSettings
from models.workload import ClosedLoop, OpenLoop, OperationMix, UniformKeys, request_table
from models.workload import Operation as Asked
from simulator import Environment, RequestTable
from simulator.randomness import Exponential

from ...design import Points
from ...parameters import Unit
from ...study import Measure, Run, study
from ..troubled_run import TroubledRun
from .databases import HOSTS, NEEDED, WORK, ShardKind, front_host, new_shard
from .outages import Span, outages_by_shard, time_covered
from .placements import Placing, first_table, shares_of_ranges, spread_by_theory

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...result import SweepResult

Keys = Literal["any", "growing"]
Trouble = Literal["none", "host", "crashes", "directory"]

KEYS = 100_000
"""Customers, each a key, of which any is asked for as likely as any other."""

PATIENCE = 1.0
"""Seconds that a user waits for an answer."""

BEFORE = 2.0
"""Seconds that users are there before anything is measured, and before there is trouble."""

LASTS: Mapping[str, float] = {"none": 3.0, "host": 20.0, "crashes": 500.0, "directory": 20.0}
"""How long things are watched, or the trouble lasts, in seconds."""

DOWN = 25.0
"""Seconds for which each host is down where each crashes: a twentieth of the time."""

_AFTER, _QUIET = 5.0, 10.0
_WEBS = 3  # hosts of users, each with a router of its own
_PARTS = 3  # a lease is renewed so many times while it lasts
_COUNTS = (1, 2, 4, 8)

MEASURES = {
    "goodput": Measure(description="writes acknowledged per second", unit="1/s"),
    "bound": Measure(description="what goodput cannot exceed, by theory, while all is well", unit="1/s"),
    "p50": Measure(description="median time to an acknowledged write", unit="s"),
    "p99": Measure(description="99th percentile of the same", unit="s"),
    "spread": Measure(description="standard deviation of the shards' shares of the keys, over their mean"),
    "spread_theory": Measure(description="the same by theory"),
    "busiest": Measure(description="writes that the busiest shard has served, over the mean of all"),
    "hit": Measure(description="share not acknowledged of the writes sent in the trouble"),
    "hit_theory": Measure(description="the same by theory, if it took no time to notice"),
    "outage": Measure(description="longest time for which a shard acknowledged nothing", unit="s"),
    "whole": Measure(description="share of the time in which all shards acknowledged writes"),
    "whole_theory": Measure(description="the same by theory, where each host crashes, likewise"),
    "lost_count": Measure(description="acknowledged writes that are gone in the end"),
    "hosts": Measure(description="hosts of all databases"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardingRun(TroubledRun):
    """A run that is over: besides what users saw, the outages of each shard."""

    outages: Mapping[str, tuple[Span, ...]]


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from ..figures.scaling_data.sharding import figures_of_sweep

    return figures_of_sweep(result)


def _figures_of_run(run: Run) -> "Mapping[str, Figure]":
    from ..figures.scaling_data.sharding import figures_of_run

    return figures_of_run(run)


def _points() -> list[dict[str, Any]]:
    kinds = list(HOSTS)
    return [
        *({"shard": kind, "shards": shards} for kind in kinds for shards in _COUNTS),
        *({"shards": 8, "placement": "ring", "virtual_nodes": points} for points in (1, 10, 100)),
        *({"shards": 8, "placement": placement} for placement in ("jump", "key ranges")),
        *({"shards": 8, "placement": each, "keys": "growing"} for each in ("modulo", "key ranges")),
        *({"trouble": trouble, "shards": shards} for trouble in ("host", "crashes") for shards in _COUNTS),
        *({"trouble": trouble, "shard": kind} for trouble in ("host", "crashes") for kind in kinds),
        *({"trouble": "directory", "lease": lease} for lease in (3.0, 10.0, 30.0)),
    ]


@study(
    name="sharding",
    question="What does splitting data over n databases buy, and what does it not?",
    measures=MEASURES,
    sweep=Points(_points()),
    replications=4,
    figures_of_run=_figures_of_run,
    figures_of_sweep=_figures_of_sweep,
)
def sharding(
    *,
    seed: int,
    shards: Annotated[int, Field(ge=1, le=16, description="databases over which keys are split")] = 4,
    shard: Annotated[ShardKind, Field(description="what a database is made of")] = "one process",
    placement: Annotated[Placing, Field(description="how keys are split")] = "modulo",
    virtual_nodes: Annotated[
        int, Field(ge=1, le=400, description="points of a shard on the circle, for placement ring")
    ] = 100,
    keys: Annotated[
        Keys, Field(description="whether any key is written, or each time a new one, higher than all before")
    ] = "any",
    trouble: Annotated[
        Trouble,
        Field(
            description="the host of one database dies; each host crashes once, by chance; the directory's"
            " host dies"
        ),
    ] = "none",
    lease: Annotated[
        float,
        Field(ge=0.3, le=3_600, allow_inf_nan=False, description="how long a routing table may be acted by"),
        Unit("s"),
    ] = 10.0,
    users: Annotated[
        int, Field(ge=3, le=1_000, description="users who write, wait and think, while all is well")
    ] = 45,
    think_time: Annotated[
        float,
        Field(gt=0, le=3_600, allow_inf_nan=False, description="how long they think on average"),
        Unit("s"),
    ] = 0.1,
    rate: Annotated[
        float,
        Field(gt=0, le=200, allow_inf_nan=False, description="writes where there is trouble, whoever waits"),
        Unit("1/s"),
    ] = 10.0,
) -> Run:
    """Let users write to a sharded store, perhaps in trouble."""
    env = Environment(seed=seed)
    built = _build(env, shards, shard, placement, virtual_nodes, lease)
    # At any time between two renewals of leases, as likely as at any other.
    start = BEFORE + float(env.stream("sharding/start").uniform(lease, lease + lease / _PARTS))
    start = BEFORE if trouble == "none" else start
    end = start + LASTS[trouble]
    recorder = HistoryRecorder(env)
    come = (users, think_time) if trouble == "none" else rate
    table = _admit_users(env, built.store, recorder, come, keys, until=end + _AFTER)
    env.run(until=start)
    before = built.served()
    built.strike(trouble, end)
    env.run(until=end)
    served = built.served() - before
    theory = {
        **_theory_while_well(built, placement, virtual_nodes, keys, users, think_time),
        **_theory_in_trouble(built, trouble, shard, lease),
    }
    env.run(until=end + _AFTER + _QUIET)
    history = recorder.history()
    run = _seen(built, table, history, start, end)
    return Run(measures={**_measures(run, history, served, built), **theory}, detail=run)


def _seen(
    built: "_Built", table: RequestTable, history: Sequence[Operation], start: float, end: float
) -> ShardingRun:
    """Return what there is to be drawn of a run that is over."""
    return ShardingRun(
        requests=table,
        log=built.store.env.event_log,
        start=start,
        end=end,
        duration=end + _AFTER,
        outages=outages_by_shard(history, built.store.table, start, end),
    )


class _Built:
    """A sharded `store`, the `hosts` of its databases by shard, and its `directory`'s."""

    def __init__(
        self, store: ShardedStore, hosts: Mapping[str, Sequence[Host]], directory: Host, needed: int
    ) -> None:
        self.store = store
        self.hosts = [host for each in hosts.values() for host in each]
        self._by_shard = hosts
        self._directory = directory
        self._needed = needed

    def served(self) -> npt.NDArray[np.float64]:
        """Return how many writes each shard has served so far."""
        served = self.store.statistics().served_by_shard
        return np.array([served.get(name, 0) for name in self.store.shards], dtype=np.float64)

    def strike(self, trouble: str, end: float) -> None:
        """Let the trouble begin now, and be over at `end`."""
        env = self.store.env
        if trouble == "crashes":
            self._crash_each()
        elif trouble != "none":
            first = next(iter(self.store.shards.values()))
            fault = HostCrash(self._directory if trouble == "directory" else front_host(first))
            fault.inject()
            env.call_later(end - env.now, fault.heal)

    def _crash_each(self) -> None:
        """Let each host be down for `DOWN`, from a moment of its own on.

        Not by up and down times that are exponential, as chaos would have it: four runs of them differ by
        more in how often hosts are down than there is to be seen. The time is a circle, so that a host is
        down with the same probability at each moment, whatever the others are.
        """
        env = self.store.env
        lasts = LASTS["crashes"]
        begins = env.stream("sharding/crashes").uniform(0.0, lasts, len(self.hosts))
        for host, begin in zip(self.hosts, begins, strict=True):
            for since, until in down_times(float(begin), DOWN, lasts):
                fault = HostCrash(host)
                env.call_later(since, fault.inject)
                env.call_later(until, fault.heal)

    def shard_up_by_theory(self) -> float:
        """Return the probability that enough hosts of a shard are up, each whatever the others are."""
        up = 1.0 - DOWN / LASTS["crashes"]
        return at_least(self._needed, [up] * len(next(iter(self._by_shard.values()))))

    def held(self) -> dict[Any, Any]:
        """Return the latest value of each key that any node holds."""
        held: dict[Any, Any] = {}
        for values in self.store.contents().values():
            for key, value in values.items():
                held[key] = max(value, held.get(key, 0))
        return held


def _build(
    env: Environment, shards: int, shard: ShardKind, placement: Placing, virtual_nodes: int, lease: float
) -> _Built:
    network = Network(env)
    # Names are drawn, so that each seed sees another ring.
    drawn = int(env.stream("sharding/names").integers(1_000_000))
    names = [f"shard-{number} ({drawn})" for number in range(1, shards + 1)]
    hosts = {
        name: [Host(env, f"{name} host {number}") for number in range(1, HOSTS[shard] + 1)] for name in names
    }
    directory = Host(env, "directory")
    store = ShardedStore(
        env,
        network,
        shards={name: new_shard(env, network, shard, hosts[name], name) for name in names},
        directory=SingleNodeStore(env, network, directory, name="directory"),
        table=first_table(placement, names, virtual_nodes, KEYS),
        settings=ShardingSettings(
            ttl=lease, renewal_interval=lease / _PARTS, store_timeout=PATIENCE, directory_timeout=PATIENCE
        ),
    )
    return _Built(store, hosts, directory, NEEDED[shard])


def _admit_users(
    env: Environment,
    store: ShardedStore,
    recorder: HistoryRecorder,
    come: tuple[int, float] | float,
    keys: str,
    *,
    until: float,
) -> RequestTable:
    """Let users write from several hosts, each with a router; return the table of their requests.

    They `come` at a rate, or they are so many and think for so long.
    """
    table = request_table()
    values, new_keys = count(1), count(KEYS)
    for number in range(_WEBS):
        name = f"users-{number + 1}"
        client = Timeout(env, store.client(Host(env, name)), PATIENCE)
        target = UniqueWrites(recorder.around(client), values)
        asked: dict[str, Any] = {
            "mix": OperationMix(Asked(name=WRITE)),
            "keys": new_keys.__next__ if keys == "growing" else UniformKeys(env, KEYS, name=f"{name}/keys"),
            "until": until,
            "table": table,
            "name": name,
        }
        if isinstance(come, tuple):
            users, think_time = come
            here = users // _WEBS + (number < users % _WEBS)
            ClosedLoop(env, target, users_count=here, think_time=Exponential(think_time), **asked)
        else:
            OpenLoop(env, target, rate=come / _WEBS, **asked)
    return table


def _measures(
    run: ShardingRun, history: Sequence[Operation], served: npt.NDArray[np.float64], built: _Built
) -> dict[str, float]:
    during = run.during()
    latencies = during.latency[during.succeeded]
    p50, p99 = np.percentile(latencies, [50.0, 99.0]) if latencies.size else (nan, nan)
    spans = [span for each in run.outages.values() for span in each]
    return {
        "goodput": during.goodput(),
        "p50": float(p50),
        "p99": float(p99),
        "busiest": float(served.max() / served.mean()) if served.any() else nan,
        "hit": 1.0 - during.availability(),
        "outage": max((end - start for start, end in spans), default=0.0),
        "whole": 1.0 - time_covered(spans) / (run.end - run.start),
        "lost_count": float(len(lost_writes(history, built.held()))),
        "hosts": float(len(built.hosts)),
    }


def _theory_while_well(
    built: _Built, placement: Placing, virtual_nodes: int, keys: str, users: int, think_time: float
) -> dict[str, float]:
    """Return how uneven the table is, that by theory, and what all can do at most."""
    names = list(built.store.shards)
    shares = shares_of_ranges(built.store.first_table, names)
    largest = 1.0 if (placement, keys) == ("key ranges", "growing") else float(shares.max())
    return {
        "bound": min(1.0 / (WORK * largest), users / (think_time + WORK)),
        "spread": float(shares.std() / shares.mean()),
        "spread_theory": spread_by_theory(placement, len(names), virtual_nodes),
    }


def _theory_in_trouble(built: _Built, trouble: str, shard: str, lease: float) -> dict[str, float]:
    """Return what is hit, if whoever is left took no time to notice; there is no bound then."""
    if trouble == "none":
        return {"hit_theory": nan, "whole_theory": nan}
    hit, whole = nan, nan
    if trouble == "host":
        hit = 1.0 / len(built.store.shards) if shard == "one process" else 0.0
    elif trouble == "directory":
        hit = directory_hit_by_theory(lease)
    elif trouble == "crashes":
        up = built.shard_up_by_theory()
        hit, whole = 1.0 - up, up ** len(built.store.shards)
    return {"hit_theory": hit, "whole_theory": whole, "bound": nan}


def down_times(begin: float, lasts: float, within: float) -> list[Span]:
    """Return when something is down that is so from `begin` on, where the end of the time is its beginning.

    Example: `down_times(9.0, 3.0, 10.0)` is from 9 to 10, and from 0 to 2.
    """
    end = begin + lasts
    return [(begin, end)] if end <= within else [(begin, within), (0.0, end - within)]


def at_least(count: int, probabilities: Sequence[float]) -> float:
    """Return the probability that at least `count` of independent events happen."""
    exactly = [1.0]  # the probability of 0, 1, ... of those so far
    for probability in probabilities:
        missed = [each * (1.0 - probability) for each in exactly]
        met = [each * probability for each in exactly]
        exactly = [a + b for a, b in zip([*missed, 0.0], [0.0, *met], strict=True)]
    return sum(exactly[count:])


def directory_hit_by_theory(lease: float) -> float:
    """Return the share of the directory's outage in which nobody has a lease.

    The last renewal before is between 0 and a part of the lease old.
    """
    lasts, part = LASTS["directory"], lease / _PARTS
    shortest = lasts - lease / ShardingSettings().clock_drift_bound
    longest = shortest + part
    if longest <= 0.0:
        return 0.0
    mean = shortest + part / 2.0 if shortest >= 0.0 else longest**2 / (2.0 * part)
    return mean / lasts
