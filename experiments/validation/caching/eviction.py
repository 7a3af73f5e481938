"""The hit ratios of LRU, FIFO and random eviction under the independent reference model, Zipf.

Requests go to a policy as `gameday cache-trace` sends them, all sizes 1. The first ones fill the cache and
are not counted: what LRU holds then depends on nothing earlier, and FIFO and random eviction forget fast.

Leaves out policies with ghosts and counters, for which there is no such formula. Sources: see
`closed_forms.eviction`.
"""

from __future__ import annotations

from functools import partial
from itertools import islice

from models.caching.eviction import POLICIES
from models.workload import ZipfKeys
from simulator import Environment

from ..closed_forms.eviction import che_hit_ratio, fifo_hit_ratio, lru_hit_ratio, zipf
from ..experiment import Claim, TheoryCheck


def hit_ratios(
    seed: int,
    effort: float = 1.0,
    *,
    policies: tuple[str, ...],
    capacity: int,
    key_count: int,
    exponent: float,
    request_count: int,
) -> list[float]:
    """Return the hit ratio of each of `policies`, all asked for the same keys.

    Counted are `effort` times `request_count` requests, after 20 for each key that the cache holds.
    """
    env = Environment(seed=seed)
    next_key = ZipfKeys(env, key_count, exponent=exponent)
    warm_up = 20 * capacity
    keys = list(islice(iter(next_key, None), warm_up + max(1, round(effort * request_count))))
    draw = env.stream("eviction").random
    ratios = []
    for name in policies:
        policy = POLICIES[name](capacity, draw)
        hits = []
        for key in keys:
            hits.append(policy.access(key))
            if not hits[-1]:
                policy.insert(key)
        ratios.append(sum(hits[warm_up:]) / (len(keys) - warm_up))
    return ratios


def _exact_check(key_count: int, capacity: int) -> TheoryCheck:
    probabilities = zipf(key_count)
    uniform = fifo_hit_ratio(probabilities, capacity)
    return TheoryCheck(
        name=f"eviction, {capacity} of {key_count} keys held",
        group="caching",
        source="LRU and FIFO as products (King 1971), FIFO = random (Gelenbe 1973)",
        claims=(
            Claim("hit ratio, LRU", lru_hit_ratio(probabilities, capacity), precision=0.01),
            Claim("hit ratio, FIFO", uniform, precision=0.01),
            Claim("hit ratio, random", uniform, precision=0.01),
        ),
        simulate=partial(
            hit_ratios,
            policies=("lru", "fifo", "random"),
            capacity=capacity,
            key_count=key_count,
            exponent=1.0,
            request_count=20_000,
        ),
    )


def _asymptotic_check(key_count: int, capacity: int) -> TheoryCheck:
    return TheoryCheck(
        name=f"eviction, {capacity} of {key_count} keys held",
        group="caching",
        source="characteristic time (Che, Tung, Wang 2002)",
        claims=(Claim("hit ratio, LRU", che_hit_ratio(zipf(key_count), capacity), precision=0.01),),
        simulate=partial(
            hit_ratios,
            policies=("lru",),
            capacity=capacity,
            key_count=key_count,
            exponent=1.0,
            request_count=50_000,
        ),
    )


CHECKS = (_exact_check(10, 3), _asymptotic_check(10_000, 1_000))
"""A cache so small that it is solved exactly, and one so large that its characteristic time hardly varies."""
