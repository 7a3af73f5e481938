"""How a command handler is set."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from ...storage import GroupCommit, SyncEachWrite
from ...validation import require_count, require_delay, require_finite_duration, require_kind


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandSettings:
    """The settings of a handler; times in seconds.

    A command, or a question, costs `work` on a core. A command that meets another one is decided anew up to
    `conflicts_max` (>= 0) times. With `records_rejections` a command that is turned down has a commit too,
    and the same answer for ever.

    What is submitted waits in a queue of at most `queue_max` (>= 1, may be infinite) commands: in memory, or
    on the handler's disk if `queue_durability` is given. `workers` (>= 1) of them are carried out at a time,
    in the order in which they came if it is one; after a failure a worker tries again in `retry_pause`.
    """

    work: float = 0.0
    conflicts_max: int = 10
    records_rejections: bool = True
    queue_max: float = inf
    queue_durability: SyncEachWrite | GroupCommit | None = None
    workers: int = 1
    retry_pause: float = 0.1

    def __post_init__(self) -> None:
        """Check all of it."""
        require_delay("work", self.work)
        require_count("conflicts_max", self.conflicts_max, 0)
        require_kind("records_rejections", self.records_rejections, bool)
        if self.queue_max != inf:
            require_count("queue_max", self.queue_max)
        if not isinstance(self.queue_durability, SyncEachWrite | GroupCommit | None):
            raise TypeError(
                f"queue_durability must be SyncEachWrite, GroupCommit or None, got {self.queue_durability!r}"
            )
        require_count("workers", self.workers)
        require_finite_duration("retry_pause", self.retry_pause)
