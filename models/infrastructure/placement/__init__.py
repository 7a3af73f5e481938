"""Placement: on which hosts instances are to run; what is impossible is refused.

    place           place: so many instances, by a policy, where they fit
    policy          PlacementPolicy: the contract
    spread          Spread: evenly over hosts, racks, zones or regions
    pack            Pack: on as few hosts as possible
    anti_affinity   AntiAffinity: at most one on each host (rack, zone), and not beside others
    candidates      Candidates: what a policy sees; LEVELS

Example::

    hosts = place(6, system.hosts.values(), Spread("zone"), resources=Resources(memory_gib=2.0))
    service = system.add_service("catalogue", hosts, make_handler, resources=Resources(memory_gib=2.0))
"""

from .anti_affinity import AntiAffinity
from .candidates import LEVELS, Candidates
from .pack import Pack
from .place import place
from .policy import PlacementPolicy
from .spread import Spread

__all__ = ["LEVELS", "AntiAffinity", "Candidates", "Pack", "PlacementPolicy", "Spread", "place"]
