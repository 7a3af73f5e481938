"""Shards: how uneven they are, how much moves when there is one more, and who waits for the slowest of them.

    shares      squared coefficient of variation of shards' shares: of the circle, in ranges, in keys
    moves       shares that move from n to n + 1 shards
    slowest     the slowest of n independent answers

Spread is told as the squared coefficient of variation, since that adds up where standard deviations do not.
"""

from .moves import least_moved_share, modulo_moved_share
from .shares import (
    key_share_variation,
    random_share_variation,
    ring_largest_share,
    ring_ranges_needed,
    ring_share_variation,
)
from .slowest import slow_probability, slowest_mean, slowest_quantile

__all__ = [
    "key_share_variation",
    "least_moved_share",
    "modulo_moved_share",
    "random_share_variation",
    "ring_largest_share",
    "ring_ranges_needed",
    "ring_share_variation",
    "slow_probability",
    "slowest_mean",
    "slowest_quantile",
]
