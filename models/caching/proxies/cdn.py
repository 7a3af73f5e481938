"""A content delivery network: reverse proxies near the clients, in front of one origin that is far away.

    client --> nearest edge --> (shield -->) origin

Each edge is a `ReverseProxy` with a cache of its own; clients come to the nearest one that is up (see
`Anycast`). Each asks the origin for what it has not got, so that the origin is asked once for each edge; with
a *shield*, one more proxy that stands near the origin, all edges ask that, and the origin is asked once. What
passes through the shield is as old there as it was: `Response.as_of` comes with it, but by default the time
to live begins anew at each cache (see `CacheStore.by_age`).

A *purge* takes a key out of all caches, by one message to each, from whoever asks for it. Rules:

1. Messages arrive in any order, late, twice or never, as the network has it, and nobody is told. A cache that
   is down has nothing to lose, and misses nothing.
2. An edge that hears of a purge before the shield does may ask the shield in between, and gets the old value
   back: for another time to live. With `shield_first` (s) the edges are told so much later than the shield.
3. A load that was under way at a cache when the purge came is not kept there (`Cache`, rule 3; `HttpCaching`,
   rule 7), and that too holds for each cache by itself.

Leaves out: more tiers, edges that ask each other, the control plane that takes the purge (it is asked where
it is asked for), purges by prefix or tag. Source: Nygren, Sitaraman and Sun, "The Akamai Network" (SIGOPS
OSR 2010), for edges and tiered distribution; Fastly's documentation, "Shielding", and "Purging" on race
conditions between an edge and its shield, for rule 2.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any

from simulator import Environment

from ...endpoint import Endpoint, require_endpoint
from ...infrastructure import Host
from ...network import Network
from ...validation import require_delay, require_each, require_kind
from .anycast import Anycast
from .reverse_proxy import ProxyCache, ReverseProxy

MakeCache = Callable[[Endpoint], ProxyCache]
"""Makes the cache of one proxy, around the connection to what is behind it; `host` says where it stands."""


class Cdn:
    """Edges on `edge_hosts`, with a cache each that `make_cache(way)` makes, in front of `origin`.

    With a `shield` host they ask a proxy there, whose cache `make_shield_cache` makes (by default
    `make_cache`), and only that asks the origin. `convergence` (>= 0 s) is how long the network takes to lead
    clients elsewhere when an edge goes or comes. `settings` are those of each `ReverseProxy`. `edges` and
    `shield` are the proxies, called "<name> <host>".

    Example::

        def make_cache(way):
            store = CacheStore(env, Lru(10_000), ttl=60.0, name=way.name)
            return Cache(env, Timeout(env, way, 1.0), store, name=way.name)

        cdn = Cdn(env, network, origin, [europe, america, asia], make_cache, shield=near_the_origin)
        website = cdn.client(browser)
        cdn.purge(editor, "/home")
    """

    def __init__(
        self,
        env: Environment,
        network: Network,
        origin: Endpoint,
        edge_hosts: Iterable[Host],
        make_cache: MakeCache,
        *,
        shield: Host | None = None,
        make_shield_cache: MakeCache | None = None,
        convergence: float = 0.0,
        name: str = "cdn",
        **settings: Any,
    ) -> None:
        """Have cold caches everywhere."""
        require_kind("network", network, Network)
        require_endpoint("origin", origin)
        hosts = require_each("edge_hosts", edge_hosts, Host)
        if len(set(hosts)) < max(1, len(hosts)):
            raise ValueError(f"edge_hosts must be at least one, each another host, got {list(hosts)}")
        at_the_shield = make_cache if make_shield_cache is None else make_shield_cache
        for what, function in (("make_cache", make_cache), ("make_shield_cache", at_the_shield)):
            if not callable(function):
                raise TypeError(f"{what} must be a function of the way to the origin, got {function!r}")
        if shield is None and make_shield_cache is not None:
            raise ValueError(f"make_shield_cache needs a shield, got {make_shield_cache!r} without one")
        self.name = name
        self._env = env
        self._network = network
        self._settings = settings
        self.shield: ReverseProxy | None = None
        behind = origin
        if shield is not None:
            require_kind("shield", shield, Host)
            behind = self.shield = self._proxy(shield, origin, at_the_shield)
        self.edges = tuple(self._proxy(host, behind, make_cache) for host in hosts)
        self._address = Anycast(env, network, self.edges, convergence=convergence, name=name)

    def _proxy(self, host: Host, behind: Endpoint, make_cache: MakeCache) -> ReverseProxy:
        cache = make_cache(self._network.connect(host, behind))
        proxy = ReverseProxy(self._env, cache, name=f"{self.name} {host.name}", **self._settings)
        if proxy.host is not host:
            raise ValueError(f"make_cache must make a cache on {host!r}, got one on {proxy.host!r}")
        return proxy

    @property
    def proxies(self) -> tuple[ReverseProxy, ...]:
        """All proxies: the shield, if there is one, and the edges."""
        return self.edges if self.shield is None else (self.shield, *self.edges)

    def client(self, host: Host) -> Endpoint:
        """Return an endpoint on `host` that calls the nearest edge that is up; see `Anycast`."""
        return self._address.client(host)

    def purge(
        self, source: Host, key: Hashable, *, transport: str = "tcp", shield_first: float = 0.0
    ) -> None:
        """Tell all caches, by a message each from `source`, to let go of `key`.

        The edges are told `shield_first` (>= 0 s) after the shield.
        """
        require_kind("source", source, Host)
        require_delay("shield_first", shield_first)
        if shield_first and self.shield is None:
            raise ValueError(f"shield_first must be 0 s where there is no shield, got {shield_first!r}")
        if self.shield is not None:
            self._send_purge(source, (self.shield,), key, transport)
        if shield_first:
            self._env.call_later(shield_first, self._send_purge, source, self.edges, key, transport)
        else:
            self._send_purge(source, self.edges, key, transport)

    def _send_purge(
        self, source: Host, proxies: tuple[ReverseProxy, ...], key: Hashable, transport: str
    ) -> None:
        for proxy in proxies:
            assert proxy.host is not None
            self._network.send(source, proxy.host, proxy.purge, key, transport=transport)
