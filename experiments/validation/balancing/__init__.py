"""Balancing: keys and their nodes, bounds, localities, and what is old when it is used.

catalogue        all of them, in order
hashing          shares of a ring, keys that move, loads that are bounded
localities       shares of zones by health, and zone-aware routing that keeps all targets level
three_choices    one choice more than two, among a hundred queues
old_reports      two choices by reports that all instances make at once
"""

from .catalogue import CHECKS
from .hashing import bounded_load, moved_keys, ring_shares
from .localities import locality_table, zone_aware
from .old_reports import reported_choices_sojourn, simulate_old_reports

__all__ = [
    "CHECKS",
    "bounded_load",
    "locality_table",
    "moved_keys",
    "reported_choices_sojourn",
    "ring_shares",
    "simulate_old_reports",
    "zone_aware",
]
