"""Localities: which zone gets a request, before a policy chooses among the targets there.

zone_aware          ZoneAware: stay in the own zone as far as its share of the targets goes
locality_weighted   LocalityWeighted: zones in proportion to weights, less for those that are ill
priorities          Priorities: some zones first, others when those are ill
zone_policy         what these share: a policy inside, and draws that a key decides about
zone_groups         the targets by zone, each group with a policy of its own

A target without a zone stands in an unnamed one. What decides is which targets are available; in panic all
targets are chosen from, wherever they stand (with priorities, all of a level). Where the policy inside goes
by a key, a key decides about its zone, too. Source: Envoy's "zone aware routing", "locality weighted load
balancing" and "priority levels", rules and defaults; what differs is said in each.
"""

from .locality_weighted import LocalityWeighted, locality_shares
from .priorities import Priorities, priority_loads
from .zone_aware import ZoneAware, ZoneSpill, zone_spill

__all__ = [
    "LocalityWeighted",
    "Priorities",
    "ZoneAware",
    "ZoneSpill",
    "locality_shares",
    "priority_loads",
    "zone_spill",
]
