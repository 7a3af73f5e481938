"""Maglev: a table of nodes that is filled in turns, and looked up in one step.

Each node prefers the places of the table in an order of its own, a permutation made from two hashes of its
name; in turn each takes the first place it likes that is still free. Shares are equal to within one place.
When a node comes or goes, some places change hands that need not: more keys move than with a ring, the more
the smaller the table is for its nodes.

Weights as in Envoy: a node with half the largest weight takes part in every other turn, after a first one
in which all do.

Source: Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer" (NSDI 2016), section
3.4; weights: Envoy's `maglev_lb`.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..validation import require_count
from .placement import Placement, checked_weights
from .stable_hash import hash_of, scrambled

if TYPE_CHECKING:
    from .placement import Indices
    from .stable_hash import Hashes

MAGLEV_TABLE_SIZE = 65_537
"""Places of the table in the paper and in Envoy; a prime."""


class MaglevTable(Placement):
    """Places a key by a table of `size` places (a prime, at least as many as there are nodes).

    The shares are in proportion to `weights`. Raises `ValueError` for a size that is no prime: a node's
    preferences would not reach all places.
    """

    __slots__ = ("_table",)

    def __init__(
        self,
        nodes: Sequence[str],
        *,
        weights: Sequence[float] | None = None,
        size: int = MAGLEV_TABLE_SIZE,
    ) -> None:
        super().__init__(nodes)
        require_count("size", size, 2)
        if not _is_prime(size):
            raise ValueError(f"size must be a prime, got {size!r}")
        if size < len(self.nodes):
            raise ValueError(f"size must be at least the number of nodes ({len(self.nodes)}), got {size!r}")
        self._table = _filled(self.nodes, checked_weights(weights, len(self.nodes)), size)

    def index_of(self, hashed: int) -> int:
        """Return the node of a key by its hash."""
        table = self._table
        return table[hashed % len(table)]

    def indices_of(self, hashes: Hashes) -> Indices:
        """Return the nodes of many keys by their hashes."""
        table = np.frombuffer(self._table, dtype=np.int64)
        return table[(hashes % np.uint64(len(table))).astype(np.int64)]

    def place_counts(self) -> tuple[int, ...]:
        """Return how many places of the table each node has."""
        counts = np.bincount(np.frombuffer(self._table, dtype=np.int64), minlength=len(self.nodes))
        return tuple(counts.tolist())


def _filled(nodes: tuple[str, ...], weights: tuple[float, ...], size: int) -> array[int]:
    # By name, so that the order in which nodes came does not matter.
    order = sorted(range(len(nodes)), key=nodes.__getitem__)
    hashes = [hash_of(name) for name in nodes]
    places = [hashed % size for hashed in hashes]
    skips = [scrambled(hashed) % (size - 1) + 1 if size > 2 else 1 for hashed in hashes]
    table = array("q", [-1]) * size
    largest = max(weights)
    due = [0.0] * len(nodes)  # the turn, times its weight, from which a node may take its next place
    turn, free = 0, size
    while free:
        turn += 1
        for node in order:
            if turn * weights[node] < due[node]:
                continue
            due[node] += largest
            place, skip = places[node], skips[node]
            while table[place] >= 0:
                place = (place + skip) % size
            table[place] = node
            places[node] = (place + skip) % size
            free -= 1
            if not free:
                break
    return table


def _is_prime(number: int) -> bool:
    return all(number % divisor for divisor in range(2, int(number**0.5) + 1))
