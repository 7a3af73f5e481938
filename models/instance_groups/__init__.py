"""Instance groups: as many instances of a service as are wanted, each on a host that it is given.

instance_group    InstanceGroup: scale_to, self-healing; Replacement, how it heals
member            Member: one instance, its host, and the state that both are in
host_source       HostSource: where hosts come from; ExistingHosts, which are there already
placed_hosts      PlacedHosts: the same by a placement policy, where there is room
"""

from .host_source import ExistingHosts, HostSource
from .instance_group import InstanceGroup, InstanceGroupStatistics, Order, Replacement
from .member import Member, MemberState
from .placed_hosts import PlacedHosts

__all__ = [
    "ExistingHosts",
    "HostSource",
    "InstanceGroup",
    "InstanceGroupStatistics",
    "Member",
    "MemberState",
    "Order",
    "PlacedHosts",
    "Replacement",
]
