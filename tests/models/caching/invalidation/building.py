"""What the tests of invalidation are built from: an origin, and caches elsewhere that hear of its writes."""

from __future__ import annotations

from typing import Any

from models import Endpoint, Host, Network
from models.caching.eviction import Lru
from models.caching.invalidation import Invalidations
from models.caching.patterns import Cache
from models.caching.stores import CacheStore
from simulator import Environment
from tests.models.caching.patterns.origin import Origin, Told, ask

WAY = 1 / 64
"""One way in seconds; a power of two, so that sums are exact."""


class World:
    """A host "server" with the origin, one "writer", and "web-1" and "web-2" with a cache each.

    Reads and writes take the origin 1/4 s, and take effect half-way. It holds "old" under "a".
    """

    def __init__(self, *, cache_count: int = 1, seed: int | None = None, **settings: Any) -> None:
        self.env = Environment(seed=seed)
        self.network = Network(self.env, latencies=WAY)
        self.server, self.writer_host = Host(self.env, "server"), Host(self.env, "writer")
        self.origin = Origin(self.env, host=self.server)
        self.origin.read_time = self.origin.write_time = 0.25
        self.origin.values["a"] = "old"
        self.invalidations = Invalidations(self.env, self.network, self.origin, **settings)
        self.writer: Endpoint = self.network.connect(self.writer_host, self.invalidations)
        self.caches = [self._cache(f"web-{number + 1}") for number in range(cache_count)]
        self.cache = self.caches[0]
        self.told: list[Told] = []

    def _cache(self, name: str) -> Cache:
        host = Host(self.env, name)
        store = CacheStore(self.env, Lru(10), ttl=100.0, name=name)
        return Cache(self.env, self.network.connect(host, self.invalidations), store, name=name)

    def web(self, number: int = 1) -> Host:
        """Return the host of a cache."""
        host = self.caches[number - 1].host
        assert host is not None
        return host

    def read(self, *times: float, key: str = "a", number: int = 1) -> list[Told]:
        """Let a client at a cache read at each of the times."""
        return [ask(self.env, self.caches[number - 1], time, key=key) for time in times]

    def write(self, time: float, value: Any = "new", *, key: str = "a", operation: str = "put") -> Told:
        """Let the writer write at a time: the origin has answered 1/4 s and a way later."""
        return ask(self.env, self.writer, time, operation, key, value)

    def cut_off(self, start: float, end: float, number: int = 1) -> None:
        """Let nothing pass from the server to the host of a cache, from one time to another."""
        rules: list[Any] = []
        host = self.web(number)
        self.env.call_later(
            start, lambda: rules.append(self.network.partition(self.server, host, one_way=True))
        )
        self.env.call_later(end, lambda: self.network.heal(rules.pop()))
