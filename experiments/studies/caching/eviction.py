"""Eviction: what to give up when a cache is full, for nine policies and five ways of asking.

There are 2,000 objects, and a cache for a share of their bytes in front of an origin that takes 20 ms. Users
ask for

    zipf     one object in proportion to its rank to the power of -0.9, and nothing else ever matters
    drift    the same, but each second the least popular becomes the most popular, and all others fall by one
    churn    each rank's object is replaced by a new one after a minute, on average
    scans    the first, but every 30 s somebody goes through all objects: half of the requests for 20 s
    loop     400 of them, one after the other, again and again

No policy knows what comes. Each bets on one thing: what was used lately will be (LRU, and CLOCK and SIEVE for
less work), what was used often (LFU), what is used again soon after it came (S3-FIFO), what was used often of
late, for who comes in, and lately, for who stays (W-TinyLFU), the one or the other, whichever has been right
(ARC); FIFO and random bet on nothing.

All objects have 10 kB, or (`sizes` mixed) 4 kB, and every tenth by popularity 60 kB. None of the policies
weighs sizes against use. But S3-FIFO admits nothing that is larger than its small queue, a tenth of the
cache: where that is too small for large objects it holds small ones only. W-TinyLFU refuses nothing that
fits; what is larger than its window, a hundredth of the cache, leaves that at once, and gets no time there to
be asked for again before it is compared.

What to see (the default sweep): with popularity that never changes and a cache for 3 % of the bytes FIFO hits
27 % of the requests, LRU 32 % and CLOCK 33 %; LFU, SIEVE, S3-FIFO, ARC and W-TinyLFU, which soon give up what
is asked for once, 43 to 45 %, of 47 % that who knew the popularity could hit. With 30 % of the bytes they are
nearer to each other, from 67 to 76 %. LFU never forgets: where popularity drifts it hits 7 % with 1 % of the
bytes, half of what FIFO does, and 17 % with 3 %. Where objects are replaced SIEVE falls behind with 10 % of
the bytes (52 %; S3-FIFO, ARC and W-TinyLFU 56 %). With one scan among the users, a quarter of the requests
that count, LRU hits 22 %, the five 33 to 34 %. In a loop that does not fit nothing hits that goes by age, by
last use, or by counts that are all alike; with 10 % of the bytes random hits 21 %, S3-FIFO 45 % and W-TinyLFU
43 %. S3-FIFO's hits come from how it began: until its first eviction what finds the small queue full goes to
the main queue, and that, as long as it is no larger than nine tenths, gives way to nothing. The rest of the
loop passes through the small queue, whose ghosts are gone when it comes round. W-TinyLFU lets nobody in who
is asked for no more often than those inside; with 1 % it hits nothing, as its counts fade within half a loop.
Where every tenth object is large S3-FIFO hits the most requests with 3 % of the bytes, 52 %, and 23 % of what
is asked for in bytes; W-TinyLFU 46 % and 40 %, LRU 32 % and 26 %. With 10 % its small queue has room for
large ones, and it hits 58 % and 56 %. Nobody is the best everywhere; S3-FIFO is nowhere more than 2.3 points
from the best, W-TinyLFU 5.8, and all others more than 20, in the loop.

Leaves out: policies that weigh size against use (GDSF), that learn, or that know the future (Belady's, which
bounds them all where sizes are equal). Sources: those of `models.caching.eviction`; Breslau et al. (INFOCOM
1999) for Zipf's law; Yang et al., "FIFO Queues are All You Need for Cache Eviction" (SOSP 2023) for the
comparison on real traces.
"""

from collections.abc import Generator, Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from models import FunctionEndpoint, Request, Response
from models.caching.eviction import POLICIES
from models.caching.patterns import Cache
from models.caching.stores import CacheStore
from models.workload import KeySource, OpenLoop
from models.workload.keys import ChurningKeys, DriftingKeys, LoopingKeys, ScanningKeys, ZipfKeys
from simulator import Environment
from simulator.randomness import Uniform

from ...design import Points
from ...parameters import Unit
from ...study import Measure, Run, study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...result import SweepResult

Workload = Literal["zipf", "drift", "churn", "scans", "loop"]
Policy = Literal["lru", "lfu", "fifo", "random", "clock", "sieve", "s3-fifo", "arc", "w-tinylfu"]
WORKLOADS: tuple[Workload, ...] = ("zipf", "drift", "churn", "scans", "loop")
POLICY_NAMES: tuple[Policy, ...] = (
    *("lru", "lfu", "fifo", "random", "clock", "sieve", "s3-fifo", "arc", "w-tinylfu"),
)
CAPACITIES = (0.01, 0.03, 0.1, 0.3)
Sizes = Literal["equal", "mixed"]

