"""A resolver: looks a name up for many clients, and keeps the answer for all of them.

Clients ask the resolver of their network, and it the authority. An answer that it has kept for a while is
passed on with what is left of its time to live, so that no client behind it believes it longer than the
authority meant; and a name that everybody asks for costs the authority one query per time to live. A resolver
that keeps what it knows for at least `ttl_min` seconds, as some do, is believed by all clients behind it.

It is an endpoint of its own, on a `host` reached over the network, or in the client's process. Its cache is
in memory, and empty after a restart. It turns the order of what it passes on, as BIND and Unbound do.

Source: RFC 1034, section 5; RFC 2181, section 8; RFC 8767 for stale answers.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator import Environment

from ..endpoint import Call, Endpoint, require_endpoint
from ..failures import ServerError
from ..infrastructure import Host
from ..request import Request, Response
from .lookup import Lookup
from .name_server import RESOLVE, Addresses


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolverStatistics:
    """Of `query_count` queries `hit_count` were answered from the cache; `question_count` went further up.

    `failed_count` of those had no answer.
    """

    query_count: int
    hit_count: int
    question_count: int
    failed_count: int


class Resolver(Endpoint):
    """Answers queries for `known_name` as `server` does, from its cache where it can.

    `ttl_min` (>= 0 s) is the least time for which it keeps an answer; it waits `patience` (> 0) seconds for
    the server, and with `serves_stale` passes on what it last knew where the server does not answer, to be
    believed for 30 s.

    Example::

        resolver = Resolver(env, network.connect(office, names), "shop", host=office)
        shop = ByName(env, network, client, network.connect(client, resolver), "shop")
    """

    def __init__(
        self,
        env: Environment,
        server: Endpoint,
        known_name: str,
        *,
        host: Host | None = None,
        ttl_min: float = 0.0,
        patience: float = 2.0,
        serves_stale: bool = False,
        name: str = "resolver",
    ) -> None:
        """Know nothing."""
        require_endpoint("server", server)
        self._env = env
        self.host = host
        self.name = name
        self._lookup = Lookup(
            env,
            server,
            known_name,
            host=host,
            whose=self,
            ttl_min=ttl_min,
            patience=patience,
            serves_stale=serves_stale,
        )
        self._query_count = 0
        self._hit_count = 0

    def call(self, request: Request) -> Call:
        """Answer a query."""
        if request.operation != RESOLVE or request.key != self._lookup.name:
            raise ServerError(f"{self.name}: no such name as {request.key!r} ({request.operation})")
        self._query_count += 1
        answer = self._lookup.believed()
        if answer is None:
            answer = yield from self._lookup.find()
        else:
            self._hit_count += 1
        ttl = max(0.0, self._lookup.known_until - self._env.now)
        answer = Addresses(answer.endpoints, ttl)
        return Response(answer.turned(self._query_count - 1) if answer.endpoints else answer)

    def statistics(self) -> ResolverStatistics:
        """Return what has happened so far."""
        return ResolverStatistics(
            query_count=self._query_count,
            hit_count=self._hit_count,
            question_count=self._lookup.question_count,
            failed_count=self._lookup.failed_count,
        )
