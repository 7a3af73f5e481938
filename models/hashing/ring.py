"""A hash ring: each node stands on a circle at many points, and a key belongs to the next point after it.

A node that goes leaves its stretches to those that follow, a different one for each of its points, so that
its keys spread over all others; all other keys stay. The points of a node are the outputs of SplitMix64
seeded with the hash of its name: they depend on nothing else, so that the ring is the same in whatever order
nodes came.

With v points for each of n nodes the share of a node is distributed as Beta(v, (n - 1) v): its coefficient of
variation is sqrt((n - 1)/(n v + 1)), which 100 points make 10 %. Weights multiply the points. A smallest
number of points in all, as Envoy's ring has, gives few nodes more points each; then points come and go with
the number of nodes, and a few more keys move.

Sources: Karger et al., "Consistent Hashing and Random Trees" (STOC 1997); virtual nodes: Stoica et al.,
"Chord" (SIGCOMM 2001), DeCandia et al., "Dynamo" (SOSP 2007); ring size: Envoy's ring hash.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..validation import require_count
from .placement import Placement, checked_weights
from .stable_hash import GOLDEN, hash_of, scrambled_all

if TYPE_CHECKING:
    from .placement import Indices
    from .stable_hash import Hashes

POINTS_MAX = 8_388_608
"""Points that a ring may have in all, as in Envoy: more is a mistake in the weights."""


class HashRing(Placement):
    """A circle of 2^64 on which each of `nodes` has `virtual_nodes` (>= 1) points, times its weight.

    The number of points is rounded, and at least 1. If all together would be fewer than `points_min`, all
    nodes have so many times more that they are not. A key belongs to the first point at or after its hash.
    Raises `ValueError` for weights that are not finite and > 0, or that would make a ring too large.

    Example::

        >>> ring = HashRing(["a", "b", "c"], virtual_nodes=200)
        >>> ring.node_of("customer 17") in ring.nodes
        True
    """

    __slots__ = ("_owners", "_points", "point_counts")

    def __init__(
        self,
        nodes: Sequence[str],
        *,
        virtual_nodes: int = 100,
        weights: Sequence[float] | None = None,
        points_min: int = 0,
    ) -> None:
        super().__init__(nodes)
        require_count("virtual_nodes", virtual_nodes)
        require_count("points_min", points_min, 0)
        given = checked_weights(weights, len(self.nodes))
        wanted = [virtual_nodes * weight for weight in given]
        factor = max(1.0, points_min / sum(wanted))
        total = sum(wanted) * factor
        if total > POINTS_MAX:
            raise ValueError(f"points of a ring must be at most {POINTS_MAX} in all, got {total:.0f}")
        round_up = ceil if factor > 1.0 else round
        self.point_counts: tuple[int, ...] = tuple(max(1, round_up(factor * count)) for count in wanted)
        points, owners = self._sorted_points()
        # An array of machine words: a list of as many Python numbers would take five times the memory.
        self._points = array("Q", points.tobytes())
        self._owners = array("q", owners.tobytes())

    def _sorted_points(self) -> tuple[Hashes, Indices]:
        counts = np.array(self.point_counts)
        owners = np.repeat(np.arange(len(counts)), counts)
        numbers = np.arange(len(owners)) - np.repeat(np.cumsum(counts) - counts, counts)
        starts = np.array([hash_of(name) for name in self.nodes], dtype=np.uint64)
        points = scrambled_all(starts[owners] + numbers.astype(np.uint64) * np.uint64(GOLDEN))
        # Of two at the same point the one that comes first by name, so that order of coming does not matter.
        ranks = np.empty(len(counts), dtype=np.int64)
        ranks[sorted(range(len(counts)), key=self.nodes.__getitem__)] = np.arange(len(counts))
        order = np.lexsort((ranks[owners], points))
        return points[order], owners[order].astype(np.int64)

    @property
    def points(self) -> Sequence[int]:
        """The points of all nodes, in the order of the circle."""
        return self._points

    def index_of(self, hashed: int) -> int:
        """Return the node of a key by its hash."""
        points = self._points
        position = bisect_left(points, hashed)
        return self._owners[position if position < len(points) else 0]

    def indices_of(self, hashes: Hashes) -> Indices:
        """Return the nodes of many keys by their hashes."""
        points = np.frombuffer(self._points, dtype=np.uint64)
        positions = np.searchsorted(points, hashes, side="left")
        positions[positions == len(points)] = 0
        return np.frombuffer(self._owners, dtype=np.int64)[positions]

    def walk(self, hashed: int) -> Iterator[int]:
        """Yield each node once, in the order in which the circle is met from that hash on.

        The first is the node of the key; the following ones are where its copies go, or what it overflows to.
        """
        points, owners = self._points, self._owners
        start = bisect_left(points, hashed)
        met: set[int] = set()
        for position in range(start, start + len(points)):
            owner = owners[position % len(points)]
            if owner not in met:
                met.add(owner)
                yield owner

    def shares(self) -> npt.NDArray[np.float64]:
        """Return the exact share of the circle that each node has, shape `(number of nodes,)`."""
        points = np.frombuffer(self._points, dtype=np.uint64)
        arcs = np.diff(points, prepend=points[-1:])  # modulo 2^64, which is the circle's way round
        whole = 2.0**64
        lengths = np.full(1, 1.0) if len(points) == 1 else arcs.astype(np.float64) / whole
        owners = np.frombuffer(self._owners, dtype=np.int64)
        shares: npt.NDArray[np.float64] = np.zeros(len(self.nodes))
        np.add.at(shares, owners, lengths)
        return shares
