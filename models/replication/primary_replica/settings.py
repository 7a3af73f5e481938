"""What can be set about a primary-replica store, and the bugs that can be planted in one.

`presets` has PostgreSQL's and Kafka's.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import Enum
from math import inf

from ...storage import DurabilityPolicy, GroupCommit, PeriodicSync
from ...validation import (
    require_count,
    require_delay,
    require_finite_duration,
    require_kind,
    require_margin,
    require_time,
)
from .commit_rules import AnyOf, CommitRule, InSync, Progress


class Told(Enum):
    """When a client is told that its write was done."""

    COMMITTED = "committed"  # by the commit rule
    APPENDED = "appended"  # when the primary alone has it, by the durability policy (Kafka: acks=1)
    UNASKED = "unasked"  # before anybody has it: nobody waits for an answer (Kafka: acks=0)


class Visibility(Enum):
    """What a read is shown, besides what is committed."""

    RECEIVED = "received"
    """PostgreSQL's: a replica shows what it has flushed; a primary hides what waits to be committed, until
    its caller gives up waiting, or it starts again."""
    COMMITTED = "committed"
    """Kafka's: nobody shows what is beyond the high watermark."""


class Fencing(Enum):
    """What keeps an old primary from going on beside a new one."""

    LEASE = "lease"
    """It stops by itself when its lease is over, and the monitor waits for that (Patroni)."""
    EPOCH = "epoch"
    """It stops when it hears of a later epoch, whose replicas do not obey it any more (Kafka)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailoverSettings:
    """How a monitor finds that a primary is gone, and chooses another; times in seconds, > 0.

    A primary renews its lease every `renewal_interval`; it ends `ttl` after the monitor has heard the last
    renewal. Then the monitor asks all members what they have, again every `report_wait`, and chooses after
    the first wait at which enough have answered. `clock_drift_max` in [0, 1) is how far from a second a
    second of any host's clock may be, and makes a primary's lease shorter than the monitor's. With an
    `unclean_election` the monitor promotes the best of those that have answered, though others may have more.
    Nobody is promoted who lacks more than `lag_max` records (>= 0) of what the last renewal said there are:
    then there is no primary until somebody comes who has them (Patroni's `maximum_lag_on_failover`, in bytes
    there). A monitor that has started again has not heard how many there are.

    Defaults: Patroni's `ttl` 30 s and `loop_wait` 10 s; its 1 MiB of lag has no counterpart in records.
    """

    ttl: float = 30.0
    renewal_interval: float = 10.0
    report_wait: float = 1.0
    fencing: Fencing = Fencing.LEASE
    clock_drift_max: float = 0.0
    unclean_election: bool = False
    lag_max: float = inf

    def __post_init__(self) -> None:
        """Check all."""
        for name in ("ttl", "renewal_interval", "report_wait"):
            require_finite_duration(name, getattr(self, name))
        require_margin("clock_drift_max", self.clock_drift_max)
        require_kind("fencing", self.fencing, Fencing)
        require_kind("unclean_election", self.unclean_election, bool)
        if self.lag_max != inf:
            require_count("lag_max", self.lag_max, 0)
        if not self.renewal_interval < self.lease:
            raise ValueError(
                f"renewal_interval must be shorter than the lease of {self.lease} s,"
                f" got {self.renewal_interval!r}"
            )

    @property
    def lease(self) -> float:
        """For how many seconds of its own clock a primary may count on a lease, from when it asked for it."""
        return self.ttl * (1.0 - self.clock_drift_max) / (1.0 + self.clock_drift_max)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicationSettings:
    """The rules of a primary-replica store.

    A write is committed by `commit_rule`, of replicas that have made the `progress` asked for, and when it is
    committed locally by the `durability` policy, which all members have. `told` says when its client is
    told, `visibility` what is shown to reads. A primary ships what is durable, or with `ships_unsynced` what
    it has appended. A replica applies records `apply_delay` s (>= 0) after it may, one after the other, and
    works `replay_work` s (>= 0) on each.

    Every `heartbeat_interval` s (> 0) the primary sends each replica a sign of life, which finds what was
    lost. `snapshot_interval` and `retained_count` are those of `StoredTable`; a record weighs
    `record_size_bytes` on the wire, a request costs `request_work` s on a core. Without a `failover` the
    first member is the primary for ever.
    """

    commit_rule: CommitRule = AnyOf(1)
    progress: Progress = Progress.FLUSHED
    durability: DurabilityPolicy = GroupCommit()
    told: Told = Told.COMMITTED
    visibility: Visibility = Visibility.COMMITTED
    ships_unsynced: bool = False
    apply_delay: float = 0.0
    replay_work: float = 0.0
    heartbeat_interval: float = 1.0
    snapshot_interval: float = inf
    retained_count: int = 0
    record_size_bytes: int = 0
    request_work: float = 0.0
    failover: FailoverSettings | None = None

    def __post_init__(self) -> None:
        """Check each, and what does not go together."""
        require_kind("commit_rule", self.commit_rule, CommitRule)
        require_kind("progress", self.progress, Progress)
        require_kind("told", self.told, Told)
        require_kind("visibility", self.visibility, Visibility)
        require_kind("ships_unsynced", self.ships_unsynced, bool)
        if not isinstance(self.durability, DurabilityPolicy):
            raise TypeError(f"durability must be a durability policy, got {self.durability!r}")
        if self.failover is not None:
            require_kind("failover", self.failover, FailoverSettings)
        if self.snapshot_interval != inf:
            require_count("snapshot_interval", self.snapshot_interval)
        require_count("retained_count", self.retained_count, 0)
        require_delay("apply_delay", self.apply_delay)
        require_delay("replay_work", self.replay_work)
        require_delay("request_work", self.request_work)
        require_finite_duration("heartbeat_interval", self.heartbeat_interval)
        require_count("record_size_bytes", self.record_size_bytes, 0)
        if self.progress is Progress.APPLIED and self.visibility is Visibility.COMMITTED:
            raise ValueError(
                "progress must not be APPLIED with visibility COMMITTED: nobody would apply before the commit"
            )
        if not self.heartbeat_interval < self.commit_rule.silence_max:
            raise ValueError(
                f"heartbeat_interval must be shorter than the {self.commit_rule.silence_max} s for which a"
                f" replica counts that says nothing, got {self.heartbeat_interval!r}"
            )
        if isinstance(self.commit_rule, InSync) and self.failover is None:
            raise ValueError("failover must be given with the commit rule InSync: the monitor keeps its book")

    @property
    def loses_nothing(self) -> bool:
        """Whether what is committed outlives all crashes: it is on disks, enough to be found again."""
        is_durable = not isinstance(self.durability, PeriodicSync)
        if self.failover is None:
            return is_durable
        is_spread = self.commit_rule.is_replicated and self.progress is not Progress.WRITTEN
        return is_durable and is_spread and not self.failover.unclean_election

    @property
    def is_linearizable(self) -> bool:
        """Whether reads from the primary are linearizable with all writes; argued in `store`."""
        if not self.loses_nothing or self.told is not Told.COMMITTED:
            return False
        if self.failover is None:
            return True
        return self.visibility is Visibility.COMMITTED and self.failover.fencing is Fencing.LEASE


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicationFlaws:
    """Bugs to plant, for whoever wants to see them caught; none by default.

    - `no_fencing`: a primary never stops, whatever it hears and whatever becomes of its lease.
    - `no_epoch_check`: a replica obeys a primary of an older epoch.
    - `acknowledges_before_standby`: a write counts as committed when the primary alone has it.
    - `standby_acknowledges_unflushed`: a replica says "flushed" when it has only received.
    - `commits_older_epochs`: a new primary writes no first record of its own, and commits its predecessors'
      records by counting acknowledgements alone.
    - `lease_by_arrival`: a primary counts its lease from when the answer came, not from when it asked.
    - `reads_without_lease`: a primary whose lease is over still answers reads.
    """

    no_fencing: bool = False
    no_epoch_check: bool = False
    acknowledges_before_standby: bool = False
    standby_acknowledges_unflushed: bool = False
    commits_older_epochs: bool = False
    lease_by_arrival: bool = False
    reads_without_lease: bool = False

    def __bool__(self) -> bool:
        """Say whether any is planted."""
        return any(getattr(self, each.name) for each in fields(self))


class Source(Enum):
    """Whom a client reads from."""

    PRIMARY = "primary"
    ANY = "any"
    NEAREST = "nearest"


class IfBehind(Enum):
    """What becomes of a read that has to see more than the member that was asked has applied."""

    WAIT = "wait"  # it waits there
    PRIMARY = "primary"  # the primary is asked next


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPolicy:
    """Whom a client reads from, and what it has to see there.

    With `own_writes` a read sees the client's last acknowledged write, with `is_monotonic` all that any
    earlier read of this client has seen: the client remembers positions, and sends them with its reads. What
    a failover has lost is lost for it too, and not waited for. `if_behind` says what happens at a replica
    that has not come so far. A read that waits for longer than `wait_max` s (>= 0, may be infinite), there or
    at the primary, is `Unavailable`.
    """

    source: Source = Source.PRIMARY
    own_writes: bool = False
    is_monotonic: bool = False
    if_behind: IfBehind = IfBehind.WAIT
    wait_max: float = inf

    def __post_init__(self) -> None:
        """Check each."""
        require_kind("source", self.source, Source)
        require_kind("if_behind", self.if_behind, IfBehind)
        require_kind("own_writes", self.own_writes, bool)
        require_kind("is_monotonic", self.is_monotonic, bool)
        require_time("wait_max", self.wait_max)
