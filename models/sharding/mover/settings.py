"""How a mover works, and which flaws can be planted in it."""

from __future__ import annotations

from dataclasses import dataclass, fields

from ...validation import require_count, require_delay, require_finite_duration, require_kind


@dataclass(frozen=True, slots=True, kw_only=True)
class MoverSettings:
    """How a mover works; times in seconds, of its host's clock.

    An import carries `batch_size` (>= 1) items; between two there is a `pause` (>= 0), which makes a move
    longer (within an import, and an export or a drop, servers pace themselves: `TransferSettings`).
    `parallel_moves` (>= 1) are under way at a time. Before a range is frozen it is brought up to date for up
    to `rounds_max` (>= 0) times, until a round has found no more than a batch.

    The directory, and a server that is asked something small, is waited for `patience` (> 0), a server that
    exports, imports or drops for `copy_patience` (> 0). When a range has been frozen for `freeze_max` (> 0)
    its move is given up: if that is no longer than the `ttl` of the sharded store, each move that has to wait
    for a server that does not hear. After a move that was given up there is a `retry_pause` (> 0). A mover
    that has nothing to do looks at the table again every `review_interval` (> 0).

    MongoDB's balancer moves one range of a shard at a time; its critical section has no end of its own.
    """

    batch_size: int = 100
    pause: float = 0.0
    parallel_moves: int = 1
    rounds_max: int = 3
    patience: float = 1.0
    copy_patience: float = 30.0
    freeze_max: float = 30.0
    retry_pause: float = 1.0
    review_interval: float = 10.0

    def __post_init__(self) -> None:
        """Check all of it."""
        require_count("batch_size", self.batch_size)
        require_delay("pause", self.pause)
        require_count("parallel_moves", self.parallel_moves)
        require_count("rounds_max", self.rounds_max, 0)
        for name in ("patience", "copy_patience", "freeze_max", "retry_pause", "review_interval"):
            require_finite_duration(name, getattr(self, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class MoverFlaws:
    """What is wrong with a mover; by default nothing. For checkers: each is a bug to be found.

    `waits_for_nobody`: it makes the last copy as soon as the table says frozen, whoever has not heard of it.
    `leaves_out_last_copy`: it hands a range over as it was when the range was frozen.
    `forgets_deletions`: it does not copy that a key has been deleted.
    `reuses_epochs`: a range has the same epoch wherever it goes.
    `trusts_unknown_imports`: it goes on after an import of which nobody knows what became of it.
    """

    waits_for_nobody: bool = False
    leaves_out_last_copy: bool = False
    forgets_deletions: bool = False
    reuses_epochs: bool = False
    trusts_unknown_imports: bool = False

    def __post_init__(self) -> None:
        """Check the kinds."""
        for each in fields(self):
            require_kind(each.name, getattr(self, each.name), bool)

    def __bool__(self) -> bool:
        """Say whether any is planted."""
        return any(getattr(self, each.name) for each in fields(self))


DEFAULT_MOVER_SETTINGS = MoverSettings()
NO_MOVER_FLAWS = MoverFlaws()
