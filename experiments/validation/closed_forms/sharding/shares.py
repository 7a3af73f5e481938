"""How uneven shares are: the squared coefficient of variation of what each of n shards has.

*Of the circle.* The points of a ring are uniform, N = n v of them, so that the stretches between are as the
parts of a broken stick, and the share of a shard with v of them is Beta(v, (n - 1) v).

Shares are also n independent Gamma(v) numbers over their sum, of which they do not depend: so the largest
has the mean of the largest of these over n v, and with v = 1 it is the n-th harmonic number of mean shares.

*In ranges.* A table cuts the circle into R equal ranges, and each belongs to whoever has its middle. Two
middles at a distance d (of a circle of length 1) have the same next point if none lies on one of the two ways
between them: with probability q(d) = (1 - d)^N + d^N, and q(0) = 1. Where the points are two they are of one
shard with probability (v - 1)/(N - 1). So with Q, the mean of q(j/R) over j = 0 ... R - 1,

    c^2 = n (Q (N - v) + v - 1)/(N - 1) - 1

For R to infinity Q is 2/(N + 1), and c^2 that of the circle. Before that Q is too large by N/(6 R^2) (Euler
and Maclaurin's formula: q has a kink at 0), and c^2 by a part of itself of about N^2/(6 R^2): a sixth where
there are as many ranges as points, a hundredth with four times as many. With few ranges, R << N, each is
given to a shard at random: c^2 = (n - 1)/R, which is also what jump hash makes of R ranges' numbers, whatever
R is.

*In keys.* m keys fall into shares at random: c^2 + (n - 1 - c^2)/m.

Source: Beta and Dirichlet: Karlin and Taylor, "A Second Course in Stochastic Processes" (1981), chapter 13,
for spacings. The two others are derived here.
"""

from __future__ import annotations

from math import ceil, sqrt

import numpy as np
from scipy.stats import gamma

from ..stability import require_count, require_positive
from .slowest import slowest_mean


def ring_share_variation(nodes_count: int, virtual_nodes: int, *, range_count: int | None = None) -> float:
    """Return it for a ring of `nodes_count` (>= 2) with `virtual_nodes` (>= 1) points each.

    `range_count` (>= 1) is that of a table of equal ranges that the ring has made; `None`: the circle itself.
    """
    require_count("nodes_count", nodes_count, 2)
    require_count("virtual_nodes", virtual_nodes, 1)
    points = nodes_count * virtual_nodes
    if range_count is None:
        return (nodes_count - 1) / (points + 1)
    require_count("range_count", range_count, 1)
    distances = np.arange(1, range_count) / range_count
    same_point = (1.0 + 2.0 * float(np.sum(distances**points))) / range_count
    same_node = (same_point * (points - virtual_nodes) + virtual_nodes - 1) / (points - 1)
    return nodes_count * same_node - 1.0


def ring_largest_share(nodes_count: int, virtual_nodes: int) -> float:
    """Return the mean of the largest share of the circle, in mean shares; numbers as above."""
    require_count("nodes_count", nodes_count, 2)
    require_count("virtual_nodes", virtual_nodes, 1)
    return slowest_mean(gamma(virtual_nodes).cdf, nodes_count) / virtual_nodes


def ring_ranges_needed(points: int, excess: float) -> int:
    """Return the ranges from which on `ring_share_variation` is at most by about `excess` (> 0) too large.

    `points` (>= 1) is how many the ring has in all; `excess` is a share of what the circle has.
    """
    require_count("points", points, 1)
    require_positive("excess", excess)
    return ceil(points / sqrt(6.0 * excess))


def random_share_variation(nodes_count: int, range_count: int) -> float:
    """Return it where each of `range_count` (>= 1) equal ranges goes to one of `nodes_count` at random."""
    require_count("nodes_count", nodes_count, 1)
    require_count("range_count", range_count, 1)
    return (nodes_count - 1) / range_count


def key_share_variation(variation: float, nodes_count: int, keys_count: int) -> float:
    """Return it for shares of `keys_count` (>= 1) keys, where those of the circle have `variation`."""
    require_count("nodes_count", nodes_count, 1)
    require_count("keys_count", keys_count, 1)
    return variation + (nodes_count - 1 - variation) / keys_count
