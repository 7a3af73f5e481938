"""The memory of a cache: entries by key, of which some expire, and some have to go.

States of a key: *absent* -> *fresh* (`set`) -> *expired* (its time to live is over) -> *absent* (evicted,
deleted, or found too old). Rules:

1. An entry is fresh while the time is before its `expires_at`: at that very instant it is not any more, as in
   HTTP, where a response is fresh if its lifetime is greater than its age.
2. Expiry is lazy, as in memcached: nobody looks for what has expired. It takes room until it is asked for, or
   evicted as anything else. With `stale_time` it is kept so long after its expiry when it is asked for, for
   those who would rather have that than nothing (`stale`).
3. The time to live is `ttl`, for entries that say that there is no value `negative_ttl`; 0 means that such
   are not kept, not even for those who would take what has expired. With `ttl_jitter` j it is uniform between
   (1 - j) and 1 times as long, so that what was stored together does not expire together, and never longer
   than was allowed. `by_age` counts it from when the origin was asked (the response's `as_of`), and not from
   when the answer came here: without, what comes out of another cache, where it was old already, begins a new
   life. `slides` begins it anew at each hit (sliding expiration): what is asked for often enough never
   expires, however old it is.
4. The policy decides which entry goes, by keys and sizes alone: one that has expired counts as any other. One
   that is larger than the capacity is not kept, and what was there under its key is gone.
5. To look at an expired entry is no use of it; to overwrite a fresh or an expired one is.

It is a plain value of one process: it knows nothing of the network, and whoever has it clears it when the
process dies. Leaves out: active expiry (Redis samples keys for it), memory for keys and metadata (say it in
the sizes), slabs. Sources: memcached's protocol and `items.c` for lazy expiry; RFC 9111, section 4.2, for
rule 1; RFC 2308 for negative answers.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from math import inf, isinf, nan
from typing import Any

from simulator import Environment, Sampler
from simulator.randomness import Uniform

from ...request import Response
from ...validation import require_duration, require_kind, require_margin, require_name, require_time
from ..eviction import EvictionPolicy
from ..ownership import take
from .entry import Entry

UNITS = ("items", "bytes")
"""What a capacity counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheStoreStatistics:
    """What a store was asked and told so far.

    `lookup_count` questions found `hit_count` fresh entries, `negative_hit_count` of them saying that there
    is no value, which weighed `hit_bytes`; or missed (`miss_count`), `expired_count` of those because what
    was there had expired. Of `set_count` answers to be kept `refused_count` were not (too large, or not to be
    kept at all); `evicted_count` had to go to make room, `deleted_count` were deleted, `cleared_count` lost
    with the process. `held_count` are there now and weigh `used` of the capacity.
    """

    lookup_count: int
    hit_count: int
    negative_hit_count: int
    hit_bytes: int
    miss_count: int
    expired_count: int
    set_count: int
    refused_count: int
    evicted_count: int
    deleted_count: int
    cleared_count: int
    held_count: int
    used: int

    @property
    def hit_ratio(self) -> float:
        """The share of lookups that found a fresh entry, nan without any."""
        return self.hit_count / self.lookup_count if self.lookup_count else nan


