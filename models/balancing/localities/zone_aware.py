"""Zone-aware routing: keep requests in the zone of their caller, and every target as busy as the others.

Calls between zones are slower, and cost money. But where the callers are not spread as the targets are,
staying at home would overload some zones. With a share of the callers of l in the own zone and of the targets
of u > 0: if u >= l all stays; else u/l of it stays, and the rest spills over to the zones that have more
targets than callers, in proportion to what they have more (their residual capacity). So nothing stays where
the own zone has no available target. Each balancer works that out for itself, and together they load all
targets alike; a zone without callers gets its share from all the others.

Not done, and targets chosen from anywhere, where the balancer panics, fewer than `size_min` targets are
available in all, or either callers or targets all stand in one zone. For a policy that goes by a key, the key
decides whether a request stays.

Where callers stand is what an operator has configured: `callers`, one zone for each of them, which does not
change when one dies.

Source: Envoy, "Zone aware routing" and `load_balancer_impl.cc` (smallest cluster 6; shares in whole
hundredths of a percent). Before pull request 28970 (2023) callers and targets had to stand in the same number
of zones, and somebody had to be well at home. Leaves out: staying at all costs (`force_local_zone`), doing so
for some requests only (`routing_enabled`), weights of targets.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate

from simulator import Environment

from ...infrastructure import Zone
from ...request import Request
from ...validation import require_count
from .zone_groups import Group, ZoneGroups
from .zone_policy import ChooseGroup, ZonePolicy, zones_of

_WHOLE = 10_000  # hundredths of a percent

Place = Zone | None
"""A zone, or the unnamed one of targets that stand in none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneSpill:
    """What becomes of the requests of one zone: `stays` is the share that stays in it, in [0, 1].

    `residuals` are the zones that the rest goes to, in proportion to their numbers (> 0).
    """

    stays: float
    residuals: tuple[tuple[Place, float], ...]


def zone_spill(
    own: Zone, callers: Mapping[Zone, int], available: Mapping[Place, int], *, size_min: int = 6
) -> ZoneSpill | None:
    """Return what becomes of the requests of the zone `own`; `None` where no zone is preferred.

    `callers` are how many callers (> 0) each zone has that has any, `available` how many available targets
    (>= 0) each zone has that has targets.

    Example::

        >>> a, b, c = Zone("a"), Zone("b"), Zone("c")
        >>> zone_spill(a, {a: 3, b: 3}, {a: 4, b: 4, c: 4}).stays  # two thirds; the rest goes to c
        0.6666
    """
    targets_count, callers_count = sum(available.values()), sum(callers.values())
    if not targets_count or targets_count < size_min or not callers.get(own):
        return None
    if len(available) < 2 or len(callers) < 2:
        return None
    upstream = {zone: _WHOLE * count // targets_count for zone, count in available.items()}
    local: dict[Place, int] = {zone: _WHOLE * count // callers_count for zone, count in callers.items()}
    at_home = upstream.get(own, 0)
    if at_home and at_home >= local[own]:
        return ZoneSpill(stays=1.0, residuals=())
    # By name, as Envoy sorts its localities: a key must not leave its zone as targets come in another order.
    residuals = tuple(
        (zone, float(share - local.get(zone, 0)))
        for zone, share in sorted(upstream.items(), key=_name)
        if zone is not own and share > local.get(zone, 0)
    )
    if not residuals:
        # Only as shares are rounded does nobody seem to have room; then all stays, or goes anywhere.
        return ZoneSpill(stays=1.0, residuals=()) if at_home else None
    return ZoneSpill(stays=(at_home * _WHOLE // max(1, local[own])) / _WHOLE, residuals=residuals)


def _name(counted: tuple[Place, int]) -> str:
    place, _ = counted
    return "" if place is None else place.name


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
        object.__setattr__(self, "callers", zones_of("callers", self.callers))
        if self.own not in self.callers:
            raise ValueError(f"callers must include one in the own zone {self.own!r}, got {self.callers!r}")
        require_count("size_min", self.size_min, 0)

    def group_chooser(self, env: Environment, groups: ZoneGroups, name: str) -> ChooseGroup:
        """Return a function that stays or spills over, at random."""
        draw = self.draws(env, name)
        callers = {zone: self.callers.count(zone) for zone in self.callers}
        home = Group((self.own,))
        spill: ZoneSpill | None = None
        sums: list[float] = []

        def choose_group(request: Request) -> Group | None:
            nonlocal spill, sums
            if groups.refresh():
                spill = self._spill(groups, callers)
                sums = list(accumulate(more for _, more in spill.residuals)) if spill else []
            if spill is None or spill.stays >= 1.0:
                return None if spill is None else home
            drawn = draw(request)
            if drawn < spill.stays:
                return home
            # What is left of the draw is uniform too.
            rest = (drawn - spill.stays) / (1.0 - spill.stays)
            place = min(bisect_right(sums, rest * sums[-1]), len(sums) - 1)
            return Group((spill.residuals[place][0],))

        return choose_group

    def _spill(self, groups: ZoneGroups, callers: Mapping[Zone, int]) -> ZoneSpill | None:
        if groups.targets.is_panicking:
            return None
        available, _ = groups.counts()
        return zone_spill(self.own, callers, available, size_min=self.size_min)
