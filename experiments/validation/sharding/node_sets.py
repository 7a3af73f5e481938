"""Which k of n nodes a key's copies are on, or a customer's requests go to: how many sets there are.

The first k nodes that a ring meets from a key on. With one point for each node these are neighbours: n sets,
however many keys, and any node's fellows are always the same. With very many points they are as if drawn at
random: all n over k sets are there, and two of them have no node in common with probability
C(n - k, k)/C(n, k), the formula of random quorums that do not meet: what one customer does to 5 of 100 nodes,
three of four others do not notice.

Of N points two keys may meet the same: they do if one begins within the walk of the other, of about k points.

Sources: MacCarthaigh, "Shuffle Sharding: Massive and Magical Fault Isolation" (AWS Architecture Blog, 2014);
Cidon et al., "Copysets" (USENIX ATC 2013), for the sets that few points make.
"""

from __future__ import annotations

from functools import partial
from itertools import islice
from math import comb

import numpy as np

from models.hashing import HashRing, hashes_of

from ..experiment import Claim, TheoryCheck
from ..replication import versions_stale_probability

_KEYS = 4_000


def node_sets(seed: int, effort: float, *, nodes_count: int, virtual_nodes: int, size: int) -> tuple[float]:
    """Return how many different sets of `size` nodes the keys of a ring have."""
    ring = HashRing([f"{seed}/{node}" for node in range(nodes_count)], virtual_nodes=virtual_nodes)
    keys = hashes_of(np.arange(max(200, round(_KEYS * effort))))
    return (float(len({_first_of(ring, hashed, size) for hashed in keys.tolist()})),)


def disjoint_pairs(
    seed: int, effort: float, *, nodes_count: int, virtual_nodes: int, size: int
) -> tuple[float]:
    """Return the share of pairs of keys whose sets of `size` nodes have none in common."""
    ring = HashRing([f"{seed}/{node}" for node in range(nodes_count)], virtual_nodes=virtual_nodes)
    keys = hashes_of(np.arange(max(200, round(_KEYS * effort)))).tolist()
    sets = [_first_of(ring, hashed, size) for hashed in keys]
    pairs = zip(sets[::2], sets[1::2], strict=False)
    return (float(np.mean([one.isdisjoint(other) for one, other in pairs])),)


def _first_of(ring: HashRing, hashed: int, size: int) -> frozenset[int]:
    return frozenset(islice(ring.walk(hashed), size))


def _sets_check(nodes_count: int, virtual_nodes: int, size: int, expected: int, source: str) -> TheoryCheck:
    return TheoryCheck(
        name=f"sets of {size} of {nodes_count} nodes, {virtual_nodes} points for each",
        group="sharding",
        source=source,
        claims=(Claim("different sets", expected),),
        simulate=partial(node_sets, nodes_count=nodes_count, virtual_nodes=virtual_nodes, size=size),
        replications=10,
    )


def _disjoint_check(nodes_count: int, virtual_nodes: int, size: int) -> TheoryCheck:
    points = nodes_count * virtual_nodes
    bias = 2.0 * size / points
    return TheoryCheck(
        name=f"two keys' sets of {size} of {nodes_count} nodes, {virtual_nodes} points for each",
        group="sharding",
        source="counting: C(n - k, k)/C(n, k); MacCarthaigh, Shuffle Sharding (2014)",
        claims=(
            Claim(
                "share of pairs without a node in common",
                versions_stale_probability(1, replicas=nodes_count, read_count=size, write_count=size),
                bias=bias,
                note=f"the two walks meet the same points with probability 2 k/N, {bias:g}",
                precision=0.02,
            ),
        ),
        simulate=partial(disjoint_pairs, nodes_count=nodes_count, virtual_nodes=virtual_nodes, size=size),
    )


CHECKS = (
    _sets_check(8, 1, 2, 8, "neighbours on a circle; Cidon et al., Copysets (2013)"),
    _sets_check(8, 1_000, 2, comb(8, 2), "all C(n, k); MacCarthaigh, Shuffle Sharding (2014)"),
    _disjoint_check(100, 1_000, 5),
)
"""Neighbours, all pairs, and how often two sets are disjoint."""
