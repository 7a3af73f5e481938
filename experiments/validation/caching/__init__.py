"""Caches against what is known of them: what a full one misses, and what expires.

catalogue      all of them, in order
eviction       hit ratios under the independent reference model
times_to_live  hits and stale hits where entries expire
"""

from .catalogue import CHECKS

__all__ = ["CHECKS"]
