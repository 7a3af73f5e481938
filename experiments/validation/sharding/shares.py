"""What a ring gives each of n nodes: the distribution of a share, the largest share, the shares of keys.

Rings of nodes with other names are other rings; their shares are exact, those of keys are counted. The
expected numbers are those of `closed_forms.sharding.shares`.

Sources: Karger et al. (1997); Stoica et al., "Chord" (2001), for the points of nodes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
from scipy.stats import beta

from models.hashing import HashRing

from ..closed_forms.sharding import key_share_variation, ring_largest_share, ring_share_variation
from ..experiment import Claim, TheoryCheck

_RINGS = 400
_LARGE, _SMALL = 1.5, 0.6
"""Of the mean share: what counts as a large one, and as a small one."""


def shares_of_rings(
    seed: int, effort: float, *, nodes_count: int, virtual_nodes: int
) -> tuple[float, float, float]:
    """Return how many shares are large, how many small, and the largest; in mean shares."""
    shares = nodes_count * np.array(
        [ring.shares() for ring in _rings(seed, effort, nodes_count, virtual_nodes)]
    )
    return (
        float((shares > _LARGE).mean()),
        float((shares < _SMALL).mean()),
        float(shares.max(axis=1).mean()),
    )


def shares_of_keys(
    seed: int, effort: float, *, nodes_count: int, virtual_nodes: int, keys_count: int
) -> Sequence[float]:
    """Return the squared coefficient of variation of nodes' shares of so many keys, others for each ring."""
    squares = [
        np.mean((nodes_count * ring.shares_of(np.arange(keys_count) + number * keys_count) - 1.0) ** 2)
        for number, ring in enumerate(_rings(seed, effort, nodes_count, virtual_nodes))
    ]
    return (float(np.mean(squares)),)


def _rings(seed: int, effort: float, nodes_count: int, virtual_nodes: int) -> Iterator[HashRing]:
    for number in range(max(2, round(_RINGS * effort))):
        names = [f"{seed}/{number}/{node}" for node in range(nodes_count)]
        yield HashRing(names, virtual_nodes=virtual_nodes)


def _distribution_check(nodes_count: int, virtual_nodes: int) -> TheoryCheck:
    share = beta(virtual_nodes, (nodes_count - 1) * virtual_nodes)
    return TheoryCheck(
        name=f"distribution of a ring's shares, {virtual_nodes} points for each of {nodes_count} nodes",
        group="sharding",
        source="Beta(v, (n - 1) v): points are uniform; the largest: derived",
        claims=(
            Claim(
                f"shares above {_LARGE:g} of the mean", float(share.sf(_LARGE / nodes_count)), precision=0.1
            ),
            Claim(
                f"shares below {_SMALL:g} of the mean", float(share.cdf(_SMALL / nodes_count)), precision=0.1
            ),
            Claim("the largest share, of the mean", ring_largest_share(nodes_count, virtual_nodes)),
        ),
        simulate=partial(shares_of_rings, nodes_count=nodes_count, virtual_nodes=virtual_nodes),
    )


def _keys_check(nodes_count: int, virtual_nodes: int, keys_count: int) -> TheoryCheck:
    circle = ring_share_variation(nodes_count, virtual_nodes)
    return TheoryCheck(
        name=f"shares of {keys_count} keys on a ring, {virtual_nodes} points for each of {nodes_count} nodes",
        group="sharding",
        source="Beta(v, (n - 1) v), and keys at random: (n - 1)/(n v + 1) (1 + n v/m)",
        claims=(
            Claim(
                "squared coefficient of variation",
                key_share_variation(circle, nodes_count, keys_count),
                precision=0.1,
            ),
        ),
        simulate=partial(
            shares_of_keys, nodes_count=nodes_count, virtual_nodes=virtual_nodes, keys_count=keys_count
        ),
    )


CHECKS = (_distribution_check(10, 1), _distribution_check(10, 10), _keys_check(10, 100, 1_000))
"""Of one point for each node, of ten, and where keys make half of what is uneven."""
