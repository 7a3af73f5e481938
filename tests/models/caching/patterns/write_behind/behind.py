"""A database that writes down what it is told, and caches that are written behind in front of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from models import Endpoint, Host, Network, Request, Response, TimedOut
from models.caching.eviction import Lru
from models.caching.patterns import Cache
from models.caching.patterns.write_behind import WriteBehind, WriteBehindQueue
from models.caching.stores import CacheStore
from models.endpoint import Call
from models.failures import CallFailed
from models.network import LocalityLatencies
from models.resilience import Backoff, ConstantBackoff
from simulator import Environment

ONE_SECOND = ConstantBackoff(delay=1.0)


class Database(Endpoint):
    """Holds values by key; a call takes `duration` s and takes effect half-way, where it does.

    `fails(request)` returns what a call ends in, before its effect or, if it is a `TimedOut`, after it.
    """

    def __init__(self, env: Environment, *, duration: float = 1.0, host: Host | None = None) -> None:
        self.env = env
        self.host = host
        self.name = "database"
        self.duration = duration
        self.values: dict[Any, Any] = {}
        self.requests: list[tuple[float, Request]] = []
        self.done: list[tuple[float, str, Any, Any]] = []
        self.fails: Callable[[Request], CallFailed | None] = lambda request: None

    @property
    def asked(self) -> list[tuple[float, str, Any, Any]]:
        """When it was asked, and what: operation, key and value."""
        return [(time, each.operation, each.key, each.value) for time, each in self.requests]

    def call(self, request: Request) -> Call:
        self.requests.append((self.env.now, request))
        failure = self.fails(request)
        half = self.duration / 2
        if half:
            yield half
        value = self.values.get(request.key)
        if failure is None or isinstance(failure, TimedOut):
            self._do(request)
        if half:
            yield half
        if failure is not None:
            raise failure
        return Response(value if request.operation == "get" else None, size_bytes=100)

    def _do(self, request: Request) -> None:
        operation, key, value = request.operation, request.key, request.value
        if operation == "get":
            return
        self.done.append((self.env.now, operation, key, value))
        if operation == "delete":
            self.values.pop(key, None)
        elif operation == "add":
            self.values[key] = (self.values.get(key) or 0) + value
        else:
            self.values[key] = value


def behind(
    env: Environment,
    target: Endpoint,
    *,
    capacity: int = 10,
    ttl: float = 100.0,
    flush_interval: float = 5.0,
    backoff: Backoff = ONE_SECOND,
    **settings: Any,
) -> tuple[Cache, WriteBehindQueue]:
    """Return a cache that is written behind, and its queue."""
    if "room" in settings:
        settings["capacity"] = settings.pop("room")
    writes = WriteBehind(flush_interval=flush_interval, backoff=backoff, **settings)
    cache = Cache(env, target, CacheStore(env, Lru(capacity), ttl=ttl), writes=writes)
    return cache, WriteBehindQueue.of(cache)


def over_a_network(env: Environment, **settings: Any) -> tuple[Cache, WriteBehindQueue, Database, Host]:
    """Return a cache on a host of its own, 10 ms from its database, which takes no time; and that host."""
    web, server = Host(env, "web"), Host(env, "server")
    network = Network(env, latencies=LocalityLatencies.uniform(0.01))
    database = Database(env, duration=0.0, host=server)
    cache, queue = behind(env, network.connect(web, database), **settings)
    return cache, queue, database, web


def adds_up(queue: WriteBehindQueue) -> bool:
    """Whether acknowledged = flushed + coalesced + lost + waiting."""
    now = queue.statistics()
    ended_count = now.flushed_count + now.coalesced_count + now.lost_count
    return now.acknowledged_count == ended_count + now.waiting_count and now.dirty.value == len(queue)