class CacheStore:
    """Entries by key, up to the capacity of `policy`, which counts `unit`: "items", or "bytes" of responses.

    `ttl` (s, > 0, may be infinite), `negative_ttl` (s, >= 0; `None`: as `ttl`) and `ttl_jitter` (in [0, 1))
    say how long an entry is fresh, `by_age` and `slides` (not both) from when; `stale_time` (s, >= 0) how
    long it is there after that. A response of no bytes weighs 1. `on_evicted(key, entry)`, if there is one,
    is told what had to go, and must leave this store as it is. Jitter draws from the stream
    "cache/<name>/ttl".

    Example::

        store = CacheStore(env, Lru(1_000), ttl=60.0, ttl_jitter=0.1)
        store.set("/home", Response("<html>", size_bytes=9_000))
        store.get("/home").response.value
    """

    __slots__ = (
        "_access",
        "_cleared_count",
        "_deleted_count",
        "_entries",
        "_env",
        "_evicted_count",
        "_expired_count",
        "_hit_bytes",
        "_hit_count",
        "_jitter",
        "_miss_count",
        "_negative_hit_count",
        "_refused_count",
        "_set_count",
        "by_age",
        "name",
        "negative_ttl",
        "on_evicted",
        "owner",
        "policy",
        "slides",
        "stale_time",
        "ttl",
        "unit",
    )

    def __init__(
        self,
        env: Environment,
        policy: EvictionPolicy,
        *,
        unit: str = "items",
        ttl: float = inf,
        negative_ttl: float | None = None,
        ttl_jitter: float = 0.0,
        by_age: bool = False,
        slides: bool = False,
        stale_time: float = 0.0,
        name: str = "cache",
    ) -> None:
        """Be empty."""
        require_kind("policy", policy, EvictionPolicy)
        require_duration("ttl", ttl)
        if negative_ttl is not None:
            require_time("negative_ttl", negative_ttl)
        require_margin("ttl_jitter", ttl_jitter)
        require_time("stale_time", stale_time)
        require_name("name", name)
        if unit not in UNITS:
            raise ValueError(f"unit must be one of {', '.join(UNITS)}, got {unit!r}")
        require_kind("by_age", by_age, bool)
        require_kind("slides", slides, bool)
        if by_age and slides:
            raise ValueError("by_age and slides must not both be set: a hit makes nothing younger")
        if len(policy):
            raise ValueError(f"policy must be one of its own, got one that holds {len(policy)} keys")
        take("policy", policy, f"the store {name!r}")
        self._env = env
        self.owner: str | None = None
        self.policy = policy
        self.unit = unit
        self.ttl = ttl
        self.negative_ttl = ttl if negative_ttl is None else negative_ttl
        self.by_age = by_age
        self.slides = slides
        self.stale_time = stale_time
        self.name = name
        self.on_evicted: Callable[[Any, Entry], object] | None = None
        self._jitter: Sampler | None = None
        if ttl_jitter:
            self._jitter = env.sampler(f"cache/{name}/ttl", Uniform(1.0 - ttl_jitter, 1.0))
        self._access = policy.access
        self._entries: dict[Hashable, Entry] = {}
        self._hit_count = 0
        self._negative_hit_count = 0
        self._hit_bytes = 0
        self._miss_count = 0
        self._expired_count = 0
        self._set_count = 0
        self._refused_count = 0
        self._evicted_count = 0
        self._deleted_count = 0
        self._cleared_count = 0

    def belong(self, env: Environment, owner: str) -> None:
        """Be the memory of a cache of `env`, which an error calls `owner`.

        Raises `ValueError` for a store of another environment, and for one that another cache has.
        """
        if self._env is not env:
            raise ValueError(f"store of {owner} must belong to the same environment, got one of another")
        take("store", self, owner)

    # -- asking ---------------------------------------------------------------------------------------------

    def get(self, key: Hashable) -> Entry | None:
        """Return the fresh entry of `key`, which counts as used, or `None`."""
        entry = self._entries.get(key)
        if entry is None:
            self._miss_count += 1
            return None
        if self._env.now >= entry.expires_at:
            self._miss_count += 1
            self._expired_count += 1
            self._is_of_use(key, entry)
            return None
        self._access(key)
        if entry.slides_by:
            entry.expires_at = self._env.now + entry.slides_by
        self._hit_count += 1
        response = entry.response
        self._hit_bytes += response.size_bytes
        if response.value is None:
            self._negative_hit_count += 1
        return entry

    def _is_of_use(self, key: Hashable, entry: Entry) -> bool:
        """Say whether an entry is fresh, or may be given as stale; drop it if it is too old for both."""
        if self._env.now < entry.expires_at + self.stale_time:
            return True
        self._drop(key)
        return False

    def stale(self, key: Hashable) -> Entry | None:
        """Return the entry of `key`, fresh or expired, or `None`; nothing is counted."""
        entry = self._entries.get(key)
        return entry if entry is not None and self._is_of_use(key, entry) else None

    def __contains__(self, key: Hashable) -> bool:
        """Whether there is a fresh entry of `key`; nothing is counted."""
        entry = self._entries.get(key)
        return entry is not None and self._env.now < entry.expires_at

    def __len__(self) -> int:
        """How many entries there are, fresh or not."""
        return len(self._entries)

    def __iter__(self) -> Iterator[Any]:
        """The keys of all entries, fresh or not, the first stored first."""
        return iter(self._entries)

    # -- telling --------------------------------------------------------------------------------------------

    def set(
        self, key: Hashable, response: Response, *, ttl: float | None = None, load_time: float = 0.0
    ) -> Entry | None:
        """Keep `response`, which took the origin `load_time` s; return the entry, `None` if it is not kept.

        `ttl` (s, >= 0) is for this entry alone. What had to go to make room is gone when this returns.
        """
        require_kind("response", response, Response)
        self._set_count += 1
        env = self._env
        if ttl is None:
            ttl = self.ttl_of(response)
        else:
            require_time("ttl", ttl)
        if self._jitter is not None and not isinf(ttl):
            ttl *= self._jitter()
        born = response.as_of if self.by_age and response.as_of is not None else env.now
        entry = Entry(response, env.now, born + ttl, load_time, ttl if self.slides else 0.0)
        is_over = not ttl or env.now >= entry.expires_at + self.stale_time
        if is_over or not self._make_room(key, response):
            self._refused_count += 1
            self._drop(key)
            return None
        self._entries[key] = entry
        return entry

    def ttl_of(self, response: Response) -> float:
        """Return how long an answer is fresh of which nobody says for how long (s), without the jitter."""
        return self.negative_ttl if response.value is None else self.ttl

    def _make_room(self, key: Hashable, response: Response) -> bool:
        """Let the policy hold `key`, and drop what has to go; say whether it does."""
        policy = self.policy
        size = 1 if self.unit == "items" else max(1, response.size_bytes)
        if key not in self._entries:
            evicted = policy.insert(key, size)
        else:
            self._access(key)
            evicted = policy.resize(key, size) if self.unit == "bytes" else ()
        is_held = True
        for victim in evicted:
            if victim == key:
                is_held = False
            else:
                self._evicted_count += 1
                self._let_go(victim)
        if not is_held:
            self._entries.pop(key, None)
        return is_held

    def _let_go(self, key: Hashable) -> None:
        entry = self._entries.pop(key)
        if self.on_evicted is not None:
            self.on_evicted(key, entry)

    def delete(self, key: Hashable) -> bool:
        """Keep nothing of `key` any more; say whether there was a fresh entry."""
        was_fresh = key in self
        if key in self._entries:
            self._deleted_count += 1
            self._drop(key)
        return was_fresh

    def clear(self) -> None:
        """Keep nothing at all any more: the process has died, or somebody has flushed everything."""
        self._cleared_count += len(self._entries)
        self._entries.clear()
        self.policy.clear()

    def _drop(self, key: Hashable) -> None:
        if self._entries.pop(key, None) is not None:
            self.policy.discard(key)

    def statistics(self) -> CacheStoreStatistics:
        """Return what has happened so far."""
        return CacheStoreStatistics(
            lookup_count=self._hit_count + self._miss_count,
            hit_count=self._hit_count,
            negative_hit_count=self._negative_hit_count,
            hit_bytes=self._hit_bytes,
            miss_count=self._miss_count,
            expired_count=self._expired_count,
            set_count=self._set_count,
            refused_count=self._refused_count,
            evicted_count=self._evicted_count,
            deleted_count=self._deleted_count,
            cleared_count=self._cleared_count,
            held_count=len(self._entries),
            used=self.policy.used,
        )
