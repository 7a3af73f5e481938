"""Times and choices of two-phase commit."""

from __future__ import annotations

from dataclasses import dataclass

from ...validation import require_finite_duration, require_kind


@dataclass(frozen=True, slots=True, kw_only=True)
class HeuristicDecision:
    """A participant that was in doubt for `after` seconds (> 0) decides by itself: commit, or abort.

    It frees its locks, and may have decided what the others have not: that is counted as damage when it is
    known, and mended by nobody. X/Open has the participant remember it until the coordinator has heard of it
    (`xa_forget`, XA_HEURMIX and the like); here observers count it, and nobody is told. Source: X/Open,
    "Distributed Transaction Processing: The XA Specification" (1991), on heuristic completion.
    """

    after: float
    is_commit: bool = False

    def __post_init__(self) -> None:
        """Check the time."""
        require_finite_duration("after", self.after)
        require_kind("is_commit", self.is_commit, bool)


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoPhaseSettings:
    """Times in seconds (> 0), each by the clock of the host that waits.

    The coordinator aborts what has not all votes after `vote_timeout`, and tells of a commit again after
    `retry_interval` for as long as acknowledgements are missing. A participant votes no where it does not get
    its locks in `lock_timeout`, and one in doubt asks every `inquiry_interval`: the coordinator and, with
    `asks_peers`, the other participants too where the coordinator has not answered the time before (the
    cooperative termination protocol). `heuristic` is what it does in the end, if anything; by default it
    waits, for ever if it must.
    """

    vote_timeout: float = 2.0
    retry_interval: float = 0.5
    lock_timeout: float = 1.0
    inquiry_interval: float = 0.5
    asks_peers: bool = False
    heuristic: HeuristicDecision | None = None

    def __post_init__(self) -> None:
        """Check the times and kinds."""
        for name in ("vote_timeout", "retry_interval", "lock_timeout", "inquiry_interval"):
            require_finite_duration(name, getattr(self, name))
        require_kind("asks_peers", self.asks_peers, bool)
        if self.heuristic is not None:
            require_kind("heuristic", self.heuristic, HeuristicDecision)
