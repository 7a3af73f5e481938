"""Caching: copies nearer to who asks, and what it costs to keep them.

eviction         which key goes when a cache is full: policies, without a simulation
traces           traces of requests from files, replayed against a policy
stores           the memory of a cache: entries, times to live, statistics
patterns         a cache in front of a target, and what it does at a miss, at a hit and at a write
servers, aside   caches on hosts of their own, spread over several; who asks them fills and empties them
proxies          caches between clients and an origin: reverse proxies, a CDN
invalidation     how caches elsewhere hear of a write, or need not
http             what an HTTP cache decides, without a simulation
http_endpoints   HTTP in a simulation: a site, caches in front of it, user agents
resident         what caches have in common whose memory is in a process
ownership        whose a memory is: one cache's, and no other's

A cache is an endpoint around an endpoint, and can stand anywhere in a chain: in a client
(`Cache(env, network.connect(web, shop), CacheStore(env, Lru(1_000), ttl=60.0))`), in a proxy on a host of its
own, in a server. What it answers with tells since when nobody has asked the origin (`Response.as_of`).
The usual parts are importable from here, the rest from the packages.
"""

from .aside import CacheAside
from .eviction import POLICIES, EvictionPolicy, Lru
from .patterns import (
    Cache,
    Coalescing,
    EarlyExpiry,
    HiddenOrigin,
    RefreshAhead,
    StaleIfError,
    StaleWhileRevalidate,
    WriteAround,
    WriteThrough,
)
from .patterns.write_behind import WriteBehind
from .proxies import Cdn, ReverseProxy
from .servers import CacheCluster, CacheServer
from .stores import CacheStore

__all__ = [
    "POLICIES",
    "Cache",
    "CacheAside",
    "CacheCluster",
    "CacheServer",
    "CacheStore",
    "Cdn",
    "Coalescing",
    "EarlyExpiry",
    "EvictionPolicy",
    "HiddenOrigin",
    "Lru",
    "RefreshAhead",
    "ReverseProxy",
    "StaleIfError",
    "StaleWhileRevalidate",
    "WriteAround",
    "WriteBehind",
    "WriteThrough",
]
