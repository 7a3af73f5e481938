"""Proxies: caches on hosts of their own, between clients and an origin.

reverse_proxy   ReverseProxy: a cache in a process on its own host, for all who come that way
anycast         Anycast: one address, and the nearest place that is up
cdn             Cdn: proxies near the clients, perhaps a shield near the origin, and purges
"""

from .anycast import Anycast
from .cdn import Cdn, MakeCache
from .reverse_proxy import ProxyCache, ReverseProxy

__all__ = ["Anycast", "Cdn", "MakeCache", "ProxyCache", "ReverseProxy"]
