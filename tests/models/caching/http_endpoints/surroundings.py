"""A site with one page, caches in front of it, and callers that write down what they were told."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from models import CallFailed, Endpoint, FunctionEndpoint, Host, Network, Request, Response
from models.caching.eviction import Lru
from models.caching.http import CacheRules, HttpResponse
from models.caching.http_endpoints import BoundedResponses, HttpCaching, Representation, Site, http_request
from models.network import LocalityLatencies
from models.services import Instance
from simulator import Environment, Process

ONE_WAY = 0.25
PAGE = Representation("old page", 1_000)
NEW_PAGE = Representation("new page", 1_000)
SHARED, PRIVATE = CacheRules(is_shared=True), CacheRules(is_shared=False)


@dataclass(slots=True, eq=False)
class Told:
    """What a caller was told, and when."""

    message: HttpResponse | None = None
    as_of: float | None = None
    degraded: tuple[str, ...] = ()
    failure: type[CallFailed] | None = None
    at: float | None = None
    process: Process | None = None

    @property
    def content(self) -> Any:
        """What the body says."""
        assert self.message is not None
        assert isinstance(self.message.body, Representation)
        return self.message.body.content

    @property
    def age(self) -> str | None:
        """The Age field."""
        assert self.message is not None
        return self.message.headers.first("age")


def ask(
    env: Environment,
    endpoint: Endpoint,
    at: float,
    uri: str = "/",
    *,
    request: Request | None = None,
    **message: Any,
) -> Told:
    """Let a caller of its own ask at a time."""
    told = Told()
    asked = http_request(uri, **message) if request is None else request

    def caller() -> Generator[Any, Any, None]:
        if at > env.now:
            yield at - env.now
        try:
            response = yield from endpoint.call(asked)
        except CallFailed as failure:
            told.failure = type(failure)
        else:
            told.message, told.as_of, told.degraded = response.value, response.as_of, response.degraded
        told.at = env.now

    told.process = env.process(caller(), f"asks at {at:g}")
    return told


@dataclass(slots=True)
class Web:
    """A site on one host, and a cache on another, a quarter of a second away."""

    env: Environment
    network: Network
    edge: Host
    origin: Host
    site: Site
    server: Instance
    cache: HttpCaching

    def change(self, at: float) -> None:
        """Let the page be another one from then on."""
        self.env.call_later(at - self.env.now, self.site.change, "/", NEW_PAGE)


def web(
    cache_control: str = "max-age=10",
    *,
    rules: CacheRules = SHARED,
    collapses: bool = True,
    headers: Iterable[tuple[str, str]] = (),
    **site: Any,
) -> Web:
    """Build it; the site says `cache_control` of its page."""
    env = Environment(seed=1)
    edge, origin = Host(env, "edge"), Host(env, "origin")
    network = Network(env, latencies=LocalityLatencies.uniform(ONE_WAY))
    lines = [("Cache-Control", cache_control), *headers] if cache_control else list(headers)
    pages = Site(env, {"/": PAGE}, headers=lines, **site)
    server = Instance(env, origin, pages, name="server")
    way = network.connect(edge, server)
    cache = HttpCaching(env, way, BoundedResponses(Lru(10)), rules, collapses=collapses)
    return Web(env, network, edge, origin, pages, server, cache)


def failing(env: Environment, target: Endpoint, since: float, failure: CallFailed) -> Endpoint:
    """Return an endpoint that does as `target` until a time, and fails from then on."""

    def handle(request: Request) -> Generator[Any, Any, Any]:
        if env.now >= since:
            yield 0.1
            raise failure
        return (yield from target.call(request))

    return FunctionEndpoint(handle, name="failing")


def taking(w: Web, times: Sequence[float]) -> None:
    """Let the answers to the cache take so long more, each in turn."""
    target, left = w.cache.target, list(times)

    def handle(request: Request) -> Generator[Any, Any, Response]:
        delay = left.pop(0) if left else 0.0
        response = yield from target.call(request)
        if delay:
            yield delay
        return response

    w.cache.target = FunctionEndpoint(handle, host=w.edge)
