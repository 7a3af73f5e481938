"""A cache with a time to live: how many reads hit, and how many of the hits are stale.

One key is read by a Poisson process of rate l; an entry lives T seconds, and the origin takes D for one. From
one load to the next is a cycle, and all is counted in cycles:

- the origin is quick (D = 0): a miss, and then l T hits in the mean: the hit ratio is l T/(1 + l T);
- a hit begins the life anew (sliding): a read hits if it comes within T of the one before: 1 - exp(-l T);
- misses while the key is loaded are one question (coalescing): l T hits in a cycle of 1 + l (D + T) reads,
  and one question;
- refreshed ahead, in the background, by the first read later than a share f of a life: that comes after
  1 + f l T reads in the mean, and is a miss if none came in time: exp(-(1 - f) l T);
- the value at the origin changes by a Poisson process of rate m. A hit comes at an age that is uniform in
  (0, T), and is stale if there was a change since: 1 - (1 - exp(-m T))/(m T) of the hits are.

Sources: Jung, Berger, Balakrishnan, "Modeling TTL-based Internet Caches" (INFOCOM 2003), for the first;
Fofack et al., "Performance Evaluation of Hierarchical TTL-based Cache Networks" (Computer Networks 65, 2014),
for a life that each hit begins anew; the others by the same argument.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from functools import partial
from math import exp
from typing import Any

from models import Call, Endpoint, FunctionEndpoint, Request, Response, Wrapper
from models.caching.eviction import Lru
from models.caching.patterns import Cache, Coalescing, LoadOnMiss, MissRule, RefreshAhead, RenewalRule
from models.caching.stores import CacheStore
from models.workload import OpenLoop
from simulator import Environment
from simulator.randomness import Exponential

from ..experiment import Claim, TheoryCheck

_READS = 20_000
_LOAD_ON_MISS = LoadOnMiss()


@dataclass(slots=True)
class _Origin:
    """A value that changes, and how often it was asked for."""

    load_time: float
    version: int = 0
    question_count: int = 0

    def answer(self, request: Request) -> Generator[Any, Any, Response]:
        self.question_count += 1
        if self.load_time:
            yield self.load_time
        yield from ()
        return Response(self.version)


class _Reader(Wrapper):
    """Counts, among the reads that pass, those whose answer was out of date when it was given."""

    def __init__(self, target: Endpoint, origin: _Origin) -> None:
        super().__init__(target, name="reader")
        self._origin = origin
        self.stale_count = 0

    def call(self, request: Request) -> Call:
        response = yield from self.target.call(request)
        self.stale_count += response.value != self._origin.version
        return response


def hits(
    seed: int,
    effort: float = 1.0,
    *,
    rate: float,
    ttl: float,
    load_time: float = 0.0,
    slides: bool = False,
    on_miss: MissRule = _LOAD_ON_MISS,
    renewal: RenewalRule | None = None,
) -> tuple[float, float]:
    """Return the hit ratio and the questions to the origin per read, of a cache that is read at `rate`."""
    env = Environment(seed=seed)
    origin = _Origin(load_time)
    store = CacheStore(env, Lru(1), ttl=ttl, slides=slides)
    cache = Cache(env, FunctionEndpoint(origin.answer), store, on_miss=on_miss, renewal=renewal)
    OpenLoop(env, cache, rate=rate, until=effort * _READS / rate)
    env.run()
    counts = cache.statistics()
    reads = counts.hit_count + counts.miss_count
    return counts.hit_count / reads, origin.question_count / reads


def stale_hits(
    seed: int, effort: float = 1.0, *, rate: float, ttl: float, change_rate: float
) -> tuple[float]:
    """Return the share of hits that is stale, where the value changes at `change_rate`."""
    env = Environment(seed=seed)
    origin = _Origin(load_time=0.0)
    cache = Cache(env, FunctionEndpoint(origin.answer), CacheStore(env, Lru(1), ttl=ttl))
    reader = _Reader(cache, origin)
    duration = effort * _READS / rate
    OpenLoop(env, reader, rate=rate, until=duration)
    env.process(_change(env, origin, change_rate, duration))
    env.run()
    return (reader.stale_count / cache.statistics().hit_count,)


def _change(env: Environment, origin: _Origin, rate: float, until: float) -> Generator[Any, Any, None]:
    gap = env.sampler("changes", Exponential(1.0 / rate))
    while env.now < until:
        yield gap()
        origin.version += 1


def _check(name: str, source: str, hit_ratio: float, questions: float, **setup: Any) -> TheoryCheck:
    return TheoryCheck(
        name=name,
        group="caching",
        source=source,
        claims=(Claim("hit ratio", hit_ratio), Claim("questions per read", questions)),
        simulate=partial(hits, **setup),
    )


def _stale_check(rate: float, ttl: float, change_rate: float) -> TheoryCheck:
    changes = change_rate * ttl
    return TheoryCheck(
        name=f"stale hits, {changes:g} changes in a time to live",
        group="caching",
        source="1 - (1 - exp(-m T))/(m T): the age of a hit is uniform",
        claims=(Claim("share of hits that is stale", 1.0 - (1.0 - exp(-changes)) / changes),),
        simulate=partial(stale_hits, rate=rate, ttl=ttl, change_rate=change_rate),
    )


RATE, TTL, LOAD_TIME, FACTOR = 2.0, 1.5, 0.75, 0.6
_READS_IN_TTL = RATE * TTL
_CYCLE = 1.0 + RATE * (LOAD_TIME + TTL)
_AHEAD = 1.0 + FACTOR * _READS_IN_TTL
_SLIDING_MISSES = exp(-_READS_IN_TTL)

CHECKS = (
    _check(
        "time to live, origin quick",
        "l T/(1 + l T), after Jung et al. 2003",
        _READS_IN_TTL / (1.0 + _READS_IN_TTL),
        1.0 / (1.0 + _READS_IN_TTL),
        rate=RATE,
        ttl=TTL,
    ),
    _check(
        "time to live, begun anew by each hit",
        "1 - exp(-l T), after Fofack et al. 2014",
        1.0 - _SLIDING_MISSES,
        _SLIDING_MISSES,
        rate=RATE,
        ttl=TTL,
        slides=True,
    ),
    _check(
        "time to live, origin slow, misses coalesced",
        "l T/(1 + l (D + T)), renewal cycles",
        _READS_IN_TTL / _CYCLE,
        1.0 / _CYCLE,
        rate=RATE,
        ttl=TTL,
        load_time=LOAD_TIME,
        on_miss=Coalescing(),
    ),
    _check(
        "time to live, refreshed ahead",
        "1 - exp(-(1 - f) l T)/(1 + f l T), renewal cycles",
        1.0 - exp(-(1.0 - FACTOR) * _READS_IN_TTL) / _AHEAD,
        1.0 / _AHEAD,
        rate=RATE,
        ttl=TTL,
        renewal=RefreshAhead(FACTOR),
    ),
    _stale_check(RATE, TTL, change_rate=0.4),
    _stale_check(RATE, TTL, change_rate=4.0),
)
"""One key whose origin is quick, or slow, or refreshed ahead; and one that changes, seldom and often."""
