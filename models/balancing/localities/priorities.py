"""Priorities: levels of zones, of which a lower one gets requests only for what those above it cannot take.

The health of a level is min(100, 1.4 x percent of its targets that are available), in whole percent. From the
first level on each gets as much as its health, until 100 are reached; where all together have less, their
healths are scaled up. So level 1 takes over gradually when more than 28.6 % of level 0 are ill, and nothing
before that.

While the healths reach 100 together nobody panics, however ill a level is. When they do not, a level panics
of which less than half is available: it chooses among all it has. A target in a zone of no level is chosen
only where no level has an available one. Levels are drawn at random.

Source: Envoy, "Priority levels" and `load_balancer_impl.cc`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import inf

from simulator import Environment
from simulator.randomness import Uniform

from ...infrastructure import Zone
from .locality_weighted import OVERPROVISIONING
from .zone_groups import ChooseGroup, Group, ZoneGroups, ZonePolicy


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
        object.__setattr__(self, "levels", tuple(tuple(level) for level in levels))
        zones = [zone for level in self.levels for zone in level]
        if not zones or not all(self.levels) or len(set(zones)) != len(zones):
            raise ValueError(f"levels must be of different zones, at least one each, got {self.levels!r}")
        for zone in zones:
            if not isinstance(zone, Zone):
                raise TypeError(f"levels must be of zones, got {zone!r}")
        if not 1.0 <= self.overprovisioning < inf:
            raise ValueError(f"overprovisioning must be finite and >= 1, got {self.overprovisioning!r}")
        if not 0.0 <= self.panic_threshold <= 1.0:
            raise ValueError(f"panic_threshold must be in [0, 1], got {self.panic_threshold!r}")

    def group_chooser(self, env: Environment, groups: ZoneGroups, name: str) -> ChooseGroup:
        """Return a function that draws a level."""
        uniforms = env.sampler(f"balancer/{name}", Uniform(0.0, 1.0)).values
        sums: list[int] = []
        chosen_from: list[Group] = []

        def choose_group() -> Group | None:
            nonlocal sums, chosen_from
            if groups.refresh():
                available, members = self._counts(groups)
                loads = priority_loads(available, members, overprovisioning=self.overprovisioning)
                sums = list(accumulate(loads))
                chosen_from = self._groups(available, members)
            return chosen_from[bisect_right(sums, next(uniforms) * 100.0)] if sums[-1] else None

        return choose_group

    def _counts(self, groups: ZoneGroups) -> tuple[list[int], list[int]]:
        available, members = groups.counts()
        return (
            [sum(available.get(zone, 0) for zone in level) for level in self.levels],
            [sum(members.get(zone, 0) for zone in level) for level in self.levels],
        )

    def _groups(self, available: Sequence[int], members: Sequence[int]) -> list[Group]:
        """Return who is chosen from on each level: everybody where it panics."""
        healths = level_healths(available, members, overprovisioning=self.overprovisioning)
        may_panic = sum(healths) < 100
        return [
            Group(level, everybody=may_panic and up < self.panic_threshold * total)
            for level, up, total in zip(self.levels, available, members, strict=True)
        ]
