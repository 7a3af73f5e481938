"""When a write counts as done: the durability policy of a log.

    SyncEachWrite   a sync for each write, before it is acknowledged
    GroupCommit     one sync for all that have come meanwhile, before any of them is acknowledged
    PeriodicSync    acknowledged at once, synced every so often: a crash loses what came since

Source: PostgreSQL's `synchronous_commit` (`on` is GroupCommit, with `commit_delay`, which there comes before
each flush and not only the first; `off` is PeriodicSync in the process's memory, with `wal_writer_delay`
0.2 s), Redis' `appendfsync` (`always`, `everysec`, `no`); DeWitt et al., "Implementation Techniques for Main
Memory Database Systems" (SIGMOD 1984) for group commit.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from ..validation import require_delay, require_kind, require_positive


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncEachWrite:
    """Each write has a sync of its own: one turn at the disk per write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupCommit:
    """Whoever waits is served by the next sync: while one is under way, the others gather for the next.

    A sync that finds the disk idle begins `delay` seconds (>= 0) after the first that waits for it.
    """

    delay: float = 0.0

    def __post_init__(self) -> None:
        """Check the delay."""
        require_delay("delay", self.delay)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodicSync:
    """Nobody waits; every `interval` seconds (> 0; infinite: never) what has come since is synced.

    It is counted from the first write since, and from the end of a sync that finds more. With `is_buffered`
    what has come is only written to the operating system then, and lost with the process too.
    """

    interval: float = 1.0
    is_buffered: bool = False

    def __post_init__(self) -> None:
        """Check the interval, and whether it is said what survives the process."""
        require_kind("is_buffered", self.is_buffered, bool)
        if self.interval != inf:
            require_positive("interval", self.interval, "s")


DurabilityPolicy = SyncEachWrite | GroupCommit | PeriodicSync
