"""Spread: evenly over failure domains, so that the loss of one takes as little as possible.

The next one goes to the domain that has the fewest. The *skew* of a domain is how many it has more than the
one that has the fewest; no instance is placed that would bring a skew above `skew_max`, which is Kubernetes'
topology spread constraint with `whenUnsatisfiable: DoNotSchedule`. A domain counts although it has no room:
when it is full, the others may have no more than `skew_max` above it. With an infinite `skew_max` it is a
preference and no rule (`ScheduleAnyway`).

Source: Kubernetes documentation, "Pod Topology Spread Constraints". Leaves out: a least number of domains.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

import numpy as np
from numpy.typing import NDArray

from .candidates import Candidates, require_level
from .policy import PlacementPolicy


@dataclass(frozen=True, slots=True)
class Spread(PlacementPolicy):
    """Evenly over the domains of a `level`: "host", "rack", "zone" or "region"; by default over zones.

    `skew_max` (>= 1) is by how many two domains may differ at most. Inside a domain `within` decides: by
    default, evenly over its hosts.

    Example::

        place(9, hosts, Spread("zone", within=Spread("rack", inf)))
    """

    level: str = "zone"
    skew_max: float = 1
    within: PlacementPolicy | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        """Check all."""
        require_level(self.level)
        if self.skew_max != inf and (type(self.skew_max) is not int or self.skew_max < 1):
            raise ValueError(f"skew_max must be a whole number >= 1, or infinite, got {self.skew_max!r}")
        require_policy("within", self.within)

    def allows(self, candidates: Candidates) -> NDArray[np.bool_]:
        """Allow what leaves the skew within bounds."""
        counts = candidates.domain_counts(self.level)
        allowed: NDArray[np.bool_] = (
            counts[candidates.domains(self.level)] + 1 - counts.min() <= self.skew_max
        )
        return allowed if self.within is None else allowed & self.within.allows(candidates)

    def preferences(self, candidates: Candidates) -> list[NDArray[np.float64] | NDArray[np.intp]]:
        """Prefer the domain with the fewest, and in it what `within` prefers."""
        counts = candidates.domain_counts(self.level)[candidates.domains(self.level)]
        inside = [candidates.counts] if self.within is None else self.within.preferences(candidates)
        return [counts, *inside]


def require_policy(name: str, policy: object) -> None:
    """Raise `TypeError` for what is neither a policy nor `None`."""
    if policy is not None and not isinstance(policy, PlacementPolicy):
        raise TypeError(f"{name} must be a placement policy, got {policy!r}")
