"""How a Raft cluster is set: timeouts, what guards elections, how reads are answered, when logs are cut.

The defaults of the timeouts are the paper's (150 to 300 ms). Their order is the protocol's condition for
getting anywhere: a message there and back takes much less than an election timeout, and that much less than
the time between crashes (Ongaro and Ousterhout 2014, section 5.6). Nothing but progress depends on it, except
where reads are answered under a lease.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import inf

from ...storage import GroupCommit, SyncEachWrite
from ...validation import (
    require_count,
    require_delay,
    require_finite_duration,
    require_kind,
    require_number,
)


class Reads(Enum):
    """How a leader makes sure that a read is not stale (Ongaro 2014, section 6.4)."""

    LOG = "log"
    """It is a command like any other: as dear as a write."""
    READ_INDEX = "read-index"
    """A majority still follows the leader after the read has come: a round of heartbeats for all who wait."""
    LEASE = "lease"
    """A majority has promised to elect nobody else for a while: no message, and a bound on clocks' drift."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RaftSettings:
    """The settings of all nodes of a cluster; times in seconds of a node's own clock.

    Election timeouts are uniform in [`election_timeout_min`, `election_timeout_max`] (> 0); a leader is heard
    every `heartbeat_interval` (> 0, below the shortest timeout). With `pre_vote` a node asks whether it would
    be elected before it begins a term. With `check_quorum` a leader steps down when it has not heard from a
    majority for the longest timeout, and nodes that have heard a leader within the shortest one refuse to
    vote.

    `reads` says how reads are answered. A lease lasts for the shortest timeout over `clock_drift_bound` (>=
    1), the ratio of the fastest clock's rate to the slowest's; it needs `check_quorum`.

    A message carries at most `batch_max` entries (>= 1). A snapshot is taken `snapshot_after` entries (>= 1,
    infinite: never) after the last, and `entries_kept` (>= 0) entries before it stay for followers that are a
    little behind. `durability` is SyncEachWrite or GroupCommit: a promise that is not on disk is none.
    `command_work` is what a client's request costs on a core of the leader.
    """

    election_timeout_min: float = 0.15
    election_timeout_max: float = 0.3
    heartbeat_interval: float = 0.05
    pre_vote: bool = True
    check_quorum: bool = True
    reads: Reads = Reads.READ_INDEX
    clock_drift_bound: float = 1.01
    batch_max: int = 100
    snapshot_after: float = inf
    entries_kept: int = 100
    durability: SyncEachWrite | GroupCommit = GroupCommit()
    command_work: float = 0.0

    def __post_init__(self) -> None:
        """Check all of it."""
        for name in ("election_timeout_min", "election_timeout_max", "heartbeat_interval"):
            require_finite_duration(name, getattr(self, name))
        for name in ("pre_vote", "check_quorum"):
            require_kind(name, getattr(self, name), bool)
        require_kind("reads", self.reads, Reads)
        require_count("batch_max", self.batch_max)
        require_count("entries_kept", self.entries_kept, 0)
        require_delay("command_work", self.command_work)
        if self.snapshot_after != inf:
            require_count("snapshot_after", self.snapshot_after)
        if not isinstance(self.durability, SyncEachWrite | GroupCommit):
            raise TypeError(f"durability must be SyncEachWrite or GroupCommit, got {self.durability!r}")
        self._check_order()

    def _check_order(self) -> None:
        shortest = self.election_timeout_min
        if self.election_timeout_max < shortest:
            raise ValueError(
                f"election_timeout_max must be >= election_timeout_min ({shortest}),"
                f" got {self.election_timeout_max!r}"
            )
        if not self.heartbeat_interval < shortest:
            raise ValueError(
                f"heartbeat_interval must be < election_timeout_min ({shortest}),"
                f" got {self.heartbeat_interval!r}"
            )
        if not 1.0 <= require_number("clock_drift_bound", self.clock_drift_bound) < inf:
            raise ValueError(f"clock_drift_bound must be finite and >= 1, got {self.clock_drift_bound!r}")
        if self.reads is Reads.LEASE and not self.check_quorum:
            raise ValueError(
                "check_quorum must be on where reads are answered under a lease, got False:"
                " nobody would refuse to vote while it lasts"
            )

    @property
    def lease(self) -> float:
        """How long a leader's lease lasts, from the sending of the heartbeats that a majority answers."""
        return self.election_timeout_min / self.clock_drift_bound


DEFAULT_SETTINGS = RaftSettings()
