"""Consistency levels: how many replicas must have answered before the client is answered.

    a number        so many replicas, wherever they are (Dynamo's R and W)
    ONE TWO THREE   1, 2, 3
    QUORUM          more than half of all replicas, over all regions
    ALL             every replica
    LOCAL_ONE       1 in the coordinator's region
    LOCAL_QUORUM    more than half of the replicas in the coordinator's region
    EACH_QUORUM     more than half of the replicas of each region; for writes (later Cassandras read at it)
    ANY             1 replica, or a hint for one; for writes

The level does not change who is written to: all replicas always are. Where R + W > N, every read meets at
least one replica that has acknowledged the last write. Source: Cassandra's `ConsistencyLevel`; DeCandia et
al., "Dynamo" (SOSP 2007), section 4.5.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .coordinator import Coordinator


class Level(Enum):
    """A consistency level, by Cassandra's names."""

    ONE = 1
    TWO = 2
    THREE = 3
    QUORUM = "quorum"
    ALL = "all"
    LOCAL_ONE = "local one"
    LOCAL_QUORUM = "local quorum"
    EACH_QUORUM = "each quorum"
    ANY = "any"


LOCAL = frozenset({Level.LOCAL_ONE, Level.LOCAL_QUORUM})
FOR_WRITES_ONLY = frozenset({Level.EACH_QUORUM, Level.ANY})


def name_of(level: Level | int) -> str:
    """Return how messages call a level."""
    return level.name if isinstance(level, Level) else str(level)


class Demand:
    """What a level asks of the `replicas` of a key, at a coordinator in `region`.

    `needed` answers are wanted in all; `by_region` says how many of them from each region, and is `None`
    where it does not matter.
    """

    __slots__ = ("by_region", "needed")

    def __init__(self, level: Level | int, replicas: Sequence[Coordinator], region: str) -> None:
        self.by_region: dict[str, int] | None = None
        if isinstance(level, int):
            self.needed = level
        elif level is Level.QUORUM:
            self.needed = len(replicas) // 2 + 1
        elif level is Level.ALL:
            self.needed = len(replicas)
        elif level in LOCAL:
            here = sum(replica.region == region for replica in replicas)
            self.needed = 1 if level is Level.LOCAL_ONE else here // 2 + 1
            self.by_region = {region: self.needed}
        elif level is Level.EACH_QUORUM:
            regions = [replica.region for replica in replicas]
            self.by_region = {each: regions.count(each) // 2 + 1 for each in regions}
            self.needed = sum(self.by_region.values())
        else:
            self.needed = 1 if level is Level.ANY else int(level.value)

    def is_met_by(self, replicas: Collection[Coordinator]) -> bool:
        """Return whether it would be met if all of these answered."""
        if self.by_region is None:
            return len(replicas) >= self.needed
        tally = Tally(self)
        for replica in replicas:
            tally.count(replica.region)
        return tally.missing <= 0


class Tally:
    """Counts answers against a demand: `missing` of them are still to come."""

    __slots__ = ("_left", "missing")

    def __init__(self, demand: Demand) -> None:
        self.missing = demand.needed
        self._left = None if demand.by_region is None else dict(demand.by_region)

    def count(self, region: str) -> bool:
        """Count an answer from `region`, and return whether the demand is met."""
        left = self._left
        if left is None:
            self.missing -= 1
        elif left.get(region, 0) > 0:
            left[region] -= 1
            self.missing -= 1
        return self.missing <= 0
