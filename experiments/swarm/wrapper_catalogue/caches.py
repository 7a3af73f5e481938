"""Caches, with all that they may do at a miss and at a hit; a plan's requests are reads."""

from __future__ import annotations

from math import inf

from models import Endpoint
from models.caching.eviction import POLICIES, EvictionPolicy
from models.caching.patterns import (
    Cache,
    Coalescing,
    EarlyExpiry,
    HiddenOrigin,
    LoadOnMiss,
    MissRule,
    RefreshAhead,
    RenewalRule,
    StaleIfError,
    StaleWhileRevalidate,
)
from models.caching.stores import CacheStore
from simulator.randomness import Uniform

from ..choices import Choice
from .wrapper_kind import Site, WrapperKind

_STALE_TIME = 2.0


def _policy(site: Site, name: str, capacity: int) -> EvictionPolicy:
    draw = site.env.sampler(f"{site.name}/eviction", Uniform(0.0, 1.0))
    return POLICIES[name](capacity, draw)


def _miss_rule(name: str) -> MissRule:
    match name:
        case "coalescing":
            return Coalescing()
        case "stale while it loads":
            return StaleWhileRevalidate(loading=Coalescing())
        case "stale if loading fails":
            return StaleIfError()
        case "origin hidden":
            return HiddenOrigin(queue=1)
    return LoadOnMiss()


def _renewal(name: str) -> RenewalRule | None:
    match name:
        case "ahead":
            return RefreshAhead(0.5)
        case "early":
            return EarlyExpiry()
    return None


def _build_cache(
    site: Site,
    target: Endpoint,
    ttl: float | None,
    capacity: int,
    policy: str,
    on_miss: str,
    renewal: str,
) -> Endpoint:
    store = CacheStore(
        site.env,
        _policy(site, policy, capacity),
        ttl=inf if ttl is None else ttl,
        stale_time=_STALE_TIME,
        name=site.name,
    )
    return Cache(
        site.env,
        target,
        site.keep("store", store),
        on_miss=_miss_rule(on_miss),
        renewal=_renewal(renewal),
        name=site.name,
    )


CACHES: dict[str, WrapperKind] = {
    "cache": WrapperKind(
        parameters={
            "ttl": Choice(None, 0.5, 0.05),
            "capacity": Choice(1000, 1),
            "policy": Choice(*POLICIES),
            "on_miss": Choice(
                "loading", "coalescing", "stale while it loads", "stale if loading fails", "origin hidden"
            ),
            "renewal": Choice("none", "ahead", "early"),
        },
        build=_build_cache,
        detaches=True,
        answers_itself=True,
        has_memory=True,
        drops_answers=True,
    ),
}
"""By kind."""
