"""A reverse proxy: a cache on a host of its own, in front of an origin, for all who come that way.

It is an instance of a service whose only work is to pass on what it is asked, or to answer it from its cache.
What that means:

1. It is a hop more, there and back, for what it has not got, and one less for what it has.
2. Each request costs it `request_work` of a core and holds a thread until it is answered, also while the
   origin is waited for: an origin that is slow fills the proxy, and a full queue is `Rejected`, for those too
   whose answer lies in the cache.
3. It is opaque to both sides. Clients share what it has, cannot tell it from the origin but by the age of
   what it says, and cannot empty it; the origin sees the misses alone. A failure behind it is a `ServerError`
   of the proxy's, as HTTP's 502 and 504 are: what the client has asked for may have been done.
4. What it has is in its memory: lost when its process, or its host, crashes. It restarts cold.

Its cache may be one that goes by keys and times to live (`Cache`), or an HTTP cache (`HttpCaching`), to which
a key is a URI.

Whoever has to know when it takes requests, and when not any more, `follow`s it: at the very instant at which
it crashes, is told to stop, or listens again. That is for what stands for the network between (`Anycast`).

Leaves out: disks (Squid's and nginx' caches survive a restart), answers that are passed on while they come.
Source: Varnish's documentation, "Backend servers" and "threads" (a thread for each request, the cache in
memory); RFC 9110, section 3.7 (gateway, or reverse proxy), 15.6.3 and 15.6.5.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable
from typing import Any

from simulator import Environment, Process
from simulator.randomness import Distribution

from ...infrastructure import Host
from ...request import Request
from ...services import Handler, Instance, RememberingInstance, Step, Work
from ...validation import require_delay, require_kind
from ..http_endpoints import HttpCaching
from ..patterns import Cache

ProxyCache = Cache | HttpCaching
"""What a proxy may have: a cache that can live in its process, and let go of a key."""


class ReverseProxy(RememberingInstance):
    """Answers what `cache` answers, in a process on the cache's host, where the cache then lives.

    The cache is made around what the proxy asks: `Cache(env, network.connect(host, origin), store)`, with a
    timeout around the connection if it is not to wait for ever. `request_work`, seconds or a distribution of
    such, is what each request costs the host's cores. `settings` are those of `Instance` (threads,
    `queue_size_max`, `start_time`).

    Example::

        way = Timeout(env, network.connect(host, origin), 1.0)
        proxy = ReverseProxy(env, Cache(env, way, CacheStore(env, Lru(10_000), ttl=60.0)), name="proxy")
        website = network.connect(client, proxy)
    """

    __slots__ = ("_followers", "cache")

    def __init__(
        self,
        env: Environment,
        cache: ProxyCache,
        *,
        request_work: Distribution | float = 0.0,
        name: str = "reverse proxy",
        **settings: Any,
    ) -> None:
        """Stand in front of the cache's target, and take requests if the host is up."""
        if not isinstance(cache, Cache | HttpCaching):
            raise TypeError(f"cache must be a Cache or an HttpCaching, got {cache!r}")
        require_kind("host of the cache", cache.host, Host)
        assert cache.host is not None
        if not isinstance(request_work, Distribution):
            require_delay("request_work", request_work)
        if isinstance(cache.home, ReverseProxy) and cache.home.cache is cache:
            raise ValueError(f"cache must be one of its own, got that of {cache.home!r}")
        self.cache: ProxyCache = cache
        self._followers: list[Callable[[bool], object]] = []
        passing_on = _PassingOn(cache, Work(request_work))
        super().__init__(env, cache.host, passing_on, self._has_gone, name=name, **settings)
        cache.live_in(self)
        self.on_ready(self._is_there)

    def purge(self, key: Hashable) -> None:
        """Let the cache have nothing of `key`, for an HTTP cache a URI, any more."""
        if isinstance(self.cache, HttpCaching):
            self.cache.purge(str(key))
        else:
            self.cache.invalidate(key)

    def follow(self, function: Callable[[bool], object]) -> None:
        """Call `function(is_ready)` whenever that changes; it may be told twice of the same."""
        self._followers.append(function)

    def stop(self, **times: float) -> Process:
        """Stop in good order and for good, as any instance."""
        process = super().stop(**times)
        self._has_gone()
        return process

    def _is_there(self) -> None:
        for function in self._followers:
            function(True)

    def _has_gone(self) -> None:
        for function in self._followers:
            function(False)


class _PassingOn(Step):
    """The step of a proxy: some work, and then what the cache answers, as it is."""

    __slots__ = ("_cache", "_work")

    def __init__(self, cache: ProxyCache, work: Work) -> None:
        self._cache = cache
        self._work = work

    def handler(self, instance: Instance) -> Handler:
        """Return a handler that asks the cache."""
        answer, work = self._cache.call, self._work.handler(instance)
        demand = self._work.demand
        if demand == 0.0:
            return lambda instance, request: answer(request)

        def handle(instance: Instance, request: Request) -> Generator[Any, Any, Any]:
            yield from work(instance, request)
            return (yield from answer(request))

        return handle
