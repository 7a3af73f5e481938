"""What the tests of proxies are built from: an origin far away, clients, and hosts between them."""

from __future__ import annotations

from math import inf
from typing import Any

from models import Endpoint, Host, Network
from models.caching.eviction import Lru
from models.caching.patterns import Cache
from models.caching.proxies import Cdn, ReverseProxy
from models.caching.stores import CacheStore
from models.infrastructure import Region, Zone
from models.network import LocalityLatencies
from simulator import Environment
from simulator.randomness import Constant
from tests.models.caching.patterns.origin import Origin

NEAR, FAR = 1 / 64, 1 / 8
"""One way inside a region and to another one, in seconds; powers of two, so that sums are exact."""


class World:
    """Regions "europe" and "asia" with a host for an edge and a client each; the origin stands in a third.

    A read takes the origin 1 s; it holds "old" under "a".
    """

    def __init__(self, *, ttl: float = 100.0, seed: int | None = None) -> None:
        self.env = Environment(seed=seed)
        near, far = Constant(NEAR), Constant(FAR)
        self.network = Network(
            self.env,
            latencies=LocalityLatencies(
                same_host=Constant(0.0), same_zone=near, same_region=near, other_region=far
            ),
        )
        self.ttl = ttl
        self.europe, self.asia, self.america = [
            Zone(name, Region(name)) for name in ("europe", "asia", "america")
        ]
        self.server, self.shield_host = self.host("server", self.america), self.host("shield", self.america)
        self.origin = Origin(self.env, host=self.server)
        self.origin.values["a"] = "old"

    def host(self, name: str, zone: Zone) -> Host:
        return Host(self.env, name, zone=zone)

    def cache(self, way: Endpoint, **rules: Any) -> Cache:
        store = CacheStore(self.env, Lru(10), ttl=self.ttl, name=way.name)
        return Cache(self.env, way, store, name=way.name, **rules)

    def proxy(self, *, ttl: float = inf, **settings: Any) -> ReverseProxy:
        """Return a proxy in Europe in front of the origin."""
        host = self.host("proxy", self.europe)
        self.ttl = min(ttl, self.ttl)
        cache = self.cache(self.network.connect(host, self.origin))
        return ReverseProxy(self.env, cache, name="proxy", **settings)

    def cdn(self, *, shielded: bool = False, **settings: Any) -> Cdn:
        """Return a network with edges in Europe and Asia."""
        edges = [self.host("edge in europe", self.europe), self.host("edge in asia", self.asia)]
        shield = self.shield_host if shielded else None
        return Cdn(self.env, self.network, self.origin, edges, self.cache, shield=shield, **settings)
