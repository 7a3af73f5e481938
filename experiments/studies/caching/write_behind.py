"""Write-behind: what is saved when writes wait in the cache, and what is lost when that dies.

A shop's carts live in a database that can do 250 requests a second. In front of it stands a web process that
has all of them in its cache, too, and users who read and write them, by a Zipf law:

    around      a write goes to the database; the cache lets go of its entry, and the next read loads it
    through     a write goes to the database; then the cache has it
    behind      a write is acknowledged when the cache has it, and reaches the database later: a cart that has
                become dirty is flushed after the flush interval, with all that was written to it meanwhile

A run is 20 s of warming up and 20 s in which all is well; then, at some instant in the next 10 s, the web
process crashes and starts again after a second; and at 60 s the database's host is down for 8 s. Users wait
for one second, the cache for half a second; what failed is not asked for again.

What must be so. Writes to a key come at a rate r, as a Poisson process, so it becomes dirty 1 / r after its
last flush has begun, and is flushed an interval T later: the database sees r / (1 + r T) writes of it a
second. At any instant it is dirty with probability r T / (1 + r T), for a time that is uniform between 0 and
T, in which r T / 2 writes have come besides the first: so many acknowledged writes a crash at that instant
takes. Where r T is small that is r T, as many as come in an interval, and each is a flush of its own; where
it is large it is r T / 2, and nearly all are saved.

What to see (the default sweep): of 100 writes a second, by a Zipf law with exponent 0.8, 93 reach the
database with a flush interval of 0.1 s, 73 with 1 s and 37 with 10 s; a crash takes 10, 86 and 680 that were
acknowledged, on average over all instants (by theory 9.7, 86.0 and 684.1). Single crashes differ: with 0.1 s
they took between 3 and 16. The more unequal the carts are, the more is saved: with 10 s, 50 reach the
database where all are alike, 20 with exponent 1.2. A write takes 1.0 ms instead of 8.0 through the cache;
around it 9.6, as the database has 50 reads a second besides, of what the cache has let go of. An outage of
8 s fails no write, while up to 416 carts are dirty, and 7 % of the reads, of what the cache has not had again
since its crash; where only 200 may be dirty, 35 % of the writes are rejected. Through the cache all of them
fail, and 55 % of the reads with them: a write that has timed out may have been done, so its entry goes. The
same undoes it when users write 300 times a second, 50 more than the database can do: 282 reads come besides,
and no write is acknowledged. Behind the cache 168 of the 300 reach the database, and none fails; its four
crashes took 227 on average.

Leaves out: a cache with a replica, or a log, which loses nothing with one process and pays for it in each
write; users who come back to another web process, which knows nothing of what is dirty here.
Sources: the manuals of Oracle Coherence and Hazelcast on write-behind; Ross, "Introduction to Probability
Models" (2014), section 7.4, for renewal-reward processes.
"""

from array import array
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import numpy as np
from pydantic import Field

from models import Call, Endpoint, Host, Network, Request, Response, Wrapper
from models.caching.eviction import Lru
from models.caching.patterns import Cache, WriteAround, WriteRule, WriteThrough
from models.caching.patterns.write_behind import WriteBehind, WriteBehindQueue
from models.caching.stores import CacheStore
from models.replication import WRITE, SingleNodeStore, UniqueWrites
from models.resilience import FullJitter, Timeout
from models.services import Instance
from models.storage import Disk
from models.workload import OpenLoop, Operation, OperationMix, ZipfKeys
from simulator import Environment, RequestTable
from simulator.measurement import WindowedSeries, windowed_rate

from ...design import Points
from ...parameters import Unit
from ...study import Measure, Run, study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...result import SweepResult

Pattern = Literal["around", "through", "behind"]
PATTERNS: tuple[Pattern, ...] = get_args(Pattern)

KEYS, RATE, MANY = 1_000, 200.0, 600.0
"""Carts; requests of users per second, half of them writes, in most runs and where it is too much."""

