"""Caches at the server side: on hosts of their own, a network hop away, shared by all who ask.

operations    what servers are asked, and what they answer: Token, Busy
leases        who may set a key that is not there
server        CacheServer: a process with a store in its memory
way           Ejection: what a client thinks of a server that does not answer
client        CacheClient: get, set, add, delete and lease, over the network
cluster       CacheCluster: several servers, keys by hashing; Gutter: who takes over
"""

from .client import CacheClient, CacheClientStatistics, Lease
from .cluster import GUTTER_TTL, CacheCluster, Gutter
from .operations import Busy, Token
from .server import LEASE_TIME, CacheServer, CacheServerStatistics
from .way import Ejection, Way

__all__ = [
    "GUTTER_TTL",
    "LEASE_TIME",
    "Busy",
    "CacheClient",
    "CacheClientStatistics",
    "CacheCluster",
    "CacheServer",
    "CacheServerStatistics",
    "Ejection",
    "Gutter",
    "Lease",
    "Token",
    "Way",
]
