"""Hot keys: what helps where some keys are asked for much more than others.

Sharding spreads keys, and requests only if these are spread over keys. The shard that has the hottest key has
at least that key's share p of all requests. When it is full it decides, as users wait there who would have
asked for something else: n shards answer at most 1/p times what one does, wherever keys are, and however many
shards there are (the bottleneck law of operational analysis). What helps depends on what is hot.

- *Popular keys side by side*, by ranges of keys: their range is hot, and can be split where half of its load
  lies, and a half be moved; a balancer does so, by the loads that servers tell (`models.sharding.mover`). It
  works against the load that it is to remove: a copy is read from the shard that is full. Or keys are spread
  by hashes, which scatters neighbours.
- *One hot key* no split helps, and no other place: its load goes with it. A balancer can only take away what
  is beside it. A counter can be salted: whoever adds takes one of m sub-keys, and whoever reads asks for all
  m. Or it is read from replicas of its shard, who repeat every write, and may be behind.
- *Keys in the order of time*, by ranges: all that is new comes to the last one. To split it divides what was
  new; what comes next is after both halves. Hashes take new keys everywhere, and with them the neighbours of
  which a page consists: it has to be asked of all shards. So does salt, as a prefix of the key: new keys go
  to m ranges, and a page is read from m.

A closed crowd of users asks, waits and thinks, so that what is answered per second is what the whole can do.

What to see (the default sweep): with hashes and a hottest key that has 40 % of the requests 16 shards answer
2.5 times as much as one, where it has 15 % 5.7 times (by theory at most 2.5 and 6.6 times). With 40 % the
busiest of the 16 has 6.5 times the mean load, half of the requests take up to 27 ms, and one in a hundred 3.0
s. Where popular keys are side by side 4 shards answer 73 requests per second, 12 shards 106, 4 with hashes
150, and 4 with a balancer 176, after 6.7 moves, of which the longest has frozen a range for 1.2 s. If 40 % of
the requests are for one key it is 91, 111 with 12 shards, 91 with hashes, and 128 with a balancer: all that
one shard can do goes to that key. Salted over 4 it is 170 where 90 % of the requests add something, 95 where
90 % read, as a read asks 2.2 databases on average. With two replicas of each shard, 12 hosts, it is 98 and
222, and in the latter case 23 % of the reads miss what was acknowledged. Where keys are in order of time, 4
shards and 12 shards both answer 50 per second, one shard's, and 4 with a balancer that splits 22 times 48:
the few ranges that it moves are old by then. Hashes make it 79 and a salt of 4 makes it 79, and a page is 4.0
requests and not 1.0. Two replicas make it 77, as pages are read there. On 8 shards, 8 sub-keys take 2.8 times
as much where 90 % add, 1.1 times where 10 % do.

Left out: caches; popularity that moves from key to key; who finds out which keys are to be salted (servers
count them, `models.sharding.loads`). Sources: Denning and Buzen, "The Operational Analysis of Queueing
Network Models" (1978), for the bound; Adya et al., "Slicer" (OSDI 2016), and CockroachDB's documentation,
"Load-Based Splitting"; Google's documentation of Bigtable, "Schema design for time series data"; DeWitt and
Gray, "Parallel Database Systems" (CACM 1992), for hashes and ranges; Breslau et al., "Web Caching and
Zipf-like Distributions" (INFOCOM 1999).
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field

from models import Endpoint, Host, Network, Request
from models.replication import READ, SCAN
from models.services import Handler, Instance
from models.sharding import (
    ShardedStore,
)
from models.sharding.mover import Mover, MoveRecord
from models.workload import ClosedLoop
from simulator import Environment, RequestTable
from simulator.measurement import RequestSample
from simulator.randomness import Exponential

from ...design import Points
from ...misuse import Misuse
from ...study import Measure, Run, study
from .databases import WORK
from .hot_key_shards import (
    COUNTERS,
    ENTRIES,
    LATENCIES,
    Case,
    Partitioning,
    Scene,
    first_keys,
    first_table,
    new_balancer,
    new_store,
)
from .hot_key_users import Counters, Judged, Timeline, mix_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...result import SweepResult

THINK_TIME = 0.1
"""Seconds that a user thinks before each request, on average; exponential."""

SETTLING, BALANCING, MEASURED = 5.0, 90.0, 15.0
"""Seconds before anything is measured: without a balancer, and with one, which needs time; and measured."""

MEASURES = {
    "answered": Measure(description="requests answered per second", unit="1/s"),
    "bound": Measure(description="what no placement of these keys can exceed, by theory", unit="1/s"),
    "p50": Measure(description="median time to an answer", unit="s"),
    "p99": Measure(description="99th percentile of the time to an answer", unit="s"),
    "read_p50": Measure(description="median time to an answer, of reads", unit="s"),
    "hottest": Measure(description="utilisation of the busiest host of a shard"),
    "hottest_ratio": Measure(description="that utilisation over the mean of all hosts of shards"),
    "asked": Measure(description="requests to databases for each read"),
    "work": Measure(description="core time of all shards for each request, moves included", unit="s"),
    "stale": Measure(description="share of the reads that told less than was acknowledged before them"),
    "splits": Measure(description="ranges split in the run"),
    "moves": Measure(description="ranges moved in the run"),
    "frozen": Measure(description="longest time for which a range could not be used, as it moved", unit="s"),
    "hosts": Measure(description="hosts of all shards"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HotKeysRun:
    """A run that is over: the users' `requests`, the moves, and the shards' loads over time.

    `loads` are pairs of a time (s) and the utilisation of each host of a shard in the second before.
    """

    requests: RequestTable
    moves: tuple[MoveRecord, ...]
    loads: tuple[tuple[float, tuple[float, ...]], ...]


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from ..figures.scaling_data.hot_keys import figures_of_sweep

    return figures_of_sweep(result)


def _figures_of_run(run: Run) -> "Mapping[str, Figure]":
    from ..figures.scaling_data.hot_keys import figures_of_run

    return figures_of_run(run)


def require_act(*, scene: str, hot_share: float, salt: int, replicas: int, **_others: object) -> None:
    """Raise Misuse for a hot key where keys are new, and for replicas of what is salted."""
    if scene == "timeline" and hot_share:
        raise Misuse(f"hot_share must be 0 in scene timeline, where keys are new, got {hot_share}")
    if salt > 1 and replicas:
        raise Misuse(f"replicas must be 0 where keys are salted, got {replicas}")


EXPONENTS = (0.0, 1.0, 1.5)
SHARDS = (1, 2, 4, 8, 16)
CROWD = 160
"""Users that ask for more than 16 shards can do."""

SALTS, ADD_SHARES = (1, 2, 4, 8), (0.9, 0.1)
"""Of a hot counter on 8 shards."""

SCENES: Mapping[str, Mapping[str, Any]] = {
    "hot range": {},
    "hot key, adds": {"exponent": 0.0, "hot_share": 0.4, "add_share": 0.9},
    "hot key, reads": {"exponent": 0.0, "hot_share": 0.4, "add_share": 0.1},
    "keys by time": {"scene": "timeline"},
}
"""What is hot, by name."""

SALTED: Mapping[str, Any] = {"exponent": 0.0, "hot_share": 0.4, "shards": 8, "users": 80}
"""Where it is tried how far a hot counter is to be spread."""

REMEDIES: Mapping[str, Mapping[str, Any]] = {
    "nothing": {},
    "three times the shards": {"shards": 12},
    "split and move by load": {"balancing": True},
    "hashes": {"partitioning": "hashes"},
    "salt 4": {"salt": 4},
    "two replicas each": {"replicas": 2},
}
"""What is done about it, by name; the second and the last cost as many hosts."""


@study(
    name="hot_keys",
    question="What helps where some keys are asked for much more than others?",
    measures=MEASURES,
    sweep=Points(
        [
            *(
                {
                    "partitioning": "hashes",
                    "users": CROWD,
                    "exponent": exponent,
                    "shards": count,
                }
                for exponent in EXPONENTS
                for count in SHARDS
                if exponent or count <= 8  # of many, which are busy all, there is not much to be learnt
            ),
            *({**scene, **remedy} for scene in SCENES.values() for remedy in REMEDIES.values()),
            *({**SALTED, "add_share": add_share, "salt": salt} for add_share in ADD_SHARES for salt in SALTS),
        ]
    ),
    replications=3,
    check=require_act,
    figures_of_run=_figures_of_run,
    figures_of_sweep=_figures_of_sweep,
)
def hot_keys(
    *,
    seed: int,
    scene: Annotated[
        Scene, Field(description="counters that there are, or a timeline, whose keys grow with time")
    ] = "counters",
    exponent: Annotated[
        float,
        Field(ge=0, le=3, description="of Zipf's law: of counters, or of how old the page is that is read"),
    ] = 0.8,
    hot_share: Annotated[
        float, Field(ge=0, lt=1, description="share of the requests that are for one counter in any case")
    ] = 0.0,
    add_share: Annotated[
        float, Field(ge=0, le=1, description="share of the requests that add; the others read")
    ] = 0.5,
    partitioning: Annotated[Partitioning, Field(description="how keys are spread over shards")] = "ranges",
    shards: Annotated[int, Field(ge=1, le=64, description="how many shards there are")] = 4,
    balancing: Annotated[
        bool, Field(description="split ranges that are hot, and move them, by their load")
    ] = False,
    salt: Annotated[
        int,
        Field(ge=1, le=64, description="buckets over which the hottest counter, or the timeline, goes"),
    ] = 1,
    replicas: Annotated[int, Field(ge=0, le=8, description="replicas of each shard, which take reads")] = 0,
    users: Annotated[
        int, Field(ge=1, le=1_000, description="users, each of whom has one request under way")
    ] = 40,
) -> Run:
    """Let users ask for keys of unequal popularity, and measure how far that gets."""
    case = Case(
        scene=scene,
        exponent=exponent,
        hot_share=hot_share,
        add_share=add_share,
        partitioning=partitioning,
        shards=shards,
        salt=salt,
        replicas=replicas,
        users=users,
    )
    return _measured(seed, case, balancing=balancing)


def _measured(seed: int, case: Case, *, balancing: bool) -> Run:
    env = Environment(seed=seed)
    network = Network(env, latencies=LATENCIES)
    table = first_table(case)
    store = new_store(env, network, table, first_keys(case), case.replicas)
    mover = new_balancer(env, store) if balancing else None
    judged = Judged(BALANCING if balancing else SETTLING)
    requests = _let_users_come(env, store.client(Host(env, "web")), judged, case)
    watch = _Watch(env, store)
    env.run(until=judged.since)
    watch.begin()
    env.run(until=judged.since + MEASURED)
    sample = requests.sample(judged.since, env.now)
    measures = {
        "bound": bound_by_theory(case),
        "stale": judged.stale,
        **_users_measures(sample),
        **watch.measures(len(sample), judged.begun_count),
        **_mover_measures(mover),
    }
    detail = HotKeysRun(
        requests=requests,
        moves=() if mover is None else tuple(mover.records),
        loads=tuple(watch.loads),
    )
    return Run(measures={name: measures[name] for name in MEASURES}, detail=detail)


def _let_users_come(env: Environment, router: Endpoint, judged: Judged, case: Case) -> RequestTable:
    salt, exponent = case.salt, case.exponent
    target: Endpoint
    if case.scene == "counters":
        target = Counters(
            env,
            router,
            judged,
            key_count=COUNTERS,
            exponent=exponent,
            hot_share=case.hot_share,
            salt=salt,
        )
    else:
        target = Timeline(env, router, judged, first=ENTRIES, exponent=exponent, salt=salt)
    crowd = ClosedLoop(
        env,
        target,
        users_count=case.users,
        think_time=Exponential(THINK_TIME),
        mix=mix_of(case.add_share),
        name="users",
    )
    return crowd.table


def _users_measures(sample: RequestSample) -> dict[str, float]:
    """Return what the users have seen."""
    p50, p99 = sample.percentiles([50.0, 99.0]).tolist()
    reads = sample.per_operation().get(READ)
    return {
        "answered": len(sample) / MEASURED,
        "p50": p50,
        "p99": p99,
        "read_p50": nan if reads is None else float(reads.percentiles([50.0])[0]),
    }


def _mover_measures(mover: Mover | None) -> dict[str, float]:
    """Return what the balancer has done."""
    if mover is None:
        return {"splits": 0, "moves": 0, "frozen": 0.0}
    done = mover.move_statistics()
    return {"splits": done.split_count, "moves": done.moved_count, "frozen": done.freeze_time_max}


# -- what is watched -----------------------------------------------------------------------------------------


class _Watch:
    """Watches the databases of all shards: how busy their hosts are, and how many reads they are asked for.

    `loads` are pairs of a time and the utilisation of each host in the second before.
    """

    def __init__(self, env: Environment, store: ShardedStore) -> None:
        self._hosts = [node.host for node in store.nodes]
        self._read_count = 0
        self._before: list[float] = []
        self._reads_before = 0
        self.loads: list[tuple[float, tuple[float, ...]]] = []
        for node in store.nodes:
            node.interpose(self, self._counting)
        env.process(self._look(env), "watch")

    def _counting(self, handle: Handler) -> Handler:
        def count(instance: Instance, request: Request) -> Generator[Any, Any, Any]:
            self._read_count += request.operation in (READ, SCAN)
            return handle(instance, request)

        return count

    def _look(self, env: Environment) -> Generator[Any, Any, None]:
        before = self._busy_times()
        while True:
            yield 1.0
            now = self._busy_times()
            self.loads.append((env.now, tuple(b - a for a, b in zip(before, now, strict=True))))
            before = now

    def _busy_times(self) -> list[float]:
        return [host.statistics().busy_time for host in self._hosts]

    def begin(self) -> None:
        """Measure from now on."""
        self._before = self._busy_times()
        self._reads_before = self._read_count

    def measures(self, request_count: int, read_count: int) -> dict[str, float]:
        """Return what was measured since, in which there were so many requests, and reads among them."""
        busy = [now - then for then, now in zip(self._before, self._busy_times(), strict=True)]
        mean = sum(busy) / len(busy)
        return {
            "hottest": max(busy) / MEASURED,
            "hottest_ratio": max(busy) / mean,
            "asked": (self._read_count - self._reads_before) / read_count if read_count else nan,
            "work": sum(busy) / request_count,
            "hosts": len(self._hosts),
        }


# -- theory -----------------------------------------------------------------------------------------------


def share_of_hottest(exponent: float, hot_share: float) -> float:
    """Return the share of the requests that are for the hottest counter."""
    by_rank = np.arange(1, COUNTERS + 1) ** -exponent
    return hot_share + (1.0 - hot_share) * float(by_rank[0] / by_rank.sum())


def bound_by_theory(case: Case) -> float:
    """Return how many requests per second can be answered at most, wherever keys are.

    All hosts do no more than they can; nor does the busiest, of what is for the hottest counter, or of what
    is new, alone; and each user thinks, and waits for an idle core.
    """
    add_share, read_share, copies = case.add_share, 1.0 - case.add_share, case.replicas + 1
    demands: list[tuple[float, float]] = []  # of a request: work of all hosts, and of the busiest, in WORK
    for spread in range(1, min(case.salt, case.shards) + 1):
        if case.scene == "counters":
            share = share_of_hottest(case.exponent, case.hot_share)
            in_all = add_share * copies + read_share * (1.0 + share * (spread - 1))
            demands.append((in_all, share * (add_share / spread + read_share / copies)))
        elif case.partitioning == "ranges":
            demands.append((add_share * copies + read_share * case.salt, add_share / spread))
        else:
            asked = case.salt * case.shards
            demands.append((add_share * copies + read_share * asked, add_share / case.shards))
    hosts = case.shards * copies
    by_hosts = max(1.0 / (WORK * max(in_all / hosts, busiest)) for in_all, busiest in demands)
    return min(by_hosts, case.users / (THINK_TIME + WORK))
