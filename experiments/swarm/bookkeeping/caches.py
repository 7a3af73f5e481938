"""The books of caches and of their stores."""

from __future__ import annotations

from models.caching.patterns import Cache
from models.caching.stores import CacheStore

from .books import Books, Rule, at_most, calls_received, sums

CACHES: dict[type, Books] = {
    Cache: Books(
        always=(
            sums("call_count", "hit_count", "miss_count", "write_count", "passed_count"),
            at_most("background_count", "load_count"),
            at_most("loaded_count", "load_count"),
            at_most("void_count", "loaded_count"),
        ),
        idle=(Rule("no load is remembered", lambda cache, now: cache.loading_count == 0),),
        received=calls_received,
    ),
    CacheStore: Books(
        always=(
            sums("lookup_count", "hit_count", "miss_count"),
            at_most("negative_hit_count", "hit_count"),
            at_most("expired_count", "miss_count"),
            at_most("refused_count", "set_count"),
            Rule("used <= capacity", lambda store, now: now.used <= store.policy.capacity),
            Rule("the policy holds what is held", lambda store, now: now.held_count == len(store.policy)),
        ),
    ),
}
"""By class."""
