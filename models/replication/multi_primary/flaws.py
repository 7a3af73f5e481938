"""Flaws that can be planted in a multi-primary store, each a bug that such stores have had: for checkers.

Nothing here is a setting of a real store; with none of them the store does what its settings promise.
"""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiPrimaryFlaws:
    """What is wrong with the store; by default nothing.

    `acknowledges_before_durable`: a client is told when its update is in memory, before the log has it.
    `merges_by_arrival`: of two versions the one that came last wins, wherever it comes.
    `forgets_tombstones`: a key that shows nothing any more is forgotten, and with it what was removed.
    `loses_outbox`: what a node has taken before a crash it offers to nobody after it.
    `skips_gaps`: an update is taken even if some of its origin before it have not come; those are then old.
    """

    acknowledges_before_durable: bool = False
    merges_by_arrival: bool = False
    forgets_tombstones: bool = False
    loses_outbox: bool = False
    skips_gaps: bool = False

    def __bool__(self) -> bool:
        """Say whether any is planted."""
        return any(getattr(self, each.name) for each in fields(self))
