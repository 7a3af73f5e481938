"""The kinds of parts that a plan may hold beyond services and clients: one file each.

    backlog           jobs, worked off by workers, some of them on machines that come and go
    scaled_group      as many instances of a service as an autoscaler says, on hosts that are there or are had
    deployment        a service that goes from version to version
    balancer_pair     two balancers that share an address
    name              balancers that are found by a name, which is believed for a while
    scaling_laws      what an autoscaler keeps to, whatever it scales
    catalogue         PARTS: all of them

A new kind is a new file, and a line in the catalogue; see `part_kind` for what it says.
"""

from .catalogue import PARTS

__all__ = ["PARTS"]
