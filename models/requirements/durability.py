"""Durability: what has been acknowledged still exists.

Of writes that were acknowledged in the window, the share that is there when everything has healed. A write
that was never acknowledged may be lost or not; nobody was promised anything. Whoever judges has to look for
each acknowledged write: a checker's business, which hands in the counts.

Leaves out: wrong values (that is consistency), and yearly probabilities of loss as vendors state them.
Source: the lost acknowledged writes of the Jepsen analyses (Kingsbury, 2013 on).
"""

from __future__ import annotations

from dataclasses import dataclass

from ..validation import require_share
from .evidence import Evidence
from .objective import NOTHING, Measured, Objective, measured_share


@dataclass(frozen=True, slots=True, kw_only=True)
class DurabilityObjective(Objective):
    """At least a share `at_least` (in (0, 1]) of the acknowledged writes still exists; by default all.

    Example: `DurabilityObjective()`.
    """

    at_least: float = 1.0

    def __post_init__(self) -> None:
        """Check the share."""
        require_share("at_least", self.at_least)

    @property
    def name(self) -> str:
        """As "durability >= 1"."""
        return f"durability >= {self.at_least:.12g}"

    @property
    def bound(self) -> float:
        """The lowest share."""
        return self.at_least

    def measure(self, evidence: Evidence) -> Measured:
        """Return the share of acknowledged writes that still exist."""
        acknowledged, lost = evidence.acknowledged_count, evidence.lost_count
        if not acknowledged or lost is None:
            return NOTHING
        kept = acknowledged - lost
        return measured_share(kept / acknowledged, kept, acknowledged, self.at_least)
