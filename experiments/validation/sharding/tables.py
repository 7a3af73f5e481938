"""Routing tables made by placements: what shards have in ranges, and which ranges move to one shard more.

A table of R equal ranges gives each to whoever has its middle. What moves is the same in expectation as with
keys, however few the ranges. Shares are more uneven than those of the circle, by a sixth of the squared
variation where there are as many ranges as points, and by a hundredth with four times as many. The number of
a range modulo n is no matter of chance at all: its rows are counts.

The expected numbers are those of `closed_forms.sharding`.
"""

from __future__ import annotations

from collections import Counter
from functools import partial

import numpy as np

from models.hashing import HashRing, ModuloBuckets, Placement
from models.sharding import RoutingTable, hash_table

from ..closed_forms.sharding import (
    least_moved_share,
    modulo_moved_share,
    ring_ranges_needed,
    ring_share_variation,
)
from ..experiment import Claim, TheoryCheck

_RINGS = 200


def ring_tables(
    seed: int, effort: float, *, nodes_count: int, virtual_nodes: int, range_count: int
) -> tuple[float, float]:
    """Return the squared coefficient of variation of shards' ranges, and the share that moves to one more."""
    found = []
    for number in range(max(2, round(_RINGS * effort))):
        names = [f"{seed}/{number}/{node}" for node in range(nodes_count + 1)]
        before, after = (
            hash_table(HashRing(nodes, virtual_nodes=virtual_nodes), range_count=range_count)
            for nodes in (names[:-1], names)
        )
        found.append((_variation(before, nodes_count), _moved(before, after)))
    variation, moved = np.mean(found, axis=0).tolist()
    return variation, moved


def modulo_tables(seed: int, effort: float, *, nodes_count: int, range_count: int) -> tuple[float, float]:
    """Return the largest share that a shard has, in mean shares, and the share that moves to one more."""
    names = [f"shard {node}" for node in range(nodes_count + 1)]
    before, after = (_by_modulo(nodes, range_count) for nodes in (names[:-1], names))
    return nodes_count * max(_counts(before)) / range_count, _moved(before, after)


def _by_modulo(names: list[str], range_count: int) -> RoutingTable:
    placement: Placement = ModuloBuckets(names)
    return hash_table(placement, range_count=range_count)


def _variation(table: RoutingTable, nodes_count: int) -> float:
    counts = _counts(table)
    shares = np.array([*counts, *[0] * (nodes_count - len(counts))]) / sum(counts)
    return float(np.mean((nodes_count * shares - 1.0) ** 2))


def _counts(table: RoutingTable) -> list[int]:
    return list(Counter(assignment.shard for assignment in table.assignments).values())


def _moved(before: RoutingTable, after: RoutingTable) -> float:
    pairs = zip(before.assignments, after.assignments, strict=True)
    return float(np.mean([one.shard != other.shard for one, other in pairs]))


def _ring_check(nodes_count: int, virtual_nodes: int, range_count: int) -> TheoryCheck:
    return TheoryCheck(
        name=(
            f"a table of {range_count} ranges by a ring, {virtual_nodes} points for each of "
            f"{nodes_count} shards"
        ),
        group="sharding",
        source="spacings, derived: n (Q (N - v) + v - 1)/(N - 1) - 1; moves: symmetry",
        claims=(
            Claim(
                "squared coefficient of variation",
                ring_share_variation(nodes_count, virtual_nodes, range_count=range_count),
                precision=0.08,
            ),
            Claim("share that moves to one shard more", least_moved_share(nodes_count)),
        ),
        simulate=partial(
            ring_tables, nodes_count=nodes_count, virtual_nodes=virtual_nodes, range_count=range_count
        ),
    )


def _modulo_check(nodes_count: int, range_count: int) -> TheoryCheck:
    return TheoryCheck(
        name=f"a table of {range_count} ranges by their numbers modulo {nodes_count}",
        group="sharding",
        source="counting: of each n (n + 1) ranges the first n stay",
        claims=(
            Claim(
                "the largest share, of the mean", nodes_count * -(-range_count // nodes_count) / range_count
            ),
            Claim("share that moves to one shard more", modulo_moved_share(nodes_count, range_count)),
        ),
        simulate=partial(modulo_tables, nodes_count=nodes_count, range_count=range_count),
        replications=2,
    )


CHECKS = (
    _ring_check(10, 10, 100),
    _ring_check(10, 10, ring_ranges_needed(100, 0.01)),
    _modulo_check(4, 1_000),
    _modulo_check(10, 1_024),
)
"""As many ranges as points; four times as many; whole rounds, and a part of one."""
