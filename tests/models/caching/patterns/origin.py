"""What is cached in the tests: an origin that counts, and callers that write down what they were told."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from models import CallFailed, Endpoint, Host, Network, Request, Response, ServerError
from models.caching.eviction import Lru
from models.caching.patterns import Cache
from models.caching.stores import CacheStore
from models.endpoint import Call
from models.network import LocalityLatencies
from simulator import Environment, Process

ONE_WAY = 0.01


class Origin(Endpoint):
    """Holds values by key. A read takes `read_time`, a write `write_time`, and takes effect half-way.

    `fails` says how the next calls end, after their time and their effect; `degraded` what answers lack.
    """

    def __init__(self, env: Environment, *, host: Host | None = None) -> None:
        self.env = env
        self.host = host
        self.name = "origin"
        self.values: dict[Any, Any] = {}
        self.read_time, self.write_time = 1.0, 1.0
        self.fails: list[CallFailed] = []
        self.degraded: tuple[str, ...] = ()
        self.asked: list[tuple[float, str, Any]] = []

    @property
    def read_times(self) -> list[float]:
        """When it was read."""
        return [time for time, operation, _ in self.asked if operation in ("get", "read")]

    def call(self, request: Request) -> Call:
        is_read = request.operation in ("get", "read")
        half = (self.read_time if is_read else self.write_time) / 2
        self.asked.append((self.env.now, request.operation, request.key))
        if half:
            yield half
        value = self.values.get(request.key)
        if request.operation == "add":
            self.values[request.key] = (value or 0) + request.value
        elif not is_read:
            self.values[request.key] = request.value
        if half:
            yield half
        if self.fails:
            raise self.fails.pop(0)
        return Response(value if is_read else None, self.degraded, size_bytes=100 if is_read else 0)


@dataclass(slots=True, eq=False)
class Told:
    """What a caller was told, and when: a value, the class of a failure, or `None` while it waits."""

    result: Any = None
    at: float | None = None
    response: Response | None = None
    process: Process | None = None

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return (self.at, self.result) == other

    def __repr__(self) -> str:
        return f"Told({self.at}, {self.result})"


def ask(
    env: Environment, endpoint: Endpoint, at: float, operation: str = "get", key: Any = "a", value: Any = None
) -> Told:
    """Let a caller of its own ask at a time."""
    told = Told()

    def caller() -> Generator[Any, Any, None]:
        if at > env.now:
            yield at - env.now
        try:
            told.response = yield from endpoint.call(Request(operation, key, value, size_bytes=50))
            told.result = told.response.value
        except CallFailed as failure:
            told.result = type(failure)
        told.at = env.now

    told.process = env.process(caller(), f"{operation} at {at:g}")
    return told


def cached_origin(
    env: Environment, *, capacity: int = 10, ttl: float = 10.0, stale_time: float = 0.0, **rules: Any
) -> tuple[Cache, Origin]:
    """Return a cache in front of an origin that holds "old" under "a"."""
    origin = Origin(env)
    origin.values["a"] = "old"
    store = CacheStore(env, Lru(capacity), ttl=ttl, stale_time=stale_time)
    return Cache(env, origin, store, **rules), origin


@dataclass(slots=True)
class Client:
    """A cache in a client's process, and the origin on another host behind a network of 10 ms one way."""

    web: Host
    server: Host
    network: Network
    origin: Origin
    cache: Cache


def client_of_origin(env: Environment, *, ttl: float = 10.0, **rules: Any) -> Client:
    """Return a cache on one host and what it caches on another."""
    web, server = Host(env, "web"), Host(env, "server")
    network = Network(env, latencies=LocalityLatencies.uniform(ONE_WAY))
    origin = Origin(env, host=server)
    origin.values["a"] = "old"
    cache = Cache(env, network.connect(web, origin), CacheStore(env, Lru(10), ttl=ttl), **rules)
    return Client(web, server, network, origin, cache)


FAILED = ServerError("origin failed")
