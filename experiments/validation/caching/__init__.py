"""Caches against what is known of them: what a full one misses, what expires, and how ages add up.

catalogue       all of them, in order
eviction        hit ratios under the independent reference model
times_to_live   hits and stale hits where entries expire
chained_caches  hits and ages where one cache stands behind others
"""

from .catalogue import CHECKS

__all__ = ["CHECKS"]
