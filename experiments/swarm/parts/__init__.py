"""The kinds of parts that a plan may hold beyond services and clients: one file each.

    backlog           jobs, worked off by workers, some of them on machines that come and go
    scaled_group      as many instances of a service as an autoscaler says, on hosts that are there or are had
    deployment        a service that goes from version to version
    balancer_pair     two balancers that share an address
    name              balancers that are found by a name, which is believed for a while
    localities        balancers that choose a zone first, held to locality_laws
    placed_group      a scaled group on hosts that a placement policy chooses, held to placement_laws
    hired_group       a scaled group on hosts that a provider has in several zones or racks
    group_of_its_own  what the last two share
    scaling_laws      what an autoscaler keeps to, whatever it scales; scaling_rules: by which rules
    catalogue         PARTS: all of them

A new kind is a new file, and a line in the catalogue; see `part_kind` for what it says.
"""

from .catalogue import PARTS

__all__ = ["PARTS"]
