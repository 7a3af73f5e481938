"""How a sharded store works, and which flaws can be planted in it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import inf

from ..validation import (
    require_count,
    require_delay,
    require_duration,
    require_finite_duration,
    require_kind,
    require_number,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardingSettings:
    """How servers and routers work; times in seconds.

    `ttl` (> 0) after a change of the table is acknowledged no server acts by an older one. A server counts on
    `lease`: `ttl` over `clock_drift_bound` (>= 1), the ratio of the fastest clock's rate to the slowest's,
    from when it sent the question that brought its table. It asks again every `renewal_interval` (> 0, below
    the lease). Whoever asks the directory waits `directory_timeout` (> 0) for an answer, and a server
    `store_timeout` (> 0) for its shard's store: it has many callers, of whom none could give up for it, and
    clients of stores look for another node when somebody has.

    A request costs a server `request_work` (>= 0) on a core; it has `threads` (>= 1), and takes `start_time`
    (>= 0) to start. It counts the requests for each of `tracked_keys` (>= 0) keys, the hottest.

    A router whose request is turned away, since its range has moved, or has no table asks again after `pause`
    (> 0), for up to `patience` (> 0, may be infinite) in all.

    With `stale_reads_while_moving` a range that is frozen is still read where it was, and so it is after it
    has moved, for as long as that server has not heard of it: no longer than a lease.

    Defaults: as for locks, a lease of 10 s that is renewed three times; a server's patience is a little more
    than that of a client of Raft, which then says by itself whether anything was done.
    """

    ttl: float = 10.0
    renewal_interval: float = 10.0 / 3.0
    clock_drift_bound: float = 1.01
    directory_timeout: float = 1.0
    store_timeout: float = 6.0
    request_work: float = 0.0
    threads: int = 1000
    start_time: float = 0.0
    tracked_keys: int = 0
    patience: float = 5.0
    pause: float = 0.05
    stale_reads_while_moving: bool = False

    def __post_init__(self) -> None:
        """Check all of it."""
        for name in ("ttl", "renewal_interval", "directory_timeout", "store_timeout", "pause"):
            require_finite_duration(name, getattr(self, name))
        require_duration("patience", self.patience)
        require_delay("request_work", self.request_work)
        require_delay("start_time", self.start_time)
        require_count("threads", self.threads)
        require_count("tracked_keys", self.tracked_keys, 0)
        require_kind("stale_reads_while_moving", self.stale_reads_while_moving, bool)
        if not 1.0 <= require_number("clock_drift_bound", self.clock_drift_bound) < inf:
            raise ValueError(f"clock_drift_bound must be finite and >= 1, got {self.clock_drift_bound!r}")
        if not self.renewal_interval < self.lease:
            raise ValueError(
                f"renewal_interval must be shorter than the lease of {self.lease:g} s,"
                f" got {self.renewal_interval!r}"
            )

    @property
    def lease(self) -> float:
        """How long a server may act by a table, from when it sent the question that brought it."""
        return self.ttl / self.clock_drift_bound


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardingFlaws:
    """What is wrong with the store; by default nothing. For checkers: each is a bug to be found.

    `acknowledges_unasked`: a server acknowledges without asking itself whether the range is still its own.
    `reads_unasked`: so it does with reads alone.
    `ignores_leases`: it acts by its table however long ago the directory has confirmed it.
    `serves_frozen`: it serves a range that is frozen as if it were not.
    `forgets_epochs`: it has all keys under one epoch, so that what is late, or was given up, can be seen.
    `hears_nothing`: it says that it has heard of a new table, and goes on with the one it has.
    `drops_what_comes`: a drop deletes what is on its way to the shard too, as no range of it.
    """

    acknowledges_unasked: bool = False
    reads_unasked: bool = False
    ignores_leases: bool = False
    serves_frozen: bool = False
    forgets_epochs: bool = False
    hears_nothing: bool = False
    drops_what_comes: bool = False

    def __post_init__(self) -> None:
        """Check the kinds."""
        for each in fields(self):
            require_kind(each.name, getattr(self, each.name), bool)

    def __bool__(self) -> bool:
        """Say whether any is planted."""
        return any(getattr(self, each.name) for each in fields(self))


DEFAULT_SETTINGS = ShardingSettings()
NO_FLAWS = ShardingFlaws()
