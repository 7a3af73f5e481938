"""Zone-aware routing: keep requests in the zone of their caller, and every target as busy as the others.

Calls between zones are slower, and cost money. But where the callers are not spread as the targets are,
staying at home would overload some zones. With a share of the callers of l in the own zone and of the targets
of u: if u >= l all stays; else u/l of it stays, and the rest spills over to the zones that have more targets
than callers, in proportion to what they have more (their residual capacity). Each balancer works that out for
itself, and together they load all targets alike.

Not done, and targets chosen from anywhere, where the balancer panics, the own zone has no available target,
fewer than `size_min` targets are available in all, or callers and targets do not stand in the same number
of zones.

Where callers stand is what an operator has configured: `callers`, one zone for each of them, which does not
change when one dies.

Source: Envoy, "Zone aware routing" and `load_balancer_impl.cc` (smallest cluster 6; shares in whole
hundredths of a percent; the condition on the number of zones as in versions that have it).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate

from simulator import Environment
from simulator.randomness import Uniform

from ...infrastructure import Zone
from .zone_groups import ChooseGroup, Group, ZoneGroups, ZonePolicy

_WHOLE = 10_000  # hundredths of a percent


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneSpill:
    """What becomes of the requests of one zone: `stays` is the share that stays in it, in [0, 1].

    `residuals` are the zones that the rest goes to, in proportion to their numbers (> 0).
    """

    stays: float
    residuals: tuple[tuple[Zone, float], ...]


def zone_spill(
    own: Zone, callers: Mapping[Zone, int], available: Mapping[Zone, int], *, size_min: int = 6
) -> ZoneSpill | None:
    """Return what becomes of the requests of the zone `own`; `None` where no zone is preferred.

    `callers` and `available` are how many callers and available targets (>= 0) each zone has.
    """
    targets_count, callers_count = sum(available.values()), sum(callers.values())
    if targets_count < size_min or not available.get(own) or not callers.get(own):
        return None
    if len(available) < 2 or len(available) != len(callers):
        return None
    upstream = {zone: _WHOLE * count // targets_count for zone, count in available.items()}
    local = {zone: _WHOLE * count // callers_count for zone, count in callers.items()}
    if upstream[own] >= local[own]:
        return ZoneSpill(stays=1.0, residuals=())
    residuals = {zone: share - local.get(zone, 0) for zone, share in upstream.items() if zone is not own}
    return ZoneSpill(
        stays=(upstream[own] * _WHOLE // local[own]) / _WHOLE,
        residuals=tuple((zone, float(more)) for zone, more in residuals.items() if more > 0),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneAware(ZonePolicy):
    """Prefers the zone `own` of the balancer; `policy` chooses among the targets of the zone.

    `callers` are the zones of all that call these targets, this one among them, one entry for each.
    `size_min` (>= 0) available targets must there be.

    Example::

        ZoneAware(own=web.zone, callers=[host.zone for host in web_hosts])
    """

    own: Zone
    callers: tuple[Zone, ...]
    size_min: int = 6

    def __post_init__(self) -> None:
        """Check the settings; any collection of zones will do for `callers`."""
        self.require_policy()
        object.__setattr__(self, "callers", _zones("callers", self.callers))
        if self.own not in self.callers:
            raise ValueError(f"callers must include one in the own zone {self.own!r}, got {self.callers!r}")
        if self.size_min < 0:
            raise ValueError(f"size_min must be >= 0, got {self.size_min!r}")

    def group_chooser(self, env: Environment, groups: ZoneGroups, name: str) -> ChooseGroup:
        """Return a function that stays or spills over, at random."""
        uniforms = env.sampler(f"balancer/{name}", Uniform(0.0, 1.0)).values
        callers = {zone: self.callers.count(zone) for zone in self.callers}
        home = Group((self.own,))
        spill: ZoneSpill | None = None
        sums: list[float] = []

        def choose_group() -> Group | None:
            nonlocal spill, sums
            if groups.refresh():
                spill = self._spill(groups, callers)
                sums = list(accumulate(more for _, more in spill.residuals)) if spill else []
            if spill is None or spill.stays >= 1.0:
                return None if spill is None else home
            draw = next(uniforms)
            if draw < spill.stays:
                return home
            # What is left of the draw is uniform too.
            rest = (draw - spill.stays) / (1.0 - spill.stays)
            place = min(bisect_right(sums, rest * sums[-1]), len(sums) - 1)
            return Group((spill.residuals[place][0],))

        return choose_group

    def _spill(self, groups: ZoneGroups, callers: Mapping[Zone, int]) -> ZoneSpill | None:
        if groups.targets.is_panicking:
            return None
        available, _ = groups.counts()
        located = {zone: count for zone, count in available.items() if zone is not None and count}
        if len(located) < sum(count > 0 for count in available.values()):
            return None  # one stands in no zone: there is no saying where
        spill = zone_spill(self.own, callers, located, size_min=self.size_min)
        # By rounding, nobody may seem to have room: then all may be chosen.
        return replace(spill, stays=1.0) if spill and not spill.residuals else spill


def _zones(name: str, zones: Iterable[Zone]) -> tuple[Zone, ...]:
    listed = tuple(zones)
    for zone in listed:
        if not isinstance(zone, Zone):
            raise TypeError(f"{name} must be zones, got {zone!r}")
    return listed