OBJECTS = 2_000
EXPONENT = 0.9
LOOP_LENGTH = 400
DRIFT_INTERVAL, LIFETIME, SCAN_INTERVAL = 1.0, 60.0, 30.0
RATE = 200.0
ORIGIN_TIME = 0.02
SIZES: Mapping[str, Sequence[int]] = {
    "equal": (10_000,),
    "mixed": (*[4_000] * 5, 60_000, *[4_000] * 4),
}
"""The sizes of the first objects by popularity, in bytes; those of the others are the same, over and over.

Were they drawn, by a law with a long tail, those of a few popular objects would decide over the bytes.
"""

_WARM_UP_SHARE = 1.0 / 3.0

MEASURES = {
    "hit_ratio": Measure(description="share of the requests that the cache answered"),
    "byte_hit_ratio": Measure(description="share of the bytes that it answered with"),
    "origin_rate": Measure(description="requests that the origin answered", unit="1/s"),
    "latency_mean": Measure(description="mean time to an answer", unit="s"),
}


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from ..figures.caching.eviction import figures_of_sweep

    return figures_of_sweep(result)


@study(
    name="eviction",
    question="What should a full cache give up?",
    measures=MEASURES,
    sweep=Points(
        [
            {"workload": workload, "sizes": sizes, "policy": policy, "capacity": capacity}
            for workload, sizes in (*((each, "equal") for each in WORKLOADS), ("zipf", "mixed"))
            for policy in POLICY_NAMES
            for capacity in CAPACITIES
        ]
    ),
    replications=3,
    figures_of_sweep=_figures_of_sweep,
)
def eviction(
    *,
    seed: int,
    workload: Annotated[Workload, Field(description="how users ask")] = "zipf",
    policy: Annotated[Policy, Field(description="what the cache gives up")] = "lru",
    capacity: Annotated[
        float, Field(gt=0, le=1, description="of the cache, as a share of the bytes of all objects")
    ] = 0.1,
    sizes: Annotated[
        Sizes, Field(description="of the objects: all alike, or a tenth of them large")
    ] = "equal",
    duration: Annotated[
        float, Field(ge=10, le=3_600, allow_inf_nan=False, description="how long users come"), Unit("s")
    ] = 60.0,
) -> Run:
    """Let users ask an origin through a cache of a limited size."""
    env = Environment(seed=seed)
    capacity_bytes = max(1, round(capacity * sum(size_of(sizes, key) for key in range(OBJECTS))))
    store = CacheStore(env, POLICIES[policy](capacity_bytes, _draw(env)), unit="bytes")
    front = Cache(env, _origin(sizes), store)
    users = OpenLoop(env, front, rate=RATE, keys=_keys(env, workload), until=duration, name="users")
    warm_at = duration * _WARM_UP_SHARE
    env.run(until=warm_at)
    before, loaded_before = store.statistics(), front.statistics()
    env.run()
    now, loaded = store.statistics(), front.statistics()
    hits, lookups = now.hit_count - before.hit_count, now.lookup_count - before.lookup_count
    hit_bytes = now.hit_bytes - before.hit_bytes
    missed_bytes = loaded.loaded_bytes - loaded_before.loaded_bytes
    measures = {
        "hit_ratio": hits / lookups,
        "byte_hit_ratio": hit_bytes / (hit_bytes + missed_bytes),
        "origin_rate": (loaded.loaded_count - loaded_before.loaded_count) / (duration - warm_at),
        "latency_mean": float(users.table.sample(warm_at, inf, by="start").latency.mean()),
    }
    return Run(measures=measures, detail=users.table)


def size_of(sizes: Sizes, key: int) -> int:
    """Return the size in bytes of the object of a key."""
    law = SIZES[sizes]
    return law[key % len(law)]


def _origin(sizes: Sizes) -> FunctionEndpoint:
    def answer(request: Request) -> Generator[Any, Any, Response]:
        yield ORIGIN_TIME
        return Response(request.key, size_bytes=size_of(sizes, request.key))

    return FunctionEndpoint(answer, name="origin")


def _draw(env: Environment) -> Any:
    return env.sampler("eviction", Uniform(0.0, 1.0))


def _keys(env: Environment, workload: Workload) -> KeySource:
    """Return what users ask for."""
    if workload == "loop":
        return LoopingKeys(LOOP_LENGTH)
    zipf = ZipfKeys(env, OBJECTS, exponent=EXPONENT)
    match workload:
        case "drift":
            return DriftingKeys(env, zipf, interval=DRIFT_INTERVAL)
        case "churn":
            return ChurningKeys(env, zipf, lifetime_mean=LIFETIME)
        case "scans":
            return ScanningKeys(env, zipf, range(OBJECTS), interval=SCAN_INTERVAL, share=0.5)
    return zipf
