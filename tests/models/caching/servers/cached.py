"""What is cached in the tests: some servers, 10 ms away from a web host with a client of them."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from models import CallFailed, Host, Network, Request, Response
from models.caching.eviction import Lru
from models.caching.servers import CacheClient, CacheCluster, CacheServer, Gutter
from models.caching.stores import CacheStore
from models.hashing import hash_of
from simulator import Environment

ONE_WAY = 0.01
ROUND_TRIP = 2 * ONE_WAY
TIMEOUT = 0.1


def page(value: Any = "page", size_bytes: int = 100, as_of: float | None = None) -> Response:
    return Response(value, size_bytes=size_bytes, as_of=as_of)


class Cached:
    """`count` cache servers, a gutter of `gutter` more, and one client on the host "web".

    `server_settings` are those of all servers, `settings` those of the cluster.
    """

    def __init__(
        self, count: int = 1, *, gutter: int = 0, server_settings: Any = None, **settings: Any
    ) -> None:
        self.env = Environment(seed=1)
        self.network = Network(self.env, latencies=ONE_WAY)
        self.web = Host(self.env, "web")
        given = server_settings or {}
        self.servers = [self._server(f"cache-{number}", **given) for number in range(count)]
        self.gutter = [self._server(f"gutter-{number}", **given) for number in range(gutter)]
        if gutter:
            settings["gutter"] = Gutter(servers=self.gutter, ttl=settings.pop("gutter_ttl", 10.0))
        settings.setdefault("timeout", TIMEOUT)
        self.cluster = CacheCluster(self.env, self.network, self.servers, **settings)
        self.client = self.cluster.client(self.web)

    def _server(self, name: str, *, ttl: float = 100.0, **settings: Any) -> CacheServer:
        store = CacheStore(self.env, Lru(1_000), ttl=ttl, name=name)
        return CacheServer(self.env, Host(self.env, name), store, name=name, **settings)

    def keys_of(self, place: int, count: int = 1) -> list[str]:
        """The first `count` keys whose first owner is the server at that place."""
        found = (key for key in map(str, range(10_000)) if self.cluster.owners(hash_of(key))[0] == place)
        return [next(found) for _ in range(count)]

    def at(
        self,
        time: float,
        what: Callable[[CacheClient], Generator[Any, Any, Any]],
        client: CacheClient | None = None,
    ) -> list[Any]:
        """Do it then, in a process on the client's host; return a list that will hold when it ended, and how.

        Of a response, the value.
        """
        client = client or self.client
        told: list[Any] = []

        def run() -> Generator[Any, Any, None]:
            try:
                result = yield from what(client)
            except CallFailed as failure:
                result = type(failure)
            told.extend([round(self.env.now, 9), result.value if isinstance(result, Response) else result])

        self.env.call_later(time - self.env.now, lambda: client.host.start(run()))
        return told

    def get(self, time: float, key: str, client: CacheClient | None = None) -> list[Any]:
        return self.at(time, lambda client: client.get(key), client)

    def set(self, time: float, key: str, value: Any = "page", **settings: Any) -> list[Any]:
        return self.at(time, lambda client: client.set(key, page(value), **settings))

    def delete(self, time: float, key: str) -> list[Any]:
        return self.at(time, lambda client: client.delete(key))

    def held(self, server: CacheServer) -> dict[Any, Any]:
        """What is in a server's store now: values by key."""
        found = ((key, server.store.stale(key)) for key in server.store)
        return {key: entry.response.value for key, entry in found if entry is not None}

    def do(self, time: float, what: Callable[[], object]) -> None:
        self.env.call_later(time - self.env.now, what)

    def ask(self, time: float, request: Request, server: int = 0) -> list[Any]:
        """Ask one server something over the network; the answer, as it is."""
        connection = self.network.connect(self.web, self.servers[server])
        answers: list[Any] = []

        def run() -> Generator[Any, Any, None]:
            answers.append((yield from connection.call(request)))

        self.env.call_later(time - self.env.now, lambda: self.web.start(run()))
        return answers
