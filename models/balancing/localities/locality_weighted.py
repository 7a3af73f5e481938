"""Locality weights: zones get requests in proportion to weights, and less while their targets are ill.

Zones are built larger than needed: one that has lost some of its targets can still take its share. So the
weight of a zone falls only when its available targets, times an overprovisioning factor of 1.4, are fewer
than all it has: weight x min(100, 140 x available / all), in whole percent. Requests then go to the zones in
turns in proportion, and a policy chooses among the available targets of the zone.

Where that policy goes by a key, so does the choice of the zone, or the key would wander from zone to zone:
key and zone together make an exponential time with the zone's share as its rate, and the shortest wins
(weighted rendezvous hashing). When shares change, a key moves only to a zone whose share has grown
against that of its own.

Zones without a weight get nothing. Where no zone with a weight has an available target, and where the
balancer panics, targets are chosen from anywhere.

Source: Envoy, "Locality weighted load balancing": its documentation and table, in whole percent, where its
code computes in floats (69 of 100 healthy: 32.4 % and 32.6 % at weights 1 to 2). For policies by key Envoy
multiplies the zones' weights into those of the targets. Rendezvous: Schindelhauer and Schomaker, "Weighted
Distributed Hash Tables" (SPAA 2005).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log1p
from typing import TypeVar

from simulator import Environment

from ...hashing import hash_of
from ...infrastructure import Zone
from ...request import Request
from ...validation import require_positive
from ..earliest_deadline import EarliestDeadline
from .zone_groups import Group, ZoneGroups
from .zone_policy import ChooseGroup, ZonePolicy, fraction, require_overprovisioning, zones_of

OVERPROVISIONING = 1.4
"""Envoy's overprovisioning factor."""

Place = TypeVar("Place")


def locality_shares(
    weights: Mapping[Place, float],
    available: Mapping[Place, int],
    members: Mapping[Place, int],
    *,
    overprovisioning: float = OVERPROVISIONING,
) -> dict[Place, float]:
    """Return the share of requests, in [0, 1], that each place with a weight gets; empty if none can.

    `available` and `members` are how many targets (>= 0) of each place are available, and there.

    Example::

        >>> locality_shares({"a": 1, "b": 2}, {"a": 50, "b": 100}, {"a": 100, "b": 100})["a"]
        0.25925925925925924
    """
    percent = round(100 * overprovisioning)
    effective = {
        place: weight * min(100, percent * available.get(place, 0) // members[place])
        for place, weight in weights.items()
        if members.get(place)
    }
    total = sum(effective.values())
    return {place: weight / total for place, weight in effective.items()} if total else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalityWeighted(ZonePolicy):
    """Chooses zones by `weights`, pairs of a zone and a number > 0, then a target there by `policy`.

    `overprovisioning` (>= 1) is how much larger zones are than they need to be.

    Example::

        LocalityWeighted(weights=((near, 2.0), (far, 1.0)), policy=LeastOutstanding())
    """

    weights: tuple[tuple[Zone, float], ...]
    overprovisioning: float = OVERPROVISIONING

    def __post_init__(self) -> None:
        """Check the settings."""
        self.require_policy()
        try:
            pairs = tuple((zone, weight) for zone, weight in self.weights)
        except (TypeError, ValueError):
            raise TypeError(f"weights must be pairs of a zone and a number, got {self.weights!r}") from None
        object.__setattr__(self, "weights", pairs)
        zones = zones_of("weights", [zone for zone, _ in pairs])
        if not zones or len(set(zones)) != len(zones):
            raise ValueError(f"weights must be of different zones, at least one, got {zones!r}")
        for zone, weight in pairs:
            require_positive(f"weight of {zone!r}", weight)
        require_overprovisioning(self.overprovisioning)

    @property
    def has_memory(self) -> bool:  # type: ignore[override]  # as for `uses_weights`
        """Whether there is a memory: whose turn it is."""
        return True

    def group_chooser(self, env: Environment, groups: ZoneGroups, name: str) -> ChooseGroup:
        """Return a function that takes turns among zones."""
        weights: dict[Zone | None, float] = dict(self.weights)
        shares: dict[Zone | None, float] = {}
        turns: EarliestDeadline[Zone | None] = EarliestDeadline(lambda zone: shares[zone])
        salts: dict[Zone | None, int] = {zone: hash_of(zone.name) for zone, _ in self.weights}

        def choose_group(request: Request) -> Group | None:
            nonlocal shares
            if groups.refresh():
                available, members = groups.counts()
                found = locality_shares(weights, available, members, overprovisioning=self.overprovisioning)
                shares = {zone: share for zone, share in found.items() if share}
                turns.keep(shares)
            if groups.targets.is_panicking or not shares:
                return None
            hashed = self.hashed_key(request)
            if hashed is None:
                return Group((turns.turn(),))
            times = {zone: -log1p(-fraction(hashed, salts[zone])) / share for zone, share in shares.items()}
            return Group((min(times, key=times.__getitem__),))

        return choose_group
