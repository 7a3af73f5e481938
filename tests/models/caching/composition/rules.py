"""The rules of caches, by the names that plans give them."""

from __future__ import annotations

from math import inf

from models.caching.patterns import (
    Coalescing,
    EarlyExpiry,
    HiddenOrigin,
    LoadOnMiss,
    MissRule,
    RefreshAhead,
    RenewalRule,
    StaleIfError,
    StaleWhileRevalidate,
    WriteAround,
    WriteRule,
    WriteThrough,
)
from models.caching.patterns.write_behind import WriteBehind
from models.resilience import ConstantBackoff

from .plans import CachePlan


def miss_rule(cache: CachePlan) -> MissRule:
    """Return what a cache does at a miss."""
    match cache.on_miss:
        case "coalesce":
            return Coalescing()
        case "coalesce for a while":
            return Coalescing(age_max=0.05)
        case "stale while":
            return StaleWhileRevalidate(within=1.0, loading=Coalescing())
        case "stale if":
            return StaleIfError(within=1.5)
        case "hide":
            return HiddenOrigin(concurrency=1, queue=2)
    return LoadOnMiss()


def renewal(cache: CachePlan) -> RenewalRule | None:
    """Return what a cache does about what is fresh still."""
    match cache.renewal:
        case "ahead":
            return RefreshAhead(0.5)
        case "early":
            return EarlyExpiry(beta=3.0)
    return None


def write_rule(cache: CachePlan) -> WriteRule:
    """Return what a cache does at a write."""
    match cache.writes:
        case "through":
            return WriteThrough()
        case "behind":
            return WriteBehind(
                # Also less than a question to the origin may take: a load may outlive the flush of its key.
                flush_interval=0.05 if cache.attempts > 1 else 0.4,
                flush_count=2 if cache.capacity == 2 else inf,
                capacity=cache.capacity,
                backoff=ConstantBackoff(delay=0.2),
            )
        case "past":
            return WriteAround(invalidates=False)
    return WriteAround()
