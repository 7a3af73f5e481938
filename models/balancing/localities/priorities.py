"""Priorities: levels of zones, of which a lower one gets requests only for what those above it cannot take.

The health of a level is min(100, 1.4 x percent of its targets that are available), in whole percent. From the
first level on each gets as much as its health, until 100 are reached; where all together have less, their
healths are scaled up. So level 1 takes over gradually when more than 28.6 % of level 0 are ill, and nothing
before that.

While the healths reach 100 together nobody panics, however ill a level is. When they do not, a level panics
of which less than half is available: it chooses among all it has. Where all levels panic health says nothing
any more, and each gets as much as it has of all their targets. A target in a zone of no level is chosen only
where no level has an available one.

The balancer panics with all levels, and not by its own threshold, which counts only where no level has an
available target: it is then that it refuses if it is one that `fails_in_panic`. Levels are drawn at random,
or by the key where the policy inside goes by one.

Source: Envoy, "Priority levels" and "Panic threshold", and `load_balancer_impl.cc`. Loads are rounded as in
the tables of the documentation (healths 35, 35 and 28: 36, 36, 28 %); the code cuts off, and gives what is
left over to the first level (37, 35, 28). Leaves out: targets that are degraded, which Envoy asks after those
that are healthy; weights of targets in the health of a level.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from simulator import Environment

from ...infrastructure import Zone
from ...request import Request
from ...validation import require_unit_interval
from ..policy import Policy
from ..target import Target
from .locality_weighted import OVERPROVISIONING
from .zone_groups import Group, ZoneGroups, counts_by_zone
from .zone_policy import ChooseGroup, ZonePolicy, require_overprovisioning, zones_of


def priority_loads(
    available: Sequence[int], members: Sequence[int], *, overprovisioning: float = OVERPROVISIONING
) -> tuple[int, ...]:
    """Return the percentage of requests that each level gets; all 0 where none has an available target.

    `available` and `members` are how many targets (>= 0) of each level are available, and there.

    Example::

        >>> priority_loads([50, 100], [100, 100])
        (70, 30)
    """
    healths = level_healths(available, members, overprovisioning=overprovisioning)
    total = min(100, sum(healths))
    if not total:
        return (0,) * len(healths)
    loads: list[int] = []
    for health in healths:
        nearest = (200 * health + total) // (2 * total)
        loads.append(min(100 - sum(loads), nearest))
    # What rounding has left over goes to the first level that can take anything.
    first = next(level for level, health in enumerate(healths) if health)
    loads[first] += 100 - sum(loads)
    return tuple(loads)


def level_healths(
    available: Sequence[int], members: Sequence[int], *, overprovisioning: float
) -> tuple[int, ...]:
    """Return the health of each level, in whole percent; a level without targets has none."""
    percent = round(100 * overprovisioning)
    return tuple(
        min(100, percent * up // total) if total else 0 for up, total in zip(available, members, strict=True)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Priorities(ZonePolicy):
    """Chooses among the zones of the first of `levels`, and of later ones as far as that is ill.

    Each level is a collection of zones; no zone may be in two. `overprovisioning` (>= 1) is how much larger
    a level is than it needs to be; below `panic_threshold`, in [0, 1], a level may panic.

    Example::

        Priorities(levels=[[near], [far, farther]])
    """

    levels: tuple[tuple[Zone, ...], ...]
    overprovisioning: float = OVERPROVISIONING
    panic_threshold: float = 0.5

    def __post_init__(self) -> None:
        """Check the settings."""
        self.require_policy()
        levels: Iterable[Iterable[Zone]] = self.levels
        object.__setattr__(self, "levels", tuple(zones_of("levels", level) for level in levels))
        zones = [zone for level in self.levels for zone in level]
        if not zones or not all(self.levels) or len(set(zones)) != len(zones):
            raise ValueError(f"levels must be of different zones, at least one each, got {self.levels!r}")
        require_overprovisioning(self.overprovisioning)
        require_unit_interval("panic_threshold", self.panic_threshold)

    def group_chooser(self, env: Environment, groups: ZoneGroups, name: str) -> ChooseGroup:
        """Return a function that draws a level."""
        draw = self.draws(env, name)
        sums: list[int] = []
        chosen_from: list[Group] = []

        def choose_group(request: Request) -> Group | None:
            nonlocal sums, chosen_from
            if groups.refresh():
                available, members = self._by_level(*groups.counts())
                panics = self._panics(available, members)
                loads = priority_loads(available, members, overprovisioning=self.overprovisioning)
                sums = list(accumulate(members if all(panics) and any(available) else loads))
                chosen_from = [
                    Group(level, everybody=panic) for level, panic in zip(self.levels, panics, strict=True)
                ]
            return chosen_from[bisect_right(sums, draw(request) * sums[-1])] if sums[-1] else None

        return choose_group

    def is_panic(self, members: Sequence[Target], threshold: float) -> bool:
        """Say whether all levels panic, or none has an available target and there are too few elsewhere."""
        available, totals = self._by_level(*counts_by_zone(members))
        if not any(available):
            return Policy.is_panic(self, members, threshold)
        return all(self._panics(available, totals))

    def _by_level(
        self, available: Mapping[Zone | None, int], members: Mapping[Zone | None, int]
    ) -> tuple[list[int], list[int]]:
        return (
            [sum(available.get(zone, 0) for zone in level) for level in self.levels],
            [sum(members.get(zone, 0) for zone in level) for level in self.levels],
        )

    def _panics(self, available: Sequence[int], members: Sequence[int]) -> list[bool]:
        """Return for each level whether it panics: one without targets does, as in Envoy, unless none may."""
        healths = level_healths(available, members, overprovisioning=self.overprovisioning)
        may_panic = sum(healths) < 100
        return [
            may_panic and (up / total if total else 0.0) < self.panic_threshold
            for up, total in zip(available, members, strict=True)
        ]
