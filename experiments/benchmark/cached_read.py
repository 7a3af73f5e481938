"""A cached read: what a request costs that is answered from the client's own cache, against one that is not.

Both sides are the reference request path with a workload that asks for keys by a Zipf law, as many as fit
into the cache; on one side a cache stands around everything else, so that nearly all requests end there. What
is left is the workload itself: an arrival, a process, a key, a record. A simulated cache that cost as much as
what it saves would make large caches the slowest part of a system in which they are the fastest.
"""

from __future__ import annotations

from models import Endpoint, Host
from models.caching.eviction import Lru
from models.caching.patterns import Cache
from models.caching.stores import CacheStore
from models.workload import OpenLoop, ZipfKeys
from simulator import Environment

from .benchmark import Benchmark, Effort, Measurement
from .paired_times import PAIRS, QUICK_PAIRS, time_pairs
from .reference_path import CORES, HOST_COUNT, RATE, WORK_MEAN, protected
from .station import Station

KEY_COUNT = 100
TARGET = 3.0
_SIZE, _QUICK_SIZE = 30_000, 10_000


def reads(size: int, seed: int, *, is_cached: bool) -> int:
    """Send about `size` reads through the reference path; return how many there were."""
    env = Environment(seed=seed)
    hosts = [Host(env, f"host-{number}", cores=CORES) for number in range(HOST_COUNT)]
    stations: list[Endpoint] = [
        Station(host, WORK_MEAN, f"server-{number}") for number, host in enumerate(hosts)
    ]
    target = protected(env, stations)
    if is_cached:
        target = Cache(env, target, CacheStore(env, Lru(KEY_COUNT)))
    public = OpenLoop(env, target, rate=RATE, until=size / RATE, keys=ZipfKeys(env, KEY_COUNT), name="public")
    env.run()
    return len(public.table)


def _measure(effort: Effort) -> Measurement:
    pairs = effort.pairs_or(PAIRS, QUICK_PAIRS)
    times = time_pairs(
        lambda size, seed: reads(size, seed, is_cached=True),
        lambda size, seed: reads(size, seed, is_cached=False),
        size=effort.choose(_SIZE, _QUICK_SIZE),
        pairs=pairs,
    )
    low, high, coverage = times.interval()
    cached, uncached = min(times.gameday), min(times.simpy)
    return Measurement(
        value=times.ratio_of_minima,
        detail={
            "ratio_of_minima": times.ratio_of_minima,
            "median_ratio": times.median_ratio,
            "median_ratio_low": low,
            "median_ratio_high": high,
            "coverage": coverage,
            "pairs": pairs,
            "cached_per_second": 1.0 / cached,
            "uncached_per_second": 1.0 / uncached,
        },
        text=(
            f"median of pairs {times.median_ratio:.2f}, {coverage:.0%} interval {low:.2f} to {high:.2f} "
            f"({pairs} pairs); {1.0 / cached:,.0f} cached reads per CPU second, {1.0 / uncached:,.0f} others"
        ),
    )


CACHED_READ = Benchmark(
    name="cached-read",
    question="a read that the client's own cache answers, against one on the whole reference path",
    target=TARGET,
    unit="x",
    measure=_measure,
)
"""The benchmark."""
