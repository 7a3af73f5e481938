"""Readers with a cache each, and one behind them all: how often that is asked, and how old what is told is.

All keep one key for the same time to live, and readers ask by Poisson processes. Where each cache counts from
its own beginning, the case of two readers is solved; where each counts the age that came along, any number is
(`closed_forms.chained_caches`). The study `too_many_caches` is about more of them.
"""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import Any

from models import FunctionEndpoint, Request, Response
from models.caching.eviction import Lru
from models.caching.patterns import Cache
from models.caching.stores import CacheStore
from models.observers import AnswerAges
from models.workload import OpenLoop
from simulator import Environment

from ..closed_forms.chained_caches import behind_two_age, behind_two_hit_ratio, passed_on_hit_ratio, told_age
from ..experiment import Claim, TheoryCheck

_READS = 40_000
_WARM_UP = 0.05
"""The share of a run that is not counted: all begin with nothing, and so in step."""


def behind_readers(
    seed: int, effort: float = 1.0, *, readers: int, rate: float, ttl: float, by_age: bool
) -> tuple[float, float]:
    """Return the hit ratio of the cache behind, and the mean age (s) of what readers are told."""
    env = Environment(seed=seed)
    ages = AnswerAges(env)
    behind = _cache(env, FunctionEndpoint(_answer), ttl, by_age)
    duration = effort * _READS / (readers * rate)
    for number in range(readers):
        own = _cache(env, behind, ttl, by_age)
        OpenLoop(env, ages.around(own), rate=rate, until=duration, name=f"reader {number}")
    env.run(until=_WARM_UP * duration)
    before = behind.statistics()
    env.run()
    counts = behind.statistics()
    hits = counts.hit_count - before.hit_count
    return hits / (counts.call_count - before.call_count), ages.summary(_WARM_UP * duration).age_mean


def _cache(env: Environment, target: Any, ttl: float, by_age: bool) -> Cache:
    return Cache(env, target, CacheStore(env, Lru(1), ttl=ttl, by_age=by_age))


def _answer(request: Request) -> Generator[Any, Any, Response]:
    yield from ()
    return Response(0)


RATE, TTL = 2.0, 1.5

CHECKS = (
    TheoryCheck(
        name="a cache behind two readers' own, each counts from its own beginning",
        group="caching",
        source="a walk without drift that ends at T: see closed_forms.chained_caches",
        claims=(
            Claim("hit ratio of the cache behind", behind_two_hit_ratio(RATE, TTL)),
            Claim("mean age", told_age(RATE, TTL, behind_two_age(RATE, TTL))),
        ),
        simulate=partial(behind_readers, readers=2, rate=RATE, ttl=TTL, by_age=False),
    ),
    TheoryCheck(
        name="a cache behind six readers' own, age passed on",
        group="caching",
        source="as one cache that is asked by all: see closed_forms.chained_caches",
        claims=(
            Claim("hit ratio of the cache behind", passed_on_hit_ratio(6, RATE, TTL)),
            Claim("mean age", told_age(6 * RATE, TTL)),
        ),
        simulate=partial(behind_readers, readers=6, rate=RATE, ttl=TTL, by_age=True),
    ),
)
"""Two readers whose caches each begin anew, and six whose caches all end at one time."""
