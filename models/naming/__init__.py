"""Naming: how clients find whom to call when hosts that answer die, and what the way there costs.

    vrrp                VrrpSettings, RouterState: the protocol by which hosts share an address
    virtual_router      VirtualRouter: one of them
    virtual_address     VirtualAddress: an address that one of several hosts holds, as a pair with failover
    name_server         NameServer, Addresses: which addresses a name has, and for how long
    lookup              what one process knows of a name
    resolver            Resolver: a cache of names for many clients
    by_name             ByName: a client that calls what a name stands for

Both stand in front of balancers, which would be single points of failure else. The address moves in seconds,
and within one network; the name moves as slowly as its caches, and anywhere.
"""

from .by_name import ByName, ByNameStatistics
from .name_server import Addresses, NameServer
from .resolver import Resolver, ResolverStatistics
from .virtual_address import VirtualAddress, VirtualAddressStatistics
from .virtual_router import VirtualRouter
from .vrrp import RouterState, VrrpSettings

__all__ = [
    "Addresses",
    "ByName",
    "ByNameStatistics",
    "NameServer",
    "Resolver",
    "ResolverStatistics",
    "RouterState",
    "VirtualAddress",
    "VirtualAddressStatistics",
    "VirtualRouter",
    "VrrpSettings",
]
