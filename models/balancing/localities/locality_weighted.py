"""Locality weights: zones get requests in proportion to weights, and less while their targets are ill.

Zones are built larger than needed: one that has lost some of its targets can still take its share. So the
weight of a zone falls only when its available targets, times an overprovisioning factor of 1.4, are fewer
than all it has: weight x min(100, 140 x available / all), in whole percent. Requests then go to the zones in
turns in proportion, and a policy chooses among the available targets of the zone.

Zones without a weight get nothing. Where no zone with a weight has an available target, and where the
balancer panics, targets are chosen from anywhere.

Source: Envoy, "Locality weighted load balancing".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import TypeVar

from simulator import Environment

from ...infrastructure import Zone
from ..earliest_deadline import EarliestDeadline
from .zone_groups import ChooseGroup, Group, ZoneGroups, ZonePolicy

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
        object.__setattr__(self, "weights", tuple((zone, weight) for zone, weight in self.weights))
        zones = [zone for zone, _ in self.weights]
        if not zones or len(set(zones)) != len(zones):
            raise ValueError(f"weights must be of different zones, at least one, got {zones!r}")
        for zone, weight in self.weights:
            if not isinstance(zone, Zone):
                raise TypeError(f"weights must be of zones, got {zone!r}")
            if not 0.0 < weight < inf:
                raise ValueError(f"weight of {zone!r} must be finite and > 0, got {weight!r}")
        if not 1.0 <= self.overprovisioning < inf:
            raise ValueError(f"overprovisioning must be finite and >= 1, got {self.overprovisioning!r}")

    @property
    def has_memory(self) -> bool:  # type: ignore[override]  # as for `uses_weights`
        """Whether there is a memory: whose turn it is."""
        return True

    def group_chooser(self, env: Environment, groups: ZoneGroups, name: str) -> ChooseGroup:
        """Return a function that takes turns among zones."""
        weights: dict[Zone | None, float] = dict(self.weights)
        shares: dict[Zone | None, float] = {}
        turns: EarliestDeadline[Zone | None] = EarliestDeadline(lambda zone: shares[zone])

        def choose_group() -> Group | None:
            nonlocal shares
            if groups.refresh():
                available, members = groups.counts()
                found = locality_shares(weights, available, members, overprovisioning=self.overprovisioning)
                shares = {zone: share for zone, share in found.items() if share}
                turns.keep(shares)
            return None if groups.targets.is_panicking or not shares else Group((turns.turn(),))

        return choose_group
