"""When a write is committed: by how many replicas' acknowledgements, and of what.

    Asynchronous   by none
    AnyOf          by any k of the replicas (PostgreSQL: ANY k; MySQL's semi-synchronous replication)
    FirstOf        by each of the first k that are connected (PostgreSQL: FIRST k)
    AllOf          by each replica there is
    InSync         by each that is in sync (Kafka), which those are that were caught up not long ago

A replica acknowledges what it has *written* (its operating system has it: a crash of its process does not
take it), *flushed* (it is on its disk) or *applied* (it shows it to its readers). With too few replicas a
commit waits, for as long as that takes: there is no falling back to asynchronous (MySQL's does, after 10 s).

Any k: a write that is committed is on the primary and on k replicas. So of n members n - k hold at least one
that has it, and a new primary that has all that n - k members have has lost nothing (`members_needed`).

Source: PostgreSQL documentation, `synchronous_standby_names` and `synchronous_commit`; Kafka documentation,
`acks`, `min.insync.replicas`, `replica.lag.time.max.ms`; KIP-966: the high watermark stands still while fewer
than `min.insync.replicas` are in sync.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from math import inf
from typing import TYPE_CHECKING

from ...validation import require_count, require_finite_duration

if TYPE_CHECKING:
    from .follower import Follower


class Progress(Enum):
    """What a replica has done with a record when it acknowledges it."""

    WRITTEN = "written"
    FLUSHED = "flushed"
    APPLIED = "applied"


class CommitRule(ABC):
    """Says up to which position a primary may commit."""

    replicas_counted = 0
    """How many replicas besides the primary are certain to have what is committed."""
    is_replicated = True
    """Whether what is committed is certain to outlive the primary."""
    silence_max = inf
    """For how long a replica counts that says nothing (s): signs of life must be more frequent."""

    @abstractmethod
    def position(self, followers: Sequence[Follower], progress: Progress, now: float) -> float:
        """Return up to where the replicas' acknowledgements of `progress` suffice at `now`; `inf`: all."""

    def members_needed(self, member_count: int) -> int:
        """Return how many members have to say what they have before a new primary can be chosen safely."""
        return max(member_count - self.replicas_counted, 1)

    def check(self, replica_count: int) -> None:
        """Raise `ValueError` where `replica_count` replicas are too few."""
        if self.replicas_counted > replica_count:
            raise ValueError(
                f"{type(self).__name__} must count at most the {replica_count} replicas there are,"
                f" got {self.replicas_counted}"
            )


@dataclass(frozen=True, slots=True)
class Asynchronous(CommitRule):
    """A commit waits for no replica."""

    is_replicated = False

    def position(self, followers: Sequence[Follower], progress: Progress, now: float) -> float:
        """Return that nothing stands against it."""
        return inf

    def members_needed(self, member_count: int) -> int:
        """Return 1: whoever takes over may have less than was committed, however many are asked."""
        return 1


@dataclass(frozen=True, slots=True)
class AnyOf(CommitRule):
    """A commit waits for any `count` (>= 1) replicas."""

    count: int = 1

    def __post_init__(self) -> None:
        """Check the count."""
        require_count("count", self.count)

    @property
    def replicas_counted(self) -> int:  # type: ignore[override] # derived from the count
        """How many replicas besides the primary are certain to have what is committed."""
        return self.count

    def position(self, followers: Sequence[Follower], progress: Progress, now: float) -> float:
        """Return the `count`-th highest position."""
        return sorted((each.position(progress) for each in followers), reverse=True)[self.count - 1]


@dataclass(frozen=True, slots=True)
class FirstOf(CommitRule):
    """A commit waits for the first `count` (>= 1) replicas, in the order of the members, that are connected.

    Connected is who was heard of within `timeout` seconds (PostgreSQL's `wal_sender_timeout`, 60 s).
    """

    count: int = 1
    timeout: float = 60.0

    def __post_init__(self) -> None:
        """Check the count and the timeout."""
        require_count("count", self.count)
        require_finite_duration("timeout", self.timeout)

    @property
    def replicas_counted(self) -> int:  # type: ignore[override] # derived from the count
        """How many replicas besides the primary are certain to have what is committed."""
        return self.count

    @property
    def silence_max(self) -> float:  # type: ignore[override] # as above
        """For how long a replica counts that says nothing (s)."""
        return self.timeout

    def position(self, followers: Sequence[Follower], progress: Progress, now: float) -> float:
        """Return what all of the first `count` have; nothing where fewer are connected."""
        connected = [each for each in followers if now - each.heard_at <= self.timeout]
        if len(connected) < self.count:
            return 0
        return min(each.position(progress) for each in connected[: self.count])


@dataclass(frozen=True, slots=True)
class AllOf(CommitRule):
    """A commit waits for every replica: for ever, while one is down."""

    def position(self, followers: Sequence[Follower], progress: Progress, now: float) -> float:
        """Return what all have."""
        return min((each.position(progress) for each in followers), default=inf)

    def members_needed(self, member_count: int) -> int:
        """Return 1: any member has all that is committed."""
        return 1


@dataclass(frozen=True, slots=True)
class InSync(CommitRule):
    """A commit waits for every replica that is in sync, and for `count_min` (>= 1) members in sync.

    In sync is, by the monitor's book, who was last caught up within `lag_time_max` seconds. A new primary is
    chosen among those.
    """

    count_min: int = 1
    lag_time_max: float = 30.0

    def __post_init__(self) -> None:
        """Check the count and the time."""
        require_count("count_min", self.count_min)
        require_finite_duration("lag_time_max", self.lag_time_max)

    @property
    def silence_max(self) -> float:  # type: ignore[override] # derived from the time
        """For how long a replica counts that says nothing (s)."""
        return self.lag_time_max

    def position(self, followers: Sequence[Follower], progress: Progress, now: float) -> float:
        """Return what all in sync have; nothing where too few are."""
        in_sync = [each.position(progress) for each in followers if each.is_in_sync]
        return min(in_sync, default=inf) if len(in_sync) + 1 >= self.count_min else 0

    def members_needed(self, member_count: int) -> int:
        """Return 1: any member in sync has all that is committed."""
        return 1

    def check(self, replica_count: int) -> None:
        """Raise `ValueError` where there are fewer than `count_min` members."""
        if self.count_min > replica_count + 1:
            raise ValueError(
                f"count_min must be at most the {replica_count + 1} members there are, got {self.count_min}"
            )
