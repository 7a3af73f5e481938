"""Partial quorums drawn at random: how often a read misses the last k writes.

Where each write reaches W of N replicas and each read R, drawn anew and no others, a read misses a write if
it draws none of those: with probability C(N - W, R) / C(N, R), and each of the last k with that to the power
k. Source: Bailis et al., "Probabilistically Bounded Staleness for Practical Partial Quorums" (VLDB 2012),
equations 1 and 2.
"""

from __future__ import annotations

from math import comb


def versions_stale_probability(
    versions_count: int, *, replicas: int, read_count: int, write_count: int
) -> float:
    """Return the probability that a read misses each of the last `versions_count` (>= 0) writes."""
    missed = comb(replicas - write_count, read_count) / comb(replicas, read_count)
    return float(missed**versions_count)