WORK, SYNC_TIME, HOP = 0.004, 0.002, 0.0005
"""Seconds of the database's core for a request, of its disk for a sync, and of each way over the network."""

CAPACITY = 1.0 / WORK
"""Requests per second that the database can do."""

WARM_UP, CRASH_FROM, CRASH_UNTIL, DOWN_FOR = 20.0, 40.0, 50.0, 1.0
OUTAGE_AT, OUTAGE_FOR, END = 60.0, 8.0, 75.0
PATIENCE, DATABASE_TIMEOUT = 1.0, 0.5

INTERVALS, EXPONENTS = (0.1, 0.3, 1.0, 3.0, 10.0), (0.0, 0.8, 1.2)
FEW = 200
"""Dirty keys at most, where they are too few for an outage."""

_BACKOFF = FullJitter(base=0.2, cap=2.0)
_ARRIVED = 0.5  # so long after a crash nothing is on its way any more
_LOOK_EVERY = 0.25
_QUIET = 3.0

MEASURES = {
    "p50": Measure(description="median time to the acknowledgement of a write, while all is well", unit="s"),
    "p99": Measure(description="99th percentile of the same", unit="s"),
    "unanswered": Measure(description="share of the writes not acknowledged in time, while all is well"),
    "writes": Measure(description="writes that the database is asked for per second", unit="1/s"),
    "writes_law": Measure(description="the same by theory", unit="1/s"),
    "reads": Measure(description="reads that the database is asked for per second", unit="1/s"),
    "waiting": Measure(description="acknowledged writes that wait for their flush, on average"),
    "waiting_law": Measure(description="the same by theory"),
    "lost": Measure(description="acknowledged writes that the crash of the web process has taken"),
    "outage_writes": Measure(description="share of the writes in the outage not acknowledged in time"),
    "outage_reads": Measure(description="share of the reads in the outage not answered in time"),
    "dirty_peak": Measure(description="most carts that were dirty at a time"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteBehindRun:
    """A run that is over: the users' `requests`, the crash, and what was looked at every quarter of a second.

    `dirty` are the carts that were dirty at `times` (s), `written_at` when the database was asked to write.
    """

    requests: RequestTable
    crash_at: float
    times: Sequence[float]
    dirty: Sequence[float]
    written_at: Sequence[float]

    def acknowledged(self, width: float) -> WindowedSeries:
        """Return the writes that users were told to have been done per second, in windows of `width` s."""
        sample = self.requests.sample().of_operation(WRITE)
        return windowed_rate(sample.end[sample.succeeded], width=width, until=END)

    def database_writes(self, width: float) -> WindowedSeries:
        """Return what the database was asked to write per second, in windows of `width` s."""
        return windowed_rate(np.array(self.written_at), width=width, until=END)

    def dirty_carts(self) -> WindowedSeries:
        """Return how many carts were dirty."""
        return WindowedSeries(starts=np.array(self.times), width=_LOOK_EVERY, values=np.array(self.dirty))


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from ..figures.caching.write_behind import figures_of_sweep

    return figures_of_sweep(result)


def _figures_of_run(run: Run) -> "Mapping[str, Figure]":
    from ..figures.caching.write_behind import figures_of_run

    return figures_of_run(run)


def flushes_law(rates: "np.ndarray[Any, np.dtype[np.float64]]", interval: float) -> float:
    """Return how many writes per second reach the database of keys that are written at `rates` (1/s)."""
    return float((rates / (1.0 + rates * interval)).sum())


def waiting_law(rates: "np.ndarray[Any, np.dtype[np.float64]]", interval: float) -> float:
    """Return how many acknowledged writes wait for their flush, on average."""
    load = rates * interval
    return float((load / (1.0 + load) * (1.0 + load / 2.0)).sum())


COMPARED: Mapping[str, Mapping[str, Any]] = {
    "around": {"pattern": "around"},
    "through": {"pattern": "through"},
    "behind": {},
    "behind, few dirty": {"dirty_max": FEW},
    "through, much asked": {"pattern": "through", "rate": MANY},
    "behind, much asked": {"rate": MANY},
}
"""What is compared, by name: the patterns, and two of them with more writes than the database can do."""

OVER_INTERVALS: Sequence[Mapping[str, Any]] = [
    {"flush_interval": interval, "exponent": exponent} for exponent in EXPONENTS for interval in INTERVALS
]


@study(
    name="write_behind",
    question="What is saved when writes wait in the cache, and what is lost when that dies?",
    measures=MEASURES,
    sweep=Points([*OVER_INTERVALS, *COMPARED.values()]),
    replications=4,
    figures_of_run=_figures_of_run,
    figures_of_sweep=_figures_of_sweep,
)
def write_behind(
    *,
    seed: int,
    pattern: Annotated[Pattern, Field(description="which way a write goes")] = "behind",
    flush_interval: Annotated[
        float, Field(ge=0, le=100, description="how long a cart is dirty before it is flushed"), Unit("s")
    ] = 1.0,
    exponent: Annotated[
        float, Field(ge=0, le=2, description="of the Zipf law by which carts are used; 0: all alike")
    ] = 0.8,
    rate: Annotated[
        float, Field(gt=0, le=2_000, description="requests of users, half of them writes"), Unit("1/s")
    ] = RATE,
    dirty_max: Annotated[int, Field(ge=1, description="carts that may be dirty at a time")] = 10_000,
) -> Run:
    """Let users write, crash the web process, take the database away, and look at who has what."""
    writes: WriteRule = WriteAround() if pattern == "around" else WriteThrough()
    if pattern == "behind":
        writes = WriteBehind(flush_interval=flush_interval, capacity=dirty_max, backoff=_BACKOFF)
    shop = _Shop(seed, writes, exponent=exponent, rate=rate)
    lost = shop.run()
    healthy = shop.users.table.sample(WARM_UP, CRASH_FROM, by="start")
    outage = shop.users.table.sample(OUTAGE_AT, OUTAGE_AT + OUTAGE_FOR, by="start")
    written = healthy.of_operation(WRITE)
    p50, p99 = written.where(written.succeeded).percentiles([50.0, 99.0]).tolist()
    rates = rate / 2.0 * shop.probabilities
    is_behind = pattern == "behind"
    seconds = CRASH_FROM - WARM_UP
    return Run(
        measures={
            "p50": p50,
            "p99": p99,
            "unanswered": 1.0 - written.availability(),
            "writes": shop.asked.between(shop.asked.written_at, WARM_UP, CRASH_FROM) / seconds,
            "writes_law": flushes_law(rates, flush_interval) if is_behind else rate / 2.0,
            "reads": shop.asked.between(shop.asked.read_at, WARM_UP, CRASH_FROM) / seconds,
            "waiting": shop.waiting(),
            "waiting_law": waiting_law(rates, flush_interval) if is_behind else 0.0,
            "lost": float(lost),
            "outage_writes": 1.0 - outage.of_operation(WRITE).availability(),
            "outage_reads": 1.0 - outage.of_operation("read").availability(),
            "dirty_peak": 0.0 if shop.queue is None else shop.queue.statistics().dirty.maximum,
        },
        detail=WriteBehindRun(
            requests=shop.users.table,
            crash_at=shop.crash_at,
            times=shop.times,
            dirty=shop.dirty,
            written_at=shop.asked.written_at,
        ),
    )


class _Shop:
    """Users, a web process with a cache, and a database; what is to happen is planned."""

    def __init__(self, seed: int, writes: WriteRule, *, exponent: float, rate: float) -> None:
        self.env = env = Environment(seed=seed)
        network = Network(env, latencies=HOP)
        users, web, host = (Host(env, name) for name in ("users", "web", "database"))
        self.store = SingleNodeStore(
            env,
            network,
            host,
            contents=dict.fromkeys(range(KEYS), 0),
            disk=Disk(host, sync_time=SYNC_TIME),
            request_work=WORK,
            name="database",
        )
        self.asked = _Asked(env, self.store.client(web))
        kept = CacheStore(env, Lru(KEYS))
        for key in range(KEYS):
            kept.set(key, Response(0, as_of=0.0))
        cache = Cache(env, Timeout(env, self.asked, DATABASE_TIMEOUT), kept, writes=writes)
        self.web = Instance(
            env, web, lambda instance, request: cache.call(request), threads=1_000, name="web"
        )
        cache.live_in(self.web)
        self.queue = WriteBehindQueue.of(cache) if isinstance(writes, WriteBehind) else None
        self.ledger = _Ledger(Timeout(env, network.connect(users, self.web), PATIENCE))
        keys = ZipfKeys(env, KEYS, exponent=exponent)
        self.probabilities = keys.probabilities
        self.users = OpenLoop(
            env,
            UniqueWrites(self.ledger, count(1)),
            rate=rate,
            mix=OperationMix(Operation(name="read"), Operation(name=WRITE)),
            keys=keys,
            until=END,
            name="users",
        )
        share = float(env.stream("crash").uniform())
        self.crash_at = CRASH_FROM + share * (CRASH_UNTIL - CRASH_FROM)
        self.times: list[float] = []
        self.dirty: list[float] = []
        self._waiting: list[int] = []
        env.process(self._look(), "looking")

    def run(self) -> int:
        """Let everything happen; return how many acknowledged writes the crash has taken."""
        env, host = self.env, self.store.node.host
        env.run(until=self.crash_at)
        self.web.crash()
        env.run(until=self.crash_at + _ARRIVED)
        lost = self.ledger.missing_in(self.store.contents()["database"])
        env.run(until=self.crash_at + DOWN_FOR)
        self.web.restart()
        env.call_later(OUTAGE_AT - env.now, host.crash)
        env.call_later(OUTAGE_AT + OUTAGE_FOR - env.now, host.restart)
        env.run(until=END + _QUIET)
        return lost

    def _look(self) -> Generator[Any, Any, None]:
        while self.env.now < END:
            self.times.append(self.env.now)
            self.dirty.append(0.0 if self.queue is None else float(len(self.queue)))
            if self.queue is not None and WARM_UP <= self.env.now < CRASH_FROM:
                now = self.queue.statistics()
                self._waiting.append(now.waiting_count - now.sent_count)
            yield _LOOK_EVERY

    def waiting(self) -> float:
        """Return how many acknowledged writes have waited for their flush while all was well, on average."""
        return float(np.mean(self._waiting)) if self._waiting else 0.0


class _Asked(Wrapper):
    """An observer: when the database is asked, and for what."""

    def __init__(self, env: Environment, target: Endpoint) -> None:
        super().__init__(target, name=target.name)
        self._env = env
        self.written_at = array("d")
        self.read_at = array("d")

    def call(self, request: Request) -> Call:
        times = self.written_at if request.operation == WRITE else self.read_at
        times.append(self._env.now)
        return self.target.call(request)

    @staticmethod
    def between(times: Sequence[float], since: float, until: float) -> int:
        """Return how many of the times are from `since` on and before `until` (s)."""
        first, last = np.searchsorted(np.array(times), [since, until])
        return int(last - first)


class _Ledger(Wrapper):
    """An observer: which writes users were told to have been done; their values are numbers that grow."""

    def __init__(self, target: Endpoint) -> None:
        super().__init__(target, name=target.name)
        self._acknowledged: dict[Any, list[int]] = {}

    def call(self, request: Request) -> Call:
        response = yield from self.target.call(request)
        if request.operation == WRITE:
            self._acknowledged.setdefault(request.key, []).append(request.value)
        return response

    def missing_in(self, contents: Mapping[Any, Any]) -> int:
        """Return how many of them are newer than what `contents` have of their keys."""
        return sum(
            number > contents.get(key, 0) for key, numbers in self._acknowledged.items() for number in numbers
        )
