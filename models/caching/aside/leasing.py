"""What a reader does about leases: how long to wait for another's load, and whether a stale value will do."""

from __future__ import annotations

from dataclasses import dataclass

from ...validation import require_count, require_finite_duration, require_kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Leasing:
    """Loads are made with leases; while another has it, ask again up to `waits_max` times after `wait` s.

    `wait` is finite and > 0, `waits_max` >= 0; who has waited so often asks the origin, and does not set what
    it answers. With `takes_stale` he takes what was there before instead of waiting, where the server has
    kept that: degraded by "stale", so that no cache further out keeps it. By default he waits for 0.1 s in
    all, in ten steps: "typically, the client with the lease will have successfully set the data within a few
    milliseconds" (Nishtala et al., NSDI 2013, section 3.2.1).
    """

    wait: float = 0.01
    waits_max: int = 10
    takes_stale: bool = False

    def __post_init__(self) -> None:
        """Check the numbers."""
        require_finite_duration("wait", self.wait)
        require_count("waits_max", self.waits_max, 0)
        require_kind("takes_stale", self.takes_stale, bool)
