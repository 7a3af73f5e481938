"""What a deployment may do next: how many instances to start and to take out, by counts alone.

There are two sets: those of the new version, and all others, which are old. Each has so many instances, of
which some are available, and is to come to a target. Rules, as Kubernetes' deployment controller has them:

1. Never more instances than the larger of the desired count and the two targets together, plus the surge.
   Those that have been told to stop do not count any more.
2. At least the desired count less what may be unavailable stays available.
3. New instances that are not available yet are no reason to take an old one away: they may never be.
4. Of the old, those that are not available go first. That makes nothing worse, so that it may go on where
   rule 2 would stop: but only within rule 3.

Kubernetes does one of both, starts or stops, in each pass of its loop, and the next pass follows at once; the
counts come out the same in one pass, for a start adds to the count and to what is not available alike.

When another count is desired midway, both sets change once in proportion, before these rules go on: were all
that are added of the new version, an autoscaler would get none that serve where that one does not start.

Source: `NewRSNewReplicas`, `reconcileOldReplicaSets`, `cleanupUnhealthyReplicas` and
`scaleDownOldReplicaSetsForRollingUpdate` of Kubernetes' deployment controller; `scale`, `GetProportion` and
`getReplicaSetFraction` for the proportions, with all old sets as one here.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Stock:
    """The instances of one set: how many there are, and how many of them are available."""

    count: int
    available_count: int


class Moves(NamedTuple):
    """How many instances to start and to stop, of which set; of the old, the unavailable ones first."""

    start_new: int = 0
    start_old: int = 0
    stop_new: int = 0
    stop_old: int = 0


def next_moves(
    new: Stock,
    old: Stock,
    *,
    new_target: int,
    old_target: int,
    desired: int,
    surge: int,
    unavailable: int,
) -> Moves:
    """Return what may be done now to bring both sets to their targets, all counts >= 0.

    >>> next_moves(Stock(0, 0), Stock(3, 3), new_target=3, old_target=0, desired=3, surge=1, unavailable=0)
    Moves(start_new=1, start_old=0, stop_new=0, stop_old=0)
    """
    count_max = max(desired, new_target + old_target) + surge
    room = max(count_max - new.count - old.count, 0)
    start_new = min(max(new_target - new.count, 0), room)
    start_old = min(max(old_target - old.count, 0), room - start_new)
    available_min = max(desired - unavailable, 0)
    stop_old = _stops(old, new, old_target, available_min)
    # What the old ones that stay have to offer, where both sets shrink at a time.
    rest = Stock(old.count - stop_old, min(old.available_count, old.count - stop_old))
    stop_new = _stops(new, rest, new_target, available_min)
    return Moves(start_new, start_old, stop_new, stop_old)


def proportional_moves(new_count: int, old_count: int, *, count_max_before: int, count_max: int) -> Moves:
    """Return what brings two sets to another count: each changes as the count does that is allowed at most.

    What rounding leaves over falls to the larger set; of equal ones the newer grows and the older shrinks.
    `count_max_before` and `count_max` are the desired counts with their surge, 0 where none is desired.

    >>> proportional_moves(5, 8, count_max_before=13, count_max=18)
    Moves(start_new=2, start_old=3, stop_new=0, stop_old=0)
    """
    to_add = count_max - new_count - old_count
    if not to_add:
        return Moves()
    limit = min if to_add > 0 else max
    old_is_first = old_count > new_count or (old_count == new_count and to_add < 0)
    left, changes = to_add, []
    for count in (old_count, new_count) if old_is_first else (new_count, old_count):
        change = floor(count * count_max / count_max_before + 0.5) - count
        changes.append(limit(change, left))
        left -= changes[-1]
    changes[0] += left
    of_old, of_new = changes if old_is_first else reversed(changes)
    return Moves(max(of_new, 0), max(of_old, 0), max(-of_new, 0), max(-of_old, 0))


def _stops(shrinking: Stock, other: Stock, target: int, available_min: int) -> int:
    """Return how many of a set may be stopped: first those that are not available, then others."""
    surplus = max(shrinking.count - target, 0)
    stops_max = shrinking.count + other.available_count - available_min
    unavailable_count = shrinking.count - shrinking.available_count
    first = max(min(unavailable_count, stops_max, surplus), 0)
    spare = shrinking.available_count + other.available_count - available_min
    return first + max(min(spare, surplus - first), 0)
